#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# libdpu and the unmodified mstconfig on one device: what the one writes, the other reads, for every parameter and every
# word or boundary number of it; current, next and default; resets; and what neither knows stays.
. "${top_srcdir:=.}/tests/nvdev/nvdev.sh"
nvdev_need mstconfig sqlite3 jq
nvdev_private "$@"
. "$top_srcdir/tests/tools/dpuctl.sh"
. "$top_srcdir/tests/nvdev/parameters.sh"
trap 'nvdev_stop; rm -rf "$work"' EXIT
ROUNDS='0 1 2 3 4'

# choose ROUND DEVICE [PARAMETER...]: the values of this round as "NAME VALUE [hidden]": over the rounds each word, and the
# boundaries of each number. What means nothing in this round is 0, and hidden by mstconfig.
choose()
{
	local round=$1 device=$2 name value parent

	shift 2
	"$dpuctl" -j config query "$device" "$@" > "$work/query" || return 1
	jq -r --argjson round "$round" '.[] | [.name, (
		if .type == "unsigned" then [0, .max, 1, (.max / 2 | floor), .max - 1][$round]
		else $round % (.max + 1) end)] | join(" ")' "$work/query" > "$work/wanted"
	while read -r name value; do
		parent=$(needs "$name")
		if [ -n "$parent" ] && grep -qx "$parent 0" "$work/wanted"; then
			echo "$name 0 hidden"
		else
			echo "$name $value"
		fi
	done < "$work/wanted" > "$work/values"
	awk '$3 == "" { print $1, $2 }' "$work/values" > "$work/shown"
}

ours_set()
{
	# shellcheck disable=SC2046 # a list of words
	"$dpuctl" config set "$1" $(awk '{ print $1 "=" $2 }' "$work/values")
}

# mstconfig looks at what is stored when it checks what a parameter needs: what others need goes first.
theirs_set()
{
	local parents='INTERNAL_CPU_MODEL|PF_NUM_OF_VF_VALID|UEFI_LOGS' settings

	# To mstconfig who sets a number of vectors wants it to count.
	! grep -qx 'NUM_PF_MSIX_VALID 0' "$work/shown" || sed -i '/^NUM_PF_MSIX /d' "$work/shown"

	settings=$(awk -v parents="^($parents)\$" '$1 ~ parents { print $1 "=" $2 }' "$work/shown")
	# shellcheck disable=SC2086
	[ -z "$settings" ] || mstconfig -d "$1" -b "$db" -y s $settings || return 1
	settings=$(awk -v parents="^($parents)\$" '$1 !~ parents { print $1 "=" $2 }' "$work/shown")
	# shellcheck disable=SC2086
	mstconfig -d "$1" -b "$db" -y s $settings
}

# agree WHEN COLUMN DEVICE: both tools on the parameters that are shown in this round.
agree()
{
	# shellcheck disable=SC2046
	ours "$3" "$1" $(cut -d' ' -f1 "$work/shown") > "$work/ours" || return 1
	[ -s "$work/ours" ] || return 1
	same_words "$work/ours" "$2" "$work/theirs" > "$work/differs"
	cat "$work/differs"
	[ ! -s "$work/differs" ]
}

# as_chosen: mstconfig's next is what was chosen.
as_chosen()
{
	same_words "$work/shown" 4 "$work/theirs" > "$work/differs"
	cat "$work/differs"
	[ ! -s "$work/differs" ]
}

stored()
{
	grep '^NEXT' "$NVDEV_DIR/.state"
}

# round WHO N DEVICE [PARAMETER...]: one of the two sets, both read.
round()
{
	local who=$1 n=$2 device=$3

	shift 3
	choose "$n" "$device" "$@"
	ok "$device, round $n: $who sets $(wc -l < "$work/shown") parameters" "${who}_set" "$device"
	# shellcheck disable=SC2046
	ask_theirs "$device" $(cut -d' ' -f1 "$work/shown") > "$work/theirs"
	ok "$device, round $n: mstconfig reads what was chosen" as_chosen
	ok "$device, round $n: libdpu reads the same" agree next_boot 4 "$device"
}

