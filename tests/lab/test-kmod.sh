#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpulab, the DPU of the lab, by the unmodified tools alone: packets go where rules send them and are counted, what is
# refused is refused with a reason, faults and delays do what they say, and it unloads in the middle of it all.
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

ok "dpulab drives a PF" lab_dpu_pci
dbg=/sys/kernel/debug/dpulab/$PF
lab_dump_ports "$work/before"
uplink=$(jq -r '.port[].netdev' "$work/before")
ok "the PF has one port, with a netdev" [ -d "/sys/class/net/$uplink" ]
ok "its e-switch goes switchdev" devlink dev eswitch set "$DPU" mode switchdev
read -r wire < "$dbg/wire"

# aux SFNUM: in AUX the auxiliary device of an SF.
aux()
{
	for AUX in /sys/bus/auxiliary/devices/dpulab.sf.*; do
		read -r number < "$AUX/sfnum" && [ "$number" -eq "$1" ] && return
	done 2> /dev/null
	AUX=
	return 1
}
# netdev SFNUM: in NETDEV the one of an SF, when its driver has made it.
netdev()
{
	aux "$1" || return
	for NETDEV in "$AUX"/net/*; do
		NETDEV=${NETDEV##*/}
		[ "$NETDEV" != '*' ] && return
	done
	return 1
}
# add SFNUM INDEX ADDRESS: an SF, from port to netdev; in REP its representor, in NETDEV its own.
add()
{
	devlink port add "$DPU" flavour pcisf pfnum 0 sfnum "$1" &&
		devlink port function set "$DPU/$2" hw_addr "$3" state active &&
		lab_wait 5 netdev "$1" && netdev "$1" || return
	REP=$(devlink -j port show "$DPU/$2" | jq -r '.port[].netdev')
	[ -d "/sys/class/net/$REP" ]
}
# into NAMESPACE NETDEV ADDRESS: the netdev goes there, and up. No word of its own comes from it: IPv6 is off.
into()
{
	ip netns add "$1" && ip netns exec "$1" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6' &&
		ip link set "$2" netns "$1" && printf '%s\n' "link set $2 up" "addr add $3 dev $2" > "$work/ip" &&
		ip -n "$1" -batch "$work/ip"
}
# packets DEVICE: what each filter of its ingress has counted, packets and bytes, by priority.
packets()
{
	tc -j -s filter show dev "$1" ingress | jq -c '[.[] | select(.options.actions) |
		{prio: .pref, hw: .options.in_hw, n: .options.actions[-1].stats | [.packets, .bytes]}] | sort_by(.prio)'
}
pings()
{
	ip netns exec "$@" > "$work/ping"
}
hits()
{
	read -r _ _ _ hits < "$dbg/fault/$1"
	[ "$hits" -eq "$2" ]
}
slow_path()
{
	sed -n 's/^slow_path_packets //p' "$dbg/stats"
}

# An SF and its representor are two ends of one wire.
ok "an SF comes up" add 11 32768 02:00:00:00:00:0a
rep_a=$REP nd_a=$NETDEV
ok "with its address" grep -qx 02:00:00:00:00:0a "/sys/class/net/$nd_a/address"
ok "and another" add 12 32769 02:00:00:00:00:0b
rep_b=$REP nd_b=$NETDEV
ok "the first gets a network of its own" into a "$nd_a" 10.1.1.1/24
ok "and the second" into b "$nd_b" 10.1.1.2/24
mac_rep=$(cat "/sys/class/net/$rep_a/address")
echo 1 > "/proc/sys/net/ipv6/conf/$rep_a/disable_ipv6"
echo 1 > "/proc/sys/net/ipv6/conf/$rep_b/disable_ipv6"
printf '%s\n' "link set $rep_a up" "link set $rep_b up" "addr add 10.1.1.3/24 dev $rep_a" > "$work/ip"
ip -batch "$work/ip"
ok "an SF and its representor talk" pings a ping -c 2 -i 0.2 -W 5 10.1.1.3
ok "by the representor's own address" sh -c "ip -n a neigh show 10.1.1.3 | grep -qF $mac_rep"
ok "two SFs do not, without a rule" not pings a ping -c 1 -W 1 10.1.1.2
# From here on each packet is known: no ARP.
ip neigh flush dev "$rep_a"
ip -n a neigh flush dev "$nd_a"
ip -n a neigh replace 10.1.1.2 lladdr 02:00:00:00:00:0b dev "$nd_a"
ip -n b neigh replace 10.1.1.1 lladdr 02:00:00:00:00:0a dev "$nd_b"

