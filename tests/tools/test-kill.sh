#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpuctl is killed at any moment, and several run at once: the shared state stays whole.
. "${top_srcdir:=.}/tests/tools/tools.sh"
need_program "$dpuctl"
state=$work/state.json
rounds=60

# A step later each time, over the whole of the work, which the latencies draw out: about 30 ms for the start,
# then a change every 20 ms. The order is shuffled (23 and 60 have no common divisor).
delay()
{
	printf '0.%03d' $((($1 * 23 % rounds) * 3 + 5))
}
# What a round kills; each kind of change has its turn.
change()
{
	case $(($1 % 4)) in
	0) set -- sf create p0 "$1" ;;
	1) set -- flow add p0 "priority=$1,arp actions=drop" ;;
	2) set -- sf create p1 "$1" --hw-addr 02:25:00:00:00:01 ;;
	3) set -- vf set p1 $(($1 % 16)) ;;
	esac
	timeout -s KILL "$pause" "$dpuctl" -u "sim:$state?latency=save:20&latency=sf_attach:5" "$@" > "$work/said" 2>&1
}

if ! timeout -s KILL 0.9 true 2> /dev/null; then
	skip "killed at any moment" "there is no timeout(1) that knows fractions of a second"
else
	"$dpuctl" -u "sim:$state" list > "$work/out"
	killed=0
	i=1
	: > "$work/torn"
	: > "$work/unusable"
	: > "$work/locked"
	mkdir "$work/states"
	while [ $i -le $rounds ]; do
		pause=$(delay $i)
		# The shell reports what was killed.
		{ change $i; } 2> /dev/null
		[ $? -lt 128 ] || killed=$((killed + 1))
		cp "$state" "$work/states/$i" || echo "round $i, killed after $pause s" >> "$work/torn"
		"$dpuctl" -u "sim:$state" list > "$work/out" 2>&1 ||
			{ echo "round $i, killed after $pause s"; cat "$work/out"; } >> "$work/unusable"
		if command -v flock > /dev/null && ! flock -n "$state.lock" true; then
			echo "round $i, killed after $pause s" >> "$work/locked"
		fi
		i=$((i + 1))
	done
	if [ -n "$python" ]; then
		"$python" -c 'import json, os, sys
for name in os.listdir(sys.argv[1]):
    try:
        d = json.load(open(os.path.join(sys.argv[1], name)))
        ports = [x["port"] for x in d["functions"]]
        if len(ports) != len(set(ports)):
            print("round", name, "two functions at one port")
    except ValueError as error:
        print("round", name, error)' "$work/states" >> "$work/torn" 2>&1
	fi
	echo "# $killed of $rounds were killed in time"
	ok "some were killed, some were not" [ "$killed" -gt 5 ]
	nothing_wrong "the state is whole after each round" "$work/torn"
	nothing_wrong "dpuctl list works after each round" "$work/unusable"
	if command -v flock > /dev/null; then
		nothing_wrong "the lock is free after each round" "$work/locked"
	else
		skip "the lock is free after each round" "there is no flock(1)"
	fi
	expect 0 "a change is possible" "$dpuctl" -u "sim:$state" sf create p1 999
	expect 0 "whatever was left half-made can be seen" "$dpuctl" -u "sim:$state" sf list
	"$dpuctl" -u "sim:$state" sf list | awk 'NR > 1 { print $9 }' > "$work/left"
	# shellcheck disable=SC2046
	expect 0 "and deleted" "$dpuctl" -u "sim:$state" sf delete $(cat "$work/left")
	expect 0 "then" "$dpuctl" -u "sim:$state" sf list
	ok "none is left" [ "$(wc -l < "$work/out")" -eq 1 ]
	ok "nothing else lies about" [ "$(cd "$work" && echo state.json*)" = "state.json state.json.lock" ]
fi

# --- several at once ---

state=$work/shared.json
# Also the first use is a race: the file is not there yet.
for process in 0 1 2 3 4 5 6 7; do
	for n in 0 1 2 3 4; do
		"$dpuctl" -u "sim:$state" sf create p$((process % 2)) $((100 + process * 5 + n)) || exit 1
	done > "$work/process.$process" 2>&1 &
	echo $! >> "$work/pids"
done
failures=0
while read -r pid; do
	wait "$pid" || failures=$((failures + 1))
done < "$work/pids"
cat "$work"/process.* > "$work/out"
: > "$work/err"
ok "8 processes, 5 SFs each: none failed" [ "$failures" -eq 0 ]
ok "each was told of its SFs" [ "$(grep -c '^SF 1[0-9][0-9]: netdev enp3s0f' "$work/out")" -eq 40 ]
expect 0 "sf list" "$dpuctl" -u "sim:$state" sf list
ok "all 40 are there, and the two that were" [ "$(grep -c ' active .* attached ' "$work/out")" -eq 42 ]
ok "numbers, netdevs, RDMA devices and representors are each unique" [ "$(awk 'NR > 1 {
	n += !($1 "/" $3 in a) + !($7 in b) + !($8 in c) + !($9 in d); a[$1 "/" $3]; b[$7]; c[$8]; d[$9] }
	END { print n }' "$work/out")" -eq 168 ]
expect 0 "show" "$dpuctl" -u "sim:$state" show
ok "no two share a port" [ "$(awk '$2 == "pcisf" { n += !($1 in seen); seen[$1] } END { print n }' "$work/out")" -eq 42 ]
tap_done
