#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpu-switch: capture files through the e-switch's rules, byte by byte; vhost-user ports with dpu-pktgen as
# their guests, while another program changes the rules.
. "${top_srcdir:=.}/tests/tools/tools.sh"
switch=$top_builddir/examples/dpu-switch/dpu-switch
pktgen=$top_builddir/examples/dpu-pktgen/dpu-pktgen
need_program "$switch"
need_program "$pktgen"
need_program "$dpuctl"
[ -n "$python" ] || skip_all "there is no python3"
pcap()
{
	"$python" "$top_srcdir/tests/tools/pcap.py" "$@"
}
uri=sim:$work/dpu.json

for options in "" "$uri" "$uri p0" "--workers 0 $uri p0=pcap:x" "--unknown $uri p0=pcap:x"; do
	# shellcheck disable=SC2086 # words
	expect 2 "options \"$options\"" "$switch" $options
	ok "says how to use it" complains "usage:"
done
expect 1 "a bad URI" "$switch" nonsense: "p0=pcap:,$work/x"
ok "says why" complains 'no provider is called "nonsense"'
expect 1 "no such representor" "$switch" "$uri" "en3f0pf0sf88=pcap:,$work/x"
ok "says why" complains "no such port"
expect 1 "none that can be made" "$switch" --create "$uri" "eth7=pcap:,$work/x"
ok "says why" complains "is no name of an SF's representor"
expect 1 "no such file" "$switch" "$uri" "p0=pcap:$work/nothing"
ok "says why" complains "No such file"

pcap make "$work"
cat > "$work/flows" << 'END'
# the rules of pcap.py
tcp,tp_dst=80 actions=push_vlan:5:3,mod_dl_dst:02:00:00:00:00:99,output:en3f0pf0sf89
arp actions=output:en3f0pf0sf89,mod_dl_src:02:00:00:00:00:77,output:p0
udp,tp_dst=53 actions=drop
vlan_vid=0x1000/0x1000 actions=pop_vlan,output:p0

priority=1,in_port=en3f0pf0sf88 actions=output:p0
priority=2,in_port=pf0hpf actions=output:en3f0pf0sf88
END
through()
{
	name=$1
	shift
	rm -f "$work/sf.out" "$work/p0.out"
	expect 0 "$name" timeout 60 "$switch" -j --once --flows "$work/flows" "$@" "$uri" \
		"en3f0pf0sf88=pcap:$work/in.pcap" "en3f0pf0sf89=pcap:,$work/sf.out" "p0=pcap:,$work/p0.out"
	ok "$name: does not complain" [ ! -s "$work/err" ]
	ok "$name: the SF got what it should" pcap same "$work/sf.pcap" "$work/sf.out"
	ok "$name: the uplink got what it should" pcap same "$work/p0.pcap" "$work/p0.out"
	ok_json "$name: packets of each rule" "[(r['packets'], r['rule'].split(' actions')[0]) for r in d['rules']] == [(3, 'tcp,tp_dst=80'), (1, 'arp'), (1, 'udp,tp_dst=53'), (1, 'vlan_vid=0x1000/0x1000'), (1, 'priority=1,in_port=en3f0pf0sf88'), (0, 'priority=2,in_port=pf0hpf')] or d['rules']"
	ok_json "$name: bytes too" "d['rules'][0]['bytes'] == 60 + 1514 + 60 and d['misses']['packets'] == 0"
}
through "rules, SFs are made" --create
through "rules that are there" --create
through "two workers that sleep" --workers 2 --interrupt
expect 0 "the SFs are there" "$dpuctl" -u "$uri" -j sf list p0
ok "both" says en3f0pf0sf89

run "$dpuctl" -u "$uri" flow flush p0
expect 0 "without rules" "$switch" -j --once "$uri" "en3f0pf0sf88=pcap:$work/in.pcap" "p0=pcap:,$work/p0.out"
ok_json "all are misses" "d['misses']['packets'] == 7 and d['rules'] == []"
ok "nothing goes out" pcap count "$work/p0.out" 0
expect 0 "with learning" "$switch" --normal --once "$uri" "en3f0pf0sf88=pcap:$work/in.pcap" \
	"en3f0pf0sf89=pcap:,$work/sf.out" "p0=pcap:,$work/p0.out"
ok "unknown addresses go everywhere" pcap same "$work/in.pcap" "$work/p0.out"
ok "everywhere" pcap same "$work/in.pcap" "$work/sf.out"