# Rules in the switch.
cat > "$work/tc" <<-END
	qdisc add dev $rep_a ingress
	qdisc add dev $rep_b ingress
	qdisc add dev $uplink ingress
	filter add dev $rep_a ingress prio 5 protocol ip flower skip_sw ip_proto icmp action mirred egress redirect dev $rep_b
	filter add dev $rep_b ingress prio 5 protocol ip flower skip_sw ip_proto icmp action mirred egress redirect dev $rep_a
END
ok "SF to SF, in hardware only" tc -batch "$work/tc"
slow=$(slow_path)
ok "ping goes through" pings a ping -c 7 -i 0.1 -W 5 10.1.1.2
ok "seven went there, 98 bytes each" [ "$(packets "$rep_a")" = '[{"prio":5,"hw":true,"n":[7,686]}]' ]
ok "seven came back" [ "$(packets "$rep_b")" = '[{"prio":5,"hw":true,"n":[7,686]}]' ]
ok "the kernel saw none of them" [ "$slow" = "$(slow_path)" ]

ok "a rule of a better priority drops" tc filter add dev "$rep_a" ingress prio 3 protocol ip flower skip_sw \
	dst_ip 10.1.1.2 action drop
ok "which stops the ping" not pings a ping -c 2 -i 0.1 -W 1 10.1.1.2
ok "both were counted where they ended" [ "$(packets "$rep_a")" = \
	'[{"prio":3,"hw":true,"n":[2,196]},{"prio":5,"hw":true,"n":[7,686]}]' ]
ok "the rule goes" tc filter del dev "$rep_a" ingress prio 3
ok "the ping is back" pings a ping -c 1 -W 5 10.1.1.2

# On the wire.
ip netns add w
ip netns exec w sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
ip link set "$wire" netns w
cat > "$work/ip" <<-END
	link set $wire up
	link set $wire address 02:00:00:00:00:0c
	link add link $wire name w100 type vlan id 100
	link set w100 up
	addr add 10.1.2.2/24 dev w100
	neigh replace 10.1.2.1 lladdr 02:00:00:00:00:0a dev w100
END
ip -n w -batch "$work/ip"
printf '%s\n' "addr add 10.1.2.1/24 dev $nd_a" "neigh replace 10.1.2.2 lladdr 02:00:00:00:00:0c dev $nd_a" > "$work/ip"
ip -n a -batch "$work/ip"
echo 1 > "/proc/sys/net/ipv6/conf/$uplink/disable_ipv6"
ip link set "$uplink" up
cat > "$work/tc" <<-END
	filter add dev $rep_a ingress prio 2 protocol ip flower skip_sw dst_ip 10.1.2.0/24 action vlan push id 100 action mirred egress redirect dev $uplink
	filter add dev $uplink ingress prio 2 protocol 802.1Q flower skip_sw vlan_id 100 action vlan pop action mirred egress redirect dev $rep_a
END
ok "out with a VLAN tag, in without" tc -batch "$work/tc"
ok "ping to the far end of the cable" pings a ping -c 3 -i 0.1 -W 5 10.1.2.2
ok "it went in that VLAN" [ "$(ip -n w -j -s link show w100 | jq '.[].stats64.rx.packets')" -eq 3 ]
ok "nothing else came" [ "$(ip -n w -j -s link show "$wire" | jq '.[].stats64.rx.packets')" -eq 3 ]

# Refusals, in words.
refused()
{
	name=$1 words=$2
	shift 2
	run "$@"
	ok "refused: $name" [ "$code" -ne 0 ]
	ok "... $words" complains "$words"
}
lab_dump_ports "$work/ports1"
refused "a number that is taken" "SF already exist. Choose different sfnum" \
	devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 11
refused "an SF of another PF" "Invalid pfnum supplied" devlink port add "$DPU" flavour pcisf pfnum 3 sfnum 13
refused "an SF without a number" "User must provide unique sfnum" devlink port add "$DPU" flavour pcisf pfnum 0
refused "a group address" "Non-unicast hardware address" \
	devlink port function set "$DPU/32768" hw_addr 01:00:00:00:00:01
