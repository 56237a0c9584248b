#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The verbs of dpuctl about attributes: what functions, VFs, rates, parameters, resources, health reporters and RDMA
# devices have, how it is set, and how that is refused.
. "${top_srcdir:=.}/tests/tools/dpuctl.sh"

# --- usage ---

usage sf show
usage sf show a b
usage sf create p0 4294967295
usage sf create p0 1 --roce maybe
usage sf create p0 any --max-io-eqs 0
usage sf create p0 1 --owned
usage sf set pf0sf0 --trust
usage sf set pf0sf0 --max-uc-list many
usage sf sweep
usage sf sweep p0 p1
for verb in show stats; do
	usage vf "$verb"
	usage vf "$verb" a b
done
usage vf set pf0vf0 --qos 3
usage vf set pf0vf0 --proto 802.1ad
usage vf set pf0vf0 --vlan 5 --proto 802.3
usage vf set pf0vf0 --vlan x
usage vf set pf0vf0 --spoofchk yes
usage vf set pf0vf0 --link-state up
usage vf set pf0vf0 --min-rate 1gbit
usage vf set p0 2 --trust on
for guid in 1234 02:25:f2:ff:fe:8d:a2:5 02:25:f2:ff:fe:8d:a2:5c: :0225f2fffe8da25c 0225f2fffe8da25x 0:225f2fffe8da25c; do
	usage vf set pf0vf0 --node-guid "$guid"
done
usage vf autoprobe
usage vf autoprobe p0 maybe
usage mode eswitch p0
usage mode eswitch p0 --encap maybe
usage mode eswitch p0 --inline-mode deep
usage mode eswitch p0 legacy switchdev
usage reload p0
usage reload p0 no_reset
usage reload p0 driver_reinit fw_activate
usage rate set p0 pf0hpf
usage rate set p0 --tx-max 5
usage rate add p0
usage rate delete p0
for rate in x 5x 1.5gbit -1 1bit gbit 100m 18446744073709551615kbit 20000000tbps ""; do
	usage rate set p0 pf0hpf --tx-max "$rate"
done
usage rate set p0 pf0hpf --priority x
usage rate set p0 pf0hpf --weight 4294967296
usage param set p0 enable_roce
usage param set p0 enable_roce true false
usage param set p0 enable_roce true --cmode later
usage resource set p0 max_local_SFs
usage resource set p0 max_local_SFs x
usage health recover p0
usage health auto-recover p0 fw_fatal
usage health auto-recover p0 fw_fatal maybe
usage health recover p0 fw --port x
usage rdma p0

# --- what functions may do ---

DPU_URI=sim:$work/state.json
export DPU_URI

done_json "sf create any" 'd["number"] == 1 and d["opstate"] == "attached"' sf create p0 any
expect 0 "sf create any in text" "$dpuctl" sf create p0 any
ok "says which" line 'SF 2: netdev enp3s0f0s2, representor en3f0pf0sf2'
done_json "sf create with all there is to choose" 'd["roce"] is False and d["trust"] is True and d["max_io_eqs"] == 16
	and d["max_uc_list"] == 64 and d["migratable"] is None and d["controller"] == 0 and d["external"] is False' \
	sf create p0 88 --roce off --trust on --max-io-eqs 16 --max-uc-list 64 --inactive
both "sf show" 'd["number"] == 88 and d["state"] == "inactive" and d["opstate"] == "detached" and d["roce"] is False
	and d["representor"] == "en3f0pf0sf88" and d["aux_device"] is None' sf show pf0sf88
ok "a line for each" eval 'line "roce +off" && line "max_io_eqs +16" && line "migratable +-"'
both "sf set of what it may do" 'd["roce"] is True and d["trust"] is False and d["max_io_eqs"] == 4
	and d["max_uc_list"] == 128' sf set pf0sf88 --roce on --trust off --max-io-eqs 4 --max-uc-list 128
both "sf list has it all" '[x["max_io_eqs"] for x in d] == [8, 8, 8, 4] and d[0]["aux_device"] == "mlx5_core.sf.2"
	and {"roce", "migratable", "ipsec_crypto", "ipsec_packet", "trust", "max_uc_list", "opstate", "external",
	"controller"} <= set(d[0])' sf list p0
