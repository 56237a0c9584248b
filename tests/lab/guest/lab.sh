#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests in the guest to source: TAP as in tests/gates/tap.sh and the checks of tests/tools/tools.sh, and the
# devices of the lab. A script that makes devices undoes it; what it has left is undone, and shown, when it ends.
. "${top_srcdir:=.}/tests/tools/tools.sh"
. "$top_srcdir/tests/lab/guest/clean.sh"
[ -n "${LAB_KERNEL:-}" ] || skip_all "this runs in the lab: make check-lab"

lab_exit()
{
	lab_clean
	rm -rf "$work"
}
trap lab_exit EXIT

# lab_program PROGRAM: the same one without libtool's wrapper, which starts twenty others before it.
lab_program()
{
	if [ -x "${1%/*}/.libs/${1##*/}" ]; then
		echo "${1%/*}/.libs/${1##*/}"
	else
		echo "$1"
	fi
}

# lab_wait SECONDS COMMAND...: until the command passes.
lab_wait()
{
	lab_tenths=$(($1 * 10))
	shift
	until "$@" > /dev/null 2>&1; do
		lab_tenths=$((lab_tenths - 1))
		if [ "$lab_tenths" -le 0 ]; then
			echo "waited in vain for: $*"
			return 1
		fi
		sleep 0.1
	done
}

# lab_dpu_pci [N [PARAMETER=VALUE...]]: dpulab drives the Nth PF (1, or 2), and only it, and all VFs. In DPU the devlink
# handle, in PF the PCI address.
lab_dpu_pci()
{
	lab_n=${1:-1}
	[ $# -eq 0 ] || shift
	PF=$(lab_nvme | sed -n "${lab_n}p")
	[ -n "$PF" ] || return
	DPU=pci/$PF
	# The id binds all that have it, VFs to come too; an override to no driver keeps the other PFs out.
	for lab_pf in $(lab_nvme); do
		[ -e "/sys/bus/pci/devices/$lab_pf/driver" ] || echo none > "/sys/bus/pci/devices/$lab_pf/driver_override"
	done
	modprobe dpulab "$@" || return
	# Refused when it is known already.
	echo 1b36 0010 2> /dev/null > /sys/bus/pci/drivers/dpulab/new_id || true
	echo > "/sys/bus/pci/devices/$PF/driver_override"
	[ -e "/sys/bus/pci/drivers/dpulab/$PF" ] || echo "$PF" > /sys/bus/pci/drivers/dpulab/bind || return
	lab_wait 5 devlink dev show "$DPU"
}

# lab_dpu_platform [PARAMETER=VALUE...]: dpulab as a platform device. In DPU the devlink handle.
lab_dpu_platform()
{
	modprobe dpulab platform=1 "$@" || return
	lab_wait 5 lab_find_platform
	DPU=$(lab_find_platform)
}
lab_find_platform()
{
	devlink dev show | grep -m 1 '^platform/dpulab' | tr -d ':'
}

# Passes when dpulab unbinds and unloads, and no devlink instance of it stays.
lab_dpu_off()
{
	lab_dpu_remove && ! devlink dev show | grep -E '^(pci|platform)/'
}

# lab_netdevsim ID PORTS: in NSIM the devlink handle.
lab_netdevsim()
{
	modprobe netdevsim && echo "$1 $2" > /sys/bus/netdevsim/new_device || return
	NSIM=netdevsim/netdevsim$1
	lab_wait 5 devlink dev show "$NSIM"
}

lab_netdevsim_off()
{
	echo "$1" > /sys/bus/netdevsim/del_device
}

# lab_dump_ports FILE: all devlink ports, to compare before and after.
lab_dump_ports()
{
	devlink -j port show > "$work/ports.json" && jq -S . "$work/ports.json" > "$1"
}
