#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Small things that every source file has or has not.
. "${top_srcdir:=.}/tests/gates/tap.sh"

cd "$top_srcdir" || exit 1
# What a build inside the source tree writes is left out.
find include libdpu examples bindings tests man \( -name .libs -o -name .deps -o -name __pycache__ -o -path bindings/python/build 	-o -path man/doxygen -o -path man/html -o -path man/man3 \) -prune -o -type f -print |
	grep -E '\.(c|h|h\.in|py|sh|am|map|scd)$' | grep -v '^bindings/python/_libdpu\.c' > "$work/files"
for file in configure.ac Makefile.am bootstrap quickstart .ci/run; do
	[ ! -f "$file" ] || echo "$file"
done >> "$work/files"

# each COMMAND...: runs it on every file.
each()
{
	while read -r file; do
		"$@" "$file"
	done < "$work/files" > "$work/out" 2>&1
}
# Makefile fragments and the version script are part of a whole that has one.
licence()
{
	identifier=LGPL-2.1-or-later
	case $1 in
	*Makemodule.am | *.map) return ;;
	# A kernel module can have no other.
	tests/lab/kmod/*) identifier=GPL-2.0 ;;
	esac
	head -n 5 "$1" | grep -q "SPDX-License-Identifier: $identifier" || echo "$1"
}
syntax()
{
	shell=sh
	head -n 1 "$1" | grep -q 'bash$' && shell=bash
	case $1 in *.sh | bootstrap | quickstart | .ci/run) "$shell" -n "$1" ;; esac
}
blanks()
{
	grep -nE '[[:blank:]]+$' "$1" | sed "s|^|$1:|"
}
promises()
{
	grep -nE '\b([T]ODO|[F]IXME|[X]XX)\b' "$1" | sed "s|^|$1:|"
}
indentation()
{
	case $1 in *.c | *.h) grep -nE '^ +	|^	* {8} *[^ \]' "$1" | sed "s|^|$1:|" ;; esac
}
last_line()
{
	[ ! -s "$1" ] || [ -z "$(tail -c 1 "$1")" ] || echo "$1"
}
each licence
nothing_wrong "each file names its licence ($(wc -l < "$work/files") files)" "$work/out"
each syntax
nothing_wrong "shell scripts are well-formed" "$work/out"
each blanks
nothing_wrong "no blanks at the end of a line" "$work/out"
each last_line
nothing_wrong "each file ends with a newline" "$work/out"
each promises
nothing_wrong "nothing is left for later" "$work/out"
each indentation
nothing_wrong "C is indented with tabs" "$work/out"
tap_done