expect 0 "sf set --state active" "$dpuctl" sf set pf0sf88 --state active
expect 4 "roce of an SF that a driver has" "$dpuctl" sf set pf0sf88 --roce off
expect 3 "sf show of one that is not there" "$dpuctl" sf show pf0sf99
expect 5 "a capability that SFs lack" "$dpuctl" sf create p0 89 --migratable on
ok "is refused as a step" complains "function_set_caps"
expect 3 "and no SF is left" "$dpuctl" sf show pf0sf89
expect 4 "too many event queues" "$dpuctl" sf create p0 89 --max-io-eqs 257

both "sf orphans, of which there are none" 'd == []' sf orphans
# One whose making is cut short.
"$dpuctl" -u "$DPU_URI?latency=sf_attach:100000" -t -1 sf create p1 7 > "$work/out" 2> "$work/err" &
maker=$!
tries=0
until "$dpuctl" sf show pf1sf7 2> "$work/err" | grep -q "state  *active" || [ "$tries" -ge 200 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
both "an SF that is being made is no orphan" 'd == []' sf orphans p1
kill -9 "$maker"
wait "$maker" 2> "$work/err" || true
both "once its maker is gone it is" 'len(d) == 1 and d[0]["device"] == "pci/0000:03:00.1" and d[0]["name"] == "pf1sf7"
	and d[0]["sfnum"] == 7 and d[0]["controller"] == 0 and d[0]["making"] is True and d[0]["rules"] == 0
	and d[0]["representor"] == "en3f1pf1sf7" and d[0]["port"] > 0 and "dpuctl" in d[0]["owner"]' sf orphans
ok "a line with its owner" line 'pci/0000:03:00\.1 +pf1sf7 +en3f1pf1sf7 +0 +.*dpuctl.*'
expect 0 "sf sweep of another device" "$dpuctl" sf sweep p0
ok "sweeps nothing" line '0 SFs deleted'
done_json "sf sweep" 'd == {"device": "pci/0000:03:00.1", "swept": 1}' sf sweep p1
expect 3 "the orphan is gone" "$dpuctl" sf show pf1sf7
expect 3 "sf sweep of a device that is not there" "$dpuctl" sf sweep p9

# --- VFs ---

both "vf autoprobe" 'd == {"device": "pci/0000:03:00.0", "autoprobe": True}' vf autoprobe p0
both "vf autoprobe off" 'd == {"device": "pci/0000:03:00.0", "autoprobe": False}' vf autoprobe p0 off
expect 0 "VFs without drivers" "$dpuctl" vf set p0 2
both "vf show" 'd["vfnum"] == 1 and d["pfnum"] == 0 and d["controller"] == 1 and d["device"] == "pci/0000:03:00.0"
	and d["min_tx"] == 0 and d["max_tx"] == 0 and len(d["hw_addr"]) == 17 and d["vlan"] is None
	and d["link_state"] == "auto"' vf show pf0vf1
both "vf set in switchdev mode" 'd["min_tx"] == 10 and d["max_tx"] == 100 and d["hw_addr"] == "02:25:f2:8d:a2:01"' \
	vf set pf0vf1 --min-rate 10 --max-rate 100 --hw-addr 02:25:F2:8d:a2:01
ok "says so" line 'VF 1 is changed'
both "one rate" 'd["min_tx"] == 10 and d["max_tx"] == 200' vf set pf0vf1 --max-rate 200
both "the other" 'd["min_tx"] == 20 and d["max_tx"] == 200' vf set pf0vf1 --min-rate 20
both "vf set --msix" 'd["vfnum"] == 1' vf set pf0vf1 --msix 8
expect 4 "more vectors than there can be" "$dpuctl" vf set pf0vf1 --msix 4000
expect 5 "a VLAN in switchdev mode" "$dpuctl" vf set pf0vf1 --vlan 5
both "sf set of a VF" 'd["type"] == "vf" and d["migratable"] is True and d["ipsec_crypto"] is True
	and d["ipsec_packet"] is True and d["external"] is True' \
	sf set pf0vf1 --migratable on --ipsec-crypto on --ipsec-packet on
both "vf list has it too" '[x["migratable"] for x in d] == [False, True]' vf list p0
both "vf stats" 'd == {"rx_packets": 0, "rx_bytes": 0, "rx_dropped": 0, "tx_packets": 0, "tx_bytes": 0, "tx_dropped": 0,
	"broadcast": 0, "multicast": 0}' vf stats pf0vf1
