# SPDX-License-Identifier: LGPL-2.1-or-later
# For the tests of dpuctl to source.
. "${top_srcdir:=.}/tests/tools/tools.sh"
need_program "$dpuctl"

sim()
{
	"$dpuctl" -u sim: "$@"
}

# usage ARGUMENT...: more, fewer or worse arguments than the verb takes.
usage()
{
	expect 2 "dpuctl $*" sim "$@"
	ok "complains with its usage" eval 'complains "usage: dpuctl" && ! grep -q " \$" "$work/err"'
}

# both NAME EXPRESSION ARGUMENT...: the verb in text, then in JSON about which the expression holds.
both()
{
	name=$1
	expression=$2
	shift 2
	expect 0 "$name" "$dpuctl" "$@"
	ok "$name: nothing on standard error, no blanks at the end of a line" \
		eval '[ ! -s "$work/err" ] && ! grep -q " \$" "$work/out"'
	cp "$work/out" "$work/text"
	expect 0 "$name, JSON" "$dpuctl" -j "$@"
	ok_json "$name: JSON has what is meant" "$expression"
	cp "$work/text" "$work/out"
}
# done_json NAME EXPRESSION ARGUMENT...: a change, which is made once only.
done_json()
{
	name=$1
	expression=$2
	shift 2
	expect 0 "$name" "$dpuctl" -j "$@"
	ok_json "$name: JSON says what was done" "$expression"
}
