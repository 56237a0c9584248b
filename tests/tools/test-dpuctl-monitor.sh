#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpuctl monitor: what another process changes is shown at once, and everything that ends it does.
. "${top_srcdir:=.}/tests/tools/dpuctl.sh"

usage monitor p0
usage monitor --count 0
usage monitor --count x
usage monitor --timeout 0
usage monitor --timeout 5000000000
usage monitor --object frob
usage monitor --object port,
usage monitor --object ""
usage monitor --object port,dev

# --- ends of a quiet world ---

expect 0 "after the time that was given" "$dpuctl" -u sim: monitor --timeout 1
ok "without a word" [ "$(cat "$work/out" "$work/err")" = "" ]
expect 6 "too few events within that time" "$dpuctl" -u sim: monitor --timeout 1 --count 2
ok "says how many" complains "dpuctl: 0 of 2 events within 1 s"
for signal in INT TERM; do
	code=0
	# The time is there to end the test, should the signal be lost.
	timeout -s "$signal" --preserve-status 1 "$dpuctl" -u sim: monitor --timeout 60 > "$work/out" 2> "$work/err" || code=$?
	ok "SIG$signal ends it (exit code 0)" [ "$code" -eq 0 ]
done
code=0
# The reader goes at once; there is no event that could not be written.
{ timeout 60 "$dpuctl" -u sim: monitor || echo "exit code $?" > "$work/code"; } | true
ok "so does a reader that goes" [ ! -f "$work/code" ]
code=0
timeout 60 "$dpuctl" -u sim: monitor >&- 2> "$work/err" || code=$?
ok "and standard output that is closed" eval '[ "$code" -eq 1 ] && complains "standard output"'
expect 1 "a step that fails" "$dpuctl" -u "sim:?fault=monitor_open:EIO" monitor
expect 1 "one that fails later" timeout 60 "$dpuctl" -u "sim:?fault=monitor_read:EIO" monitor

# --- what others do ---

uri=sim:$work/state.json
"$dpuctl" -u "$uri" list > "$work/out"

# changes FILE: changes the state until that file has a line. When the monitor begins to watch is not known.
changes()
{
	tries=0
	until [ -s "$1" ] || [ "$tries" -ge 200 ]; do
		tries=$((tries + 1))
		"$dpuctl" -u "$uri" sf create p0 "$((100 + tries))" > "$work/made" 2>&1
		sleep 0.05
	done
}
# watch ARGUMENT...: a monitor, while somebody else makes SFs.
watch()
{
	rm -f "$work/out" "$work/err"
	last="$*"
	"$dpuctl" -u "$uri" "$@" > "$work/out" 2> "$work/err" < /dev/null &
	watcher=$!
	changes "$work/out"
	code=0
	wait "$watcher" || code=$?
}

watch monitor --object port --count 1 --timeout 60
ok "a port that another process made (exit code 0)" [ "$code" -eq 0 ]
ok "is one line" [ "$(wc -l < "$work/out")" -eq 1 ]
ok "with time, what happened and what it is" \
	line '[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3} added port pci/0000:03:00\.0/[0-9]+( en3f0pf0sf[0-9]+)?'
watch -j monitor --object function --count 1 --timeout 60
ok_json "a function, in JSON" 'd["action"] in ("added", "changed") and d["object"] == "function"
	and d["device"] == "pci/0000:03:00.0" and d["port"] > 131072 and d["time_ms"] > 1600000000000
	and set(d) == {"time_ms", "action", "object", "device", "port", "name", "ifindex"}'
ok "on one line" [ "$(wc -l < "$work/out")" -eq 1 ]
watch monitor --object netdev,rdma --count 2 --timeout 60
ok "two objects: network devices (exit code $code)" \
	eval '[ "$code" -eq 0 ] && grep -qE " (added|changed) (netdev|rdma) " "$work/out" && not says port'

# Every event of one SF's life.
"$dpuctl" -u "$uri" -j monitor --timeout 60 > "$work/events" 2> "$work/err" < /dev/null &
watcher=$!
changes "$work/events"
"$dpuctl" -u "$uri" sf create p1 7 > "$work/made"
"$dpuctl" -u "$uri" sf delete pf1sf7 > "$work/made"
# removed FILE: whether that port's end has come.
removed()
{
	grep -q '"removed","object":"netdev","device":[^}]*"en3f1pf1sf7"' "$1" &&
		grep -q '"removed","object":"port","device":"pci/0000:03:00.1"' "$1"
}
tries=0
until removed "$work/events" || [ "$tries" -ge 200 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
kill -TERM "$watcher"
code=0
wait "$watcher" || code=$?
ok "SIGTERM amid events (exit code 0)" [ "$code" -eq 0 ]
if [ -n "$python" ]; then
	ok "an SF that comes and goes, each line a document" "$python" -c 'import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
mine = [(e["action"], e["object"]) for e in events if e["device"] == "pci/0000:03:00.1" or e["name"] in
	("en3f1pf1sf7", "enp3s0f1s7")]
for object in "port", "function", "netdev":
	assert mine.index(("added", object)) < mine.index(("removed", object)), mine' "$work/events"
else
	skip "an SF that comes and goes" "there is no python3 to read JSON"
fi

# A reader that goes amid events.
rm -f "$work/first"
{ timeout 60 "$dpuctl" -u "$uri" monitor --object port; echo "$?" > "$work/code"; } 2> "$work/err" | head -n 1 > "$work/first" &
changes "$work/first"
wait
ok "head -n 1 gets a line and ends it" [ "$(wc -l < "$work/first")" -eq 1 ]
ok "without complaint" [ ! -s "$work/err" ]
tap_done
