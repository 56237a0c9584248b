#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# libdpu's way to the firmware through the kernel: real ioctls, to nvdev's /dev/fwctl/fwctl0, in place of a kernel that
# has it. What is asked and written is the same as through the window in configuration space; that is taken where there
# is no fwctl for such a device; refusals are told; and nothing is done that would taint a kernel.
# lab: limit=240
. "${top_srcdir:=.}/tests/nvdev/nvdev.sh"
[ -n "${LAB_KERNEL:-}" ] || nvdev_skip "this runs in the lab: make check-lab"
[ -c /dev/fuse ] || modprobe fuse
[ -c /dev/cuse ] || modprobe cuse
nvdev_need jq flock
nvdev_need_fwctl
nvdev_private "$@"
. "$top_srcdir/tests/lab/guest/lab.sh"
holder=
trap 'kill $holder 2> /dev/null; nvdev_stop; rm -rf "$work"' EXIT

dpuctl=$(lab_program "$dpuctl")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$dpuctl"

# counts EXPRESSION: of the shell's arithmetic, over the counters.
counts()
{
	eval "$(sed 's/ /=/' "$NVDEV_DIR/.counters")"
	[ $(($1)) -ne 0 ] || { grep -v ' 0$' "$NVDEV_DIR/.counters"; return 1; }
}

# From here on counts anew; what must never be is kept.
unsound=
fresh()
{
	! counts 'malformed || fwctl_malformed || tainted' > "$work/quiet" || unsound="$unsound before: $1;"
	nvdev_do counters-reset
}
# Since then.
by_fwctl='fwctl_rpc > 0 && accesses == 0'
by_window='fwctl_rpc == 0 && accesses > 0'

query()
{
	"$dpuctl" -j config query "$NVDEV_PF0" NUM_OF_VFS LAG_RESOURCE_ALLOCATION PCI_SWITCH_EMULATION_NUM_PORT PF_TOTAL_SF
}
next()
{
	jq -c '[.[].next_boot]' "$work/out"
}
# same FILE: the last query has said what this one did, whichever way they went.
same()
{
	jq 'map(del(.transport))' "$1" > "$work/a" && jq 'map(del(.transport))' "$work/out" > "$work/b" &&
		cmp "$work/a" "$work/b"
}
stored()
{
	grep '^NEXT' "$NVDEV_DIR/.state"
}

# Without fwctl, then with it.
ok "a BlueField is there" nvdev_start
expect 0 "the configuration, through the window" "$dpuctl" -j config query "$NVDEV_PF0"
cp "$work/out" "$work/window.query"
ok_json "names the window as its way" '{x["transport"] for x in d} == {"vsc"}'
expect 0 "the mode, through the window" "$dpuctl" -j mode "$NVDEV_PF0"
cp "$work/out" "$work/window.mode"
ok "that was the window" counts "$by_window"
nvdev_stop
ok "it is there with an fwctl" nvdev_fwctl_start
expect 0 "the configuration, over fwctl" "$dpuctl" -j config query "$NVDEV_PF0"
ok_json "names fwctl as its way" '{x["transport"] for x in d} == {"fwctl"}'
ok "is the same" same "$work/window.query"
ok "has many parameters" [ "$(jq length "$work/out")" -gt 60 ]
expect 0 "the mode, over fwctl" "$dpuctl" -j mode "$NVDEV_PF0"
ok "is the same" cmp "$work/out" "$work/window.mode"
ok "the window was not touched" counts "$by_fwctl"
ok "reads were made as reads" counts 'fwctl_scope1 > 0 && fwctl_scope0 < fwctl_scope1'

fresh "writes"
expect 0 "four parameters are set, in four TLVs" "$dpuctl" config set "$NVDEV_PF0" NUM_OF_VFS=23 \
	LAG_RESOURCE_ALLOCATION=PRE_ALLOCATION PCI_SWITCH_EMULATION_NUM_PORT=5 PF_TOTAL_SF=100
ok "each TLV once, as configuration" counts "nvda_set == 4 && fwctl_scope0 >= 4 && $by_fwctl"
expect 0 "they are read" query
cp "$work/out" "$work/fwctl.query"
ok "they are there" [ "$(next)" = '[23,"PRE_ALLOCATION",5,100]' ]

fresh "another kind of device"
ok "the fwctl is another kind of device's" nvdev_do fwctl-type 2
expect 0 "they are read all the same" query
ok "they are the same" same "$work/fwctl.query"
ok "through the window" counts "$by_window"
nvdev_do fwctl-type 1
fresh "no node"
mount -t tmpfs none /dev/fwctl
expect 0 "there is no node: they are read all the same" query
ok "they are the same" same "$work/fwctl.query"
ok "through the window" counts "$by_window"
umount /dev/fwctl
if command -v mstconfig > /dev/null; then
	run mstconfig -d "$NVDEV_PF0" q NUM_OF_VFS LAG_RESOURCE_ALLOCATION PCI_SWITCH_EMULATION_NUM_PORT PF_TOTAL_SF
	awk '/Next Boot/ { on = 1; next } on && NF == 2 { print $2 }' "$work/out" | sort > "$work/theirs"
	printf '%s\n' 100 23 5 'PRE_ALLOCATION(1)' > "$work/ours"
	ok "mstconfig reads them, too" cmp "$work/ours" "$work/theirs"
else
	skip "mstconfig reads them, too" "mstconfig is not installed"
fi

