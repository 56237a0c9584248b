# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# For tests that need a BlueField in /sys/bus/pci/devices: nvdev is mounted over it, where only the test and
# what it starts see that. To be sourced, and then:
#
#   nvdev_need mstconfig sqlite3	# skips the test if one of them, or what nvdev needs, is not there
#   nvdev_private "$@"			# goes on in a mount namespace of its own: starts the script again
#   nvdev_start [--device bf2] …	# the arguments are those of nvdev
#   nvdev_do slow 10			# a line of .control: fails where nvdev does not know it
#   nvdev_counter registers
#   nvdev_tlv next 0 0000000c		# the bytes in hex
#   nvdev_stop
#
#   nvdev_need_fwctl			# skips the test if no character device can be made
#   nvdev_fwctl_start …			# instead of nvdev_start: a kernel that has an fwctl for function 0
#
# That one has a node in the /dev of everybody: it is for a virtual machine.
# NVDEV is the program, if it is not beside this build's tests. The test and all it starts are kept on one CPU:
# each look at a register is a turn of nvdev, and takes five times as long where it wakes up another CPU.
# NVDEV_PIN=no lets them go anywhere.
NVDEV=${NVDEV:-${top_builddir:-.}/tests/nvdev/nvdev}
NVDEV_DIR=/sys/bus/pci/devices
NVDEV_SLOT=${NVDEV_SLOT:-0000:03:00}
NVDEV_PF0=$NVDEV_SLOT.0
NVDEV_PF1=$NVDEV_SLOT.1
nvdev_pid=

nvdev_skip()
{
	echo "1..0 # SKIP $*"
	exit 77
}

nvdev_need()
{
	local tool

	[ "$(id -u)" = 0 ] || nvdev_skip "needs root"
	for tool in unshare mount umount "$@"; do
		command -v "$tool" >/dev/null 2>&1 || nvdev_skip "$tool is missing"
	done
	[ -x "$NVDEV" ] || nvdev_skip "nvdev is not built: it needs libfuse 3"
	[ -d "$NVDEV_DIR" ] || nvdev_skip "there is no $NVDEV_DIR"
	[ -c /dev/fuse ] || nvdev_skip "there is no /dev/fuse"
	unshare -m --propagation private true 2>/dev/null || nvdev_skip "no mount namespace can be made"
}

# One of the CPUs allowed here, not the same for each test.
nvdev_cpu()
{
	taskset -cp $$ 2>/dev/null | sed 's/.*: *//' | awk -v pick=$$ '{
		ranges = split($0, range, ",")
		for (i = 1; i <= ranges; i++) {
			ends = split(range[i], end, "-")
			for (cpu = end[1] + 0; cpu <= end[ends] + 0; cpu++)
				cpus[count++] = cpu
		}
		if (count)
			print cpus[pick % count]
	}'
}

# Whether this is a namespace of its own can be seen, and need not be believed.
nvdev_private()
{
	local here cpu=

	here=$(readlink /proc/self/ns/mnt)
	if [ -z "$NVDEV_OUTSIDE" ] || [ "$NVDEV_OUTSIDE" = "$here" ]; then
		NVDEV_OUTSIDE=$here
		export NVDEV_OUTSIDE
		[ "$NVDEV_PIN" = no ] || cpu=$(nvdev_cpu)
		exec ${cpu:+taskset -c "$cpu"} unshare -m --propagation private "${NVDEV_SHELL:-sh}" "$0" "$@"
	fi
}

nvdev_start()
{
	local try=0

	if [ -z "$NVDEV_OUTSIDE" ] || [ "$NVDEV_OUTSIDE" = "$(readlink /proc/self/ns/mnt)" ]; then
		echo "nvdev_start: not in a mount namespace of its own" >&2
		return 1
	fi
	if [ -n "$nvdev_pid" ]; then
		echo "nvdev_start: nvdev runs already" >&2
		return 1
	fi
	# The files with which mstflint keeps out of its own way: those of other tests are of other devices.
	if ! grep -q ' /tmp/mstflint_lockfiles ' /proc/self/mounts; then
		mkdir -p /tmp/mstflint_lockfiles && mount -t tmpfs nvdev-locks /tmp/mstflint_lockfiles || return 1
	fi
	"$NVDEV" --slot "${NVDEV_PF0%.*}" "$@" "$NVDEV_DIR" </dev/null &
	nvdev_pid=$!
	until [ -e "$NVDEV_DIR/.control" ]; do
		try=$((try + 1))
		if [ "$try" -gt 200 ] || ! kill -0 "$nvdev_pid" 2>/dev/null; then
			echo "nvdev_start: $NVDEV is not there" >&2
			kill "$nvdev_pid" 2>/dev/null
			wait "$nvdev_pid"
			nvdev_pid=
			return 1
		fi
		sleep 0.02
	done
}

nvdev_need_fwctl()
{
	[ -c /dev/cuse ] || nvdev_skip "there is no /dev/cuse"
}

# The classes as they are now, and one for fwctl, of which older kernels have not heard. It stays until the namespace
# ends, also when no device is behind it any more.
nvdev_fwctl_class()
{
	local class

	[ ! -d /sys/class/fwctl ] || return 0
	class=$(mktemp -d) && mount -t tmpfs nvdev-class "$class" || return 1
	# Devices are links, and where they lead to does not change; of what else there is, not all can be read.
	cp -a /sys/class/. "$class" 2>/dev/null
	mkdir -p "$class/fwctl/fwctl0" &&
		ln -s "../../../bus/pci/devices/$NVDEV_PF0" "$class/fwctl/fwctl0/device" &&
		mount --move "$class" /sys/class && rmdir "$class"
}

nvdev_fwctl_start()
{
	local try=0

	nvdev_fwctl_class && nvdev_start --fwctl "$@" || return 1
	until [ -c /dev/fwctl/fwctl0 ]; do
		try=$((try + 1))
		if [ "$try" -gt 200 ]; then
			echo "nvdev_fwctl_start: there is no /dev/fwctl/fwctl0" >&2
			return 1
		fi
		sleep 0.02
	done
}

# Its own exit code: nonzero too where its state could not be kept.
nvdev_stop()
{
	local try=0 rc

	[ -n "$nvdev_pid" ] || return 0
	umount "$NVDEV_DIR" 2>/dev/null || umount -l "$NVDEV_DIR"
	while kill -0 "$nvdev_pid" 2>/dev/null; do
		try=$((try + 1))
		[ "$try" -ne 250 ] || kill "$nvdev_pid"
		[ "$try" -ne 500 ] || kill -KILL "$nvdev_pid"
		sleep 0.02
	done
	wait "$nvdev_pid"
	rc=$?
	nvdev_pid=
	return "$rc"
}

nvdev_do()
{
	printf '%s\n' "$*" >"$NVDEV_DIR/.control"
}

nvdev_counter()
{
	awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }' "$NVDEV_DIR/.counters"
}

nvdev_tlv()
{
	awk -v kind="$1" -v pf="$2" -v type="$3" \
		'$1 == toupper(kind) && $2 == pf && $3 == type { print $4; found = 1 } END { exit !found }' \
		"$NVDEV_DIR/.state"
}
