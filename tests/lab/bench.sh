#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What libdpu costs, as ratios within one run in the lab's guest (make bench): an emulated CPU says nothing in
# milliseconds. Both sides of a ratio are measured in turn and the least of each counts, so that what else the machine
# does hits both alike. A missed bound is an exit code only with BENCH_STRICT=1.
if [ -z "${LAB_KERNEL:-}" ]; then
	lab=$(cd "$(dirname "$0")" && pwd -P)
	log=${top_builddir:-.}/tests/lab/bench.log
	LAB_LIMIT=600 bash "$lab/lab.sh" run bash "$lab/bench.sh" 2>&1 | tee "$log"
	code=${PIPESTATUS[0]}
	[ "$code" -eq 0 ] || exit "$code"
	[ "${BENCH_STRICT:-0}" != 1 ] || ! grep -q ': missed$' "$log"
	exit
fi

. "${top_srcdir:=.}/tests/lab/guest/lab.sh"
. "$top_srcdir/tests/harness/bench.sh"
program=$(lab_program "$top_builddir/tests/lab/scale")
# As if libdpu were installed: the dynamic linker does not look for it in a dozen folders.
scale()
{
	LD_PRELOAD=$top_builddir/libdpu/.libs/libdpu.so "$program" "$@"
}
# The guest ends with this script: nothing has to be undone, which would take longer than the rest.
trap - EXIT

# said NAME: a number that scale has just printed; us NAME: such milliseconds in microseconds.
said()
{
	awk -v name="$1" '$1 == name { print $2 }' "$work/out"
}
us()
{
	awk -v name="$1" '$1 == name { printf "%.0f", $2 * 1000 }' "$work/out"
}
# no_sfs: a change of mode loses them all at once; one by one each waits for RCU, 60 ms.
no_sfs()
{
	devlink dev eswitch set "$DPU" mode legacy && devlink dev eswitch set "$DPU" mode switchdev || die "no switchdev"
}

