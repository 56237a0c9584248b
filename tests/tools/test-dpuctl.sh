#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every verb of dpuctl in text and in JSON, every exit code, and one state shared by many invocations.
. "${top_srcdir:=.}/tests/tools/dpuctl.sh"

# --- help and usage ---

expect 0 "--help" "$dpuctl" --help
ok "lists the options" says "--timeout MS"
"$dpuctl" --help | sed -nE 's/^  ([a-z]+( [a-z-]+)?)( [^a-z].*)?$/\1/p' > "$work/verbs"
ok "and 45 verbs" [ "$(wc -l < "$work/verbs")" -eq 45 ]
while read -r verb; do
	# shellcheck disable=SC2086
	expect 0 "$verb --help" "$dpuctl" $verb --help
	ok "$verb --help shows its usage and says what it does" \
		eval 'says "usage: dpuctl [-u URI] [-j] [-t MS] $verb" && [ "$(grep -c . "$work/out")" -ge 2 ]'
done < "$work/verbs"
expect 0 "sf --help" "$dpuctl" sf --help
ok "lists the verbs that start with it, and no other" eval 'says "sf create" && not says "stats"'
expect 0 "--version" "$dpuctl" -V
ok "names the version" line 'dpuctl [0-9]+\.[0-9]+.*'
expect 2 "no verb" "$dpuctl"
ok "shows the usage on standard error" eval 'complains usage: && [ ! -s "$work/out" ]'
expect 2 "an unknown verb" sim frobnicate
ok "is named" complains 'there is no verb "frobnicate"'
expect 2 "an unknown verb's help" sim frobnicate --help
expect 2 "half a verb" sim flow
ok "is answered with what there is" complains "flow flush DEVICE"
expect 2 "an unknown option" "$dpuctl" --frobnicate
expect 2 "an unknown option of a verb" sim sf create p0 1 --state active
ok "is named" complains '"--state" is no option'
expect 2 "an option without its value" sim sf create p0 1 --hw-addr
ok "is named" complains "--hw-addr needs a value"

usage list p0
for verb in show stats mode "sf list" "vf list" "flow list" "rate list" "param list" "resource list" "health list" \
	"sf orphans"; do
	# shellcheck disable=SC2086
	usage $verb p0 p1
done
usage mode set p0
usage mode set p0 sideways
usage mode eswitch p0 sideways
usage mode reset p0 none
usage sf create p0
usage sf create p0 x
usage sf create p0 -1
usage sf create p0 4294967296
usage sf create p0 1 2
usage sf create p0 1 --controller x
for mac in 02:25:f2:8d:a2 02:25:f2:8d:a2:5c:1 2:25:f2:8d:a2:5c0 " 2:25:f2:8d:a2:5c" 02-25-f2-8d-a2-5c; do
	usage sf create p0 1 --hw-addr "$mac"
done
usage sf delete
usage sf set enp3s0f0s0
usage sf set enp3s0f0s0 --state sleeping
usage vf set p0
usage vf set p0 many
usage flow add p0
usage flow del p0
usage flow del p0 x
usage flow flush
for ms in x "" 1x -2 99999999999; do
	expect 2 "-t \"$ms\"" sim -t "$ms" list
done

# --- the verbs, on a state that goes from one invocation to the next ---

DPU_URI=sim:$work/state.json
export DPU_URI

both list '[x["netdev"] for x in d["devices"]] == ["p0", "p1", "oob_net0", "tmfifo_net0"]
	and d["devices"][0]["pci_id"] == "15b3:a2dc" and d["devices"][2]["psid"] is None
	and set(d["facilities"].values()) == {True}' list
ok "a line for each device" line 'pci/0000:03:00\.0 +dpu +p0 +mlx5_0 +mlx5_core +[0-9.]+ +BlueField-3'
both show 'len(d) == 2 and d[1]["mode"] == "dpu" and d[1]["vfs"] == 0 and d[1]["vfs_total"] == 16
	and [x["flavour"] for x in d[0]["ports"]] == ["pcipf", "pcisf", "physical"]
	and [x["type"] for x in d[0]["functions"]] == ["pf", "sf"]' show
ok "both PFs, an empty line before each further table and between them" \
	[ "$(grep -c '^handle' "$work/out") $(grep -c '^$' "$work/out")" = "2 5" ]
for device in p0 mlx5_0 pci/0000:03:00.0 0000:03:00.0 03:00.0; do
	expect 0 "show $device" "$dpuctl" show "$device"
	ok "is PF 0" line 'handle +pci/0000:03:00\.0'
done
both "show with versions and e-switch" 'd[0]["inline_mode"] == "none" and d[0]["encap"] is True
	and d[0]["vf_msix_total"] == 2048 and d[0]["versions"] == {"fixed": {"fw.psid": d[0]["psid"]},
	"running": {"fw.version": d[0]["firmware"], "fw": d[0]["firmware"]},
	"stored": {"fw.version": d[0]["firmware"], "fw": d[0]["firmware"]}}' show p1
