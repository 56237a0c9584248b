#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The verbs of dpuctl about the firmware: its configuration by parameter, profile and TLV, the operation modes and the
# way from one into the other, the rights of the hosts.
. "${top_srcdir:=.}/tests/tools/dpuctl.sh"

# --- usage ---

usage config query
usage config set p0
usage config set NUM_OF_VFS=8
usage config set p0 NUM_OF_VFS 8
usage config set p0 NUM_OF_VFS=8 --mode
usage config reset
usage config reset p0 NUM_OF_VFS SRIOV_EN
usage config reset p0 NUM_OF_VFS --mode
usage config profile p0
usage config profile --dry-run
usage config profile p0 lag vfe-vdpa
usage config profile p0 lag --mode
usage config tlv p0 0
usage config tlv p0 x 0x80
usage config tlv p0 0 x
usage config tlv p0 2 0x80
usage config tlv p0 3 0x400
usage config tlv p0 3 0x80 --function 256
usage config tlv p0 0 0x80 --index 1
usage config tlv p0 0 0x80 --when later
for bytes in "" 1 0x 0g "00 1" "$(printf '00%0512d' 0)"; do
	usage config tlv p0 0 0x80 --set "$bytes"
done
usage config tlv p0 0 0x80 --when current --set 00
usage mode set p0 unknown
usage mode set p0 restricted --restrict everything
usage mode set p0 restricted --restrict rshim,
usage mode set p0 restricted --restrict rshim,,tracer
usage mode set p0 restricted --host x
usage mode set p0 dpu --host 0
usage mode set p0 dpu --restrict all
usage mode plan
usage mode plan p0 sideways
usage mode plan p0 dpu nic
usage mode hosts
usage mode hosts p0 p1

# --- parameters ---

DPU_URI=sim:$work/state.json
export DPU_URI

both "config query" 'len(d) > 60 and {x["device"] for x in d} == {"pci/0000:03:00.0"} and d[0] == {
	"device": "pci/0000:03:00.0", "name": "INTERNAL_CPU_MODEL", "type": "enum", "max": 1, "default": "EMBEDDED_CPU",
	"current": "EMBEDDED_CPU", "next_boot": "EMBEDDED_CPU", "reset_needed": "none", "writable": True,
	"transport": "sim"}' config query p0
ok "a line for each" eval 'line "NUM_OF_VFS +16 +16 +16 +none" && line "SRIOV_EN +True +True +True +none"'
both "config query of some, in this order" '[(x["name"], x["next_boot"]) for x in d] == [("PF_TOTAL_SF", 236),
	("SRIOV_EN", "True")]' config query p1 pf_total_sf SRIOV_EN
expect 3 "config query of a parameter that is not there" "$dpuctl" config query p0 SRIOV_EN NUM_OF_VF
ok "names it and the nearest" eval 'complains "NUM_OF_VF:" && complains NUM_OF_VFS && [ ! -s "$work/out" ]'
expect 5 "config query of a NIC" "$dpuctl" config query oob_net0
expect 3 "config query of a device that is not there" "$dpuctl" config query p9

cp "$work/state.json" "$work/before.json" 2> "$work/err" || "$dpuctl" config set p0 SRIOV_EN=True > "$work/out"
[ -f "$work/before.json" ] || cp "$work/state.json" "$work/before.json"
unchanged()
{
	cmp "$work/state.json" "$work/before.json"
}

both "config set --dry-run" 'd == {"changes": [{"device": "pci/0000:03:00.0", "name": "NUM_OF_VFS", "current": "16",
	"next_boot": "16", "to": "32"}], "written": False, "reset_needed": "firmware"}' \
	config set p0 NUM_OF_VFS=32 SRIOV_EN=True --dry-run
