#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# dpuctl monitor while the tools change things: each change is told, and nothing that did not happen. When more happens
# than its sockets can hold, what it tells adds up to the world all the same.
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

dpuctl=$(lab_program "$dpuctl")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$dpuctl"

events=$work/events
seen=0
# The monitor runs when it tells of a change.
watching()
{
	printf '%s\n' "link add lab_first type dummy" "link del lab_first" > "$work/ip"
	ip -batch "$work/ip"
	[ -s "$events" ]
}
# mark: what is told from here on.
mark()
{
	seen=$(wc -l < "$events")
}
# told ACTION OBJECT [REST]: after the mark; REST is a pattern for what follows "object" in the line.
told()
{
	tail -n "+$((seen + 1))" "$events" | grep -q "\"action\":\"$1\",\"object\":\"$2\",${3:-}"
}
# tells ACTION OBJECT [REST]: it does so soon.
tells()
{
	ok "$2 $1${3:+: $3}" lab_wait 5 told "$@" || sed 's/^/# event: /' "$events" | tail -n "+$((seen + 1))"
}

ok "dpulab drives a PF, in switchdev mode" lab_dpu_pci 1 switchdev=1
dbg=/sys/kernel/debug/dpulab/$PF
modprobe dummy numdummies=0
modprobe rdma_rxe
"$dpuctl" -j monitor > "$events" &
monitor=$!
"$dpuctl" -j monitor --object port,health > "$work/some" &
some=$!
ok "the monitor runs" lab_wait 5 watching
at_port="\"device\":\"$DPU\",\"port\":32768"

mark
devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 7 > "$work/quiet"
tells added port "$at_port"
tells added function "$at_port"
rep=$(devlink port show "$DPU/32768" | sed -n 's/.* netdev \([^ ]*\) .*/\1/p')
tells added netdev ".*\"name\":\"$rep\""
ok "nothing was removed" not told removed '.*'
mark
devlink port function set "$DPU/32768" hw_addr 02:00:00:00:00:07
tells changed function "$at_port"
ok "once" [ "$(tail -n "+$((seen + 1))" "$events" | grep -c '"object":"function"')" -eq 1 ]
mark
devlink port function set "$DPU/32768" state active
tells changed function "$at_port"
tells added netdev
set -- /sys/bus/auxiliary/devices/dpulab.sf.*/net/*
ok "it is the SF's" told added netdev ".*\"name\":\"${1##*/}\""
mark
ip link set "$rep" name lab_rep
tells changed netdev '.*"name":"lab_rep"'
mark
ip link set lab_rep up
tells changed netdev '.*"name":"lab_rep"'
mark
ip link set lab_rep address 02:00:00:00:00:08
tells changed netdev '.*"name":"lab_rep"'
mark
rdma link add lab_rxe type rxe netdev lab_rep
tells added rdma '.*"name":"lab_rxe"'
mark
rdma link delete lab_rxe
tells removed rdma '.*"name":"lab_rxe"'
mark
echo "fw an accident" > "$dbg/health_error"
tells changed health "\"device\":\"$DPU\",.*\"name\":\"fw\""
ok "fw_fatal had none" not told changed health '.*"name":"fw_fatal"'
mark
devlink port function set "$DPU/32768" state inactive
tells removed netdev
tells changed function "$at_port"
mark
devlink port del "$DPU/32768"
tells removed port "$at_port"
tells removed function "$at_port"
tells removed netdev '.*"name":"lab_rep"'
ok "nothing was added" not told added '.*'
mark
echo 2 > "/sys/bus/pci/devices/$PF/sriov_numvfs"
tells added port "\"device\":\"$DPU\",\"port\":129"
tells added function "\"device\":\"$DPU\",\"port\":129"
mark
devlink dev eswitch set "$DPU" mode legacy
tells removed port "\"device\":\"$DPU\",\"port\":129"
tells removed port "\"device\":\"$DPU\",\"port\":1,"
mark
ok "netdevsim makes a device" lab_netdevsim 8 1
tells added device "\"device\":\"$NSIM\""
tells added port "\"device\":\"$NSIM\",\"port\":0"
tells added netdev ".*\"device\":\"$NSIM\""
mark
ok "and it goes" lab_netdevsim_off 8
tells removed device "\"device\":\"$NSIM\""
tells removed port "\"device\":\"$NSIM\",\"port\":0"
mark
echo 0 > "/sys/bus/pci/devices/$PF/sriov_numvfs"
devlink dev eswitch set "$DPU" mode switchdev
tells added port "\"device\":\"$DPU\",\"port\":1,"

