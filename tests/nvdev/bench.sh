#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a query of the firmware's configuration costs against mstconfig's, on one emulated device (make bench): wall time of
# whole programs, and register accesses. A missed bound is an exit code only with BENCH_STRICT=1.
top_srcdir=${top_srcdir:-.}
top_builddir=${top_builddir:-$top_srcdir}
. "$top_srcdir/tests/nvdev/nvdev.sh"
nvdev_need mstconfig jq sqlite3
NVDEV_SHELL=bash nvdev_private "$@"
work=$(mktemp -d) || exit 1
log=$top_builddir/tests/nvdev/bench.log
: > "$log"
trap 'nvdev_stop; cat "$log"; rm -rf "$work"' EXIT
. "$top_srcdir/tests/harness/bench.sh"
# As if libdpu were installed: without the linker's wrapper.
dpuctl=$top_builddir/examples/dpuctl/.libs/dpuctl
[ -x "$dpuctl" ] || dpuctl=$top_builddir/examples/dpuctl/dpuctl
export LD_LIBRARY_PATH=$top_builddir/libdpu/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
. "$top_srcdir/tests/nvdev/parameters.sh"

# counted NAME COMMAND...: in the variables NAME_registers and NAME_accesses what the command takes.
counted()
{
	local name=$1
	shift
	nvdev_do counters-reset
	"$@" > "$work/out" || die "failed: $*"
	printf -v "${name}_registers" %s "$(nvdev_counter registers)"
	printf -v "${name}_accesses" %s "$(nvdev_counter accesses)"
}

run()
{
	# shellcheck disable=SC2034
	local ours_us='' theirs_us='' all_us='' names count ours_registers ours_accesses theirs_registers theirs_accesses

	make_db || die "no database for mstconfig"
	nvdev_start || die "no device"
	# What means nothing while another one is 0 mstconfig does not read.
	mapfile -t names < <("$dpuctl" -j config query "$NVDEV_PF0" | jq -r '.[].name' |
		grep -vE '^(PF_NUM_OF_VF|UEFI_(LOG_|DEBUG_).*)$')
	count=${#names[@]}
	[ "$count" -gt 70 ] || die "$count parameters only"
	ours=("$dpuctl" config query "$NVDEV_PF0" "${names[@]}")
	# The same parameters, and of each only the value for the next boot; libdpu reads three of each.
	theirs=(mstconfig -d "$NVDEV_PF0" -b "$db" q "${names[@]}")
	for _ in 1 2 3 4 5; do
		took "${ours[@]}"
		least ours_us "$TOOK"
		took "${theirs[@]}"
		least theirs_us "$TOOK"
		took mstconfig -d "$NVDEV_PF0" q
		least all_us "$TOOK"
	done
	counted ours "${ours[@]}"
	counted theirs "${theirs[@]}"
	echo "firmware configuration, $count parameters of an emulated device"
	verdict "query, default, current and next" "$(quotient "$theirs_us" "$ours_us")" \
		"times as fast as mstconfig q of the same, next only" "at least" 3
	fact "libdpu $(ms "$ours_us") ms, mstconfig $(ms "$theirs_us") ms, mstconfig q of all it knows $(ms "$all_us") ms"
	fact "register accesses for each parameter: libdpu $(quotient "$ours_registers" "$count" 2), mstconfig" \
		"$(quotient "$theirs_registers" "$count" 2); of configuration space: $(quotient "$ours_accesses" "$count" 0)," \
		"$(quotient "$theirs_accesses" "$count" 0)"
}
# Not through a pipe: nvdev would hold its end.
run > "$log" 2>&1
[ "${BENCH_STRICT:-0}" != 1 ] || ! grep -q ': missed$' "$log"
