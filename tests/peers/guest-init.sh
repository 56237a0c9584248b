#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guest's process 1: does each line that it is sent on the first serial line, and says how that ended.
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir /tmp
while read -r module; do
	insmod "/peers/modules/$module"
done < /peers/modules/order
ip link set lo up
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
stty raw -echo
echo ":ready:"
while read -r line; do
	(eval "$line") < /dev/null
	echo ":code $?:"
done
