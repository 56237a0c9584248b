#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# lab: limit=300
# vhost where the kernel is the peer: vhost-net with a tap device, vhost-vdpa on the kernel's simulated device, and
# devices in user space under the kernel's own drivers and under vhost-vdpa.
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
expect 3 "memory is added, used, and removed; the kernel does not send what is in removed memory" \
	"$vhost" memory vhost-net:labtap0 10.9.0.1
ok "and says whose ring it is" grep -q "cannot take what is in a ring of pair 0" "$work/err"
expect 1 "two pairs on a tap device of one queue" "$vhost" ping vhost-net:labtap0,queues=2 10.9.0.1
ok "are refused" grep -q TUNSETIFF "$work/err"
ip link del labtap0
ip tuntap add dev labtap0 mode tap multi_queue
ip addr add 10.9.0.1/24 dev labtap0
ip link set labtap0 up
expect 0 "two pairs, each gets the answers to what was sent on it" "$vhost" ping vhost-net:labtap0,queues=2 10.9.0.1
expect 0 "four pairs" "$vhost" ping vhost-net:labtap0,queues=4 10.9.0.1
expect 3 "memory is added for all pairs" "$vhost" memory vhost-net:labtap0,queues=2 10.9.0.1
ok "and misused on the second one" grep -q "cannot take what is in a ring of pair 1" "$work/err"
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
expect 0 "memory is added, used, removed, and added again" "$vhost" memory "vhost-vdpa:$dev"
expect 1 "two pairs, of which it has one" "$vhost" loop "vhost-vdpa:$dev,queues=2"
ok "are refused" grep -q "virtqueues, not 4" "$work/err"
vdpa dev del lab0
expect 1 "a device that is not there" "$vhost" loop vhost-vdpa:/dev/vhost-vdpa-9

case $LAB_KERNEL in
6.1)
	echo "# VDUSE of Linux 6.1 has no network devices"
	tap_done
	exit
	;;
esac

# A process that is a device: serve MODE URI ARGUMENT, until "finish", which passes when it ends well, or "murder".
mkfifo "$work/end"
exec 9<> "$work/end"
serve()
{
	: > "$work/served"
	"$vhost" "$@" < "$work/end" 2> "$work/served" &
	server=$!
}

finish()
{
	echo >&9
	wait "$server"
	finished=$?
	read -r _ <&9
	cat "$work/served"
	return "$finished"
}

murder()
{
	kill -KILL "$server"
	wait "$server" 2> /dev/null
}

# net_device NAME: in net the network device that virtio_vdpa has made of it, with an address.
net_device()
{
	drive "$1" virtio_vdpa
	lab_wait 5 ls "/sys/bus/vdpa/devices/$1"/virtio*/net
	net=$(basename "$(echo "/sys/bus/vdpa/devices/$1"/virtio*/net/*)")
	ip addr add 10.9.1.1/24 dev "$net"
	ip link set "$net" up
}

ping()
{
	busybox ping -i 0.05 -w 10 "$@" 10.9.1.9
}

echo "# VDUSE: a network device"
modprobe vduse
modprobe virtio_vdpa
modprobe virtio_net
serve pong vduse:lab1 10.9.1.9
lab_wait 5 [ -e /dev/vduse/lab1 ]
expect 0 "a vDPA device is made of it" vdpa dev add name lab1 mgmtdev vduse
net_device lab1
ok "the kernel's driver has it" [ -d "/sys/class/net/$net" ]
read -r address < "/sys/class/net/$net/address"
ok "with the address of its configuration space" [ "$address" = 02:00:00:00:09:09 ]
expect 0 "ping through the kernel's virtio-net driver" ping -c 20
ok "no echo was lost" grep -q " 0% packet loss" "$work/out"
expect 0 "with large packets" ping -c 5 -s 1400
expect 1 "another process" "$vhost" pong vduse:lab1 10.9.1.9
ok "cannot have it too" grep -q "Device or resource busy" "$work/err"
murder
serve pong vduse:lab1 10.9.1.9
# No more at once than the receive buffer of busybox's ping has room for.
expect 0 "the process was killed, and another one takes what was sent meanwhile" ping -c 5
expect 0 "and goes on" ping -c 20
murder
expect 1 "one with more queues" "$vhost" pong vduse:lab1,queues=2 10.9.1.9
ok "cannot go on" grep -q VDUSE_VQ_SETUP "$work/err"
serve pong vduse:lab1,without=ring_packed 10.9.1.9
lab_wait 5 [ -s "$work/served" ]
ok "nor can one that does not know what the driver has accepted" grep -q "cannot have these features" "$work/served"
wait "$server"
serve pong vduse:lab1 10.9.1.9
expect 0 "the device is none the worse for these" ping -c 5
ip link set "$net" down
expect 0 "the vDPA device is taken away" vdpa dev del lab1
expect 0 "and made again" vdpa dev add name lab1 mgmtdev vduse
net_device lab1
expect 0 "ping again" ping -c 5
vdpa dev del lab1
murder
serve pong vduse:lab1 10.9.1.9
lab_wait 5 vdpa dev add name lab1 mgmtdev vduse
net_device lab1
expect 0 "killed while nobody drove it, and driven afterwards" ping -c 5
vdpa dev del lab1
ok "the device's process has ended well" finish
ok "and its device is gone" [ ! -e /dev/vduse/lab1 ]

