#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# vhost-blk with vhost-blk-bench as its driver: what is written is read back, also when the back-end is killed in
# the middle again and again.
. "${top_srcdir:=.}/tests/tools/tools.sh"
blk=$top_builddir/examples/vhost-blk
bench=$top_builddir/examples/vhost-blk-bench
need_program "$blk"
need_program "$bench"
socket=$work/socket
disk=$work/disk
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
echo "# seed $seed"

device=
driver=
trap 'kill $device $driver 2> /dev/null; rm -rf "$work"' EXIT

# device FILE OPTION...: a back-end at the socket.
device()
{
	"$blk" "$socket" "$@" > "$work/device" 2>&1 &
	device=$!
}
ends()
{
	kill -TERM "$device"
	wait "$device"
	code=$?
	device=
	ok "$1: the back-end ends well" [ "$code" -eq 0 ]
	ok "$1: and had nothing to say" [ ! -s "$work/device" ]
	ok "$1: its socket is gone" [ ! -e "$socket" ]
}

for options in "" "$socket" "--queues 0 $socket $disk" "--queues 65 $socket $disk" "--fast $socket $disk"; do
	# shellcheck disable=SC2086 # words
	expect 2 "vhost-blk \"$options\"" "$blk" $options
	ok "says how to use it" complains "usage:"
done
expect 1 "a file that is not there" "$blk" "$socket" "$work/nothing"
ok "says why" complains "No such file"
expect 1 "memory of no number" "$blk" "$socket" memory:8M
ok "says why" complains "memory:8M"
expect 1 "no memory" "$blk" "$socket" memory:0
ok "says why" complains "memory:0"
truncate -s 8M "$disk"
expect 1 "a folder that is not there" "$blk" "$work/nothing/socket" "$disk"
ok "says why" complains "No such file"
for options in "" "--depth 0 x" "--depth 1025 x" "--size 100 x" "--verify seed x" "--count 1"; do
	# shellcheck disable=SC2086 # words
	expect 2 "vhost-blk-bench \"$options\"" "$bench" $options
	ok "says how to use it" complains "usage:"
done

# The blocks of the file say their numbers: each has its own, and how many have one at all.
numbered()
{
	od -An -v -tu8 -w4096 "$disk" | awk '$2 { blocks++; if ($1 != NR - 1) wrong++ }
		END { printf "%d blocks have generations, %d wrong numbers\n", blocks, wrong; exit wrong || !blocks }'
}
# verify NAME WORDS OPTION...: the driver with these words in its URI. What it writes nobody has written before.
verify()
{
	name=$1 words=$2
	shift 2
	seed=$((seed + 1))
	expect 0 "$name" timeout 60 "$bench" "vhost-user:$socket$words" --verify "$seed" "$@"
	verified "$name"
}
verified()
{
	ok "$1: all has been verified" line "verified: [0-9]+ blocks written, [1-9][0-9]+ read as written, [1-9][0-9]* flushes"
	ok "$1: without complaint" not grep -vxE "a back-end is there, with [0-9]+ blocks|the back-end is gone: it has ended" "$work/err"
}

device "$disk"
for words in "" ,without=ring_packed ,without=indirect_desc ,without=event_idx+ring_packed ,without=in_order+ring_packed ,without=in_order; do
	verify "verify$words" "$words" --count 5000
done
ok "the blocks are where they should be" numbered
verify "one at a time" "" --count 300 --depth 1
verify "deep and large" "" --count 600 --depth 64 --size 65536
expect 0 "reading for a second" timeout 60 "$bench" "$socket" --seconds 1
ok "says how fast" line "read, 4096 bytes, depth 32: [0-9]+ requests in [1-9][.0-9]* s, [1-9][0-9]* IOPS, [.0-9]+ MB/s"
ok "says how long it took" line "latency in us: average [.0-9]+, 50% [.0-9]+, 99% [.0-9]+, 99.9% [.0-9]+, largest [.0-9]+"
ends "a file"

device "$disk" --queues 2
verify "two queues" ,queues=2 --count 5000
verify "three, of which there are two" ,queues=3 --count 5000
ends "two queues"

device memory:16 --poll
verify "both poll" "" --poll --count 3000
ends "both poll"

device null:16
expect 0 "a disk that keeps nothing" timeout 60 "$bench" "$socket" --write --count 1000
expect 1 "is found out" timeout 60 "$bench" "$socket" --verify "$seed" --count 1000
ok "says why" complains "is not there"
kill -TERM "$device"
wait "$device"

# What a reader of the file must not see changed.
before=$(cksum < "$disk")
device "$disk" --read-only
expect 0 "a read-only device is read" timeout 60 "$bench" "$socket" --read --count 1000
expect 1 "it is not written" timeout 60 "$bench" "$socket" --write --count 1000
ok "says why" complains "the device is read-only, or too small: 2048 blocks"
kill -TERM "$device"
wait "$device"
ok "the file is as it was" [ "$before" = "$(cksum < "$disk")" ]

# kills NAME WORDS OPTION...: the driver goes on, and what was out comes back. Every other back-end has the options.
kills()
{
	name=$1 words=$2
	shift 2
	truncate -s 0 "$disk"
	truncate -s 8M "$disk"
	device "$disk" "$@"
	timeout 100 "$bench" "vhost-user:$socket$words" --verify "$seed" --seconds 60 > "$work/out" 2> "$work/err" &
	driver=$!
	for time in 1 2 3 4; do
		there "$time"
		kill -KILL "$device"
		wait "$device" 2> /dev/null
		if [ $((time % 2)) -eq 1 ]; then
			device "$disk"
		else
			device "$disk" "$@"
		fi
	done
	there 5
	kill -TERM "$driver"
	wait "$driver"
	code=$?
	driver=
	ok "$name: nothing is lost" [ "$code" -eq 0 ]
	ok "$name: requests were out when it was killed" line "the back-end was gone 4 times, with [1-9][0-9]* requests out"
	verified "$name"
	ok "$name: the blocks are where they should be" numbered
	ends "$name"
}
# The driver has met so many back-ends, and the last one works.
there()
{
	for _ in $(seq 300); do
		[ "$(grep -c "a back-end is there" "$work/err")" -lt "$1" ] || break
		sleep 0.1
	done
	sleep 0.3
}
kills "killed, packed" ""
kills "killed, split" ,without=ring_packed
kills "killed, packed, not in order" ,without=in_order
kills "killed, split, not in order" ,without=in_order+ring_packed
kills "killed, two queues and one" ,queues=2 --queues 2
tap_done