expect 4 "vf show of an SF" "$dpuctl" vf show pf0sf0
expect 4 "vf stats of an SF" "$dpuctl" vf stats pf0sf0
expect 3 "vf show of one that is not there" "$dpuctl" vf show pf0vf7
expect 4 "a minimum above the maximum" "$dpuctl" vf set pf0vf1 --min-rate 5 --max-rate 4
expect 0 "drivers again" "$dpuctl" vf autoprobe p0 on
expect 0 "to legacy mode" "$dpuctl" mode eswitch p0 legacy
both "vf set in legacy mode" 'd["vlan"] == 5 and d["qos"] == 3 and d["protocol"] == "802.1ad" and d["spoofchk"] is True
	and d["trust"] is True and d["link_state"] == "enable" and d["node_guid"] == "02:25:f2:ff:fe:8d:a2:5c"
	and d["port_guid"] == "02:25:f2:ff:fe:8d:a2:5d"' \
	vf set c1pf0vf0 --vlan 5 --qos 3 --proto 802.1AD --spoofchk on --trust on --link-state enable \
	--node-guid 02:25:f2:ff:fe:8d:a2:5c --port-guid 0225:f2ff:fe8d:a25D
both "is kept" 'd["vlan"] == 5 and d["port_guid"] == "02:25:f2:ff:fe:8d:a2:5d"' vf show c1pf0vf0
both "no VLAN, another protocol's default" 'd["vlan"] == 0 and d["protocol"] == "802.1Q" and d["trust"] is False
	and d["link_state"] == "disable" and d["spoofchk"] is False' \
	vf set c1pf0vf0 --vlan 0 --trust off --link-state disable --spoofchk off
expect 4 "a VLAN that is none" "$dpuctl" vf set c1pf0vf0 --vlan 4095
expect 4 "a priority that is none" "$dpuctl" vf set c1pf0vf0 --vlan 5 --qos 8
expect 0 "back to switchdev mode" "$dpuctl" mode eswitch p0 switchdev

# --- rates ---

both "rate list" 'len(d) == 5 and d[0] == {"device": "pci/0000:03:00.0", "type": "leaf", "node": None,
	"port": 131072, "netdev": "pf0hpf", "tx_share": 0, "tx_max": 0, "tx_priority": 0, "tx_weight": 0,
	"parent": None}' rate list
done_json "rate add" 'd["type"] == "node" and d["node"] == "gold" and d["tx_max"] == 125000000 and d["port"] is None
	and d["parent"] is None' rate add p0 gold --tx-max 1gbit
expect 0 "rate add in text" "$dpuctl" rate add p0 silver --tx-max 2gbit --parent none
ok "says so" line 'silver is added'
both "rate set of a node" 'd["node"] == "silver" and d["tx_max"] == 250000000 and d["tx_share"] == 1000000' \
	rate set p0 silver --tx-share 8mbit
both "rate set of a port by netdev" 'd["type"] == "leaf" and d["netdev"] == "pf0vf0" and d["parent"] == "gold"
	and d["tx_max"] == 50000000' rate set p0 pf0vf0 --parent gold --tx-max 50MBps
both "by number" 'd["netdev"] == "pf0vf0" and d["parent"] is None' rate set p0 131073 --parent none
both "by devlink port" 'd["port"] == 131073 and d["parent"] == "silver"' \
	rate set p0 pci/0000:03:00.0/131073 --parent silver
both "by the kernel's name" 'd["port"] == 131073 and d["tx_share"] == 0' rate set p0 c1pf0vf0 --tx-share 0
for pair in 125000:125000 1000kbit:125000 1mbit:125000 1Gbit:125000000 125kbps:125000 1mbps:1000000 0x1e848:125000 \
	15625KiBps:16000000 15625kibit:2000000; do
	done_json "a rate of ${pair%:*}" "d['tx_max'] == ${pair#*:}" rate set p0 pf0vf0 --tx-max "${pair%:*}"