ok "as lines" eval 'line "inline_mode +none" && line "encap +on" && line "fw\.version +running +[0-9.]+"'
both "show of a plain NIC" 'd[0]["kind"] == "nic" and d[0]["ports"] == [] and "mode" not in d[0]
	and d[0]["versions"] == {"fixed": {}, "running": {}, "stored": {}}' show oob_net0
both mode 'd[0] == {"device": "pci/0000:03:00.0", "current": "dpu", "next_boot": "dpu", "reset_needed": "none",
	"side": "arm", "runtime": "dpu", "evidence": ["eswitch", "representors"], "contradicts": [],
	"eswitch": "switchdev"} and len(d) == 2' mode
both "sf list" '[x["netdev"] for x in d] == ["enp3s0f0s0", "enp3s0f1s0"]' sf list

expect 0 "sf create" "$dpuctl" sf create p0 88 --hw-addr 02:25:f2:8d:a2:5c
ok "names what was made" line 'SF 88: netdev enp3s0f0s88, representor en3f0pf0sf88'
done_json "sf create, hexadecimal" 'd["number"] == 16 and d["netdev"] == "enp3s0f1s16" and d["state"] == "active"
	and d["opstate"] == "attached" and d["port"].startswith("pci/0000:03:00.1/")' sf create p1 0x10
done_json "sf create, not octal" 'd["number"] == 10' sf create p1 010
done_json "sf create --inactive" 'd["state"] == "inactive" and d["netdev"] is None' sf create --inactive p0 89
done_json "sf create for the host" 'd["controller"] == 1 and d["netdev"] is None
	and d["representor"] == "en3f0c1pf0sf88"' sf create p0 88 --controller 1
both "sf list of a device" '[(x["controller"], x["number"]) for x in d] == [(0, 0), (0, 88), (0, 89), (1, 88)]
	and d[1]["hw_addr"] == "02:25:f2:8d:a2:5c"' sf list p0
both "sf set" 'd["hw_addr"] == "02:25:f2:8d:a2:5d" and d["state"] == "active"' \
	sf set enp3s0f0s88 --hw-addr 02:25:f2:8d:a2:5d
done_json "sf set --state inactive" 'd["state"] == "inactive" and d["opstate"] == "detached"' \
	sf set en3f0pf0sf88 --state inactive
done_json "sf set --state active" 'd["opstate"] == "attached" and d["netdev"] == "enp3s0f0s88"' \
	sf set pf0sf88 --state inactive --state active
done_json "sf delete" 'd == {"deleted": ["pf0sf89", "mlx5_core.sf.5"]}' sf delete pf0sf89 mlx5_core.sf.5
expect 0 "sf delete in text" "$dpuctl" sf delete pf1sf10
ok "says so" line 'SF 10 deleted'
expect 3 "sf delete of one that is not there, after one that is" "$dpuctl" -j sf delete c1pf0sf88 pf0sf999 pf0sf88
ok_json "names the one that was deleted" 'd == {"deleted": ["c1pf0sf88"]}'
ok_json_error "and the one that was not" 'd["error"]["object"] == "pf0sf999"'

done_json "vf set" 'd == {"device": "pci/0000:03:00.0", "vfs": 2}' vf set p0 2
both "vf list" '[x["representor"] for x in d] == ["pf0vf0", "pf0vf1"]' vf list p0
expect 0 "vf set to another number" "$dpuctl" vf set p0 3
ok "says so" line 'pci/0000:03:00\.0 has 3 VFs'
expect 0 "sf set of a VF" "$dpuctl" sf set c1pf0vf1 --hw-addr 02:25:f2:8d:a2:01

done_json "flow add" 'd == {"device": "pci/0000:03:00.0", "id": 1}' \
	flow add p0 in_port=en3f0pf0sf88,udp actions=push_vlan:5,output:p0
expect 0 "flow add in text" "$dpuctl" flow add p0 "priority=9,arp actions=drop"
ok "says its number" line 'flow 2 added'
both "flow list" '[(x["id"], x["packets"], x["bytes"]) for x in d] == [(1, 0, 0), (2, 0, 0)]
	and d[0]["rule"] == "in_port=en3f0pf0sf88,udp actions=push_vlan:5,output:p0"' flow list
done_json "flow del" 'd == {"device": "pci/0000:03:00.0", "deleted": 1}' flow del p0 1
both stats 'len(d) == 10 and d[0]["port"] == "pf0hpf" and d[0]["misses"] == 0 and d[0]["index"] == 131072' stats
done_json "flow flush" 'd["flushed"] == 1' flow flush p0
expect 0 "flow flush of nothing" "$dpuctl" flow flush p0
ok "says so" line '0 flows deleted'

