#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpu-pktgen over capture files, where every byte can be looked at, and over vhost-user with itself at the
# other end. How many packets pass in a time is never asked.
. "${top_srcdir:=.}/tests/tools/tools.sh"
pktgen=$top_builddir/examples/dpu-pktgen/dpu-pktgen
need_program "$pktgen"
[ -n "$python" ] || skip_all "there is no python3"
pcap()
{
	"$python" "$top_srcdir/tests/tools/pcap.py" "$@"
}

for options in "" "--mode round pcap:x" "--length 63 pcap:x" "--length 1519 pcap:x" "--burst 65 pcap:x" \
	"--count 0 pcap:x" "--seconds soon pcap:x" "--unknown pcap:x"; do
	# shellcheck disable=SC2086 # words
	expect 2 "options \"$options\"" "$pktgen" $options
	ok "says how to use it" complains "usage:"
done
expect 1 "a file that is not there" "$pktgen" "pcap:$work/nothing"
ok "says why" complains "No such file"
expect 1 "no such transport" "$pktgen" "vhost-nothing:$work/s"
ok "says why" complains "no such transport"
expect 1 "cores that are no list" "$pktgen" --cores 0-x "pcap:,$work/x"
ok "says why" complains "no list of cores"

# What was made is what is expected, byte by byte.
pcap make "$work"
expect 0 "io sends back" "$pktgen" --mode io "pcap:$work/in.pcap,$work/out.pcap"
ok "every byte is the same" pcap same "$work/in.pcap" "$work/out.pcap"
ok "as testpmd shows it" says "NIC statistics for port 0"
ok "all were counted" line '  RX-packets: 7 +RX-missed: 0 +RX-bytes:  2059'
expect 0 "macswap" "$pktgen" --mode macswap "pcap:$work/in.pcap" "pcap:,$work/out.pcap"
ok "addresses are swapped, and nothing else" pcap swapped "$work/in.pcap" "$work/out.pcap"
expect 0 "txonly" "$pktgen" --mode txonly --count 5 --length 64 --burst 2 "pcap:,$work/plain.pcap"
ok "so many packets" pcap count "$work/plain.pcap" 5
for length in 64 71 1518; do
	expect 0 "flowgen, $length bytes" "$pktgen" --mode flowgen --check --flows 7 --count 1000 \
		--length $length "pcap:,$work/made.pcap"
	expect 0 "they are checked" "$pktgen" -j --mode rxonly --check "pcap:$work/made.pcap"
	ok_json "all are right" "d['check'] == {'checked': 1000, 'lost': 0, 'reordered': 0, 'corrupted': 0, 'other': 0}"
	ok_json "and were received" "d['ports'][0]['rx_packets'] == 1000 and d['ports'][0]['rx_bytes'] == 1000 * $length"
	pcap flip "$work/made.pcap" "$work/bad.pcap" 500
	expect 1 "a single bit is wrong" "$pktgen" -j --mode rxonly --check "pcap:$work/bad.pcap"
	ok_json "which is told" "d['check']['corrupted'] == 1 and d['check']['checked'] == 1000"
done
pcap drop "$work/made.pcap" "$work/bad.pcap" 300
expect 0 "a packet is missing" "$pktgen" -j --mode rxonly --check "pcap:$work/bad.pcap"
ok_json "it is lost" "d['check']['lost'] == 1 and d['check']['reordered'] == 0 and d['check']['checked'] == 999"
pcap late "$work/made.pcap" "$work/bad.pcap" 300
expect 0 "a packet is late" "$pktgen" -j --mode rxonly --check "pcap:$work/bad.pcap"
ok_json "it is not lost" "d['check']['lost'] == 0 and d['check']['reordered'] == 1"
expect 0 "packets of others" "$pktgen" -j --mode rxonly --check "pcap:$work/in.pcap"
ok_json "are none of ours" "d['check']['other'] == 7 and d['check']['checked'] == 0"
expect 0 "swapped on the way" "$pktgen" --mode macswap "pcap:$work/made.pcap" "pcap:,$work/out.pcap"
expect 0 "which is no damage" "$pktgen" -j --mode rxonly --check "pcap:$work/out.pcap"
ok_json "all are right" "d['check']['checked'] == 1000 and d['check']['corrupted'] == 0"
expect 0 "the report" "$pktgen" --mode flowgen --count 10 --report "pcap:,$work/out.pcap"
for text in "Traffic Generator: " "Acceptable Loss: " "Validation run time: " "Host DPDK version/commit: " \
	"Guest DPDK version/commit: " "Patches applied: " "QEMU version/commit: " "Virtio features: " "CPU: " "NIC: "; do
	ok "has $text" grep -q "^$text" "$work/out"
