#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpu-demo: what it sends, what leaves the uplink and what it counts agree; it cleans up after every failure.
. "${top_srcdir:=.}/tests/tools/tools.sh"
demo=$top_builddir/examples/dpu-demo
need_program "$demo"
need_program "$dpuctl"
traffic=$top_srcdir/examples/demo/traffic.pcap
state=$work/state.json

# The demo ends with a look at the machine's own devices, which may find fault with the machine: what counts as
# done is everything before.
finished()
{
	[ "$code" -eq 0 ] || grep -q 'this machine' "$work/out"
}
# left WHAT: the functions and rules that are there.
left()
{
	"$dpuctl" -u "sim:$state" sf list && "$dpuctl" -u "sim:$state" flow list
}
# The counters that the demo shows, one a line: flow ID PACKETS BYTES, port NAME RX RX-BYTES DROPPED TX TX-BYTES MISSES.
counters()
{
	awk '/^ *[0-9]+ counters$/ { on = 1; next } /^ *[0-9]+ [a-z]/ { on = 0 } !on { next }
		$1 == "flow" || $1 == "port" { kind = $1; next }
		kind == "flow" { print kind, $1, $2, $3 }
		kind == "port" { print kind, $1, $2, $3, $4, $5, $6, $7 }' "$work/out" > "$work/counters"
}
# field PATTERN N: the N-th word of the counter that starts so.
field()
{
	grep "^$1 " "$work/counters" | cut -d ' ' -f "$2"
}
# frames FILE: each frame of a capture on a line, in hexadecimal; od and awk know what the test needs of pcap.
frames()
{
	od -An -v -tu1 -w1 "$1" | awk 'function le32(at) { return b[at] + 256 * (b[at + 1] + 256 * (b[at + 2] + 256 * b[at + 3])) }
		{ b[n++] = $1 }
		END {
			for (at = 24; at + 16 <= n; at += 16 + len) {
				len = le32(at + 8)
				text = ""
				for (i = 0; i < len; i++)
					text = text sprintf("%02x", b[at + 16 + i])
				print text
			}
		}'
}

# --- a capture ---

# These write into the folder that they are started in.
cd "$work" || exit 1
left > "$work/before"
run "$demo" --uri "sim:$state" --pcap "$traffic" --out "$work/out.pcap"
ok "replays a capture" finished
ok "12 frames, 6 left" says "12 frames sent, 6 left the uplink ($work/out.pcap)"
ok "SFs, queues and rules come in order" eval '[ "$(grep -nE "create SF 89|attach virtqueues|install flows|replay|counters|delete SF 88" \
	"$work/out" | grep -cE "^[0-9]+: ?[0-9]+ ")" -eq 6 ]'

# From what went in: UDP to the gateway with a tag, then other IPv4 as it was; ARP, IPv6 and the SF's neighbour not.
frames "$traffic" | awk '{
		type = substr($0, 25, 4); protocol = substr($0, 47, 2); to = substr($0, 61, 8)
		if (type != "0800" || to == "c0000202") next
		if (protocol == "11") $0 = substr($0, 1, 24) "81000005" substr($0, 25)
		print }' > "$work/wanted"
frames "$work/out.pcap" > "$work/got"
ok "of 6 frames" [ "$(wc -l < "$work/wanted")" -eq 6 ]
ok "2 are UDP with the VLAN tag 5" [ "$(grep -c '^.\{24\}810000050800' "$work/got")" -eq 2 ]
ok "and all are byte for byte what was to leave" cmp "$work/wanted" "$work/got"

counters
bytes=$(awk '{ n += length($0) / 2 } END { print n }' "$work/got")
ok "the uplink has sent what the capture has" \
	[ "$(field 'port p0' 6) $(field 'port p0' 7)" = "6 $bytes" ]
