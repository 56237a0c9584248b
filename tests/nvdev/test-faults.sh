#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A device that is held by others, silent, busy for ever, locked, without power, or that refuses: libdpu ends in time, says
# what is wrong, keeps no semaphore, and loses nothing.
. "${top_srcdir:=.}/tests/nvdev/nvdev.sh"
nvdev_need jq
nvdev_private "$@"
. "$top_srcdir/tests/tools/dpuctl.sh"
trap 'nvdev_stop; rm -rf "$work"' EXIT
# Whom a test lets run it may not write where libtool's wrapper would.
plain="env LD_LIBRARY_PATH=$top_builddir/libdpu/.libs $top_builddir/examples/dpuctl/.libs/dpuctl"
[ -x "$top_builddir/examples/dpuctl/.libs/dpuctl" ] || plain=$dpuctl
# No call may take longer, whatever the device does.
dpuctl="timeout 60 $dpuctl"

query()
{
	$dpuctl -j config query "$NVDEV_PF0" NUM_OF_VFS INTERNAL_CPU_MODEL
}
set_two()
{
	$dpuctl config set "$NVDEV_PF0" NUM_OF_VFS=7 LAG_RESOURCE_ALLOCATION=PRE_ALLOCATION
}

# healthy NAME: after a fault is gone, everything is as before it.
healthy()
{
	nvdev_do clear
	expect 0 "$1: afterwards it works again" query
	ok "$1: no semaphore is left" [ "$(nvdev_counter semaphore_left)" = 0 ]
}

# fails CODE NAME WORDS FAULT...: a query under the fault fails with the code and these words; then all is well.
fails()
{
	local want=$1 name=$2 words=$3
	shift 3
	ok "$name" nvdev_do "$@"
	expect "$want" "$name: the query fails" query
	ok "$name: it says why" complains "$words"
	healthy "$name"
}

ok "the device is there" nvdev_start
expect 0 "a query" query
fails 6 "a semaphore of the window that is held for ever" "semaphore" hold-vsc
fails 6 "a semaphore of the mailbox that is held for ever" "semaphore" hold-icmd
fails 6 "a command that never ends" "does not finish a command" busy
fails 6 "a window that never answers" "does not finish an access" flag-stuck
fails 1 "a device that reads as all ones" "all ones" dead
fails 7 "a locked device" "locked" locked
fails 4 "firmware that is still starting" "starting" not-ready
ok "a slow device" nvdev_do slow 40
expect 0 "a slow device: the query waits" query
healthy "a slow device"

# Each status of the firmware, on a read and on a write; nothing is written then.
nvdev_do clear
before=$(grep ^NEXT "$NVDEV_DIR/.state")
while read -r status code words; do
	ok "status $status on reads" nvdev_do status 9024 get "$status"
	expect "$code" "status $status on reads: the query fails" query
	ok "status $status on reads is told in words" complains "$words"
	ok "status $status on reads has its number" complains "(status $status)"
	nvdev_do clear
	ok "status $status on writes" nvdev_do status 9024 set "$status"
	run set_two
	ok "status $status on writes: it fails" [ "$code" -ne 0 -a "$code" -ne 124 ]
	ok "status $status on writes: in words" complains "$words"
	nvdev_do clear
	ok "status $status: nothing has changed" [ "$before" = "$(grep ^NEXT "$NVDEV_DIR/.state")" ]
done <<END
1 4 busy
2 1 version
3 1 TLV
4 5 not supported
5 1 class
6 5 method
7 4 parameter
0x20 4 configuration
0x21 4 erase
0x22 1 corrupt
0x24 1 length
0x70 1 internal
0x7f 1 status
END
ok "status 8" nvdev_do status 9024 get 8
expect 5 "status 8 on reads: there is no such TLV, so there is no such parameter" query
healthy "status 8"
while read -r status code words; do
	fails "$code" "a mailbox that says $status" "$words (status $status)" icmd-status "$status"
done <<END
1 5 unknown command
2 4 bad command
3 1 the command failed
4 4 bad parameter of the command
5 4 the firmware is busy
6 4 the firmware is not ready
END