# Two guests. What the first sends reaches the second, or is counted as dropped for want of room.
add_rule()
{
	expect 0 "rule $1" "$dpuctl" -u "$uri" flow add p0 "$1"
}
statistics()
{
	kill -TERM $peer
	ok "the switch ends well" wait $peer
	mv "$work/switch" "$work/out"
	cp "$work/switch.err" "$work/err"
}
guests()
{
	name=$1 words=$2 guest=$3
	shift 3
	"$switch" -j "$@" "$uri" "en3f0pf0sf88=vhost-user:$work/a,server$words" \
		"en3f0pf0sf89=vhost-user:$work/b,server$words" > "$work/switch" 2> "$work/switch.err" &
	peer=$!
	"$pktgen" -j --mode rxonly --check "vhost-user:$work/b,frontend$guest" > "$work/second" 2>&1 &
	second=$!
	expect 0 "$name: before there is a rule" timeout 60 "$pktgen" -j --mode txonly --count 1000 \
		"vhost-user:$work/a,frontend$guest"
	add_rule "in_port=en3f0pf0sf88,udp,tp_dst=9 actions=output:en3f0pf0sf89"
	sleep 1
	expect 0 "$name: the first sends" timeout 60 "$pktgen" -j --mode flowgen --check --flows 100 --count 20000 \
		--rate 20000 "vhost-user:$work/a,frontend$guest"
	run "$dpuctl" -u "$uri" flow flush p0
	sleep 1
	expect 0 "$name: after the rule" timeout 60 "$pktgen" -j --mode txonly --count 1000 \
		"vhost-user:$work/a,frontend$guest"
	kill -TERM $second
	wait $second
	code=$?
	ok "$name: the second ends well" [ "$code" -eq 0 ]
	statistics
	ok "$name: without complaint" [ ! -s "$work/err" ]
	ok_json "$name: the rule's absence dropped the others" "d['misses']['packets'] == 2000"
	ok "$name: what was sent came, or was dropped" "$python" -c 'import json, sys
second, switch = (json.load(open(path)) for path in sys.argv[1:])
total = [{key: sum(queue[key] for queue in port["queues"]) for key in port["queues"][0]} for port in switch["ports"]]
got, check = second["ports"][0]["rx_packets"], second["check"]
sys.exit(not (total[0]["rx_packets"] == 22000 and total[1]["tx_packets"] + total[1]["tx_dropped"] == 20000 and
    got == total[1]["tx_packets"] and check["checked"] == got > 0 and not check["corrupted"] and not check["reordered"]) and
    str((second, switch)))' "$work/second" "$work/out"
}
guests "split" "" ,without=ring_packed
guests "packed" "" ",without=mrg_rxbuf+csum+guest_csum"
guests "two queues" ,queues=2 ,queues=2 --workers 2
guests "interrupts" "" "" --interrupt

# Live update: two guests, the first of which sends all the time. A successor that cannot have the ports, or is killed
# in the middle, leaves all as it was; then come one that polls and one that sleeps.
start_switch()
{
	number=$1
	shift
	"$switch" -j --update "$work/update" "$@" "$uri" "en3f0pf0sf88=vhost-user:$work/a,server,queues=2" \
		"en3f0pf0sf89=vhost-user:$work/b,server" "p0=pcap:,$work/update.out" \
		> "$work/switch$number" 2> "$work/switch$number.err" &
	peer=$!
}
sockets()
{
	i=0
	while ! grep -q "$1\$" /proc/net/unix; do
		i=$((i + 1))
		[ $i -lt 600 ] || return 1
		sleep 0.05
	done
}
# Packets that the running switch has taken from the first guest: asked for again and again until there are more than $1.
flowing()
{
	i=0
	while [ $i -lt 200 ]; do
		kill -USR1 $peer || return 1
		sleep 0.1
		"$python" -c 'import json, sys
last = json.loads(open(sys.argv[1]).read().splitlines()[-1])
sys.exit(not sum(q["tx_packets"] for q in last["ports"][1]["queues"]) > int(sys.argv[2]))' "$work/switch$number" "$1" &&
			return 0
		i=$((i + 1))
	done 2> /dev/null
	return 1
}
ok "a successor has all ports or none" "$python" "$top_srcdir/tests/tools/update.py" predecessor "$work/nobody" \
	timeout 20 "$switch" --update "$work/nobody" "$uri" p0=tap:one en3f0pf0sf88=tap:two