ok "the database of mstconfig is made" make_db
ok "the device is there" nvdev_start
expect 0 "libdpu finds the DPU" "$dpuctl" -j show "$NVDEV_PF0"
ok_json "as a DPU" 'd[0]["kind"] == "dpu"'
# What is a PF's own, and what that needs of the board's.
per_pf=$("$dpuctl" -j config query "$NVDEV_PF0" | jq -r '.[].name' |
	grep -E '^(PF_TOTAL|PF_SF|PF_NUM_(OF_VF|OF_VF_VALID|PF_MSIX|VF_MSIX)$|UEFI)')

for n in $ROUNDS; do
	round ours "$n" "$NVDEV_PF0"
done
# shellcheck disable=SC2086
for n in 1 3; do
	round ours "$n" "$NVDEV_PF1" $per_pf
done
choose 1 "$NVDEV_PF0"
ok "libdpu sets once more" ours_set "$NVDEV_PF0"
ask_theirs "$NVDEV_PF0" > "$work/theirs"
ok "current as mstconfig has it" agree current 3 "$NVDEV_PF0"
ok "default as mstconfig has it" agree default 2 "$NVDEV_PF0"
ok "of all that libdpu knows" [ "$(wc -l < "$work/ours")" -gt 80 ]
nvdev_do power-cycle
ask_theirs "$NVDEV_PF0" > "$work/theirs"
ok "after the power cycle current is as mstconfig has it" agree current 3 "$NVDEV_PF0"
ok "and is what was stored" agree current 4 "$NVDEV_PF0"

# What no parameter is about has not been touched: the values of before bring the bytes of before.
ok "libdpu resets, the mode too" "$dpuctl" config reset "$NVDEV_PF0" --mode
stored > "$work/ours.reset"
ask_theirs "$NVDEV_PF0" > "$work/theirs"
"$dpuctl" -j config query "$NVDEV_PF0" | jq -r '.[].name' > "$work/names"
# Not those that mean nothing by default.
grep -vE '^(PF_NUM_OF_VF|UEFI_(LOG_|DEBUG_).*)$' "$work/names" > "$work/shown"
ok "a reset gives the device its defaults" agree next_boot 2 "$NVDEV_PF0"
choose 3 "$NVDEV_PF0"
ok "libdpu sets on top of that" ours_set "$NVDEV_PF0"
ok "which changes something" [ "$(stored)" != "$(cat "$work/ours.reset")" ]
# Setting one sets its valid bit; only a reset gives that its default.
valid='SRIOV_EN NUM_OF_VFS NUM_OF_PF NUM_PF_MSIX NUM_VF_MSIX PF_TOTAL_SF PF_SF_BAR_SIZE PF_NUM_OF_VF'
"$dpuctl" -j config query "$NVDEV_PF0" | jq -r '.[] | [.name, (.default | tostring)] | join(" ")' |
	grep -vE "^($(echo "$valid" | tr ' ' '|')) " > "$work/values"
ok "libdpu sets each parameter to its default" ours_set "$NVDEV_PF0"
for name in $valid; do
	ok "libdpu resets $name" "$dpuctl" config reset "$NVDEV_PF0" "$name"
done
stored > "$work/now"
ok "the bits that have no name are as they were" cmp "$work/ours.reset" "$work/now"

for n in $ROUNDS; do
	round theirs "$n" "$NVDEV_PF0"
done
# shellcheck disable=SC2086
for n in 1 3; do
	round theirs "$n" "$NVDEV_PF1" $per_pf
done

ok "mstconfig resets" mstconfig -d "$NVDEV_PF0" -y reset
stored > "$work/theirs.reset"
ok "both resets leave the same bytes" cmp "$work/ours.reset" "$work/theirs.reset"
ok "nobody has written without the semaphore" [ "$(nvdev_counter unlocked_writes)$(nvdev_counter unlocked_icmd)" = 00 ]
ok "no frame was malformed" [ "$(nvdev_counter malformed)" = 0 ]
ok "no semaphore is left" [ "$(nvdev_counter semaphore_left)" = 0 ]
tap_done