# Answers with bytes that are not what they should be: an error or a wrong value, but an end, and no crash.
: > "$work/ends"
for seed in $(seq 1 60); do
	nvdev_do garble "$seed"
	for command in "config query $NVDEV_PF0" "mode $NVDEV_PF0" "mode plan $NVDEV_PF0 nic" \
		"config set $NVDEV_PF0 NUM_OF_VFS=7 --dry-run" "config tlv $NVDEV_PF0 0 0x8b"; do
		# shellcheck disable=SC2086
		run $dpuctl $command
		[ "$code" -le 7 ] && ! grep -q Sanitizer "$work/err" || echo "seed $seed: $command: $code" >> "$work/ends"
	done
	nvdev_do clear
done
nothing_wrong "300 runs over garbled answers end well" "$work/ends"
ok "and write nothing" [ "$before" = "$(grep ^NEXT "$NVDEV_DIR/.state")" ]
healthy "garbled answers"

# Refusals.
ok "a read-only TLV" nvdev_do readonly 00000080
expect 7 "a read-only TLV is not written" $dpuctl config set "$NVDEV_PF0" NUM_OF_VFS=5
ok "a read-only TLV: it says so" complains "only read"
nvdev_do writable 00000080
ok "a TLV that the firmware lacks" nvdev_do absent 00000088
expect 5 "a parameter that is not there" $dpuctl config set "$NVDEV_PF0" LAG_RESOURCE_ALLOCATION=1
expect 0 "the others are listed" $dpuctl config query "$NVDEV_PF0"
ok "that one is not" not says LAG_RESOURCE_ALLOCATION
nvdev_do present 00000088
expect 3 "an unknown parameter" $dpuctl config set "$NVDEV_PF0" NUM_OF_VF=1
ok "the nearest is named" complains NUM_OF_VFS
expect 4 "an unknown word" $dpuctl config set "$NVDEV_PF0" INTERNAL_CPU_MODEL=EMBEDDED
ok "the words are named" complains EMBEDDED_CPU
expect 4 "a number that the device does not take" $dpuctl config set "$NVDEV_PF0" NUM_OF_VFS=128
ok "its limit is named" complains 127
ok "replies that say that there is less" nvdev_do short-reply on
expect 1 "are not believed" query
ok "it says what is wrong" complains "bytes, where"
expect 1 "nor is anything written on such ground" set_two
nvdev_do short-reply off
ok "nothing was" [ "$before" = "$(grep ^NEXT "$NVDEV_DIR/.state")" ]

# Whether hardware tells a TLV's length is not known: both must do.
ok "a firmware that repeats the length that was asked for" nvdev_do rewrite-length off
expect 0 "its configuration is read" query
expect 0 "and written" set_two
ok "in the length that a TLV has" [ "$(nvdev_tlv next 0 00000088 | wc -c)" -eq 9 ]
nvdev_do rewrite-length on
expect 0 "and read by one that tells it" $dpuctl -j config query "$NVDEV_PF0" NUM_OF_VFS LAG_RESOURCE_ALLOCATION
ok_json "as it was written" '[p["next_boot"] for p in d] == [7, "PRE_ALLOCATION"]'

# A BlueField-3 with only the offload engine off is in NIC mode.
nvdev_do set-tlv next 0 0000000c 00000101000000000000000000000000
nvdev_do power-cycle
expect 0 "NIC mode with one bit" $dpuctl -j mode "$NVDEV_PF0"
ok_json "is NIC mode" 'd[0]["current"] == d[0]["next_boot"] == "nic"'
nvdev_do set-tlv next 0 0000000c 00000001000000000000000000000000
nvdev_do power-cycle
expect 0 "NIC mode is set" $dpuctl mode set "$NVDEV_PF0" nic
ok "with that bit alone" [ "$(nvdev_tlv next 0 0000000c)" = 00000101000000000000000000000000 ]
expect 0 "and DPU mode" $dpuctl mode set "$NVDEV_PF0" dpu
ok "without it" [ "$(nvdev_tlv next 0 0000000c)" = 00000001000000000000000000000000 ]

