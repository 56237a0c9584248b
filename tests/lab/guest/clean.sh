#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# lab_clean: undoes what a test has left in the guest, and says what that was.
lab_left()
{
	echo "# left behind: $*"
}

lab_clean()
{
	for lab_it in /run/netns/*; do
		[ -e "$lab_it" ] || continue
		lab_left "network namespace ${lab_it##*/}"
		ip netns del "${lab_it##*/}"
	done
	for lab_it in /sys/bus/vdpa/devices/*; do
		[ -e "$lab_it" ] || continue
		lab_left "vDPA device ${lab_it##*/}"
		vdpa dev del "${lab_it##*/}"
	done
	for lab_it in /sys/class/infiniband/*; do
		[ -e "$lab_it" ] || continue
		# A driver's own go with the driver.
		! rdma link delete "${lab_it##*/}" 2>/dev/null || lab_left "RDMA device ${lab_it##*/}"
	done
	for lab_it in /sys/bus/netdevsim/devices/netdevsim*; do
		[ -e "$lab_it" ] || continue
		lab_left "${lab_it##*/}"
		echo "${lab_it##*netdevsim}" > /sys/bus/netdevsim/del_device
	done
	if [ -d /sys/module/dpulab ]; then
		lab_left "the module dpulab"
		lab_dpu_remove || lab_left "dpulab, which does not unload"
	fi
	for lab_it in $(lab_nvme); do
		! lab_no_vfs "$lab_it" || lab_left "VFs of $lab_it"
		[ ! -e "/sys/bus/pci/devices/$lab_it/driver" ] ||
			echo "$lab_it" > "/sys/bus/pci/devices/$lab_it/driver/unbind"
		echo > "/sys/bus/pci/devices/$lab_it/driver_override"
	done
	for lab_it in /sys/class/net/*; do
		[ "$lab_it" != /sys/class/net/lo ] || continue
		# What comes with a module cannot be deleted.
		! ip link del "${lab_it##*/}" 2>/dev/null || lab_left "network device ${lab_it##*/}"
	done
}

# The PFs, by address: QEMU's nvme devices that are no VFs. No program runs here: each costs 35 ms in the guest.
lab_nvme()
{
	for lab_pf in /sys/bus/pci/devices/*; do
		read -r lab_vendor < "$lab_pf/vendor"
		read -r lab_device < "$lab_pf/device"
		case $lab_vendor:$lab_device in
		0x1b36:0x0010) [ -e "$lab_pf/physfn" ] || echo "${lab_pf##*/}" ;;
		esac
	done
}

# lab_no_vfs PF: ends its VFs; passes when there were some.
lab_no_vfs()
{
	read -r lab_vfs < "/sys/bus/pci/devices/$1/sriov_numvfs"
	[ "$lab_vfs" -ne 0 ] || return
	echo 0 > "/sys/bus/pci/devices/$1/sriov_numvfs"
}

# Ends all VFs, then unbinds and unloads dpulab.
lab_dpu_remove()
{
	for lab_pf in $(lab_nvme); do
		[ -e "/sys/bus/pci/drivers/dpulab/$lab_pf" ] || continue
		lab_no_vfs "$lab_pf"
		echo "$lab_pf" > /sys/bus/pci/drivers/dpulab/unbind
	done
	rmmod dpulab
}