# sf_netdev SFNUM: passes when the SF has its network device.
sf_netdev()
{
	local device number netdev
	for device in /sys/bus/auxiliary/devices/dpulab.sf.*; do
		{ read -r number < "$device/sfnum"; } 2> /dev/null && [ "$number" -eq "$1" ] || continue
		for netdev in "$device"/net/*; do
			[ ! -e "$netdev" ] || return 0
		done
	done
	return 1
}
# loop COUNT: what scale create does, as a shell script does it. It looks again at once, which no program has to be
# started for: a sleep would make it slower.
loop()
{
	local n port hw_addr
	for ((n = 1; n <= $1; n++)); do
		port=$(devlink port add "$DPU" flavour pcisf pfnum 0 sfnum "$n") || return
		printf -v hw_addr 02:25:00:00:00:%02x "$n"
		devlink port function set "${port%%: *}" hw_addr "$hw_addr" state active || return
		until sf_netdev "$n"; do :; done
	done
}
# own COUNT: makes SFs by libdpu. In wall_us its least microseconds; in user_us, of all $rounds, libdpu's own: user time
# is a sample of 250 a second, and needs many.
own()
{
	took scale create "$DPU" 1 "$1"
	least wall_us "$(us create_ms)"
	user_us=$((user_us + $(us create_user_ms))) rounds=$((rounds + 1))
}

# functions COUNT: so many VFs and so many SFs.
functions()
{
	no_sfs
	# Another number is only taken from none.
	echo 0 > "$dbg/vfs" && echo "$1" > "$dbg/vfs" || die "no VFs"
	took scale create "$DPU" 1 "$1"
}

lab_dpu_platform max_sfs=1100 switchdev=1 || die "there is no dpulab"
dbg=/sys/kernel/debug/dpulab/${DPU#platform/}
printf 'libdpu on Linux %s, in emulation\n' "$(uname -r)"

# --- create ---
# Against libdpu: the start of its program counts.
start_us='' create_us='' loop_us='' wall_us='' user_us=0 rounds=0
for _ in 1 2 3 4; do
	took /bin/true
	least start_us "$TOOK"
	own 100
	least create_us "$TOOK"
	no_sfs
	took loop 20
	least loop_us "$TOOK"
	no_sfs
done
verdict "create" "$(quotient $((loop_us * 5)) "$create_us")" "times faster" "at least" 3
fact "an SF by libdpu, 100 in one process: $(ms $((create_us / 100))) ms; by a loop of devlink: $(ms $((loop_us / 20))) ms"
fact "starting a program that does nothing takes $(ms "$start_us") ms, and the loop starts two for each SF"

# --- libdpu's own share of create ---
# There is no DPU without firmware. How long its takes differs: with 400 SFs on a BlueField-2 another one was seen to take
# 5 s (pull request 90 of mlnx-tools); 50 ms is little.
without="$(ms $((user_us / rounds / 100))) of $(ms $((wall_us / 100))) ms"
echo 50 > "$dbg/delay/sf_attach"
wall_us='' user_us=0 rounds=0
for _ in 1 2 3; do
	own 50
	no_sfs
done
echo 0 > "$dbg/delay/sf_attach"
user_us=$((user_us / rounds))
verdict "own share, firmware takes 50 ms" "$(quotient $((user_us * 100)) "$wall_us")" "% of the time to usable" under 5
fact "of $(ms $((wall_us / 50))) ms for an SF, $(ms $((user_us / 50))) ms are not in the kernel and not waiting;"
fact "where the firmware takes no time at all, $without"
if command -v valgrind > /dev/null; then
	LD_LIBRARY_PATH=$top_builddir/libdpu/.libs valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=dpu_sf_create \
		"$program" create "$DPU" 1 20 > "$work/out" 2> "$work/valgrind" || die "callgrind: $(cat "$work/valgrind")"
	fact "instructions for each SF: $(awk '/Collected/ { print int($NF / 20) }' "$work/valgrind")"
fi

# --- discovery ---
half_us='' full_us='' whole_us='' dev_us='' port_us='' link_us='' rdma_us=''
for _ in 1 2; do
	functions 250
	for _ in 1 2 3 4; do
		took scale discover 2
		least half_us "$(us discover_ms)"
	done
	functions 500
	for _ in 1 2 3 4; do
		took scale discover 2
		least full_us "$(us discover_ms)"
		found=$(said functions)
		took scale discover 1
		least whole_us "$TOOK"
		took devlink -j dev show
		least dev_us "$TOOK"
		took devlink -j port show
		least port_us "$TOOK"
		took ip -j -d link
		least link_us "$TOOK"
		took rdma -j link
		least rdma_us "$TOOK"
	done
done
tools_us=$((dev_us + port_us + link_us + rdma_us))
[ "$found" -ge 1000 ] || die "only $found functions were found"
verdict "discovery" "$(quotient "$tools_us" "$full_us")" "times faster" "at least" 5
fact "$found functions by libdpu, in a program that runs already: $(ms "$full_us") ms"
fact "devlink dev $(ms "$dev_us"), devlink port $(ms "$port_us"), ip link $(ms "$link_us"), rdma link $(ms "$rdma_us")," \
	"together $(ms "$tools_us") ms"
fact "the whole of a program that does one discovery: $(ms "$whole_us") ms, $(quotient "$tools_us" "$whole_us") times faster"
verdict "discovery, twice as many functions" "$(quotient "$full_us" "$half_us" 2)" "times the time" "at most" 2.2
fact "250 VFs and 250 SFs: $(ms "$half_us") ms; 500 and 500: $(ms "$full_us") ms"

# --- heap ---
took scale heap "$DPU"
verdict "heap, all functions listed" "$(quotient "$(said heap_held)" 1048576 2)" MiB under 2
verdict "heap, peak of a discovery" "$(quotient "$(said heap_peak)" 1048576 2)" MiB under 2
