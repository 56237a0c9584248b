#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# No wake-up is lost: spin looks at everything that the two sides of a queue can do in notify.pml. And it would find
# a lost one: each fence, and what else it takes, is left out in turn.
. "${top_srcdir:=.}/tests/gates/tap.sh"
model=$top_srcdir/tests/model/notify.pml
command -v spin > /dev/null || skip_all "spin is not there"
printf 'int main(void) { return 0; }\n' > "$work/a.c"
$CC -o "$work/a" "$work/a.c" 2> /dev/null || skip_all "$CC compiles nothing"
model=$(cd "${model%/*}" && pwd)/notify.pml
cd "$work" || exit 1

# verifier NAME SIZE INDICES
verifier()
{
	{
		spin -a "-DSIZE=$2" "-DINDICES=$3" "$model" &&
			$CC -O2 -w -DSAFETY -DNOREDUCE -DMEMLIM=2000 -o "$1" pan.c
	} > out 2>&1
	[ -x "$1" ] && : > out
	nothing_wrong "a verifier for a queue of $2 and indices up to $3" out
}

# run VERIFIER SETTING...: everything it can find, in $work/found.
run()
{
	program=$1
	shift
	env "$@" "./$program" -m1000000 -w20 > found 2>&1
	: > out
}

# never VERIFIER SETTING...: there is no error, and all states were seen.
never()
{
	run "$@"
	grep -q 'errors: 0$' found && ! grep -Eq 'max search depth|out of memory' found || cp found out
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' found)
	nothing_wrong "$*: nothing is lost in $states states" out
}

# found WHAT NAME SETTING...: with one thing wrong, the error is found that it leads to.
found()
{
	what=$1 name=$2
	shift 2
	number=$(sed -n "s/^#define $name \([0-9]*\).*/\1/p" "$model")
	run small "WRONG=$number" "$@"
	grep -q "assertion violated.*$what" found || cp found out
	nothing_wrong "$name $*: found" out
}
lost='last==next'
stale='last/2'

verifier small 2 4
verifier larger 3 6
for layout in SPLIT PACKED; do
	for wish in FLAGS EVENTS; do
		for memory in RELAXED ORDERED; do
			set -- $layout=1 $wish=1 $memory=1
			never small "$@"
			for name in NO_P2 NO_W2 NO_W3 NO_NOTIFY; do
				found "$lost" $name "$@"
			done
			found "$stale" NO_ACQUIRE "$@"
		done
		found "$stale" NO_RELEASE $layout=1 $wish=1
	done
	found "$lost" LAST_BURST $layout=1 EVENTS=1
	found "$lost" NO_EVENT $layout=1 EVENTS=1
	never larger $layout=1 EVENTS=1
done
found "$lost" NO_WRAP PACKED=1 EVENTS=1
tap_done