ok "says that nothing is written" line 'nothing is written'
ok "and writes nothing" unchanged
expect 3 "config set of a parameter that is not there" "$dpuctl" config set p0 NUM_OF_VFS=8 PF_TOTAL_SFS=8
ok "names it and the nearest" eval 'complains "PF_TOTAL_SFS:" && complains "PF_TOTAL_SF"'
expect 3 "the same in JSON" "$dpuctl" -j config set p0 PF_TOTAL_SFS=8
ok_json_error "with the hint" 'd["error"]["errno_name"] == "ENOENT" and "PF_TOTAL_SF" in d["error"]["hint"]'
for setting in NUM_OF_VFS=many NUM_OF_VFS= NUM_OF_VFS=-1 SRIOV_EN=maybe SRIOV_EN=2 INTERNAL_CPU_MODEL=ARM; do
	expect 4 "config set of a value that is none: $setting" "$dpuctl" config set p0 PF_TOTAL_SF=8 "$setting"
	ok "says what it may be" complains "it may be"
done
expect 4 "more than the device takes" "$dpuctl" config set p0 PF_TOTAL_SF=8 NUM_OF_VFS=505
ok "says how much it takes" complains 504
expect 4 "more than its firmware takes" "$dpuctl" config set p0 NUM_OF_VFS=8 PF_TOTAL_SF=513
ok "in the firmware's own words" complains "the firmware: bad configuration"
expect 4 "a parameter without the one that it needs" \
	"$dpuctl" config set p0 INTERNAL_CPU_MODEL=SEPARATED_HOST INTERNAL_CPU_PAGE_SUPPLIER=EXT_HOST_PF
ok "which is named" complains "set INTERNAL_CPU_MODEL=EMBEDDED_CPU with it"
expect 4 "more vectors than the device has, a dry run" "$dpuctl" config set p0 NUM_OF_VFS=505 --dry-run
expect 5 "config set of a NIC" "$dpuctl" config set oob_net0 NUM_OF_VFS=8
ok "none of this has written anything" unchanged

done_json "config set of several" '[(x["name"], x["next_boot"], x["to"]) for x in d["changes"]] == [
	("NUM_OF_VFS", "16", "32"), ("PF_TOTAL_SF", "236", "64"),
	("LAG_RESOURCE_ALLOCATION", "DEVICE_DEFAULT", "PRE_ALLOCATION")] and d["written"] is True
	and d["reset_needed"] == "firmware"' \
	config set p0 NUM_OF_VFS=32 pf_total_sf=0x40 LAG_RESOURCE_ALLOCATION=pre_allocation
both "config query, pending" '[(x["default"], x["current"], x["next_boot"], x["reset_needed"]) for x in d] == [
	(16, 16, 32, "firmware"), (236, 236, 64, "firmware")]' config query p0 NUM_OF_VFS PF_TOTAL_SF
both "the board's is the other PF's too, a PF's is not" '[x["next_boot"] for x in d] == [32, 236]' \
	config query p1 NUM_OF_VFS PF_TOTAL_SF
both "config set of what is stored" 'd == {"changes": [], "written": False, "reset_needed": "firmware"}' \
	config set p0 NUM_OF_VFS=32
ok "says so, and what it waits for" \
	eval 'line "all of it is stored already" && line "it takes a reset of level \"firmware\" to make it current"'
expect 0 "config set in text" "$dpuctl" config set p0 NUM_OF_VFS=31 NUM_OF_VFS=30
ok "shows what differs" line 'pci/0000:03:00\.0 +NUM_OF_VFS +16 +32 +30'
ok "and says what was done" \
	eval 'line "written, for the next boot" && line "it takes a reset of level \"firmware\" to make it current"'
expect 4 "VFs before the reset" "$dpuctl" vf set p0 20
expect 0 "a reset of the firmware" "$dpuctl" mode reset p0 firmware
both "config query, current" '[(x["current"], x["next_boot"], x["reset_needed"]) for x in d] == [(30, 30, "none")]' \
	config query p0 NUM_OF_VFS
expect 0 "VFs after the reset" "$dpuctl" vf set p0 20
both "config set of what is current" 'd["reset_needed"] == "none" and d["changes"] == []' config set p0 NUM_OF_VFS=30
ok "says no more than that" [ "$(cat "$work/text")" = "all of it is stored already" ]

# --- defaults ---