# The power goes before, or right after, each single write of three. Then each TLV is the old one or the new one, and
# libdpu says which parameters are mixed; wishing for the same again does the rest.
wish="NUM_OF_VFS=9 LAG_RESOURCE_ALLOCATION=1 PCI_SWITCH_EMULATION_NUM_PORT=5"
for when in before after; do
	for n in 1 2 3; do
		nvdev_do clear
		nvdev_do power-cycle
		$dpuctl config reset "$NVDEV_PF0" > /dev/null
		# shellcheck disable=SC2086
		$dpuctl -j config set "$NVDEV_PF0" $wish --dry-run > "$work/plan"
		nvdev_tlv next 0 00000080 > "$work/old.80"
		nvdev_tlv next 0 00000088 > "$work/old.88"
		nvdev_tlv next 0 0000008d > "$work/old.8d"
		ok "power $when write $n" nvdev_do "power-loss-$when" "$n"
		# shellcheck disable=SC2086
		run $dpuctl config set "$NVDEV_PF0" $wish
		ok "power $when write $n: it fails, in time" [ "$code" -ne 124 ]
		[ "$when$n" = after3 ] || ok "power $when write $n: it fails" [ "$code" -ne 0 ]
		[ "$n$when" = 1before ] || [ "$when$n" = after3 ] || ok "power $when write $n: mixed is told" complains "mixed:"
		nvdev_do clear
		nvdev_do power-cycle
		# shellcheck disable=SC2086
		expect 0 "power $when write $n: back, it tells what is missing" $dpuctl -j config set "$NVDEV_PF0" $wish --dry-run
		missing=$([ "$when" = before ] && echo $((4 - n)) || echo $((3 - n)))
		ok_json "power $when write $n: $missing are" "len(d['changes']) == $missing"
		# shellcheck disable=SC2086
		expect 0 "power $when write $n: again" $dpuctl config set "$NVDEV_PF0" $wish
		expect 0 "power $when write $n: and it is complete" $dpuctl -j config query "$NVDEV_PF0" NUM_OF_VFS \
			LAG_RESOURCE_ALLOCATION PCI_SWITCH_EMULATION_NUM_PORT
		ok_json "power $when write $n: all three" '[p["next_boot"] for p in d] == [9, "PRE_ALLOCATION", 5]'
	done
done

# Without rights.
if command -v setpriv > /dev/null; then
	# shellcheck disable=SC2086
	expect 7 "who is not root has no way" setpriv --reuid 65534 --regid 65534 --clear-groups -- $plain config query \
		"$NVDEV_PF0"
	ok "and is told what it takes" complains "root is needed"
fi

# Resets are asked for, never implied.
ok "no reset has taken place" [ "$(nvdev_counter resets)$(nvdev_counter mfrl_set)" = 00 ]
$dpuctl config set "$NVDEV_PF0" NUM_OF_VFS=11 > /dev/null
expect 0 "a reset of the firmware" $dpuctl mode reset "$NVDEV_PF0" firmware
ok "has taken place" [ "$(nvdev_counter resets)" = 1 ]
expect 0 "what was stored is current" $dpuctl -j config query "$NVDEV_PF0" NUM_OF_VFS
ok_json "what was stored is current" 'd[0]["current"] == 11'
expect 5 "a reset of the whole system is not for a program" $dpuctl mode reset "$NVDEV_PF0" system
ok "what to do instead is said" complains "power"
nvdev_do reset-ms 300
expect 0 "a reset that takes its time" $dpuctl mode reset "$NVDEV_PF0" firmware
expect 0 "the device is back then" query
nvdev_do reset-ms 60000
expect 6 "a device that does not come back" $dpuctl -t 500 mode reset "$NVDEV_PF0" firmware
nvdev_do power-cycle
nvdev_do reset-ms 0

# A BlueField-2 takes more than one bit for NIC mode.
nvdev_stop
ok "a BlueField-2" nvdev_start --device bf2
expect 0 "NIC mode is set" $dpuctl mode set "$NVDEV_PF0" nic
ok "with all that it looks at" [ "$(nvdev_tlv next 0 0000000c)" = 00000171000000000000000000000000 ]
expect 0 "DPU mode is set" $dpuctl mode set "$NVDEV_PF0" dpu
ok "by none of it" [ "$(nvdev_tlv next 0 0000000c)" = 00000001000000000000000000000000 ]

ok "nobody has written without the semaphore" [ "$(nvdev_counter unlocked_writes)$(nvdev_counter unlocked_icmd)" = 00 ]
ok "no frame was malformed" [ "$(nvdev_counter malformed)" = 0 ]
ok "no semaphore is left" [ "$(nvdev_counter semaphore_left)" = 0 ]
tap_done
