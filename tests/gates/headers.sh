#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each public header compiles alone, as C11 and as C++17, with each compiler that is there.
. "${top_srcdir:=.}/tests/gates/tap.sh"

warnings='-Wall -Wextra -Werror -pedantic -fsyntax-only'
seen=
for compiler in "$CC -std=c11 -x c" "${CXX:-c++} -std=c++17 -x c++" "clang -std=c11 -x c" "clang++ -std=c++17 -x c++"; do
	program=${compiler%% *}
	case $seen in *" $compiler "*) continue ;; esac
	seen="$seen $compiler "
	if ! command -v "$program" > /dev/null; then
		skip "$compiler" "$program is not there"
		continue
	fi
	for header in "$top_srcdir"/include/dpu/*.h "$top_builddir/include/dpu/version.h"; do
		name=dpu/${header##*/}
		# Twice: the second time the guard counts.
		printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' "$name" "$name" > "$work/alone.c"
		$compiler $warnings -I"$top_srcdir/include" -I"$top_builddir/include" "$work/alone.c" > "$work/out" 2>&1
		nothing_wrong "$name with $compiler" "$work/out"
	done
done

# The macro for option structures, as a C program uses it.
cat > "$work/opts.c" <<'END'
#include <dpu/dpu.h>
int main(void)
{
	DPU_OPTS(dpu_sf_opts, some, .sfnum = 88);
	DPU_OPTS(dpu_flow_stats, none);

	return some.sfnum == 88 && some.sz == sizeof(some) && none.sz == sizeof(none) ? 0 : 1;
}
END
$CC -std=c11 -Wall -Wextra -Werror -I"$top_srcdir/include" -I"$top_builddir/include" "$work/opts.c" -o "$work/opts" > "$work/out" 2>&1 &&
	{ "$work/opts" || echo "wrong values" > "$work/out"; }
nothing_wrong "DPU_OPTS() sets the size and the members named" "$work/out"
tap_done