expect 0 "a mode beside" "$dpuctl" mode set p0 nic
cp "$work/state.json" "$work/before.json"
both "config reset --dry-run" '[(x["name"], x["next_boot"], x["to"]) for x in d["changes"]] ==
	[("NUM_OF_VFS", "30", "16"), ("PF_TOTAL_SF", "64", "236"),
	("LAG_RESOURCE_ALLOCATION", "PRE_ALLOCATION", "DEVICE_DEFAULT")] and d["written"] is False' \
	config reset p0 --dry-run
both "config reset --mode --dry-run" 'd["changes"][0]["name"] == "INTERNAL_CPU_OFFLOAD_ENGINE"
	and d["changes"][0]["to"] == "ENABLED" and len(d["changes"]) == 4' config reset p0 --mode --dry-run
both "config reset of one, --dry-run" '[x["name"] for x in d["changes"]] == ["PF_TOTAL_SF"]' \
	config reset p0 PF_TOTAL_SF --dry-run
ok "and nothing is written" unchanged
expect 3 "config reset of one that is not there" "$dpuctl" config reset p0 PF_TOTAL
ok "names the nearest" complains PF_TOTAL_SF
expect 3 "the same --dry-run" "$dpuctl" config reset p0 PF_TOTAL --dry-run
expect 5 "config reset of a NIC" "$dpuctl" config reset oob_net0
ok "and nothing is written" unchanged
done_json "config reset of one" 'd == {"device": "pci/0000:03:00.0", "reset": "PF_TOTAL_SF", "mode_kept": False}' \
	config reset p0 PF_TOTAL_SF
both "it has its default, others have not" '[x["next_boot"] for x in d] == [236, 30]' \
	config query p0 PF_TOTAL_SF NUM_OF_VFS
expect 0 "config reset of one in text" "$dpuctl" config reset p0 NUM_OF_VFS
ok "says so" line 'NUM_OF_VFS has its default for the next boot'
expect 0 "config set before a reset of all" "$dpuctl" config set p0 NUM_OF_VFS=8
done_json "config reset of all" 'd == {"device": "pci/0000:03:00.0", "reset": None, "mode_kept": True}' config reset p0
both "they have their defaults" 'all(x["next_boot"] == x["default"] for x in d
	if x["name"] != "INTERNAL_CPU_OFFLOAD_ENGINE")' config query p0
both "but the mode" 'd[0]["next_boot"] == "nic"' mode p0
expect 0 "config reset in text" "$dpuctl" config reset p0
ok "says so" line 'all parameters have their defaults for the next boot; the operation mode stays'
expect 0 "config reset --mode" "$dpuctl" config reset p0 --mode
ok "says no such thing" line 'all parameters have their defaults for the next boot'
both "the mode went too" 'd[0]["next_boot"] == "dpu"' mode p0

# --- profiles ---

both "the profiles" '[x["name"] for x in d] == ["virtio-hotplug", "virtio-static", "sf-internal", "sf-external", "lag",
	"vfe-vdpa"] and all(x["description"] for x in d) and d[4]["boot_options"] is None
	and d[1]["boot_options"] == "pci=realloc intel_iommu=on iommu=pt pci=assign-busses"' config profile
ok "a line for each" line 'virtio-hotplug +virtio-net .* +pci=realloc'
expect 3 "a profile that is not there" "$dpuctl" config profile p0 virtio
ok "says which there are" complains "virtio-hotplug, virtio-static"
expect 5 "a profile of a NIC" "$dpuctl" config profile oob_net0 lag

