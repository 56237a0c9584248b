#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# One list of functions, told in six places: headers, version script, library, manual, Python binding, tests.
. "${top_srcdir:=.}/tests/gates/tap.sh"

# names FILE...: the library's names that the files use as whole words, one a line.
names()
{
	cat "$@" | grep -Eo '[A-Za-z0-9_]+' | grep '^dpu_' | sort -u
}

# same NAME: complains about the difference between the headers' list and $work/list. (Not through a pipe: what
# stands at its end is a process of its own, and the count would be lost.)
same()
{
	sort -u -o "$work/list" "$work/list"
	{
		comm -23 "$work/headers" "$work/list" | sed 's/^/missing: /'
		comm -13 "$work/headers" "$work/list" | sed 's/^/not in the headers: /'
	} > "$work/out"
	nothing_wrong "$1" "$work/out"
}

# covers NAME: as same, but the list may have more.
covers()
{
	sort -u -o "$work/list" "$work/list"
	comm -23 "$work/headers" "$work/list" | sed 's/^/missing: /' > "$work/out"
	nothing_wrong "$1" "$work/out"
}

cat "$top_srcdir"/include/dpu/*.h "$top_srcdir/include/dpu/version.h.in" | tr '\n' ' ' |
	grep -o 'DPU_PUBLIC [^(;]*(' | grep -o 'dpu_[a-z0-9_]*(' | tr -d '(' | sort -u > "$work/headers"
[ -s "$work/headers" ] && : > "$work/out" || echo "no function found" > "$work/out"
nothing_wrong "the headers declare functions ($(wc -l < "$work/headers"))" "$work/out"

sed -n 's/^[[:space:]]*\(dpu_[a-z0-9_]*\);.*/\1/p' "$top_srcdir/libdpu/libdpu.map" > "$work/list"
same "libdpu.map lists them"

library=$top_builddir/libdpu/.libs/libdpu.so
if [ -f "$library" ]; then
	# Of a symbol nm tells name@@VERSION; the version itself is an absolute symbol.
	$NM -D --defined-only "$library" | awk '$2 == "A" { next } { print $3 }' > "$work/symbols"
	sed 's/@.*//' "$work/symbols" > "$work/list"
	same "the library exports them"
	grep -v '@@*LIBDPU_[0-9]*$' "$work/symbols" > "$work/out"
	nothing_wrong "each has a version" "$work/out"
else
	skip "the library exports them" "only a static library was built"
fi

if [ -d "$top_builddir/man/man3" ]; then
	(cd "$top_builddir/man/man3" && ls) | sed 's/\.3$//' > "$work/list"
	same "each has a manual page"
	for page in "$top_builddir"/man/man3/*.3; do
		for section in 'SH SYNOPSIS' 'SH DESCRIPTION' 'SH RETURN VALUE' 'B #include <dpu/.*\.h>'; do
			grep -q "^\.$section$" "$page" || echo "${page##*/}: no $section"
		done
	done > "$work/out"
	nothing_wrong "each page has its sections" "$work/out"
else
	skip "each has a manual page" "the manual is not built"
fi

names "$top_srcdir"/bindings/python/libdpu/*.py > "$work/list"
covers "the Python binding uses each"
find "$top_srcdir/tests" "$top_srcdir/bindings/python/tests" -name '*.[ch]' -o -name '*.py' > "$work/tests"
# shellcheck disable=SC2046 # no blanks in the names
names $(cat "$work/tests") > "$work/list"
covers "a test calls each"

sed -n 's/^struct \(dpu_[a-z0-9_]*\) {.*/\1/p' "$top_srcdir"/include/dpu/*.h | sort -u > "$work/headers"
names "$top_srcdir/tests/headers/structs.c" > "$work/list"
covers "structs.c looks at each public structure"
tap_done
