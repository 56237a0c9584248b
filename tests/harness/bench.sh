# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For benchmarks to source: what two programs cost in one run, as a ratio. Both sides are measured in turn and the least of
# each counts, so that what else the machine does hits both alike. $work is a folder to write into.

die()
{
	echo "bench: $*"
	exit 1
}

# took COMMAND...: in TOOK its microseconds, without output.
took()
{
	local from=${EPOCHREALTIME/./}
	"$@" > "$work/out" || die "failed: $*"
	TOOK=$((${EPOCHREALTIME/./} - from))
}
# least NAME VALUE: keeps in the variable the least that was ever given.
least()
{
	local -n least_of=$1
	[ -n "${least_of:-}" ] && [ "$least_of" -le "$2" ] || least_of=$2
}
quotient()
{
	awk -v a="$1" -v b="$2" -v digits="${3:-1}" 'BEGIN { printf "%.*f", digits, a / b }'
}
ms()
{
	quotient "$1" 1000
}

# verdict NAME VALUE UNIT "at least"|"at most"|under BOUND: on the value as it is printed.
verdict()
{
	printf '%-36s %s %s, %s %s: %s\n' "$1" "$2" "$3" "$4" "$5" "$(awk -v value="$2" -v how="$4" -v bound="$5" 'BEGIN {
		met = how == "at least" ? value >= bound : how == "under" ? value < bound : value <= bound
		print met ? "met" : "missed" }')"
}
fact()
{
	printf '    %s\n' "$*"
}
