#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The initramfs's /init: makes the host's root the guest's, read-only, and goes there.
busybox=/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sysfs /sys
$busybox mount -t devtmpfs devtmpfs /dev
while read -r module; do
	$busybox insmod "/modules/$module"
done < /modules/order

share=trans=virtio,version=9p2000.L,msize=262144
$busybox mount -t 9p -o "ro,cache=loose,$share" root /host || $busybox poweroff -f
$busybox mount -o bind /host /root
for dir in run tmp var/tmp mnt; do
	[ ! -d "/root/$dir" ] || $busybox mount -t tmpfs -o mode=1777 tmpfs "/root/$dir"
done
$busybox mkdir /root/run/lab
$busybox mount -t 9p -o "cache=none,$share" lab /root/run/lab || $busybox poweroff -f
# Folders of the host that are needed and that these have covered: a build in /tmp, for one.
while read -r dir; do
	if [ ! -d "/root$dir" ]; then
		$busybox mkdir -p "/root$dir" && $busybox mount -o bind "/host$dir" "/root$dir"
	fi
done < /root/run/lab/folders

for dir in proc sys dev; do
	$busybox mount -o move "/$dir" "/root/$dir"
done
exec $busybox switch_root /root /bin/bash "$($busybox cat /root/run/lab/init)"