done_json "mode eswitch legacy" 'd == {"device": "pci/0000:03:00.1", "eswitch": "legacy", "inline_mode": "none",
	"encap": True}' mode eswitch p1 legacy
expect 0 "flow list while one PF is in legacy mode" "$dpuctl" flow list
both "stats of a PF in legacy mode" '[x["port"] for x in d] == ["p1"]' stats p1
expect 0 "mode eswitch switchdev" "$dpuctl" mode eswitch p1 switchdev
ok "says so" line 'the e-switch of pci/0000:03:00\.1 is in switchdev mode'
both "mode set" 'd == {"device": "pci/0000:03:00.0", "current": "dpu", "next_boot": "nic", "reset_needed": "system",
	"side": "arm", "runtime": "dpu", "evidence": ["eswitch", "representors"], "contradicts": []}' mode set p0 nic
both "mode, with a change pending" 'd[0]["next_boot"] == "nic"' mode p0
done_json "mode reset firmware" 'd == {"device": "pci/0000:03:00.0", "reset": "firmware"}' mode reset p0 firmware
both "mode, still pending" 'd[0]["current"] == "dpu" and d[0]["reset_needed"] == "system"' mode p0
expect 0 "mode reset system" "$dpuctl" mode reset p0 system
both "mode, now nic" 'd[0]["current"] == "nic" and d[0]["reset_needed"] == "none" and d[0]["eswitch"] is None' mode
both "show in NIC mode" 'd[0]["ports"] == [] and "eswitch_mode" not in d[0]' show p0
both "sf list in NIC mode" 'd == []' sf list
both "flow list in NIC mode" 'd == []' flow list
expect 5 "flow list of one device in NIC mode" "$dpuctl" flow list p0
ok "says how to get out of it" complains "set the mode to dpu"
expect 0 "mode set back" "$dpuctl" mode set p0 dpu
expect 0 "mode reset" "$dpuctl" mode reset p1 system
done_json "mode set to what it is" 'd["reset_needed"] == "none" and d["current"] == "dpu"' mode set p0 dpu
ok "the state file and its lock are all that is left" \
	[ "$(cd "$work" && echo state*)" = "state.json state.json.lock" ]

# --- worlds ---

expect 0 "-u before DPU_URI" sim sf create p0 77
expect 3 "a fresh world each time" sim sf delete pf0sf77
expect 0 "one file" "$dpuctl" -u "sim:$work/one.json" sf create p0 70
expect 0 "another file" "$dpuctl" -u "sim:$work/two.json" sf list
ok "knows nothing of the first" not says 70
expect 0 "the last -u counts" "$dpuctl" -u "sim:$work/two.json" -u "sim:$work/one.json" sf list p0
ok "and has the SF" says enp3s0f0s70
DPU_URI= run "$dpuctl" list
DPU_URI=linux: run "$dpuctl" list
ok "linux: works or says why" eval '[ "$code" -eq 0 ] || [ -s "$work/err" ]'
unset DPU_URI

# --- exit codes and errors ---

expect 3 "a device that is not there" sim show p9
ok "step, object and message in one line, the hint in another" [ "$(cat "$work/err")" = \
	"dpuctl: find device p9: no such device
dpuctl: list the devices to see what there is" ]
ok "and no output" [ ! -s "$work/out" ]
expect 3 "the same in JSON" sim -j show p9
ok_json_error "an error object with every member" 'd == {"error": {"step": "find device", "object": "p9",
	"errno_name": "ENODEV", "errno": 19, "message": "no such device", "hint": "list the devices to see what there is"}}'
expect 3 "a name that is not UTF-8" sim -j show "$(printf 'p\377')"
ok_json_error "is legible all the same" 'd["error"]["object"] == "p?"'
expect 3 "no directory" "$dpuctl" -u "sim:$work/none/x.json" list
expect 3 "a flow that is not there" sim flow del p0 7
expect 4 "an SF that exists" sim sf create p0 0
ok "in the driver's own words" complains "SF already exist. Choose different sfnum"
expect 4 "an SF's number out of range" sim sf create p0 65536
expect 4 "more VFs than there can be" sim vf set p0 17
expect 4 "a multicast address" sim sf create p0 1 --hw-addr 01:00:5e:00:00:01
expect 4 "a malformed rule" sim flow add p0 "frob actions=drop"
ok "says where" complains 'column 1: "frob"'
expect 3 "a rule to a port that is not there" sim -j flow add p0 "arp actions=output:p7"
ok_json_error "names it" 'd["error"]["object"] == "p7"'
expect 4 "a malformed URI" "$dpuctl" -u nonsense list
expect 5 "an unknown provider" "$dpuctl" -j -u cloud: list
ok_json_error "is an error object too" 'd["error"]["step"] == "open" and d["error"]["errno_name"] == "EPROTONOSUPPORT"
	and set(d["error"]) == {"step", "object", "errno_name", "errno", "message", "hint"}'