# profile NAME CHANGES RESET BOOT: how many parameters it changes on a fresh board, with which reset and which options.
profile()
{
	DPU_URI=sim:$work/$1.json
	cp "$work/fresh.json" "$work/$1.json"
	options="None"
	[ -z "$4" ] || options="\"$4\""
	both "$1 --dry-run" "len(d['changes']) == $2 and d['written'] is False and d['boot_options'] == $options" \
		config profile p0 "$1" --dry-run
	if [ "$2" -gt 0 ]; then
		ok "$1: a line for each change, and that nothing is written" \
			eval 'line "nothing is written" && [ "$(grep -c ^pci/ "$work/out")" -eq '"$2"' ]'
	fi
	ok "$1: nothing is written" cmp "$work/$1.json" "$work/fresh.json"
	expect 0 "$1" "$dpuctl" config profile p0 "$1"
	[ "$2" -eq 0 ] || ok "$1: it is written" line 'written, for the next boot'
	[ "$3" = none ] || ok "$1: says the reset" line "it takes a reset of level \"$3\" to make it current"
	[ -z "$4" ] || ok "$1: says how to boot the host" line "the host's kernel is to be booted with $4"
	[ -n "$4" ] || ok "$1: says nothing of the host's kernel" not says kernel
	both "$1 again" "d == {'changes': [], 'written': False, 'reset_needed': '$3', 'boot_options': $options}" \
		config profile p0 "$1"
	ok "$1: all of it is there" line 'all of it is stored already'
	expect 0 "$1: a reset" "$dpuctl" mode reset p0 system
	done_json "$1: current" 'd["reset_needed"] == "none"' config profile p0 "$1" --dry-run
}
expect 0 "a fresh board" "$dpuctl" -u "sim:$work/fresh.json" config set p0 NUM_OF_VFS=16 --dry-run
expect 0 "in a file" "$dpuctl" -u "sim:$work/fresh.json" mode reset p0 system
profile virtio-hotplug 11 system "pci=realloc"
profile virtio-static 9 system "pci=realloc intel_iommu=on iommu=pt pci=assign-busses"
both "virtio-static: what each port has" '[x["next_boot"] for x in d] == [126, 4, 512, 8]' \
	config query p0 VIRTIO_NET_EMULATION_NUM_VF VIRTIO_NET_EMULATION_NUM_PF PF_TOTAL_SF PF_SF_BAR_SIZE
both "and the second" '[x["next_boot"] for x in d] == [2, 8]' config query p1 PF_TOTAL_SF PF_SF_BAR_SIZE
profile sf-internal 0 none ""
profile sf-external 4 firmware ""
profile lag 3 firmware ""
profile vfe-vdpa 7 system "intel_iommu=on iommu=pt"
DPU_URI=sim:$work/vfe-vdpa.json
expect 0 "one profile after the other" "$dpuctl" config profile p1 virtio-hotplug
both "begins with the defaults" '[x["next_boot"] for x in d] == ["True", "False", 11, 64]' \
	config query p0 VIRTIO_NET_EMULATION_ENABLE VIRTIO_BLK_EMULATION_ENABLE NUM_VF_MSIX PF_TOTAL_SF
DPU_URI=sim:$work/lag.json
expect 0 "or not" "$dpuctl" config profile p1 sf-internal
both "and keeps what it does not name" '[x["next_boot"] for x in d] == ["PRE_ALLOCATION", "True"]' \
	config query p0 LAG_RESOURCE_ALLOCATION HIDE_PORT2_PF

# --- TLVs ---

DPU_URI=sim:$work/tlv.json
both "config tlv" 'd == {"device": "pci/0000:03:00.0", "type": "0x0000000c",
	"data": "00000001000000000000000000000000"}' config tlv p0 0 0xc
ok "type and bytes" line '0x0000000c 00000001000000000000000000000000'
run "$dpuctl" config tlv p0 0 128
former=$(cut -d ' ' -f 2 "$work/out")
done_json "config tlv --set" "d['type'] == '0x00000080' and d['data'] == '$former'[:12] + '0020' + '$former'[16:]" \
	config tlv p0 0 0x80 --set 0020 --offset 6