# A storm. Some come to stay, some go for good, some come and go; and one does not hold still.
netdevs()
{
	ls /sys/class/net
}
ports()
{
	devlink port show | sed -n 's/^\(pci[^ ]*\): .*/\1/p'
}
devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 21 > "$work/quiet"
for n in 1 2 3 4 5; do
	echo "link add lab_old$n type dummy"
done > "$work/ip"
ip -batch "$work/ip"
tells added netdev '.*"name":"lab_old5"'
{
	netdevs
	ports
} | sort > "$work/before"
kill -STOP $monitor
mark
{
	for n in 1 2 3 4 5; do
		printf '%s\n' "link add lab_new$n type dummy" "link add lab_short$n type dummy"
	done
	n=0
	while [ $n -lt 2000 ]; do
		echo "link set lab_new$((n % 2 + 1)) mtu $((1000 + n))"
		n=$((n + 1))
	done
	for n in 1 2 3 4 5; do
		printf '%s\n' "link del lab_short$n" "link del lab_old$n"
	done
	printf '%s\n' "link set lab_new3 name lab_named" "link set lab_new2 up"
} > "$work/ip"
ip -batch "$work/ip"
cat > "$work/devlink" <<-END
	port add $DPU flavour pcisf pfnum 0 sfnum 22
	port add $DPU flavour pcisf pfnum 0 sfnum 23
	port del $DPU/32768
	port del $DPU/32769
END
devlink -b "$work/devlink" > "$work/quiet"
ok "the kernel had to drop messages" awk 'NR > 1 { drops += $9 } END { exit !drops }' /proc/net/netlink
ok "the monitor knew nothing of that" [ "$(wc -l < "$events")" -eq "$seen" ]
kill -CONT $monitor
# Something that comes after all of it.
ip link add lab_last type dummy
ok "the monitor goes on" lab_wait 20 told added netdev '.*"name":"lab_last"'
{
	netdevs
	ports
} | sort > "$work/after"
# What was there, and what has been told since, by name for netdevs and by handle for ports.
tail -n "+$((seen + 1))" "$events" | jq -r 'select(.object == "netdev" or .object == "port") |
	[.action, if .object == "port" then "\(.device)/\(.port)" else .name end, .ifindex // "-"] | join(" ")' > "$work/told"
awk 'FNR == NR { there[$1] = 1; next }
	$1 == "removed" { if (!there[$2]) print "removed twice: " $2 > "/dev/stderr"; delete there[$2]; next }
	$1 == "added" && there[$2] { print "added twice: " $2 > "/dev/stderr" }
	$2 ~ /^pci/ { there[$2] = 1; next }
	{ if ($3 in name && name[$3] != $2) delete there[name[$3]]; name[$3] = $2; there[$2] = 1 }
	END { for (it in there) print it }' "$work/before" "$work/told" 2> "$work/wrong" | sort > "$work/sum"
ok "what was there and what was told is what is there" diff "$work/sum" "$work/after"
ok "nothing came or went twice" not grep . "$work/wrong"
ok "what stayed away was not told of for good" not grep -E 'lab_(old|short)' "$work/sum"
kill -TERM $monitor
code=0
wait $monitor || code=$?
ok "the monitor ends when it is told to (exit code 0)" [ "$code" -eq 0 ]
kill -TERM $some
wait $some
ok "the other one has told of ports and health" [ "$(jq -r .object "$work/some" | sort -u | tr '\n' ' ')" = "health port " ]
expect 6 "nothing happens" "$dpuctl" -j monitor --count 1 --timeout 1

for n in new1 new2 named new4 new5 last; do
	echo "link del lab_$n"
done > "$work/ip"
ip -batch "$work/ip"
rmmod dummy
ok "dpulab goes" lab_dpu_off
tap_done
