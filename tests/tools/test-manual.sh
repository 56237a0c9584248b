#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The programs in the manual compile as they stand there, without a warning, and do what the page says.
. "${top_srcdir:=.}/tests/tools/tools.sh"
library=$top_builddir/libdpu/.libs
[ -f "$library/libdpu.so" ] || skip_all "only a static library was built"

# compiles PAGE: the block of the page that has a main(). In scdoc a backslash is written twice.
compiles()
{
	name=${1%.scd}
	awk '/^```/ { if (inside && text ~ /int main\(/) printf "%s", text; inside = !inside; text = ""; next }
		inside { text = text $0 "\n" }' "$top_srcdir/man/$1" | sed 's/\\\\/\\/g' > "$work/$name.c"
	ok "$1 has a program" [ -s "$work/$name.c" ]
	# shellcheck disable=SC2086 # words
	expect 0 "it compiles" $CC $SANITIZER_FLAGS -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wconversion -Werror \
		-I"$top_srcdir/include" -I"$top_builddir/include" "$work/$name.c" -o "$work/$name" -L"$library" -ldpu
}
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

compiles libdpu.7.scd
expect 0 "it runs" "$work/libdpu.7"
ok "it makes an SF" line "enp3s0f0s88 en3f0pf0sf88"

compiles libdpu-virtq.7.scd
says_so=$(sed -n 's/^It prints "\(.*\)", for either layout.*/\1/p' "$top_srcdir/man/libdpu-virtq.7.scd")
ok "the page says what it prints" [ -n "$says_so" ]
for layout in split packed; do
	expect 0 "it runs, $layout" "$work/libdpu-virtq.7" "$layout"
	ok "it prints what the page says" line "$says_so"
	ok "it does not complain" [ ! -s "$work/err" ]
done
tap_done
