#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guest's process 1, in the host's root: mounts what the initramfs has not, does what it was booted for, ends.
# /run/lab is the host's folder for this boot: orders in it, results into it.
export PATH=/run/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export HOME=/run/home LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
results=/run/lab/results
unset TERM
. /run/lab/env
mkdir -p /run/bin "$HOME" /run/lock /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ln -sfn /proc/self/fd /dev/fd
cp "$top_srcdir/tests/lab/guest/modprobe.sh" /run/bin/modprobe
chmod +x /run/bin/modprobe
echo /run/bin/modprobe > /proc/sys/kernel/modprobe
# Nobody's clock is good on a busy machine that emulates another.
echo 30 > /proc/sys/kernel/watchdog_thresh
echo 90 > /proc/sys/kernel/hung_task_timeout_secs
ip link set lo up
. "$top_srcdir/tests/lab/guest/clean.sh"

# Processes that a test has left; only process 1 survives this.
kill_rest()
{
	local process command
	for process in /proc/[0-9]*; do
		case ${process##*/} in 1 | "$guard" | "$BASHPID") continue ;; esac
		command=()
		# The kernel's own threads have none.
		mapfile -d '' command 2>/dev/null < "$process/cmdline"
		[ ${#command[@]} -eq 0 ] || echo "# left running: ${command[*]}"
	done
	kill -KILL -1
	wait 2>/dev/null
}

# one NAME LIMIT FILE: a test's output, its exit code and the kernel's messages go into the folder of its name.
one()
{
	local name=$1 limit=$2 file=$3 dir=$results/$1 started=$SECONDS command=() test guard code
	mkdir -p "$dir"
	case $file in
	*.py) command=("${PYTHON_CFFI:-python3}") ;;
	*.sh) command=(sh); ! head -n 1 "$file" | grep -q bash || command=(bash) ;;
	esac
	echo "lab: $name"
	dmesg -C
	(cd "$top_builddir" && LAB_RESULTS=$dir exec timeout -k 5 "$limit" "${command[@]}" "$file") < /dev/null > "$dir/out" 2>&1 &
	test=$!
	# Who waits in the kernel for ever does not hear of the limit.
	sleep $((limit + 15)) &
	guard=$!
	wait -n "$test" "$guard"
	code=$?
	if kill -0 "$test" 2>/dev/null; then
		code=hung
		echo w > /proc/sysrq-trigger
	else
		{
			[ "$code" -ne 124 ] || echo "Bail out! ended after $limit seconds"
			kill_rest
			lab_clean
		} >> "$dir/out" 2>&1
	fi
	dmesg > "$dir/dmesg"
	echo $((SECONDS - started)) > "$dir/seconds"
	echo "$code" > "$dir/code"
	[ "$code" != hung ]
}

exec < /dev/null > /dev/ttyS0 2>&1
case $LAB_MODE in
test)
	stty -opost < /dev/ttyS0
	dmesg > "$results/boot.dmesg"
	while read -r limit name file <&3; do
		one "$name" "$limit" "$file" || break
	done 3< /run/lab/tests
	;;
run)
	stty -opost < /dev/ttyS0
	(cd "$LAB_PWD" && . /run/lab/command)
	echo $? > "$results/code"
	dmesg > "$results/dmesg"
	;;
shell)
	cd "$LAB_PWD" || cd /
	export TERM=$LAB_TERM PS1='lab:\w# '
	stty rows "$LAB_ROWS" columns "$LAB_COLUMNS" < /dev/ttyS0
	echo "The guest; exit ends it, Ctrl-A X kills it. The project's library for tests: . \$top_srcdir/tests/lab/guest/lab.sh"
	setsid -c -w bash --norc -i < /dev/ttyS0
	;;
esac
sync
exec busybox poweroff -f
