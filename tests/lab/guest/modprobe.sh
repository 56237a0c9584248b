#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# modprobe in the guest, for the tests and for the kernel itself: with the lab's modules. The project's own module is
# not in their index, which takes depmod seconds to write.
. /run/lab/env
case " $* " in
*" -r dpulab "*)
	exec /sbin/rmmod dpulab
	;;
" dpulab "*)
	shift
	[ ! -d /sys/module/dpulab ] || exit 0
	for module in $(/sbin/modinfo -F depends "$LAB_DPULAB" | tr ',' ' '); do
		/sbin/modprobe -d "$LAB_MODULES" "$module" || exit
	done
	exec /sbin/insmod "$LAB_DPULAB" "$@"
	;;
esac
exec /sbin/modprobe -d "$LAB_MODULES" "$@"