echo "# VDUSE: several pairs of queues, of which the kernel uses one: it allows such a device no control queue"
serve pong vduse:lab3,queues=2 10.9.1.9
lab_wait 5 vdpa dev add name lab3 mgmtdev vduse
net_device lab3
ok "one queue" [ ! -e "/sys/class/net/$net/queues/rx-1" ]
expect 0 "which works" ping -c 5
vdpa dev del lab3
ok "the end" finish

echo "# VDUSE under vhost-vdpa: this library on both sides"
serve pong vduse:lab4 10.9.1.9
lab_wait 5 vdpa dev add name lab4 mgmtdev vduse
drive lab4 vhost_vdpa
dev=/dev/$(basename /sys/bus/vdpa/devices/lab4/vhost-vdpa-*)
lab_wait 5 [ -e "$dev" ]
expect 0 "ping" "$vhost" ping "vhost-vdpa:$dev" 10.9.1.9
expect 0 "the driver changes its memory, of which the device keeps the rings" "$vhost" memory "vhost-vdpa:$dev" 10.9.1.9
expect 0 "with split rings" "$vhost" memory "vhost-vdpa:$dev,without=ring_packed" 10.9.1.9
vdpa dev del lab4
ok "the end" finish

# Bytes of the disk, from a block on: part FILE BLOCK BLOCKS.
part()
{
	dd if="$1" bs=4096 skip="$2" count="$3" 2> /dev/null
}

# Eight writers at once, block n from block n of what is to be written.
write_all()
{
	writers=
	for n in 0 1 2 3 4 5 6 7; do
		taskset -c $((n % 2)) dd if="$work/data" of="$block" bs=4096 skip="$n" seek=$(($1 + n)) count=1 \
			oflag=direct conv=notrunc 2> /dev/null &
		writers="$writers $!"
	done
}

held()
{
	grep -c '^held' "$work/served"
}

# Writes that were made, and those of them that are not done.
writes()
{
	awk '{ print $5 + $9, $9 }' "/sys/block/${block##*/}/stat"
}

# all_came BEFORE: eight more than before, and all that are not done are held.
all_came()
{
	writes | (read -r made left && [ "$made" -eq $(($1 + 8)) ] && [ "$left" -eq "$(held)" ] && [ "$left" -ge 4 ])
}

requests()
{
	sed -n 's/^queue [0-9]*: \([0-9]*\) requests/\1/p' "$work/served"
}

dd if=/dev/urandom of="$work/data" bs=4096 count=8 2> /dev/null
for words in '' ,without=ring_packed; do
	echo "# VDUSE: a block device$words"
	truncate -s 0 "$work/disk"
	truncate -s 16M "$work/disk"
	serve disk "vduse:lab2$words" "$work/disk"
	lab_wait 5 vdpa dev add name lab2 mgmtdev vduse
	modprobe virtio_blk
	drive lab2 virtio_vdpa
	lab_wait 5 ls /sys/bus/vdpa/devices/lab2/virtio*/block
	block=/dev/$(basename "$(echo /sys/bus/vdpa/devices/lab2/virtio*/block/*)")
	lab_wait 5 [ -b "$block" ]
	ok "the kernel has a disk" [ "$(blockdev --getsize64 "$block")" = $((16 << 20)) ]
	ok "with two queues" [ -d "/sys/block/${block##*/}/mq/1" ]
	write_all 64
	# shellcheck disable=SC2086 # a list
	ok "writes on both" wait $writers
	part "$work/disk" 64 8 > "$work/stored"
	ok "what was written is in the file" cmp "$work/data" "$work/stored"
	part "$block" 64 8 > "$work/read"
	ok "and is read back" cmp "$work/data" "$work/read"
	expect 0 "a large write" dd if=/dev/urandom of="$block" bs=1M count=8 oflag=direct
	blockdev --flushbufs "$block"
	ok "is in the file" cmp -n $((8 << 20)) "$work/disk" "$block"
	murder
	serve hold "vduse:lab2$words" "$work/disk"
	lab_wait 5 grep -q 'queue 1 starts' "$work/served"
	before=$(writes)
	write_all 128
	ok "another process has taken over, it returns some writes and keeps others" lab_wait 10 all_came "${before% *}"
	kept=$(held)
	murder
	serve disk "vduse:lab2$words" "$work/disk"
	# shellcheck disable=SC2086 # a list
	ok "it was killed, and a third one takes these again: all writers come back" wait $writers
	part "$work/disk" 128 8 > "$work/stored"
	ok "all that they wrote is in the file" cmp "$work/data" "$work/stored"
	vdpa dev del lab2
	ok "the device's process has ended well" finish
	ok "it took what was held, and nothing else" [ "$(requests | awk '{ n += $1 } END { print n }')" -eq "$kept" ]
	ok "its device is gone" [ ! -e /dev/vduse/lab2 ]
	ok "and what it remembered" [ ! -e /run/libdpu/vduse-lab2 ]
done
exec 9>&-
tap_done