both "as a parameter" '[(x["current"], x["next_boot"]) for x in d] == [(16, 32)]' config query p0 NUM_OF_VFS
done_json "--when current" "d['data'] == '$former'" config tlv p0 0 0x80 --when current
done_json "--when default" "d['data'] == '$former'" config tlv p0 0 0x80 --when default
done_json "--when next" "d['data'] != '$former'" config tlv p0 0 0x80 --when next
expect 0 "config tlv --set of all" "$dpuctl" config tlv p0 0 0x80 --set "$former"
ok "shows what is stored then" line "0x00000080 $former"
done_json "of another function" 'd["type"] == "0x03000480" and len(d["data"]) == 32' config tlv p0 3 0x80 --function 1
done_json "of a host" 'd["type"] == "0x07000083" and d["data"] == "00000000"' config tlv p0 7 0x83 --index 0
expect 3 "a host that is not there" "$dpuctl" config tlv p0 7 0x83 --index 1
expect 3 "a TLV that is not there" "$dpuctl" config tlv p0 0 0x999
ok "in the firmware's own words" complains "resource not available"
expect 3 "nor can be set" "$dpuctl" config tlv p0 0 0x999 --set 00
expect 4 "past its end" "$dpuctl" config tlv p0 0 0x80 --set 0020 --offset 11
expect 7 "a capability" "$dpuctl" config tlv p0 0 0x81 --set 00
expect 5 "a TLV of a NIC" "$dpuctl" config tlv oob_net0 0 0xc

# --- from mode to mode ---

DPU_URI=sim:$work/walk.json

# stands MODE NEXT RESET: so for both PFs, and what the DPU does fits.
stands()
{
	both "mode: $1, next $2, reset $3" "[(x['current'], x['next_boot'], x['reset_needed'], x['runtime'],
		x['contradicts'], x['side']) for x in d] == 2 * [('$1', '$2', '$3', '$1', [], 'arm')]" mode
}
# walk FROM TO: with a look before and after the reset that is needed, and after one that is not enough.
walk()
{
	done_json "mode set $2" "d['current'] == '$1' and d['next_boot'] == '$2' and d['reset_needed'] == 'system'" \
		mode set p0 "$2"
	stands "$1" "$2" system
	both "mode plan" "(d['from'], d['to'], d['reset'], d['mlxfwreset_level'], d['arm_shutdown'], d['power_cycle'])
		== ('$1', '$2', 'system', 4, True, False)" mode plan p1
	ok "in words" line "from $1 to $2: a reset of level \"system\""
	expect 0 "mode reset firmware" "$dpuctl" mode reset p0 firmware
	stands "$1" "$2" system
	expect 0 "mode reset system" "$dpuctl" mode reset p0 system
	stands "$2" "$2" none
}
stands dpu dpu none
walk dpu nic
both "no e-switch in NIC mode" '[x["eswitch"] for x in d] == [None, None]' mode
expect 5 "nor SFs" "$dpuctl" sf create p0 88
walk nic dpu
expect 0 "SFs again" "$dpuctl" sf create p0 88
walk dpu separated
both "no host's PF in separated mode" '"pcipf" not in [x["flavour"] for x in d[0]["ports"]]
	and [x["type"] for x in d[0]["functions"]] == ["sf"]' show p0
expect 0 "but SFs" "$dpuctl" sf create p0 88
walk separated restricted
both "the host's PF is back" '[x["flavour"] for x in d[0]["ports"]] == ["pcipf", "pcisf", "physical"]' show p0
both "mode hosts" 'd == [{"device": "pci/0000:03:00.0", "host": 0, "restricted": True,
	"restrictions": ["port_owner", "port_counter", "tracer", "rshim"], "next_boot_restricted": True,
	"next_boot_restrictions": ["port_owner", "port_counter", "tracer", "rshim"]}]' mode hosts p0
ok "a line for each host" line 'pci/0000:03:00\.0 +0 +on +port_owner,port_counter,tracer,rshim +on +port_owner,.*'
both "config query of it" '[x["current"] for x in d] == ["LIMITED", "True"]' \
	config query p0 HOST_PRIV_LEVEL HOST_DISABLE_RSHIM
done_json "mode set dpu" 'd["current"] == "dpu" and d["next_boot"] == "dpu"' mode set p0 dpu
both "the host may write at once" 'd[0]["restricted"] is False and d[0]["next_boot_restrictions"] == []' mode hosts p0
expect 0 "mode reset system" "$dpuctl" mode reset p0 system
stands dpu dpu none

