#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# vhost where the kernel is the peer: vhost-net with a tap device, vhost-vdpa on the kernel's simulated device, and a
# device in user space under the kernel's own virtio-net driver.
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

vhost=$(lab_program "$top_builddir/tests/lab/vhost")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$vhost"

echo "# vhost-net"
modprobe tun
modprobe vhost_net
ip tuntap add dev labtap0 mode tap
ip addr add 10.9.0.1/24 dev labtap0
ip link set labtap0 up
expect 0 "the kernel behind a tap device answers" "$vhost" ping vhost-net:labtap0 10.9.0.1
expect 0 "with packed rings withheld, and indirect ones" \
	"$vhost" ping vhost-net:labtap0,without=ring_packed+indirect_desc 10.9.0.1
expect 0 "without merged buffers and event index" "$vhost" ping vhost-net:labtap0,without=event_idx,size=64 10.9.0.1
ip link del labtap0
# Made by the handle, and gone with it.
expect 1 "a tap device that nobody has given an address" "$vhost" ping vhost-net:labtap1 10.9.0.1

ok "asks in vain" grep -q "nobody has" "$work/err"
ok "it was gone with the handle" [ ! -e /sys/class/net/labtap1 ]
expect 1 "a name that is too long" "$vhost" ping vhost-net:a-name-that-is-too-long 10.9.0.1

# drive DEVICE DRIVER: whichever driver of vDPA devices has taken it.
drive()
{
	device=/sys/bus/vdpa/devices/$1
	echo "$2" > "$device/driver_override"
	[ ! -e "$device/driver" ] || echo "$1" > "$device/driver/unbind"
	echo "$1" > "/sys/bus/vdpa/drivers/$2/bind"
}

echo "# vhost-vdpa"
modprobe vdpa_sim_net
modprobe vhost_vdpa
vdpa dev add name lab0 mgmtdev vdpasim_net mac 02:00:00:00:09:07
drive lab0 vhost_vdpa
dev=/dev/$(basename /sys/bus/vdpa/devices/lab0/vhost-vdpa-*)
lab_wait 5 [ -e "$dev" ]
expect 0 "the simulated device sends back what is sent to its own address" "$vhost" loop "vhost-vdpa:$dev"
expect 0 "again, for another driver" "$vhost" loop "vhost-vdpa:$dev,size=64"
vdpa dev del lab0
expect 1 "a device that is not there" "$vhost" loop vhost-vdpa:/dev/vhost-vdpa-9

case $LAB_KERNEL in
6.1)
	echo "# VDUSE of Linux 6.1 has no network devices"
	tap_done
	exit
	;;
esac
echo "# VDUSE"
modprobe vduse
modprobe virtio_vdpa
modprobe virtio_net
mkfifo "$work/end"
"$vhost" pong vduse:lab1 10.9.1.9 < "$work/end" 2> "$work/pong" &
pong=$!
exec 9> "$work/end"
lab_wait 5 [ -e /dev/vduse/lab1 ]
expect 0 "a vDPA device is made of it" vdpa dev add name lab1 mgmtdev vduse
drive lab1 virtio_vdpa
lab_wait 5 ls /sys/bus/vdpa/devices/lab1/virtio*/net
net=$(basename "$(echo /sys/bus/vdpa/devices/lab1/virtio*/net/*)")
ok "the kernel's driver has it" [ -d "/sys/class/net/$net" ]
read -r address < "/sys/class/net/$net/address"
ok "with the address of its configuration space" [ "$address" = 02:00:00:00:09:09 ]
ip addr add 10.9.1.1/24 dev "$net"
ip link set "$net" up
expect 0 "ping through the kernel's virtio-net driver" busybox ping -c 20 -i 0.05 -w 10 10.9.1.9
ok "no echo was lost" grep -q " 0% packet loss" "$work/out"
expect 0 "with large packets" busybox ping -c 5 -i 0.05 -s 1400 -w 10 10.9.1.9
ip link set "$net" down
expect 0 "the vDPA device is taken away" vdpa dev del lab1
expect 0 "and made again" vdpa dev add name lab1 mgmtdev vduse
drive lab1 virtio_vdpa
lab_wait 5 ls /sys/bus/vdpa/devices/lab1/virtio*/net
net=$(basename "$(echo /sys/bus/vdpa/devices/lab1/virtio*/net/*)")
ip addr add 10.9.1.1/24 dev "$net"
ip link set "$net" up
expect 0 "ping again" busybox ping -c 5 -i 0.05 -w 10 10.9.1.9
vdpa dev del lab1
exec 9>&-
wait "$pong"
ok "the device's process has ended well" [ $? -eq 0 ]
ok "and its device is gone" [ ! -e /dev/vduse/lab1 ]
tap_done