fresh "resets"
expect 0 "one is reset" "$dpuctl" config reset "$NVDEV_PF0" NUM_OF_VFS
expect 0 "they are read" query
ok "only that one is" [ "$(next)" = '[16,"PRE_ALLOCATION",5,100]' ]
expect 0 "NIC mode is set" "$dpuctl" mode set "$NVDEV_PF0" nic
expect 0 "the mode is read" "$dpuctl" -j mode "$NVDEV_PF0"
ok "NIC mode is next" [ "$(jq -c '.[0] | [.current, .next_boot]' "$work/out")" = '["dpu","nic"]' ]
ok "nothing was reset by that" counts 'resets == 0'
nvdev_do reset-ms 300
expect 0 "a reset of the firmware" "$dpuctl" mode reset "$NVDEV_PF0" firmware
ok "it was one" counts "resets == 1 && $by_fwctl"
expect 0 "the mode is read" "$dpuctl" -j mode "$NVDEV_PF0"
ok "NIC mode is current" [ "$(jq -c '.[0] | [.current, .next_boot]' "$work/out")" = '["nic","nic"]' ]
expect 0 "all are reset, the mode too" "$dpuctl" config reset "$NVDEV_PF0" --mode
expect 0 "they are read" query
ok "they are as they were" [ "$(next)" = '[16,"DEVICE_DEFAULT",0,0]' ]
ok "the window was not touched" counts "$by_fwctl"

# Which scopes a kernel lets pass.
nvdev_do fwctl-lax
fresh "a kernel that lets reads pass as configuration"
expect 0 "a kernel that lets reads pass as configuration" query
ok "there is no need for another scope" counts "$by_fwctl && fwctl_scope0 == fwctl_rpc"
fresh "a kernel that refuses configuration"
nvdev_do fwctl-deny-scope 0
expect 0 "a kernel that refuses configuration: reads" query
ok "are made as reads" counts "$by_fwctl && fwctl_scope1 > 0"
stored > "$work/before"
expect 7 "writes fail" "$dpuctl" config set "$NVDEV_PF0" NUM_OF_VFS=9
ok "in words" complains "does not pass register 0x9024 on"
ok "and with a hint" complains "the kernel allows no access of that kind"
stored > "$work/after"
ok "nothing was written" cmp "$work/before" "$work/after"
ok "by no way" counts "nvda_set == 0 && $by_fwctl"
nvdev_do fwctl-deny-scope 1
expect 7 "a kernel that refuses reads, too" query
ok "is told in words" complains "does not pass register"
nvdev_do clear

# What the firmware says of a register is told as the command's status, and the syndrome is there for NVIDIA's support.
while read -r status exit words; do
	nvdev_do status 9024 get "$status"
	expect "$exit" "status $status on reads" query
	ok "is told in words" complains "$words"
	ok "with its syndrome" complains "syndrome 0xf17c$status)"
	nvdev_do clear
	nvdev_do status 9024 set "$status"
	run "$dpuctl" config set "$NVDEV_PF0" NUM_OF_VFS=9
	ok "status $status on writes: fails" [ "$code" -ne 0 ]
	ok "is told in words" complains "$words"
	nvdev_do clear
done <<-END
	01 4 busy
	04 5 not supported
	07 4 bad parameter
	24 1 length
	70 1 internal error
END
nvdev_do status 9024 get 7
nvdev_do fwctl-syndrome c0ffee
run query
ok "another syndrome" complains "(status 0x3, syndrome 0xc0ffee)"
nvdev_do clear
for fault in dead busy; do
	nvdev_do $fault
	run query
	ok "firmware that is $fault: fails" [ "$code" -ne 0 ]
	ok "in words" complains "does not pass register"
	nvdev_do clear
	expect 0 "firmware that was $fault works again" query
done
stored > "$work/after"
ok "nothing was written" cmp "$work/before" "$work/after"

# Others on the same way.
flock -F /dev/fwctl/fwctl0 sleep 60 &
holder=$!
lab_wait 5 not flock -n /dev/fwctl/fwctl0 true
expect 0 "another one holds the lock: reads do not wait" query
expect 6 "writes do, and not for ever" "$dpuctl" config set "$NVDEV_PF0" NUM_OF_VFS=9
ok "why is said" complains "locked by another program"
kill "$holder"
lab_wait 5 flock -n /dev/fwctl/fwctl0 true
holder=
for n in 1 2 3 4 5; do
	"$dpuctl" config set "$NVDEV_PF0" NUM_OF_VFS=$((20 + n)) &
	"$dpuctl" config set "$NVDEV_PF0" NUM_PF_MSIX=$((40 + n)) || echo "round $n: one failed" >&2
	wait $! || echo "round $n: the other one failed" >&2
	run "$dpuctl" -j config query "$NVDEV_PF0" NUM_OF_VFS NUM_PF_MSIX
	[ "$(next)" = "[$((20 + n)),$((40 + n))]" ] || echo "round $n: stored is $(next)" >&2
done > "$work/quiet" 2> "$work/lost"
ok "two write one TLV at once, five times: nothing is lost" not grep . "$work/lost"

fresh "the end"
ok "no request was malformed, none would have tainted a kernel" [ -z "$unsound" ] || echo "# $unsound"
ok "the device goes" nvdev_stop
ok "its node, too" [ ! -e /dev/fwctl/fwctl0 ]
ok "the module is not needed any more" lab_wait 5 rmmod cuse
tap_done