# --- restricted hosts ---

expect 0 "mode set restricted, at once" "$dpuctl" mode set p0 restricted
ok "says so" line 'the mode is restricted now; a reset of level "system" makes all of it current'
stands restricted restricted system
both "mode hosts" 'd[0]["restricted"] is True and d[0]["restrictions"] == [] and d[0]["next_boot_restrictions"] ==
	["port_owner", "port_counter", "tracer", "rshim"]' mode hosts p1
both "mode plan" '(d["from"], d["to"], d["reset"]) == ("restricted", "restricted", "system")' mode plan p0
expect 0 "mode reset firmware" "$dpuctl" mode reset p0 firmware
both "all but the rshim" 'd[0]["restrictions"] == ["port_owner", "port_counter", "tracer"]' mode hosts p0
stands restricted restricted system
expect 0 "mode reset system" "$dpuctl" mode reset p0 system
stands restricted restricted none
expect 0 "mode set restricted --restrict --host" "$dpuctl" mode set p0 restricted --restrict rshim,tracer --host 0
both "mode hosts" 'd[0]["next_boot_restrictions"] == ["tracer", "rshim"]' mode hosts p0
stands restricted restricted firmware
both "mode plan with a lesser reset" '(d["reset"], d["mlxfwreset_level"], d["arm_shutdown"]) == ("firmware", 3, False)' \
	mode plan p0
ok "in words" line '  reset the firmware \(mlxfwreset level 3, all hosts. drivers taking part\)'
expect 0 "mode set restricted --restrict none" "$dpuctl" mode set p0 restricted --restrict none
both "mode hosts" 'd[0]["next_boot_restricted"] is True and d[0]["next_boot_restrictions"] == []' mode hosts p0
expect 0 "mode set restricted --restrict all" "$dpuctl" mode set p0 --restrict all restricted
both "mode hosts" 'len(d[0]["next_boot_restrictions"]) == 4' mode hosts p0
expect 0 "a reset of the configuration" "$dpuctl" config reset p0
both "gives no rights back" 'd[0]["next_boot_restricted"] is True and len(d[0]["next_boot_restrictions"]) == 4' \
	mode hosts p0
expect 4 "a host that is not there" "$dpuctl" mode set p0 restricted --host 1
expect 5 "hosts of a NIC" "$dpuctl" mode hosts oob_net0
expect 5 "a NIC cannot be restricted" "$dpuctl" mode set oob_net0 restricted

# --- plans ---

DPU_URI=sim:$work/plan.json
expect 0 "an SF" "$dpuctl" sf create p0 88
expect 0 "another" "$dpuctl" sf create p1 89
expect 0 "VFs" "$dpuctl" vf set p0 3
cp "$work/plan.json" "$work/before.json"
both "mode plan of what is" 'd["from"] == "dpu" and d["to"] == "dpu" and d["reset"] == "none"
	and d["mlxfwreset_level"] is None and set(d["lost"].values()) == {0}' mode plan p0
ok "in words" line 'from dpu to dpu: nothing to reset'
both "mode plan with losses" 'd == {"device": "pci/0000:03:00.0", "from": "dpu", "to": "nic", "reset": "system",
	"mlxfwreset_level": 4, "arm_shutdown": True, "power_cycle": False, "told_by_device": True,
	"lost": {"bridges": 0, "sfs": 4, "vfs": 3, "representors": 9, "rules": 0}}' mode plan p0 nic
ok "in words" line '  lost: 0 bridges, 4 SFs, 3 VFs, 9 representors, 0 rules on them'
ok "step by step" eval 'line "  shut down the system of the Arm cores" \
	&& line "  reboot the host warm \(mlxfwreset level 4\)"'
both "mode set --dry-run is the same" 'd["to"] == "separated" and d["lost"]["sfs"] == 4' \
	mode set p0 separated --dry-run