ok "and received nothing" [ "$(field 'port p0' 3)" -eq 0 ]
# The rate measurement comes after and goes by flow 1 alone.
ok "the rules to the uplink have counted it" [ "$(field 'flow 2' 3) $(field 'flow 3' 3)" = "2 4" ]
ok "ARP went to the other SF" [ "$(field 'flow 4' 3)" -eq 2 ]
ok "IPv6 matched nothing" [ "$(field 'port en3f0pf0sf88' 8) $(field 'port en3f0pf0sf88' 5)" = "2 2" ]
ok "what came in is what the rules and the misses have counted" \
	[ "$(awk '$1 == "flow" { n += $3 } END { printf "%d", n + 2 }' "$work/counters")" = "$(field 'port en3f0pf0sf88' 3)" ]
ok "what the other SF got is what its rules have counted" \
	[ $(($(field 'flow 1' 3) + $(field 'flow 4' 3))) -eq "$(field 'port en3f0pf0sf89' 6)" ]
ok "packets went from SF to SF" [ "$(field 'flow 1' 3)" -gt 1000 ]
left > "$work/after"
ok "nothing is left of it" cmp "$work/before" "$work/after"

# --- failures ---

# fails NAME TEXT ARGUMENT...: says the text, ends with 1, and leaves the state as it was.
fails()
{
	name=$1
	text=$2
	shift 2
	expect 1 "$name" "$demo" --uri "sim:$state" "$@"
	ok "$name: says so" says "$text"
	ok "$name: demo failed" line 'demo failed'
	left > "$work/after"
	ok "$name: nothing is left" cmp "$work/before" "$work/after"
}
fails "a device that is not there" "find device p9: no such device" --device p9
dd if="$traffic" of="$work/torn.pcap" bs=500 count=1 2> /dev/null
fails "a torn capture" "torn.pcap: truncated dump file" --pcap "$work/torn.pcap"
fails "no capture" "No such file or directory" --pcap "$work/none.pcap"
fails "a file that is no capture" "unknown file format" --pcap "$top_srcdir/README.md"
fails "an output that cannot be made" "$work/none/out.pcap: No such file or directory" \
	--pcap "$traffic" --out "$work/none/out.pcap"
if [ -c /dev/full ]; then
	fails "an output that cannot be written" "/dev/full: cannot be written" --pcap "$traffic" --out /dev/full
else
	skip "an output that cannot be written" "there is no /dev/full"
fi
"$dpuctl" -u "sim:$state" sf create p0 89 > "$work/out"
left > "$work/before"
fails "an SF number that is taken" "SF already exist"
"$dpuctl" -u "sim:$state" sf delete pf0sf89 > "$work/out"
left > "$work/before"
expect 1 "a URI that cannot be opened" "$demo" --uri "sim:?colour=red"
ok "says so on standard error" complains "sim: has no such parameter"
expect 2 "an unknown option" "$demo" --frobnicate

# --- without a capture ---

# Why two hosts cannot be made here, or nothing. The demo needs the same: root, a namespace, a tap, ping.
reason=
if [ "$(id -u)" -ne 0 ]; then
	reason="not root"
elif ! command -v ping > "$work/why"; then
	reason="there is no ping"
elif ! command -v unshare > "$work/why" || ! unshare -n true 2> "$work/why"; then
	reason="no network namespace can be made"
elif [ ! -c /dev/net/tun ] || ! (: <> /dev/net/tun) 2> "$work/why"; then
	reason="there is no /dev/net/tun"
fi
run "$demo" --uri "sim:$state"
ok "without a capture" finished
cp "$work/out" "$work/hosts"
if says "not possible here"; then
	[ -n "$reason" ] || reason=$(sed -n 's/.*not possible here: //p' "$work/out")
fi
if [ -n "$reason" ]; then
	skip "no packet of ping is lost" "$reason"
	skip "the UDP transfer is complete" "$reason"
else
	ok "no packet of ping is lost" says " 0% packet loss"
	ok "the UDP transfer is complete" says "sent 20000 datagrams, received 20000, every byte as sent"
	counters
	ok "5 echo requests and 5 replies" [ "$(field 'flow [0-9]*' 3 | sed -n '3,4p' | xargs)" = "5 5" ]
fi
left > "$work/after"
ok "nothing is left of it" cmp "$work/before" "$work/after"
tap_done