done
both "rate list of a device" '[(x["node"], x["netdev"]) for x in d][1] == (None, "pf0vf0")
	and [x["node"] for x in d if x["type"] == "node"] == ["gold", "silver"]' rate list p0
expect 4 "rate delete of a node with members" "$dpuctl" rate delete p0 silver
expect 4 "rate add of a name that is taken" "$dpuctl" rate add p0 gold
expect 3 "rate set of a node that is not there" "$dpuctl" rate set p0 bronze --tx-max 1gbit
expect 3 "of a port that is not there" "$dpuctl" rate set p0 4294967295 --tx-max 1gbit
expect 3 "of a port of another device" "$dpuctl" rate set p1 pf0vf0 --tx-max 1gbit
expect 3 "a parent that is not there" "$dpuctl" rate set p0 pf0vf0 --parent bronze
expect 4 "a share above the maximum" "$dpuctl" rate set p0 gold --tx-share 2gbit
expect 5 "a priority" "$dpuctl" rate set p0 pf0vf0 --priority 1
expect 5 "a weight" "$dpuctl" rate set p0 pf0vf0 --weight 10
expect 0 "no parent" "$dpuctl" rate set p0 pf0vf0 --parent none
done_json "rate delete" 'd == {"device": "pci/0000:03:00.0", "deleted": "silver"}' rate delete p0 silver
expect 0 "rate delete in text" "$dpuctl" rate delete p0 gold
ok "says so" line 'gold is deleted'
expect 3 "rate delete of one that has gone" "$dpuctl" rate delete p0 gold

# --- the e-switch, parameters, resources, reload ---

both "mode eswitch --encap off" 'd == {"device": "pci/0000:03:00.0", "eswitch": "switchdev", "inline_mode": "none",
	"encap": False}' mode eswitch p0 --encap off
both "with a mode" 'd["encap"] is True and d["eswitch"] == "switchdev"' mode eswitch p0 switchdev --encap on
expect 5 "an inline mode that the driver lacks" "$dpuctl" mode eswitch p0 --inline-mode transport
expect 5 "an e-switch's attributes of a NIC" "$dpuctl" mode eswitch oob_net0 --encap on

both "param list" '{"device": "pci/0000:03:00.1", "name": "total_vfs", "type": "generic", "value_type": "u32",
	"cmode": "permanent", "value": 16} in d and {"device": "pci/0000:03:00.0", "name": "flow_steering_mode",
	"type": "driver-specific", "value_type": "string", "cmode": "runtime", "value": "smfs"} in d
	and len(d) == 16' param list
ok "a line for each" line 'pci/0000:03:00\.0 +enable_roce +generic +bool +driverinit +true'
both "param set" 'd == {"device": "pci/0000:03:00.0", "name": "enable_roce", "type": "generic", "value_type": "bool",
	"cmode": "driverinit", "value": False}' param set p0 enable_roce false
ok "says when" line 'enable_roce is false, after a reload driver_reinit'
both "param set --cmode" 'd["cmode"] == "permanent" and d["value"] == 32' param set p0 total_vfs 0x20 --cmode permanent
ok "says when" line 'total_vfs is 32, after a reset'
both "param set at once" 'd["value"] is True and d["cmode"] == "runtime"' param set p0 esw_multiport true
ok "says no more" line 'esw_multiport is true'
expect 5 "a cmode that the parameter lacks" "$dpuctl" param set p0 enable_roce true --cmode runtime
expect 3 "a parameter that is not there" "$dpuctl" param set p0 frob 1
expect 4 "a value of another type" "$dpuctl" param set p0 enable_roce maybe
expect 4 "a value out of range" "$dpuctl" param set p0 io_eq_size 63
both "param list of a device" 'all(x["device"] == "pci/0000:03:00.1" for x in d) and len(d) == 8' param list p1
expect 5 "param list of a NIC" "$dpuctl" param list oob_net0

both "resource list" 'd[2] == {"device": "pci/0000:03:00.1", "path": "max_local_SFs", "size": 236, "size_new": 236,
	"occ": 1, "size_min": 236, "size_max": 236, "size_gran": 1} and len(d) == 4' resource list
done_json "resource set to what it is" 'd == {"device": "pci/0000:03:00.0", "path": "max_external_SFs", "size_new": 32}' \
	resource set p0 max_external_SFs 32
