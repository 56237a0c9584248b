#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab itself: the kernel that was asked for, with what the other tests count on.
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

kernel()
{
	uname -r
	case $(uname -r) in "$LAB_KERNEL".*) ;; *) return 1 ;; esac
}
ok "the kernel is a $LAB_KERNEL" kernel
ok "the test is root" [ "$(id -u)" -eq 0 ]

for module in netdevsim vdpa_sim_net vdpa_sim_blk vduse virtio_vdpa vhost_vdpa rdma_rxe siw cls_flower act_mirred mtty; do
	ok "module $module loads" modprobe "$module"
done
# The kernel asks for act_gact itself.
ok "lo takes a clsact queueing discipline" tc qdisc add dev lo clsact
ok "the kernel loads modules by itself" tc filter add dev lo ingress matchall action gact drop
ok "and takes it back" tc qdisc del dev lo clsact

ok "debugfs is mounted" [ -d /sys/kernel/debug/netdevsim ]
ok "tracefs is mounted" [ -f /sys/kernel/tracing/trace ]
ok "lo is up" ping -c 1 -W 5 127.0.0.1
ok "the root is read-only" not touch "/libdpu-lab.$$"
ok "the sources are read-only" not touch "$top_srcdir/libdpu-lab.$$"
ok "the build is here" [ -x "$top_builddir/config.status" ]
ok "results can be written" touch "$LAB_RESULTS/written"
ok "/tmp can be written" touch "$work/written"

# the devlink instances and the ports of what is made
ok "netdevsim makes a device with two ports" lab_netdevsim 7 2
ok "ports are listed" lab_dump_ports "$work/ports"
ok "these are two" [ "$(jq '.port | length' "$work/ports")" -eq 2 ]
ok "netdevsim's device goes" lab_netdevsim_off 7

ok "there are two PFs" [ "$(lab_nvme | wc -l)" -eq 2 ]
for pf in $(lab_nvme); do
	ok "$pf can have 16 VFs" [ "$(cat "/sys/bus/pci/devices/$pf/sriov_totalvfs")" -eq 16 ]
done
for n in 1 2; do
	ok "dpulab drives PF $n" lab_dpu_pci $n
	ok "it is devlink's only PCI device" [ "$(devlink dev show | grep -c ^pci/)" -eq 1 ]
	ok "two VFs come" sh -c "echo 2 > /sys/bus/pci/devices/$PF/sriov_numvfs"
	ok "dpulab drives them" [ "$(find /sys/bus/pci/drivers/dpulab/ -name '0000:*' | wc -l)" -eq 3 ]
	ok "dpulab unloads" lab_dpu_off
done
ok "dpulab drives a platform device" lab_dpu_platform
ok "it is a devlink instance" devlink dev show "$DPU"
ok "dpulab unloads" lab_dpu_off

# Tools of the other tests.
for tool in ip tc devlink rdma vdpa ethtool lspci jq ibv_devinfo; do
	ok "there is $tool" command -v $tool
done
tap_done
