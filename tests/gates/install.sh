#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# As a user has it: installed into an empty prefix, found by pkg-config. README's program must compile and print what
# README says, and uninstalling must leave no file.
: "${top_srcdir:=.}" "${top_builddir:=.}"
. "$top_srcdir/tests/gates/tap.sh"

# Not the jobs, flags and prefix of the make that runs this test.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
stage=$work/stage
if ! make -C "$top_builddir" install DESTDIR="$stage" > "$work/out" 2>&1; then
	nothing_wrong "make install" "$work/out"
	tap_done
fi
pc=$(find "$stage" -name libdpu.pc)
libdir=$(dirname "$(dirname "$pc")")
for file in libdpu.pc libdpu.so libdpu.so.1 dpu.h version.h dpuctl; do
	[ -n "$(find "$stage" -name "$file")" ] || echo "$file is not installed"
done > "$work/out"
[ "$ENABLE_MAN" != yes ] || for page in dpu_sf_create.3 dpuctl.1 dpu-sim.5 dpu-flow.7 libdpu-virtq.7 libdpu.7; do
	[ -n "$(find "$stage" -name "$page")" ] || echo "$page is not installed"
done >> "$work/out"
nothing_wrong "library, headers, tools and manuals are installed" "$work/out"

# The first C program of README, and what README says it prints.
sed -n '/^```c$/,/^```$/p' "$top_srcdir/README.md" | sed '1d;/^```$/,$d' > "$work/sf.c"
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$stage pkg-config --cflags --libs libdpu 2> "$work/out") &&
	$CC $SANITIZER_FLAGS -Wall -Wextra -Werror -o "$work/sf" "$work/sf.c" $flags > "$work/out" 2>&1
nothing_wrong "README's program compiles with what pkg-config says" "$work/out"
LD_LIBRARY_PATH=$libdir "$work/sf" > "$work/printed" 2>&1
said=$(sed -n '/\&\& \.\/sf$/{n;s/^ *//p;}' "$top_srcdir/README.md")
printf '%s\n' "$said" | diff - "$work/printed" > "$work/out"
nothing_wrong "it prints what README says" "$work/out"

make -C "$top_builddir" uninstall DESTDIR="$stage" > "$work/log" 2>&1 || cat "$work/log" > "$work/out"
find "$stage" -type f >> "$work/out"
nothing_wrong "make uninstall leaves no file" "$work/out"
tap_done
