#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library against the ABI of the last release: symbols may be added, and members at the end of option structures.
. "${top_srcdir:=.}/tests/gates/tap.sh"

baseline=$(ls "$top_srcdir"/tests/abi/libdpu-*.abi 2>/dev/null | sort -V | tail -n 1)
[ -n "$baseline" ] || skip_all "no release yet"
command -v abidiff > /dev/null || skip_all "abidiff (abigail-tools) is not there"
[ -z "${SANITIZER_FLAGS:-}" ] || skip_all "sanitizers change the library"

cat > "$work/suppressions" <<'END'
[suppress_type]
type_kind = struct
has_data_member_inserted_at = end
END
abidiff --no-added-syms --suppressions "$work/suppressions" --headers-dir2 "$top_srcdir/include/dpu" \
	"$baseline" "$top_builddir/libdpu/.libs/libdpu.so" > "$work/out" 2>&1 && : > "$work/out"
nothing_wrong "compatible with ${baseline##*/}" "$work/out"
tap_done
