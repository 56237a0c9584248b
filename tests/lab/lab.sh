#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab: a Debian kernel in an emulated PC, with the host's files read-only. README.md in this folder tells more.
set -uo pipefail
lab=$(cd "$(dirname "$0")" && pwd -P)
. "$lab/kernel.sh"
series=${KERNEL:-6.12}

usage()
{
	cat <<-END
	usage: lab.sh test TEST…      runs tests of the project in the guest (make check-lab calls this)
	       lab.sh run COMMAND…    runs a command in the guest; its exit code is the command's
	       lab.sh shell           a shell in the guest
	       lab.sh prepare         only makes what these need
	Environment: KERNEL=6.12 or 6.1; top_builddir, the build to test (the current folder, if it is one);
	LAB_LIMIT, seconds for a test, 120; LAB_QEMU and LAB_APPEND, more for QEMU and for the kernel's command line;
	LIBDPU_LAB_CACHE, where kernels are kept.
	END
}

if [ "$(uname -m)" != x86_64 ]; then
	echo "lab: the guest is a PC and this machine is not"
	echo "lab ($series): 0 passed, 0 failed, 1 skipped"
	exit 77
fi
export PATH=$PATH:/usr/sbin:/sbin
top_srcdir=$(cd "$lab/../.." && pwd -P)
if [ -z "${top_builddir:-}" ]; then
	top_builddir=$top_srcdir
	[ ! -x config.status ] || top_builddir=.
fi
top_builddir=$(cd "$top_builddir" && pwd -P)

qemu=
job=$(mktemp -d) || exit 1
trap 'rm -rf "$job"' EXIT
trap '[ -z "$qemu" ] || kill "$qemu"; exit 1' HUP INT TERM

# write_env MODE: what the guest's process 1 sources.
write_env()
{
	local variable
	local -x LAB_MODE=$1 LAB_PWD LAB_KERNEL=$series LAB_MODULES=$modules LAB_DPULAB=$dpulab/dpulab.ko
	LAB_PWD=$(pwd -P)
	for variable in top_srcdir top_builddir CC CXX NM PYTHON_CFFI SANITIZER_FLAGS ENABLE_MAN ASAN_OPTIONS \
		UBSAN_OPTIONS "${!LAB_@}"; do
		[ -z "${!variable+set}" ] || printf 'export %s=%q\n' "$variable" "${!variable}"
	done > "$job/env"
}

# boot MODE LIMIT [QEMU-ARGUMENT…]: one life of the guest, at most so many seconds. Its orders are in the job's folder.
boot()
{
	local mode=$1 limit=$2 serial=stdio n code devices=()
	shift 2
	# Ctrl-C is the guest's then.
	[ "$mode" != shell ] || serial=mon:stdio
	mkdir -p "$job/results"
	write_env "$mode"
	echo "$lab/guest/init.sh" > "$job/init"
	printf '%s\n' "$top_srcdir" "$top_builddir" "$lab" "$cache" "$(pwd -P)" > "$job/folders"
	# Two PFs that can have VFs, each behind a root port, as network cards would be.
	for n in 1 2; do
		devices+=(
			-device "pcie-root-port,id=port$n,slot=$n,chassis=$n"
			-device "nvme-subsys,id=subsystem$n"
			-device "nvme,bus=port$n,serial=dpu$n,subsys=subsystem$n,sriov_max_vfs=16,sriov_vq_flexible=32,sriov_vi_flexible=16,max_ioqpairs=34,msix_qsize=18"
		)
	done
	# Never KVM: where there is one, it may not be able to run a stock kernel. Without the timer check: on a busy
	# machine the emulated timer may not tick in the moment that the kernel looks, and it gives up. The first serial
	# line is the guest's output, the second one the kernel's own.
	# shellcheck disable=SC2086 # these are lists of words
	timeout --foreground -k 5 "$limit" qemu-system-x86_64 -accel tcg -cpu max -M q35 -smp 2 -m 1024 \
		-nodefaults -no-user-config -no-reboot -display none \
		-kernel "$kernel/boot/vmlinuz-$release" -initrd "$initrd/initrd" \
		-append "console=ttyS1 quiet panic=-1 log_buf_len=4M mitigations=off no_timer_check ${LAB_APPEND:-} ${append:-}" \
		-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
		-virtfs "local,path=$job,mount_tag=lab,security_model=none" \
		-serial "$serial" -serial "file:$job/results/console" ${LAB_QEMU:-} "$@" "${devices[@]}" <&0 &
	qemu=$!
	wait "$qemu"
	code=$?
	qemu=
	[ "$code" -ne 124 ] || echo "lab: the guest was ended after $limit seconds" >&2
	return "$code"
}

# setting NAME FILE: the value of a line "# lab: NAME=…" of a script.
setting()
{
	case $2 in *.sh) sed -n "s/^# lab: $1=//p" "$2" ;; esac
}

# boot_tests FILE: boots with what the tests in the file, "LIMIT NAME PATH" a line, have asked for; again for those
# after one that the guest did not survive; and once more if it never came to a test, which is not theirs.
boot_tests()
{
	local limit seconds name file left=$1 boots=0 qemu_args=()
	read -r seconds name file < "$left"
	append=$(setting append "$file")
	read -ra qemu_args < <(setting qemu "$file")
	while [ -s "$left" ] && [ "$boots" -lt 2 ]; do
		cp "$left" "$job/tests"
		limit=60
		while read -r seconds name file; do
			limit=$((limit + seconds + 30))
		done < "$job/tests"
		rm -f "$job/results/boot.dmesg"
		boot test "$limit" "${qemu_args[@]}" < /dev/null
		boots=$((boots + 1))
		: > "$left"
		while read -r seconds name file; do
			if [ ! -f "$job/results/$name/out" ]; then
				echo "$seconds $name $file" >> "$left"
				continue
			fi
			boots=0
			# The one that the guest did not survive.
			[ -f "$job/results/$name/code" ] || cp "$job/results/console" "$job/results/$name/dmesg"
		done < "$job/tests"
		if [ "$boots" -ne 0 ]; then
			echo "lab: the guest ended before its first test; its last words:" >&2
			tail -n 30 "$job/results/console" >&2
		fi
	done
}