done
ok "has the result" line "Result: [0-9.]+ Mpps"

# One sends to the other, which sends back. What was sent came back, or was dropped where there was no room.
round_trip()
{
	name=$1 back=$2 front=$3
	shift 3
	"$pktgen" -j --mode macswap "vhost-user:$work/s,$back" > "$work/back" 2> "$work/back.err" &
	peer=$!
	expect 0 "$name" timeout 60 "$pktgen" -j --mode txonly --check --latency --flows 50 --count 20000 "$@" \
		"vhost-user:$work/s,$front"
	kill -TERM $peer
	ok "$name: the other ends well" wait $peer
	ok "$name: without complaint" [ ! -s "$work/back.err" ]
	ok_json "$name: every byte is right" "d['check']['checked'] > 0 and d['check']['corrupted'] == 0"
	ok_json "$name: all were sent" "d['ports'][0]['tx_packets'] == 20000"
	ok "$name: nothing else is missing" "$python" -c 'import json, sys
here, there = (json.load(open(path)) for path in sys.argv[1:])
checked, port = here["check"]["checked"], there["ports"][0]
sys.exit(not (port["rx_packets"] == 20000 and checked == port["tx_packets"] == 20000 - port["tx_dropped"]))' \
		"$work/out" "$work/back"
	ok_json "$name: times are in order" "d['latency']['packets'] == d['check']['checked'] and d['latency']['min_ns'] <= d['latency']['p50_ns'] <= d['latency']['p99_ns'] <= d['latency']['p999_ns'] <= d['latency']['max_ns']"
}
round_trip "split" server frontend,without=ring_packed+in_order+mrg_rxbuf
round_trip "split, mergeable" server frontend,without=ring_packed+in_order
round_trip "in order" server frontend,without=ring_packed --length 1518
round_trip "packed" server frontend,without=mrg_rxbuf
round_trip "packed, mergeable" server frontend --burst 1
round_trip "back-end sends" server,frontend client --length 512
round_trip "two queues" server,queues=2 frontend,queues=2 --workers 2

# Buffers keep what is the same in all packets that are made, until others come in them.
"$pktgen" --mode io --check --tx-first 500 --length 1518 "pcap:,$work/received.pcap" "vhost-user:$work/s,server" \
	> "$work/back" 2> "$work/back.err" &
peer=$!
expect 0 "packets are made" timeout 60 "$pktgen" -j --mode flowgen --length 1518 --flows 50 --count 20000 --burst 5 \
	"vhost-user:$work/s,frontend,size=64,without=mrg_rxbuf"
kill -TERM $peer
ok "the other end ends well" wait $peer
ok_json "others come in meanwhile" "d['ports'][0]['rx_packets'] == 16000"
ok "nothing of them goes out" pcap blank "$work/received.pcap" 20000 1518

# Peers that do not behave: who, where and why, once each time.
"$python" "$top_srcdir/tests/tools/vhost-peer.py" listen "$work/s" &
peer=$!
while [ ! -S "$work/s" ]; do sleep 0.05; done
"$pktgen" --mode rxonly "vhost-user:$work/s,frontend,timeout=100" > "$work/out" 2> "$work/err" &
pid=$!
wait $peer
kill -TERM $pid
ok "peers that answer wrongly, or not at all" wait $pid
ok "the first is told about" grep -qxF \
	"vhost-user:$work/s,frontend,timeout=100: the connection is given up: receive: this is not vhost-user" "$work/err"
ok "the second too" grep -qxF \
	"vhost-user:$work/s,frontend,timeout=100: the connection is given up: GET_FEATURES: no answer within 100 ms" "$work/err"
ok "once each" [ "$(wc -l < "$work/err")" -eq 2 ]
"$pktgen" --mode rxonly "vhost-user:$work/s,server" > "$work/out" 2> "$work/err" &
pid=$!
for try in 1 2 3 4 5; do
	while [ ! -S "$work/s" ]; do sleep 0.05; done
	timeout 20 "$python" "$top_srcdir/tests/tools/vhost-peer.py" ring "$work/s"
	[ -s "$work/err" ] && break
done
kill -TERM $pid
ok "a ring that is nonsense" wait $pid
ok "is told about" grep -qx "vhost-user:$work/s,server: queue 1 had stopped: .*" "$work/err"
ok "once" [ "$(wc -l < "$work/err")" -eq 1 ]

"$pktgen" --mode txonly "vhost-user:$work/s,server" > "$work/out" 2> "$work/err" &
peer=$!
while [ ! -e "$work/s" ]; do sleep 0.05; done
kill -INT $peer
ok "SIGINT ends it" wait $peer
ok "with statistics" says "NIC statistics for port 0"
tap_done