expect 4 "an unknown parameter" "$dpuctl" -u "sim:?colour=red" list
expect 5 "an SF in legacy mode" "$dpuctl" -u "sim:?eswitch=legacy" sf create p0 1
expect 5 "a NIC has no mode" sim mode oob_net0
expect 5 "a NIC has no e-switch" sim mode eswitch oob_net0 switchdev
expect 1 "a step that fails" "$dpuctl" -u "sim:?fault=sf_activate:EIO" sf create p0 1
ok "names step and object" complains "dpuctl: sf_activate pci/0000:03:00.0"
ok "and the reason" complains "Input/output error"
expect 7 "a step that is not permitted" "$dpuctl" -u "sim:?fault=nvconfig_update:EPERM" mode set p0 nic
expect 1 "a torn file" sh -c 'echo "{" > "$2"; "$1" -u "sim:$2" list' sh "$dpuctl" "$work/torn.json"
ok "says where" complains "line 2"
if [ "$(id -u)" -ne 0 ]; then
	echo > "$work/secret.json"
	chmod 0 "$work/secret.json"
	expect 7 "a file that may not be read" "$dpuctl" -u "sim:$work/secret.json" list
else
	skip "a file that may not be read" "root may read every file"
fi

# --- feature words ---

both "virtio features" 'len(d) > 50 and d[0] == {"bit": 0, "name": "VIRTIO_NET_F_CSUM", "what": "device completes checksums"}' \
	-u sim: virtio features
ok "lists names and bits" line '16 +VIRTIO_NET_F_STATUS +device .*'
both "virtio features blk" '[f["bit"] for f in d if f["name"] == "VIRTIO_BLK_F_FLUSH"] == [9]' -u sim: virtio features blk
both "a word's names" 'd["word"] == "0x800100000021" and [f["name"] for f in d["features"]] ==
	["VIRTIO_NET_F_CSUM", "VIRTIO_NET_F_MAC", "VIRTIO_F_VERSION_1", "bit 47"] and d["missing"] is None' \
	-u sim: virtio features net 0x800100000021
ok "a bit without a name is shown too" line '47 +bit 47 +-'
both "names' word" 'd["word"] == "0x80" and d["requiring"] == "VIRTIO_NET_F_GUEST_TSO4" and
	d["missing"] == "VIRTIO_NET_F_GUEST_CSUM"' -u sim: virtio features guest_tso4
ok "what it lacks is told" eval 'line 0x80 && line "VIRTIO_NET_F_GUEST_TSO4 requires VIRTIO_NET_F_GUEST_CSUM"'
expect 0 "another type" sim virtio features fs 1
ok "has the features of every type" line '0 +bit 0 +-'
usage virtio features net csum toaster
ok "is named" complains '"toaster" is no feature of virtio-net'
usage virtio features ipsec
ok "is named" complains "no word of 64 bits"

# --- deadlines ---

expect 6 "a deadline that passes" "$dpuctl" -t 30 -u "sim:$work/late.json?latency=sf_attach:100000" sf create p0 5
ok "says which and what was waited for" complains "sf_attach sfnum 5: not done within 30 ms"
expect 0 "afterwards" "$dpuctl" -u "sim:$work/late.json" sf list p0
ok "nothing half-made is left" not says enp3s0f0s5
expect 6 "a reset that never ends" "$dpuctl" -t 30 -u "sim:?fault=reset_done:EIO" mode reset p0 firmware
expect 6 "representors that do not come" "$dpuctl" -t 30 -u "sim:?fault=representors:EIO" vf set p0 1
expect 0 "-t -1 waits for as long as it takes" "$dpuctl" -t -1 -u "sim:?latency=sf_attach:50" sf create p0 5

# --- output that does not get out ---

if [ -c /dev/full ]; then
	for arguments in list "-j show" "sf create p0 1" --help -V "sf --help" "show --help"; do
		code=0
		# shellcheck disable=SC2086
		"$dpuctl" -u sim: $arguments > /dev/full 2> "$work/err" || code=$?
		ok "$arguments into a full device" eval '[ "$code" -eq 1 ] && complains "standard output"'
	done
else
	skip "output into a full device" "there is no /dev/full"
fi
code=0
"$dpuctl" -u "sim:$work/one.json" sf create p0 71 >&- 2> "$work/err" || code=$?
ok "standard output closed" eval '[ "$code" -eq 1 ] && complains "standard output"'
expect 0 "no file was written into instead" "$dpuctl" -u "sim:$work/one.json" sf delete pf0sf71
tap_done