expect 0 "resource set in text" "$dpuctl" resource set p0 max_local_SFs 236
ok "says when" line 'max_local_SFs has 236 after a reload driver_reinit'
expect 4 "a size that it cannot have" "$dpuctl" resource set p0 max_local_SFs 5
expect 3 "a resource that is not there" "$dpuctl" resource set p0 frob 5
expect 5 "resource list of a NIC" "$dpuctl" resource list oob_net0

done_json "reload fw_activate --no-reset" 'd["device"] == "pci/0000:03:00.0"
	and d["reload_actions_performed"] == ["fw_activate"]' reload p0 fw_activate --no-reset
expect 0 "reload driver_reinit" "$dpuctl" reload p0 driver_reinit
ok "says what took place" line 'pci/0000:03:00\.0 performed driver_reinit'
both "it is in legacy mode then" 'd[0]["eswitch"] == "legacy"' mode p0
expect 4 "a driver reload without a reset" "$dpuctl" reload p0 driver_reinit --no-reset
expect 5 "reload of a NIC" "$dpuctl" reload oob_net0 driver_reinit
both "rate list of all, one being in legacy mode" 'd' rate list

# --- health, RDMA ---

both "health list" 'len(d) == 4 and d[1] == {"device": "pci/0000:03:00.0", "port": None, "reporter": "fw_fatal",
	"state": "healthy", "error": 0, "recover": 0, "grace_period": 180000, "auto_recover": True,
	"auto_dump": True}' health list
both "health auto-recover" 'd == {"device": "pci/0000:03:00.0", "port": None, "reporter": "fw_fatal",
	"auto_recover": False}' health auto-recover p0 fw_fatal off
both "is kept" '[x["auto_recover"] for x in d] == [False, False]' health list p0
both "health recover" 'd == {"device": "pci/0000:03:00.0", "port": None, "reporter": "fw_fatal"}' \
	health recover p0 fw_fatal
ok "says so" line 'fw_fatal has recovered'
expect 5 "a reporter that cannot recover" "$dpuctl" health recover p0 fw
expect 3 "a reporter that is not there" "$dpuctl" health recover p0 frob
expect 3 "a reporter of a port that has none" "$dpuctl" health recover p0 fw_fatal --port 131072
expect 5 "health list of a NIC" "$dpuctl" health list oob_net0

both rdma '[(x["ifname"], x["port"], x["state"], x["physical_state"], x["netdev"]) for x in d][:2] ==
	[("mlx5_0", 1, "ACTIVE", "LINK_UP", "p0"), ("mlx5_1", 1, "ACTIVE", "LINK_UP", "p1")]
	and set(d[0]) == {"ifindex", "ifname", "port", "state", "physical_state", "netdev", "netdev_index", "fw",
	"node_guid", "sys_image_guid"} and len(d[0]["node_guid"]) == 19' rdma
ok "a line for each" line 'mlx5_0 +1 +ACTIVE +LINK_UP +p0 +[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}'

# --- steps that fail ---

unset DPU_URI
for step in "rates rate list p0" "params param list" "resources resource list" "health health list" "rdma rdma" \
	"param_set param set p0 enable_roce false" "rate_set rate set p0 pf0hpf --tx-max 1gbit" \
	"rate_node_add rate add p0 gold" "health_recover health recover p0 fw_fatal" \
	"health_set health auto-recover p0 fw_fatal off" "resource_set resource set p0 max_local_SFs 236" \
	"eswitch_attrs_set mode eswitch p0 --encap off" "reload reload p0 driver_reinit" \
	"vf_autoprobe vf autoprobe p0" "vf_set_autoprobe vf autoprobe p0 off" "claims_left sf orphans"; do
	# shellcheck disable=SC2086
	expect 7 "a step that is not permitted: $step" "$dpuctl" -u "sim:?fault=${step%% *}:EPERM" ${step#* }
	ok "is named, and nothing is said beside it" eval 'complains "dpuctl: ${step%% *}" && [ ! -s "$work/out" ]'
done
expect 0 "versions that cannot be read are not shown" "$dpuctl" -u "sim:?fault=versions:EPERM" show p0
ok "the rest is" eval 'line "kind +dpu" && not says "VERSION OF"'
tap_done