refused "to delete an uplink" "Operation not supported" devlink port del "$DPU/0"
refused "legacy mode while there are rules" "Can't change mode, E-Switch is busy" \
	devlink dev eswitch set "$DPU" mode legacy
refused "to forward to another switch" "devices are not on same switch HW" \
	tc filter add dev "$rep_a" ingress prio 9 protocol ip flower skip_sw action mirred egress redirect dev lo
refused "to match a range of ports" "matching on a range of ports is not supported in hardware" \
	tc filter add dev "$rep_a" ingress prio 9 protocol ip flower skip_sw ip_proto udp dst_port 1-9 action drop
lab_dump_ports "$work/ports2"
ok "the ports are what they were" cmp "$work/ports1" "$work/ports2"

# A fault, and a delay.
echo "-5 1" > "$dbg/fault/hw_addr_set"
refused "once, as asked for" "dpulab: injected failure of hw_addr_set" \
	devlink port function set "$DPU/32768" hw_addr 02:00:00:00:00:0d
ok "the next one is not" devlink port function set "$DPU/32768" hw_addr 02:00:00:00:00:0d
ok "one call was hit" hits hw_addr_set 1
# Hundredths of a second since the start.
now()
{
	read -r up _ < /proc/uptime
	echo "${up%.*}${up#*.}"
}
devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 13 > "$work/out"
echo 700 > "$dbg/delay/sf_attach"
started=$(now)
devlink port function set "$DPU/32770" state active
ok "a delayed SF comes" lab_wait 5 netdev 13
ok "not before its time" [ $(($(now) - started)) -ge 70 ]

# And away with it: SFs that work and one that comes, representors to come, VFs, rules, packets.
ok "VFs come too" sh -c "echo 2 > /sys/bus/pci/devices/$PF/sriov_numvfs"
ok "the e-switch has 2 + 3 + 2 ports" [ "$(devlink -j port show | jq "[.port | keys[] |
	select(startswith(\"$DPU/\"))] | length")" -eq 7 ]
echo 60000 > "$dbg/delay/sf_attach"
echo 60000 > "$dbg/delay/rep_netdev"
devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 14 > "$work/out"
devlink port function set "$DPU/32771" state active
ip netns exec a ping -q -i 0.01 10.1.1.2 > "$work/ping" 2>&1 &
flood=$!
ip netns exec a ping -q -i 0.01 10.1.2.2 > "$work/ping" 2>&1 &
flood="$flood $!"
sleep 0.5
ok "packets are on their way" kill -0 $flood
ok "dpulab unloads" rmmod dpulab
# shellcheck disable=SC2086 # two numbers
kill $flood
# shellcheck disable=SC2086
wait $flood 2> /dev/null
ok "no devlink instance stays" [ "$(devlink -j dev show | jq '.dev | length')" -eq 0 ]
ok "no port" not sh -c "devlink port show | grep ."
set -- /sys/bus/auxiliary/devices/dpulab*
ok "no auxiliary device" [ ! -e "$1" ]
ok "no VF" [ "$(cat "/sys/bus/pci/devices/$PF/sriov_numvfs")" -eq 0 ]
for ns in a b w; do
	ok "no netdev in $ns" [ "$(ip -n $ns -j link show | jq length)" -eq 1 ]
	ip netns del $ns
done
ok "it can be loaded again" lab_dpu_pci
lab_dump_ports "$work/after"
ok "and is as it was at first" cmp "$work/before" "$work/after"
ok "it goes" lab_dpu_off

# A platform device: its VFs are virtual, and the host may have some.
ok "a platform device, in switchdev mode from the start" lab_dpu_platform switchdev=1
dbg=/sys/kernel/debug/dpulab/${DPU#platform/}
echo 3 > "$dbg/vfs"
echo 2 > "$dbg/host_vfs"
ok "VFs of both" [ "$(devlink -j port show | jq -c '[.port[] | select(.flavour == "pcivf") |
	[.controller, .vfnum, .external]] | sort')" = '[[0,0,false],[0,1,false],[0,2,false],[1,0,true],[1,1,true]]' ]
ok "another number is reached through 0" not sh -c "echo 2 > $dbg/vfs"
ok "it unloads" lab_dpu_off
tap_done