count()
{
	grep -cE "^:test-result: ($1)" "$2"
}

# judge NAME FILE CODE [SECONDS]: automake's own TAP driver makes log and trs of a test's output; adds to the sums.
judge()
{
	local name=$1 to=$results/$1 pass fail skip
	mkdir -p "$to"
	AM_TAP_AWK='awk' sh "$top_srcdir/build-aux/tap-driver.sh" --test-name "$name" --log-file "$to/log" \
		--trs-file "$to/trs" -- sh -c 'cat "$1"; exit "$2"' sh "$2" "$3" > /dev/null
	pass=$(count 'PASS|XFAIL' "$to/trs")
	fail=$(count 'FAIL|ERROR|XPASS' "$to/trs")
	skip=$(count SKIP "$to/trs")
	passed=$((passed + pass)) failed=$((failed + fail)) skipped=$((skipped + skip))
	printf '%-44s %4d passed, %d failed, %d skipped%s\n' "$name" "$pass" "$fail" "$skip" "${4:+, $4 s}"
	# What is not ok, with the comments that follow.
	awk '/^(not ok|Bail out!|ERROR)/ { show = 1 } /^(ok|1\.\.)/ { show = 0 } show && !/^FAIL/' "$to/log"
	{
		echo "== $name"
		cat "$to/log"
	} >> "$log"
}

# What a kernel says when something is wrong with it.
bad='BUG:|WARNING:|Oops|Call Trace:|cut here|general protection|lockup|stall|blocked for more than|refcount_t:|UBSAN:'
bad+='|unregister_netdevice: waiting|Kernel panic'

# collect NAME: judges a test, and adds a line about the kernel's messages to $job/kernel.
collect()
{
	local name=$1 from=$job/results/$1 code why ok
	mkdir -p "$from"
	code=$(cat "$from/code" 2>/dev/null)
	case $code in
	'' | hung)
		why="the guest ended before this test"
		[ ! -f "$from/out" ] || why="the guest ended during this test"
		[ "$code" != hung ] || why="the test could not be killed, the guest was ended"
		[ -n "$(find_test "$name")" ] || why="there is no such test"
		# Last, so that it is seen that this output has no end.
		echo "Bail out! $why" >> "$from/out"
		code=0
		;;
	77)
		code=0
		;;
	esac
	judge "$name" "$from/out" "$code" "$(cat "$from/seconds" 2>/dev/null)"
	ok=ok
	[ -f "$from/dmesg" ] || return 0
	n=$((n + 1))
	! grep -qE "$bad" "$from/dmesg" || ok='not ok'
	echo "$ok $n - the kernel had no complaint during $name" >> "$job/kernel"
	[ "$ok" = ok ] || awk -v bad="$bad" '$0 ~ bad { show = 1 } show && n++ < 60 { print "# " $0 }' "$from/dmesg" >> "$job/kernel"
}

# find_test NAME: a script of the sources, or what was built.
find_test()
{
	local file
	for file in "$top_srcdir/$1" "$top_builddir/$1"; do
		[ -f "$file" ] || continue
		echo "$file"
		return
	done
}

run_tests()
{
	local name file group n=0 log=$top_builddir/tests/lab/check-lab.log results=$top_builddir/tests/lab/results-$series
	passed=0 failed=0 skipped=0
	prepare "$series"
	rm -rf "$results"
	mkdir -p "$results" "$job/groups"
	echo "$release" > "$log"
	: > "$job/kernel"
	# Those that want the same machine share a boot.
	for name; do
		file=$(find_test "$name")
		[ -n "$file" ] || continue
		group=$(setting '\(qemu\|append\)' "$file" | hash)
		echo "$(setting limit "$file" | grep . || echo "${LAB_LIMIT:-120}") $name $file" >> "$job/groups/$group"
	done
	for group in "$job/groups"/*; do
		[ ! -f "$group" ] || boot_tests "$group"
	done
	for name; do
		collect "$name"
	done
	echo "1..$n" >> "$job/kernel"
	judge kernel "$job/kernel" 0
	cp -r "$job/results/." "$results/"
	if [ "$failed" -ne 0 ]; then
		echo "logs, the kernel's messages and its console: $results"
	fi
	echo "lab ($series): $passed passed, $failed failed, $skipped skipped" | tee -a "$log"
	[ "$failed" -eq 0 ]
}

[ $# -gt 0 ] || set -- usage
case $1 in
test)
	shift
	run_tests "$@"
	;;
run)
	shift
	[ $# -gt 0 ] || set -- true
	prepare "$series"
	printf '%q ' "$@" > "$job/command"
	boot run "${LAB_LIMIT:-3600}" < /dev/null
	grep -v 'reboot: Power down' "$job/results/console" >&2
	exit "$(cat "$job/results/code" 2>/dev/null || echo 1)"
	;;
shell)
	prepare "$series"
	export LAB_ROWS=24 LAB_COLUMNS=80 LAB_TERM=${TERM:-dumb}
	size=$(stty size 2>/dev/null)
	case $size in '' | 0*) ;; *) read -r LAB_ROWS LAB_COLUMNS <<< "$size" ;; esac
	boot shell 86400
	;;
prepare)
	prepare "$series"
	;;
*)
	usage >&2
	exit 2
	;;
esac