run "$dpuctl" -u "$uri" flow flush p0
add_rule "in_port=en3f0pf0sf88,udp,tp_dst=9 actions=output:en3f0pf0sf89,output:p0"
start_switch 1
ok "it listens for a successor" sockets "$work/update"
"$pktgen" -j --mode rxonly --check "vhost-user:$work/b,frontend" > "$work/second" 2>&1 &
second=$!
"$pktgen" -j --mode flowgen --check --flows 100 --rate 5000 "vhost-user:$work/a,frontend,queues=2" > "$work/first" 2>&1 &
first=$!
ok "packets flow" flowing 1000
ok "only its owner may update it" [ "$(stat -c %a "$work/update")" = 600 ]
expect 1 "a successor with a port that cannot be" timeout 20 "$switch" --update "$work/update" "$uri" \
	"en3f0pf0sf88=vhost-user:$work/a,server,queues=2" "en3f0pf0sf89=vhost-user:$work/a,server"
ok "says why" complains "Address already in use"
ok "somebody else at the socket" "$python" "$top_srcdir/tests/tools/update.py" successor "$work/update" \
	"en3f0pf0sf88=vhost-user:$work/a,server,queues=2" "en3f0pf0sf89=vhost-user:$work/b,server"
ok "the switch goes on" flowing 3000
old=$peer
for option in "" --interrupt; do
	# shellcheck disable=SC2086 # an option, or none
	start_switch "2$option" $option
	ok "the predecessor ends $option" wait $old
	old=$peer
	ok "packets flow $option" flowing 1000
done
kill -TERM $first
ok "the first guest ends well" wait $first
sleep 0.5
kill -TERM $second
ok "the second guest ends well" wait $second
kill -TERM $peer
ok "the last switch ends well" wait $peer
ok "the socket is gone" not test -e "$work/update"
cat "$work"/switch*.err > "$work/err"
sed -i '/update: the successor: /d;/: hand over: /d' "$work/err"
ok "nobody complains of anything else" not grep . "$work/err"
ok "nothing was corrupted or reordered, and what was not received was dropped for want of room" "$python" -c 'import json, sys
first, second = (json.load(open(path)) for path in sys.argv[1:3])
switches = [json.loads(open(path).read().splitlines()[-1]) for path in sys.argv[3:]]
def total(port, key):
    return sum(q[key] for s in switches for q in s["ports"][port]["queues"])
sent, got, check = first["ports"][0]["tx_packets"], second["ports"][0]["rx_packets"], second["check"]
print(sent, total(0, "rx_packets"), total(1, "tx_packets"), total(1, "tx_dropped"), got, check, file=sys.stderr)
sys.exit(not (sent >= total(0, "rx_packets") > sent - 600 and total(0, "rx_packets") == total(1, "tx_packets") + total(1, "tx_dropped")
    and got == total(1, "tx_packets") == check["checked"] > 5000 and not check["corrupted"] and not check["reordered"]))' \
	"$work/first" "$work/second" "$work/switch1" "$work/switch2" "$work/switch2--interrupt"

# Taps, between two network namespaces: large packets of Linux's TCP go to the other tap as they are, and to a
# file as a network card would send them.
if ! unshare -n true 2> /dev/null || [ ! -c /dev/net/tun ] || ! command -v ip > /dev/null; then
	skip "taps" "there are no network namespaces and taps here"
	tap_done
fi
cat > "$work/flows" << 'END'
in_port=p0 actions=output:pf0hpf,output:en3f0pf0sf88
in_port=pf0hpf actions=output:p0
END
cat > "$work/taps" << 'END'
# switch pcap.py work uri option...
switch=$1 pcap=$2 work=$3 uri=$4
shift 4
"$switch" -j --flows "$work/flows" "$@" --create "$uri" p0=tap:near pf0hpf=tap:far "en3f0pf0sf88=pcap:,$work/tcp.pcap" &
switch=$!
unshare -n sleep 100 &
other=$!
while ! ip link show far || [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done > /dev/null 2>&1
ip link set far netns $other
on_far="nsenter -n -t $other"
ip addr add 10.9.0.1/24 dev near && ip link set near up
$on_far ip addr add 10.9.0.2/24 dev far && $on_far ip link set far up
timeout 60 $on_far "$pcap" receive 10.9.0.2 &
receiver=$!
while ! $on_far grep -q :1388 /proc/net/tcp; do sleep 0.05; done
timeout 60 "$pcap" send 10.9.0.2
wait $receiver
code=$?
kill -TERM $switch $other
wait $switch || code=1
exit $code
END
for option in "" --interrupt; do
	# shellcheck disable=SC2086 # an option, or none
	expect 0 "TCP between two taps $option" timeout 100 unshare -n sh "$work/taps" "$switch" \
		"$top_srcdir/tests/tools/pcap.py" "$work" "$uri" $option
	ok_json "packets were larger than the network's" "[q['rx_bytes'] > 2000 * q['rx_packets'] for p in d['ports'] if p['name'] == 'p0' for q in p['queues']] == [True]"
	ok "segments are right" pcap stream "$work/tcp.pcap"
done
tap_done
