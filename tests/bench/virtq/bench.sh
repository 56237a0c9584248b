#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the ring engines cost (make bench): against what two cores can do at all, measured in the same rounds; instructions
# of each call; and DPDK's rings on the same machine, where its library is there. A missed bound is an exit code only with
# BENCH_STRICT=1.
top_srcdir=${top_srcdir:-.}
top_builddir=${top_builddir:-$top_srcdir}
here=$top_builddir/tests/bench/virtq
work=$(mktemp -d) || exit 1
log=$here/bench.log
: > "$log"
trap 'cat "$log"; rm -rf "$work"' EXIT
. "$top_srcdir/tests/harness/bench.sh"
if [ "$(nproc)" -lt 2 ]; then
	echo "1..0 # SKIP two cores are needed" >> "$log"
	exit 77
fi

# part CASE BURST: of the floor's rate, in percent.
part()
{
	awk -v name="$1" -v burst="$2" '$1 == name && $2 == burst { printf "%.0f", $5 * 100 }' "$work/rings"
}
nanoseconds()
{
	awk -v name="$1" -v burst="$2" '$1 == name && $2 == burst { print $4 }' "$work/rings"
}
# trip CASE: its time as a multiple of the two lines' time.
trip()
{
	awk -v name="$1" '$1 == name { printf "%.2f", 1 / $5 }' "$work/rings"
}

rings()
{
	local layout burst line

	timeout 300 "$here/virtq-bench" "${BENCH_ROUNDS:-15}" 100 > "$work/rings" || die "failed: virtq-bench"
	echo "ring engines, two threads, 64 bytes copied, ring of 256"
	verdict "packed, bursts of 32" "$(part packed 32)" "% of the floor" "at least" 80
	verdict "split, bursts of 32" "$(part split 32)" "% of the floor" "at least" 65
	verdict "packed, one at a time" "$(trip packed-trip)" "times two cache lines' round trip" "at most" 1.25
	verdict "split, one at a time" "$(trip split-trip)" "times two cache lines' round trip" "at most" 1.25
	fact "round trip: one line $(nanoseconds one-line 1) ns, two lines $(nanoseconds two-lines 2) ns," \
		"split $(nanoseconds split-trip 1) ns, packed $(nanoseconds packed-trip 1) ns"
	fact "ns a buffer, by burst: floor, then split, split in order, packed, packed in order and their part of it"
	for burst in 1 2 4 8 16 32 64; do
		line=$(printf '%2d: %5s' $burst "$(nanoseconds spsc $burst)")
		for layout in split split-in-order packed packed-in-order; do
			line+=$(printf ' | %5s %3s %%' "$(nanoseconds $layout $burst)" "$(part $layout $burst)")
		done
		fact "$line"
	done
}

# counted LAYOUT FEATURES: "CALL N" for each call, instructions a buffer in bursts of 32.
counted()
{
	local program=$here/virtq-instructions
	[ ! -x "$here/.libs/virtq-instructions" ] || program=$here/.libs/virtq-instructions
	LD_LIBRARY_PATH=$top_builddir/libdpu/.libs valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" \
		"$program" "$1" "$2" 32 32000 > /dev/null 2>&1 || die "failed: callgrind"
	callgrind_annotate --inclusive=yes --threshold=100 "$work/callgrind" 2> /dev/null |
		sed -nE 's/^ *([0-9,]+) .*:dpu_virtq_(add|get|pop|push)( .*)?$/\2 \1/p' | tr -d , | sort -u |
		awk '{ printf "%s %.0f, ", $1, $2 / 32000; sum += $2 } END { printf "together %.0f", sum / 32000 }'
}

instructions()
{
	command -v callgrind_annotate > /dev/null || return 0
	echo "instructions a buffer, bursts of 32"
	fact "split: $(counted 0 0)"
	fact "split, in order: $(counted 0 0x800000000)"
	fact "packed: $(counted 1 0)"
	fact "packed, in order: $(counted 1 0x800000000)"
}

dpdk()
{
	[ -x "$here/dpdk-rings" ] || return 0
	echo "DPDK's rings, its vhost and virtio drivers in one process, 64 bytes, virtio to vhost (Mpps)"
	timeout 120 "$here/dpdk-rings" > "$work/dpdk" 2> "$work/dpdk.err" || { fact "not measured: $(tail -n 1 "$work/dpdk.err")"; return 0; }
	while read -r line; do
		fact "$line"
	done < "$work/dpdk"
}

{
	rings
	instructions
	dpdk
} >> "$log"
[ -z "${BENCH_STRICT:-}" ] || ! grep -q ': missed$' "$log"
