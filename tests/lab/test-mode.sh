#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The operation mode of a device that the kernel has a driver for: what the driver does beside what the firmware says, what
# a reset would destroy, and a reset of the firmware through the driver. The driver is dpulab's; the firmware is nvdev's, at
# the same PCI address.
. "${top_srcdir:=.}/tests/nvdev/nvdev.sh"
[ -n "${LAB_KERNEL:-}" ] || nvdev_skip "this runs in the lab: make check-lab"
[ -c /dev/fuse ] || modprobe fuse
nvdev_need jq
nvdev_private "$@"
. "$top_srcdir/tests/lab/guest/lab.sh"
# What the lab undoes stands in the folder over which nvdev is mounted.
trap 'nvdev_stop; lab_exit' EXIT
dpuctl=$(lab_program "$dpuctl")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$dpuctl"

mode()
{
	expect 0 "$1" "$dpuctl" -j mode "$PF"
}
# fw_activated: how often the driver has activated the firmware.
fw_activated()
{
	devlink -j -s dev show "$DPU" | jq '[.. | .fw_activate? // empty | .unspecified? // empty] | add // 0'
}

ok "dpulab drives a PF" lab_dpu_pci 1 switchdev=1
NVDEV_PF0=$PF
ok "with a BlueField's firmware" nvdev_start --functions 1

mode "the mode"
ok_json "is DPU mode, on the Arm side" 'd[0]["current"] == d[0]["runtime"] == "dpu" and d[0]["side"] == "arm"'
ok_json "as the e-switch and the host's representor show" \
	'd[0]["evidence"] == ["eswitch", "representors"] and d[0]["contradicts"] == []'
nvdev_do set-tlv current 0 0000000c 00000101000000000000000000000000
mode "a firmware that says NIC mode"
ok_json "is contradicted" \
	'd[0]["current"] == "nic" and d[0]["runtime"] == "dpu" and d[0]["contradicts"] == ["eswitch", "representors"]'
run "$dpuctl" mode "$PF"
ok "in words too" complains "configuration says nic"
nvdev_do set-tlv current 0 0000000c 00000001000000000000000000000000

# What goes with a reset.
expect 0 "an SF" "$dpuctl" sf create "$PF" 7
expect 0 "another" "$dpuctl" sf create "$PF" 8
representors=$(devlink -j port show | jq --arg dpu "$DPU/" \
	'[.port | to_entries[] | select(.key | startswith($dpu)) | .value | select(.flavour != "physical" and .netdev)] | length')
netdev=$(devlink -j port show | jq -r '[.port[] | select(.flavour == "pcisf") | .netdev][0]')
ok "a bridge over one of them" eval 'ip link add libdpu-br type bridge && ip link set "$netdev" master libdpu-br'
expect 0 "the way into NIC mode" "$dpuctl" -j mode plan "$PF" nic
ok_json "leads over a reset of the system" 'd["reset"] == "system" and d["arm_shutdown"] and d["told_by_device"]'
ok_json "and costs what devlink and ip show" "d['lost'] == {'bridges': 1, 'sfs': 2, 'vfs': 0,
	'representors': $representors, 'rules': d['lost']['rules']}"
ip link delete libdpu-br
expect 0 "without the bridge" "$dpuctl" -j mode plan "$PF" nic
ok_json "there is none to lose" 'd["lost"]["bridges"] == 0'

# The driver knows best how to go through a reset.
before=$(fw_activated)
expect 0 "a parameter is stored" "$dpuctl" config set "$PF" NUM_OF_VFS=11
ok "which resets nothing" [ "$(fw_activated)" = "$before" ]
expect 0 "a reset of the firmware" "$dpuctl" mode reset "$PF" firmware
ok "is the driver's" [ "$(fw_activated)" -eq $((before + 1)) ]
ok "and not written into a register" [ "$(nvdev_counter mfrl_set)" = 0 ]
ok "nobody has written without the semaphore" [ "$(nvdev_counter unlocked_writes)$(nvdev_counter unlocked_icmd)" = 00 ]
nvdev_stop
tap_done
