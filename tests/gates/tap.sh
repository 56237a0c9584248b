# SPDX-License-Identifier: LGPL-2.1-or-later
# For the gates to source: TAP, and a folder that goes away. A gate names the check and pipes in what is wrong:
# no line means that it passed.
LC_ALL=C
export LC_ALL
# In place of make check: from the top of the sources.
: "${top_srcdir:=.}" "${top_builddir:=$top_srcdir}" "${CC:=cc}" "${NM:=nm}"

tap_count=0
tap_failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# nothing_wrong NAME FILE: FILE has one complaint a line.
nothing_wrong()
{
	tap_count=$((tap_count + 1))
	if [ -s "$2" ]; then
		tap_failed=1
		echo "not ok $tap_count - $1"
		sed 's/^/# /' "$2"
	else
		echo "ok $tap_count - $1"
	fi
}

skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 77
}

tap_done()
{
	echo "1..$tap_count"
	exit $tap_failed
}
