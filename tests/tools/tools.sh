# SPDX-License-Identifier: LGPL-2.1-or-later
# For the tests of programs to source: runs a program, and checks what it said.
. "${top_srcdir:=.}/tests/gates/tap.sh"
umask 022
unset DPU_URI

# The linker's wrappers are used: the library is not installed yet.
dpuctl=$top_builddir/examples/dpuctl/dpuctl
case ${PYTHON_CFFI:-no} in
no) python=$(command -v python3) ;;
*) python=$PYTHON_CFFI ;;
esac
[ -n "$python" ] && "$python" -c 'import json' 2> /dev/null || python=

need_program()
{
	[ -x "$1" ] || skip_all "${1##*/} was not built"
}

# ok NAME COMMAND...: passes when the command does; shows what was said last when not.
ok()
{
	tap_count=$((tap_count + 1))
	tap_name=$1
	shift
	if "$@" > "$work/why" 2>&1; then
		echo "ok $tap_count - $tap_name"
		return 0
	fi
	tap_failed=1
	echo "not ok $tap_count - $tap_name"
	echo "# failed: $*" | sed '2,$s/^/# /'
	sed 's/^/# /' "$work/why"
	[ -z "$last" ] || echo "# last run: $last (exit code $code)"
	[ ! -f "$work/out" ] || sed 's/^/# out: /' "$work/out"
	[ ! -f "$work/err" ] || sed 's/^/# err: /' "$work/err"
	return 1
}

# run COMMAND...: its output in $work/out and $work/err, its exit code in $code.
last=
code=
run()
{
	last=$*
	code=0
	"$@" > "$work/out" 2> "$work/err" < /dev/null || code=$?
}

# expect CODE NAME COMMAND...: runs it; passes with that exit code.
expect()
{
	want=$1
	name=$2
	shift 2
	run "$@"
	ok "$name (exit code $want)" [ "$code" -eq "$want" ]
}

# Of the program that ran last: a fixed text, and a whole line by a pattern.
says()
{
	grep -qF -- "$1" "$work/out"
}
complains()
{
	grep -qF -- "$1" "$work/err"
}
line()
{
	grep -qxE -- "$1" "$work/out"
}
not()
{
	! "$@"
}

# json FILE EXPRESSION: about the document "d" in the file, which must be the only one.
json()
{
	"$python" -c 'import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(0 if eval("(" + sys.argv[2] + ")") else "%r" % d)' "$1" "$2"
}

# ok_json NAME EXPRESSION: about the output; ok_json_error the same about the errors.
ok_json()
{
	if [ -n "$python" ]; then
		ok "$1" json "$work/out" "$2"
	else
		skip "$1" "there is no python3 to read JSON"
	fi
}
ok_json_error()
{
	if [ -n "$python" ]; then
		ok "$1" json "$work/err" "$2"
	else
		skip "$1" "there is no python3 to read JSON"
	fi
}
