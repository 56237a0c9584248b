#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The unmodified tools as judges: of every object dpuctl says, field by field, what devlink, ip, rdma and lspci say;
# what the tools set dpuctl shows, and what dpuctl sets the tools show. dpulab has all kinds of objects; netdevsim is
# another kernel driver, with other ones, and with more VFs than one netlink attribute can hold.
# lab: limit=240
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

dpuctl=$(lab_program "$dpuctl")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$dpuctl"

# Packets of the kernel's own would be counted between two looks.
ipv6=/proc/sys/net/ipv6/conf/default/disable_ipv6
echo 1 > $ipv6
trap 'echo 0 > $ipv6; lab_exit' EXIT

# ask NAME COMMAND...: its JSON, as $NAME[0] for judge.
ask()
{
	document=$work/$1.json
	shift
	"$@" > "$document" || echo '{"error": true}' > "$document"
}
# judge PROGRAM NAME...: one jq run about these documents. PROGRAM makes a list of same(title; ours; theirs).
judge()
{
	program='def same($title; $ours; $theirs): [$title, $ours, $theirs];
		def by_key: to_entries | map(.value + {key});
		[ '$1' ][] | if .[1] == .[2] and ([.[1] | .. | values] | length > 0) then "ok \(.[0])"
		else "no \(.[0]): dpuctl says \(.[1] | tojson), the tool \(.[2] | tojson)" end'
	shift
	set_files=
	for name; do
		set_files="$set_files --slurpfile $name $work/$name.json"
	done
	# shellcheck disable=SC2086 # words without blanks
	jq -nr --arg dpu "$DPU" $set_files "$program" > "$work/verdicts" || echo "no jq" > "$work/verdicts"
	while read -r verdict title; do
		ok "$title" [ "$verdict" = ok ]
	done < "$work/verdicts"
}
# What both sides say of a devlink device.
ask_all()
{
	ask dev devlink -j dev show
	ask info devlink -j dev info
	ask eswitch devlink -j dev eswitch show "$DPU"
	ask port devlink -j port show
	ask rate devlink -j port function rate show
	ask param devlink -j dev param show
	ask health devlink -j health show
	ask resource devlink -j resource show "$DPU"
	ask link ip -j -d -s link show
	ask list "$dpuctl" -j list
	ask show "$dpuctl" -j show "$DPU"
	ask rates "$dpuctl" -j rate list "$DPU"
	ask params "$dpuctl" -j param list "$DPU"
	ask healths "$dpuctl" -j health list "$DPU"
	ask resources "$dpuctl" -j resource list "$DPU"
	ask stats "$dpuctl" -j stats "$DPU"
}
# agree TITLE: all that can be compared of it. ip cuts long switch ids.
agree()
{
	ask_all
	judge '
	def number: if . == "unlimited" then 18446744073709551615 else . end;
	($show[0][0]) as $ours | ($info[0].info[$dpu] // {}) as $i |
	($port[0].port | by_key | map(select(.key | startswith($dpu + "/")))) as $ports |
	($link[0] | map({key: .ifname, value: .}) | from_entries) as $links |
	same("'"$1"': it is listed once, as devlink has it"; [$list[0].devices[] | select(.handle == $dpu) | .handle];
		[$dev[0].dev | keys[] | select(. == $dpu)]),
	same("info"; [$ours | .driver, .serial_number, .psid, .firmware, .versions];
		[$i | .driver, ."board.serial_number", .versions.fixed."fw.psid", .versions.running."fw.version",
		({fixed: {}, running: {}, stored: {}} + .versions)]),
	same("the e-switch"; [$ours | .eswitch_mode, .inline_mode, .encap];
		[$eswitch[0].dev[$dpu] | .mode, ."inline-mode", (."encap-mode" | if . then . == "basic" else . end)]),
	same("ports"; [$ours.ports[] | ["\(.device)/\(.index)", .flavour, .controller, .pfnum, .vfnum, .sfnum, .netdev]] | sort;
		[$ports[] | [.key, .flavour, .controller // 0, .pfnum, .vfnum, .sfnum, .netdev]] | sort),
	same("the netdevs of ports"; [$ours.ports[] | [.netdev, .ifindex, .phys_port_name, .phys_switch_id[0:60]]] | sort;
		[$ports[] | $links[.netdev] | [.ifname, .ifindex, .phys_port_name, .phys_switch_id[0:60]]] | sort),
	same("the netdev of the device"; [$ours | .netdev, .ifindex, .handle];
		[$links[$ours.netdev] | .ifname, .ifindex, "\(.parentbus)/\(.parentdev)"]),
	same("parameters"; [$params[0][] | [.name, .type, .cmode, .value]] | sort;
		[$param[0].param[$dpu][] | .name as $name | .type as $type | .values[] | [$name, $type, .cmode, .value]] | sort),
	same("health"; [$healths[0][] | [.reporter, .state, .error, .recover, .auto_recover, .auto_dump,
			if .reporter == "empty" then null else .grace_period end]] | sort;
		[$health[0].health[$dpu][] | [.reporter, .state, .error, .recover, .auto_recover // false, .auto_dump,
			.grace_period]] | sort),
	same("resources"; [$resources[0][] | [.path, (.size | number), (.size_new | number), .occ]] | sort;
		[[$resource[0].resources[$dpu][] | (., (.name as $up | .resources[]? | .name = "\($up)/\(.name)"))][] |
		[.name, (.size | number), (.size_new // .size | number), .occ]] | sort),
	same("counters"; [$stats[0][] | [.port, .rx_packets, .rx_bytes, .rx_dropped, .tx_packets, .tx_bytes, .tx_dropped]] | sort;
		[$ports[] | $links[.netdev] | [.ifname, (.stats64.rx | .packets, .bytes, .dropped),
		(.stats64.tx | .packets, .bytes, .dropped)]] | sort)' \
		dev info eswitch port param health resource link list show params healths resources stats
}
# agree_switchdev: what there is in this mode only.
agree_switchdev()
{
	judge '
	($port[0].port | by_key | map(select((.flavour | startswith("pci")) and (.key | startswith($dpu + "/"))))) as $ports |
	($link[0] | map({key: .ifname, value: .}) | from_entries) as $links |
	$show[0][0].functions as $ours |
	same("functions"; [$ours[] | [.port, .external, .hw_addr, .representor]] | sort;
		[$ports[] | [.key, .external // .controller != 0, .function.hw_addr // "00:00:00:00:00:00", .netdev]] | sort),
	same("states of SFs"; [$ours[] | select(.type == "sf") | [.port, .state, .opstate]] | sort;
		[$ports[] | select(.flavour == "pcisf") | [.key, .function.state, .function.opstate]] | sort),
	same("netdevs of SFs"; [$ours[] | select(.aux_device) | [.netdev, .aux_device]] | sort;
		[$links[] | select(.parentbus == "auxiliary") | [.ifname, .parentdev]] | sort),
	same("rates"; [$rates[0][] | [.type, .node // "\(.device)/\(.port)", .tx_share, .tx_max, .parent]] | sort;
		[$rate[0].rate | by_key[] | [.type, (.key | if startswith($dpu + "/") and (test("/[0-9]+$") | not)
		then .[$dpu | length + 1:] else . end), .tx_share // 0, .tx_max // 0, .parent]] | sort)' \
		port link show rate rates
}

# Everything that dpulab has, by the tools.
ok "dpulab drives a PF" lab_dpu_pci
dbg=/sys/kernel/debug/dpulab/$PF
pci=/sys/bus/pci/devices/$PF
echo 32.43.2020 > "$dbg/fw_stored"
echo 1 > "$dbg/host_vfs"
cat > "$work/devlink" <<-END
	dev eswitch set $DPU inline-mode link
	dev eswitch set $DPU encap-mode none
	dev param set $DPU name flow_steering_mode value dmfs cmode runtime
	dev param set $DPU name max_macs value 64 cmode driverinit
	dev param set $DPU name enable_roce value false cmode driverinit
	dev param set $DPU name total_vfs value 8 cmode permanent
	health set $DPU reporter fw auto_recover false
	dev eswitch set $DPU mode switchdev
	port add $DPU flavour pcisf pfnum 0 sfnum 88
	port add $DPU flavour pcisf pfnum 0 sfnum 60000
	port add $DPU flavour pcisf pfnum 0 sfnum 88 controller 1
	port function set $DPU/32768 hw_addr 02:00:00:00:00:88 state active
	port function set $DPU/49152 state active
	port function rate add $DPU/group
	port function rate add $DPU/upper.group tx_share 10mbit tx_max 1gbit
	port function rate set $DPU/group parent upper.group
	port function rate set $DPU/32768 tx_share 1mbit tx_max 100gbit parent group
	port function rate set $DPU/1 tx_max 1mbit
END
ok "devlink sets all kinds of things" devlink -b "$work/devlink"
echo 2 > "$pci/sriov_numvfs"
devlink port function set "$DPU/129" hw_addr 02:00:00:00:01:29
echo 88 > "$dbg/host_attach"
echo "-5 1" > "$dbg/fault/health_recover"
echo "fw_fatal out of luck" > "$dbg/health_error" 2> "$work/quiet"
echo "fw an accident" > "$dbg/health_error"
sf_up()
{
	for sf in /sys/bus/auxiliary/devices/dpulab.sf.*/net/*; do
		sf=${sf##*/}
		[ "$sf" != '*' ] && return
	done
	return 1
}
ok "the SF comes up" lab_wait 5 sf_up
sf_up
rep=$(devlink port show "$DPU/32768" | sed -n 's/.* netdev \([^ ]*\) .*/\1/p')
uplink=$(devlink port show "$DPU/0" | sed -n 's/.* netdev \([^ ]*\) .*/\1/p')
# Some packets, in both directions.
cat > "$work/ip" <<-END
	link set $rep up
	link set $sf up
	addr add 10.1.1.1/24 dev $sf
	addr add 10.1.2.1/24 dev $rep
	neigh replace 10.1.1.2 lladdr 02:00:00:00:00:77 dev $sf
	neigh replace 10.1.2.2 lladdr 02:00:00:00:00:77 dev $rep
END
ip -batch "$work/ip"
ping -q -c 3 -i 0.1 -W 1 10.1.1.2 > "$work/ping"
ping -q -c 2 -i 0.1 -W 1 10.1.2.2 > "$work/ping"
agree "switchdev, set by the tools"
agree_switchdev
ok "there was something to see" [ "$(jq -c '[.port | .[].flavour] | group_by(.) | map({(.[0]): length}) | add' "$work/port.json")" \
	= '{"pcipf":1,"pcisf":3,"pcivf":3,"physical":1,"virtual":3}' ]
lspci -vmmn -s "$PF" | jq -R . | jq -s 'map(split(":\t") | select(length == 2) | {(.[0]): .[1]}) | add' > "$work/pci.json"
lspci -vmm -s "$PF" | jq -R . | jq -s 'map(split(":\t") | select(length == 2) | {(.[0]): .[1]}) | add' > "$work/names.json"
ok "the kernel has RDMA" modprobe rdma_rxe
ok "over the uplink" rdma link add lab_rxe type rxe netdev "$uplink"
ip link set "$uplink" up
ask rlink rdma -j link
ask rdev rdma -j -d dev
ask rdma "$dpuctl" -j rdma
ask own "$dpuctl" -j show "$DPU"
judge '
	same("three packets went in, two out"; [$stats[0][] | select(.index == 32768) | .rx_packets, .tx_packets]; [3, 2]),
	same("PCI ids"; $show[0][0].pci_id; $pci[0] | "\(.Vendor):\(.Device)"),
	same("the model"; $show[0][0].model; $names[0].Device),
	same("the NUMA node"; [$show[0][0].numa_node, "there is"]; [($pci[0].NUMANode // null), "there is"]),
	same("RDMA links"; [$rdma[0][] | {ifindex, ifname, port, state, physical_state, netdev, netdev_index}];
		[$rlink[0][] | {ifindex, ifname, port, state, physical_state, netdev, netdev_index}]),
	same("RDMA devices"; [$rdma[0][] | [.ifname, .node_guid, .sys_image_guid]];
		[$rdev[0][] | [.ifname, .node_guid, .sys_image_guid]]),
	same("of the device"; [$own[0][0].rdma_device]; ["lab_rxe"])' stats show pci names rdma rlink rdev own
ok "RDMA goes" rdma link delete lab_rxe

# By dpuctl.
does()
{
	expect 0 "dpuctl $*" "$dpuctl" -t 10000 "$@"
}
does sf set "$DPU/129" --hw-addr 02:00:00:00:02:29
does sf set "$DPU/32768" --state inactive --hw-addr 02:00:00:00:00:99
does sf set "$DPU/32769" --state active
does rate set "$DPU" 32768 --tx-share 2mbit --tx-max 20mbit --parent upper.group
does rate set "$DPU" upper.group --tx-max 2gbit
does rate set "$DPU" group --parent none
does rate add "$DPU" third --tx-max 3gbit --parent upper.group
does rate delete "$DPU" group
does param set "$DPU" max_macs 32 --cmode driverinit
does param set "$DPU" enable_roce true
does param set "$DPU" total_vfs 0x10 --cmode permanent
does param set "$DPU" esw_multiport true --cmode runtime
does health auto-recover "$DPU" fw on
does health recover "$DPU" fw_fatal
agree "switchdev, set by dpuctl"
agree_switchdev
judge '
	def port($index): $port[0].port["\($dpu)/\($index)"].function;
	def rate($name): $rate[0].rate["\($dpu)/\($name)"] | [.tx_share, .tx_max, .parent];
	def param($name): [$param[0].param[$dpu][] | select(.name == $name).values[0].value];
	def health($name): [$health[0].health[$dpu][] | select(.reporter == $name) | .state, .auto_recover];
	same("the address of a VF"; "02:00:00:00:02:29"; port(129).hw_addr),
	same("an SF that was stopped"; ["02:00:00:00:00:99", "inactive", "detached"]; port(32768) | [.hw_addr, .state, .opstate]),
	same("an SF that was started"; ["active", "attached"]; port(32769) | [.state, .opstate]),
	same("the rate of a port"; [250000, 2500000, "upper.group"]; rate(32768)),
	same("the rate of a node"; [1250000, 250000000, null]; rate("upper.group")),
	same("a new node"; [null, 375000000, "upper.group"]; rate("third")),
	same("the nodes"; ["\($dpu)/third", "\($dpu)/upper.group"]; [$rate[0].rate | by_key[] | select(.type == "node").key] | sort),
	same("u32 for the next start"; [32]; param("max_macs")),
	same("bool for the next start"; [true]; param("enable_roce")),
	same("u32 for good"; [16]; param("total_vfs")),
	same("bool now"; [true]; param("esw_multiport")),
	same("automatic recovery"; ["error", true]; health("fw")),
	same("a recovery"; ["healthy", true]; health("fw_fatal"))' port rate param health

does vf set "$DPU" 1
ok "the host's VF does not count" grep -qx 1 "$pci/sriov_numvfs"

# Legacy mode, where the PF's netdev has the say about VFs. The kernel wants no nodes then.
expect 4 "legacy mode with nodes" "$dpuctl" mode eswitch "$DPU" legacy
ok "the kernel says why" complains "Rate node(s) exists"
does rate set "$DPU" 32768 --parent none
does rate delete "$DPU" third
does rate delete "$DPU" upper.group
does mode eswitch "$DPU" legacy
does mode eswitch "$DPU" --encap on
does param set "$DPU" flow_steering_mode hmfs
does vf set "$DPU" 0
does mode eswitch "$DPU" --inline-mode transport
ok "no VF any more" grep -qx 0 "$pci/sriov_numvfs"
does vf set "$DPU" 2
ok "two VFs" grep -qx 2 "$pci/sriov_numvfs"
agree "legacy, set by dpuctl"
judge 'same("the e-switch is as set"; ["legacy", "transport", "basic"]; [$eswitch[0].dev[$dpu] | .mode, ."inline-mode", ."encap-mode"]),
	same("text now"; ["hmfs"]; [$param[0].param[$dpu][] | select(.name == "flow_steering_mode").values[].value])' eswitch param
# agree_vfs TITLE: each VF, by the PF's netdev.
agree_vfs()
{
	ask vf0 "$dpuctl" -j vf show pf0vf0
	ask vf1 "$dpuctl" -j vf show pf0vf1
	ask link ip -j -d link show dev "$uplink"
	judge 'def ours: [.vfnum, .hw_addr, .vlan, .qos, .protocol, .spoofchk, .trust, .link_state, .min_tx, .max_tx,
			.node_guid, .port_guid];
		def theirs: [.vf, .address, .vlan_list[0].vlan // 0, .vlan_list[0].qos // 0, .vlan_list[0].protocol // "802.1Q",
			.spoofchk, .trust, .link_state, .rate.min_tx, .rate.max_tx, ."node guid", ."port guid"];
		same("'"$1"': VFs are what ip says"; [$vf0[0], $vf1[0] | ours]; [$link[0][0].vfinfo_list[] | theirs])' vf0 vf1 link
}
cat > "$work/ip" <<-END
	link set $uplink vf 0 mac 02:00:00:00:10:00 vlan 100 qos 3 proto 802.1ad
	link set $uplink vf 0 spoofchk on
	link set $uplink vf 0 state disable
	link set $uplink vf 1 trust on
	link set $uplink vf 1 max_tx_rate 2000 min_tx_rate 100
END
ok "ip sets attributes of VFs" ip -batch "$work/ip"
agree_vfs "set by ip"
does vf set pf0vf1 --hw-addr 02:00:00:00:11:01 --vlan 4094 --qos 7 --proto 802.1q --spoofchk on --trust off \
	--link-state enable --min-rate 10 --max-rate 3000
does vf set pf0vf0 --vlan 0 --trust on --link-state auto --spoofchk off --max-rate 50
# The kernel has GUIDs for VFs of InfiniBand devices only: what was done before that refusal is undone.
expect 5 "a GUID of an Ethernet VF" "$dpuctl" vf set pf0vf1 --hw-addr 02:00:00:00:12:01 --trust on --vlan 7 \
	--node-guid 02:00:00:ff:fe:00:20:01
agree_vfs "set by dpuctl"
judge 'same("and ip says what was set"; [["02:00:00:00:10:00", null, false, true, "auto", 0, 50],
		["02:00:00:00:11:01", {vlan: 4094, qos: 7}, true, false, "enable", 10, 3000]];
		[$link[0][0].vfinfo_list[] | [.address, (.vlan_list[0] | if .vlan then . else null end), .spoofchk, .trust,
		.link_state, .rate.min_tx, .rate.max_tx]])' link
# Packets of a VF: to one that is not there, and to all.
set -- "$pci"/virtfn0/net/*
vf=${1##*/}
cat > "$work/ip" <<-END
	link set $vf up
	addr add 10.1.3.1/24 brd + dev $vf
	neigh replace 10.1.3.2 lladdr 02:00:00:00:00:77 dev $vf
END
ip -batch "$work/ip"
ping -q -c 3 -i 0.1 -W 1 10.1.3.2 > "$work/ping"
ping -q -b -c 2 -i 0.1 -W 1 10.1.3.255 > "$work/ping" 2>&1
ask vfstats "$dpuctl" -j vf stats pf0vf0
ask link ip -j -s link show dev "$uplink"
judge 'same("counters of a VF"; $vfstats[0] | [.rx_packets, .rx_bytes, .rx_dropped, .broadcast, .multicast, .tx_packets, .tx_bytes, .tx_dropped];
		$link[0][0].vfinfo_list[0].stats | [(.rx | .packets, .bytes, .dropped, .broadcast, .multicast),
		(.tx | .tx_packets, .tx_bytes, .dropped)]),
	same("five packets"; [$vfstats[0].tx_packets, $vfstats[0].tx_bytes]; [5, 490])' vfstats link
does vf autoprobe "$DPU" off
ok "sysfs says so" grep -qx 0 "$pci/sriov_drivers_autoprobe"
echo 1 > "$pci/sriov_drivers_autoprobe"
expect 0 "autoprobe again" "$dpuctl" -j vf autoprobe "$DPU"
ok "dpuctl says so" says '"autoprobe": true'
expect 4 "interrupts of a VF that has a driver" "$dpuctl" vf set pf0vf0 --msix 8
echo "$(basename "$(readlink "$pci/virtfn0")")" > "$pci/virtfn0/driver/unbind"
does vf set pf0vf0 --msix 8
does vf set "$DPU" 0
does -j reload "$DPU" fw_activate
ok "driver and firmware" [ "$(jq -c '.reload_actions_performed' "$work/out")" = '["driver_reinit","fw_activate"]' ]
ask info devlink -j dev info "$DPU"
judge 'same("the firmware is activated"; "32.43.2020"; $info[0].info[$dpu].versions.running.fw)' info
ok "dpulab goes" lab_dpu_off

# netdevsim.
ok "netdevsim makes a device with two ports" lab_netdevsim 9 2
DPU=$NSIM
nsim=/sys/bus/netdevsim/devices/netdevsim9
dbg=/sys/kernel/debug/netdevsim/netdevsim9
cat > "$work/devlink" <<-END
	dev param set $DPU name test1 value false cmode driverinit
	dev param set $DPU name max_macs value 16 cmode driverinit
	resource set $DPU path /IPv4/fib size 64
	resource set $DPU path /nexthops size 10
	health set $DPU reporter dummy grace_period 5000 auto_recover false
END
ok "devlink sets parameters, resources, health" devlink -b "$work/devlink"
echo "it broke" > "$dbg/health/break_health" 2> "$work/err"
agree "netdevsim, set by devlink"
does param set "$DPU" test1 true
does resource set "$DPU" IPv4/fib 128
does resource set "$DPU" IPv6/fib-rules 32
does health recover "$DPU" dummy
ask resource devlink -j resource show "$DPU"
ask param devlink -j dev param show
ask health devlink -j health show
judge 'same("a parameter"; [true]; [$param[0].param[$dpu][] | select(.name == "test1").values[].value]),
	same("a recovery"; ["healthy"]; [$health[0].health[$dpu][] | select(.reporter == "dummy").state]),
	same("sizes to come"; {"fib": 128, "fib-rules": 32}; [$resource[0].resources[$dpu][].resources[]? | select(.size_new) |
	{(.name): .size_new}] | add)' resource param health
does reload "$DPU" driver_reinit
ask resource devlink -j resource show "$DPU"
judge 'same("the size is that"; [128]; [$resource[0].resources[$dpu][0].resources[] | select(.name == "fib").size])' resource

echo 504 > "$dbg/max_vfs"
echo 504 > "$nsim/sriov_numvfs"
set -- "$nsim"/net/*
uplink=${1##*/}
for n in 0 200 300 503; do
	printf "link set $uplink vf $n %s\n" "mac 02:00:00:00:00:$(printf %02x $((n % 251)))" "vlan $((n + 1)) qos $((n % 8))" \
		"spoofchk on" "max_tx_rate $((n + 1000)) min_tx_rate $n"
done > "$work/ip"
printf "link set $uplink vf %s\n" "300 trust on" "503 state enable" >> "$work/ip"
ok "ip sets attributes of VFs" ip -batch "$work/ip"
for n in 0 200 300 503; do
	ask "vf$n" "$dpuctl" -j vf show "pf0vf$n"
done
judge 'def ours: [.vfnum, .hw_addr, .vlan, .qos, .spoofchk, .trust, .link_state, .min_tx, .max_tx];
	same("VF 0"; $vf0[0] | ours; [0, "02:00:00:00:00:00", 1, 0, true, false, "auto", 0, 1000]),
	same("VF 200 of 504"; $vf200[0] | ours; [200, "02:00:00:00:00:c8", 201, 0, true, false, "auto", 200, 1200]),
	same("VF 300 of 504"; $vf300[0] | ours; [300, "02:00:00:00:00:31", 301, 4, true, true, "auto", 300, 1300]),
	same("VF 503 of 504"; $vf503[0] | ours; [503, "02:00:00:00:00:01", 504, 7, true, false, "enable", 503, 1503])' \
	vf0 vf200 vf300 vf503
does vf set pf0vf502 --hw-addr 02:00:00:00:05:02
expect 0 "VF 502" "$dpuctl" -j vf show pf0vf502
ok "has it" says 02:00:00:00:05:02
echo 0 > "$nsim/sriov_numvfs"
echo 3 > "$nsim/sriov_numvfs"
ok "switchdev" devlink dev eswitch set "$DPU" mode switchdev
ok "rates, by devlink" devlink port function rate add "$DPU/group" tx_share 8mbit tx_max 80mbit
does rate set "$DPU" 129 --tx-share 3mbit --tx-max 30mbit --parent group
agree "netdevsim in switchdev mode"
agree_switchdev
judge 'same("the rate of a VF"; [375000, 3750000, "group"]; $rate[0].rate["\($dpu)/129"] | [.tx_share, .tx_max, .parent])' rate
ok "netdevsim's device goes" lab_netdevsim_off 9
tap_done
