#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The small example programs run on sim: and say what they should; a bad URI or device ends them with 1.
. "${top_srcdir:=.}/tests/tools/tools.sh"
examples=$top_builddir/examples
need_program "$examples/list-devices"

# shows NAME TEXT...: each text is in the output of an example that ran well, and nothing was complained about.
shows()
{
	name=$1
	shift
	expect 0 "$name" "$examples/$name"
	for text; do
		ok "$name shows $text" says "$text"
	done
	ok "$name does not complain" [ ! -s "$work/err" ]
}
shows list-devices "pci/0000:03:00.0: dpu, BlueField-3" "pci/0000:03:00.1: dpu, BlueField-3" \
	"port 131072   pcipf     pf0hpf" "port 196607   physical  p0" "platform/MLNXBF17:00: nic"
ok "two PFs with three ports each" [ "$(grep -c '^  port ' "$work/out")" -eq 6 ]
shows create-sf "netdev       enp3s0f0s88" "RDMA device  mlx5_4" "representor  en3f0pf0sf88" "deleted"
shows switch-mode "at first:      now dpu, at next boot dpu, reset needed: none" \
	"after set:     now dpu, at next boot nic, reset needed: system" \
	"after reset:   now nic, at next boot nic, reset needed: none" \
	"after reset:   now dpu, at next boot dpu, reset needed: none"
shows firmware-config "INTERNAL_CPU_MODEL   default EMBEDDED_CPU, now EMBEDDED_CPU, at next boot EMBEDDED_CPU" \
	'NUM_OF_VFS: from 16 to 32, current after a reset of level "firmware"'
ok "firmware-config writes nothing by itself" not says written
shows offload-flow "1: 0 packets, in_port=p0,tcp,tp_dst=80 actions=output:pf0hpf" \
	"2: 0 packets, in_port=pf0hpf,ip actions=push_vlan:5,output:p0"

# Both sides of a queue, in two threads. How often they notify each other depends on how these are run.
loops()
{
	expect 0 "virtq-loopback $*" "$examples/virtq-loopback" "$@"
	ok "says what passed" line "$2: $4 messages came back in capitals, for [0-9]+ kicks and [0-9]+ calls"
	ok "does not complain" [ ! -s "$work/err" ]
}
for layout in split packed; do
	loops --layout "$layout" --messages 1
	loops --layout "$layout" --messages 20000 --burst 1
	loops --layout "$layout" --messages 200000 --burst 128
done
for options in "--layout round" "--messages 0" "--burst 0" "--burst 129" "--bursts 1"; do
	# shellcheck disable=SC2086 # words
	expect 1 "virtq-loopback $options" "$examples/virtq-loopback" $options
	ok "says how to use it" complains "usage:"
done

# A file of 8 sectors and a rest.
truncate -s 4100 "$work/disk"
expect 0 "virtq-blk-file" "$examples/virtq-blk-file" "$work/disk"
ok "virtq-blk-file shows the disk" says "disk libdpu-example: 8 sectors"
ok "virtq-blk-file shows the sector" says 'sector 1: "written through a virtqueue"'
ok "the text is in the file" [ "$(dd if="$work/disk" bs=512 skip=1 count=1 2>/dev/null | tr -d '\0')" = "written through a virtqueue" ]
ok "the file has its size" [ "$(wc -c < "$work/disk")" -eq 4100 ]
expect 1 "virtq-blk-file of no file" "$examples/virtq-blk-file" "$work/nothing"
ok "says why" complains "No such file"
truncate -s 512 "$work/disk"
expect 1 "virtq-blk-file of a file that is too short" "$examples/virtq-blk-file" "$work/disk"
ok "says why" complains "Input/output error"

for name in list-devices create-sf firmware-config switch-mode offload-flow; do
	expect 1 "$name of a bad URI" "$examples/$name" nonsense:
	ok "$name: no output" [ ! -s "$work/out" ]
	ok "$name says why" complains 'no provider is called "nonsense"'
done
for name in create-sf firmware-config switch-mode offload-flow; do
	expect 1 "$name of a bad device" "$examples/$name" sim: p9
	ok "$name says why" complains "find device p9: no such device"
	ok "$name: no output" [ ! -s "$work/out" ]
done
expect 0 "firmware-config writes when told to" "$examples/firmware-config" "sim:$work/config.json" p0 40 write
ok "says so" says written
expect 0 "firmware-config, once more" "$examples/firmware-config" "sim:$work/config.json" p0 40
ok "it is stored" says "NUM_OF_VFS           default 16, now 16, at next boot 40"
expect 1 "firmware-config, a step fails" "$examples/firmware-config" "sim:?fault=nvconfig_update:EIO" p0 40 write
ok "says which" complains "nvconfig_update"
expect 1 "create-sf, a step fails" "$examples/create-sf" "sim:$work/state.json?fault=sf_activate:EIO"
ok "says which" complains "sf_activate"
expect 1 "offload-flow, a step fails" "$examples/offload-flow" "sim:$work/state.json?fault=flow_insert:ENOSPC@2"
ok "says which" complains "flow_insert"
expect 1 "switch-mode, a step fails" "$examples/switch-mode" "sim:?fault=reset:EIO"
ok "says which" complains "reset pci/0000:03:00.0"
if [ -x "$dpuctl" ]; then
	expect 0 "afterwards" "$dpuctl" -u "sim:$work/state.json" sf list p0
	ok "no SF is left" not says enp3s0f0s88
	expect 0 "afterwards" "$dpuctl" -u "sim:$work/state.json" flow list
	ok "no rule is left" not says actions=
fi
tap_done