both "of restricted too" 'd["to"] == "restricted"' mode set p0 restricted --dry-run
usage mode set p0 restricted --host 0 --restrict rshim --dry-run
ok "nothing is written by any of them" cmp "$work/plan.json" "$work/before.json"
stands dpu dpu none
expect 5 "mode plan of a NIC" "$dpuctl" mode plan oob_net0

# --- what does not fit, and what cannot be read ---

if [ -n "$python" ]; then
	"$dpuctl" -u "sim:$work/odd.json" mode reset p0 system > "$work/out"
	"$python" -c 'import json, sys
board = json.load(open(sys.argv[1]))
board["functions"] = [x for x in board["functions"] if x["type"] != "pf"]
json.dump(board, open(sys.argv[1], "w"))' "$work/odd.json"
	expect 0 "a board without the host's PFs" "$dpuctl" -u "sim:$work/odd.json" mode p0
	ok "shows both" line 'pci/0000:03:00\.0 +dpu +dpu +none +separated +arm +switchdev'
	ok "and says that they do not fit" complains "its configuration says dpu, what it does says separated"
	expect 0 "the same in JSON" "$dpuctl" -u "sim:$work/odd.json" -j mode p0
	ok_json "names the evidence" 'd[0]["contradicts"] == ["representors"] and d[0]["runtime"] == "separated"'
	ok "and says no more" [ ! -s "$work/err" ]
else
	skip "a board without the host's PFs" "there is no python3 to make one"
fi
unset DPU_URI
expect 0 "a configuration that may not be read" "$dpuctl" -u "sim:?fault=firmware:EACCES@*" mode p0
ok "leaves what shows" line 'pci/0000:03:00\.0 +unknown +unknown +none +dpu +arm +switchdev'
for step in "firmware config query p0" "nvconfig_supports config query p0" "nvconfig_get config query p0 SRIOV_EN" \
	"nvconfig_update config set p0 NUM_OF_VFS=8" "nvconfig_get config set p0 NUM_OF_VFS=8 --dry-run" \
	"nvconfig_reset config reset p0" "nvconfig_update config reset p0" "nvconfig_get config reset p0 --dry-run" \
	"nvconfig_update config profile p0 lag" "firmware config profile p0 lag --dry-run" \
	"nvconfig_get config tlv p0 0 0x80" "nvconfig_update config tlv p0 0 0x80 --set 00" \
	"nvconfig_update mode set p0 nic" "nvconfig_update mode set p0 restricted --host 0" \
	"nvconfig_get mode hosts p0" "reset_info mode plan p0 nic" "mode_evidence mode p0"; do
	# shellcheck disable=SC2086
	expect 7 "a step that is not permitted: $step" "$dpuctl" -u "sim:?fault=${step%% *}:EPERM" ${step#* }
	ok "is named" complains "dpuctl: ${step%% *}"
	ok "and nothing is said to be written" not says written
done
both "a second write that fails takes back the first" '[x["next_boot"] for x in d] == [16, 236]' \
	-u "sim:$work/all.json" config query p0 NUM_OF_VFS PF_TOTAL_SF
expect 1 "a second write that fails" "$dpuctl" -u "sim:$work/all.json?fault=nvconfig_update:EIO@2" \
	config set p0 NUM_OF_VFS=8 PF_TOTAL_SF=8
ok "and leaves nothing behind" not complains mixed
both "which is so" '[x["next_boot"] for x in d] == [16, 236]' \
	-u "sim:$work/all.json" config query p0 NUM_OF_VFS PF_TOTAL_SF
expect 1 "a power that goes between two writes" \
	"$dpuctl" -u "sim:$work/all.json?fault=nvconfig_update:EIO@2&fault=nvconfig_update:EIO@3&fault=nvconfig_update:EIO@4" \
	config set p0 NUM_OF_VFS=8 PF_TOTAL_SF=8
ok "leaves some of it, and says which" eval 'complains "mixed: " && complains "new: NUM_OF_VFS"'
both "which is so" '[x["next_boot"] for x in d] == [8, 236]' \
	-u "sim:$work/all.json" config query p0 NUM_OF_VFS PF_TOTAL_SF
tap_done
