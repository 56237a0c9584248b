#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The linux: provider against the tools people use: what it lists on this machine is what sysfs, ip and devlink say.
: "${top_builddir:=.}"
dump=${LINUX_DUMP:-$top_builddir/tests/unit/linux-dump}
work=$(mktemp -d)
ns=dpu-test-$$
made_ns=

cleanup() {
	[ -z "$made_ns" ] || ip netns del "$ns" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

n=0
failed=0
ok() { # status what
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}
skip() { # what why
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
same() { # want got what
	if cmp -s "$1" "$2"; then
		ok 0 "$3"
	else
		ok 1 "$3"
		diff "$1" "$2" | sed 's/^/# /'
	fi
}
lines() { # kind file: the dump's lines of one kind
	grep "^{\"what\":\"$1\"" "$2"
}
value() { # key: of each line of standard input
	sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\)\"\{0,1\}[,}].*/\1/p"
}

$dump >"$work/dump" 2>"$work/stderr"
ok $? "the provider lists this machine"
[ ! -s "$work/stderr" ]
ok $? "nothing goes to stderr"

# Every network-class PCI function is listed, with the numbers that sysfs has.
if [ -d /sys/bus/pci/devices ]; then
	for dir in /sys/bus/pci/devices/*; do
		case $(cat "$dir/class" 2>/dev/null) in
		0x02*) ;;
		*) continue ;;
		esac
		driver=
		[ ! -e "$dir/driver" ] || driver=$(basename "$(readlink -f "$dir/driver")")
		echo "$(basename "$dir") $driver $(($(cat "$dir/vendor"))) $(($(cat "$dir/device"))) $(cat "$dir/numa_node")"
	done | sort >"$work/pci.want"
	lines device "$work/dump" | while read -r line; do
		address=$(echo "$line" | value pci)
		[ -n "$address" ] || continue
		case $(cat "/sys/bus/pci/devices/$address/class") in
		0x02*) ;;
		*) continue ;;
		esac
		for key in pci driver vendor device; do
			printf '%s ' "$(echo "$line" | value $key)"
		done
		echo "$line" | value numa
	done | sort >"$work/pci.got"
	same "$work/pci.want" "$work/pci.got" "the network-class PCI functions are sysfs's"
else
	skip "the network-class PCI functions" "no PCI bus"
fi

# Every network device with hardware behind it, and no other, belongs to a device, a port or a function.
if command -v ip >/dev/null && command -v jq >/dev/null; then
	ip -j -d link >"$work/link.json"
	jq -r '.[] | select(.parentdev) | "\(.ifname)"' "$work/link.json" | sort >"$work/net.want"
	cat "$work/dump" | value netdev | grep . | sort -u >"$work/net.got"
	same "$work/net.want" "$work/net.got" "the network devices are those to which ip knows a parent"
	lines device "$work/dump" | while read -r line; do
		echo "$(echo "$line" | value netdev) $(echo "$line" | value ifindex)"
	done | grep -v '^ ' | sort >"$work/index.got"
	while read -r name index; do
		jq -r --arg name "$name" '.[] | select(.ifname == $name) | "\(.ifname) \(.ifindex)"' "$work/link.json"
	done <"$work/index.got" | sort >"$work/index.want"
	same "$work/index.want" "$work/index.got" "their interface numbers are ip's"
else
	skip "network devices against ip" "no ip or no jq"
fi

if command -v devlink >/dev/null && command -v jq >/dev/null && devlink -j dev >"$work/dev.json" 2>/dev/null; then
	jq -r '.dev | keys[]' "$work/dev.json" | grep -v ^auxiliary/ | sort >"$work/devlink.want"
	lines device "$work/dump" | value handle | grep -Fx -f "$work/devlink.want" | sort >"$work/devlink.got"
	same "$work/devlink.want" "$work/devlink.got" "the devlink instances are devlink's"
	devlink -j port | jq -r '.port | to_entries[] | "\(.key) \(.value.flavour)"' | grep -v ^auxiliary/ |
		sort >"$work/port.want"
	lines port "$work/dump" | while read -r line; do
		set -- physical cpu dsa pcipf pcivf virtual unused pcisf
		shift "$(echo "$line" | value flavour)"
		echo "$(echo "$line" | value handle)/$(echo "$line" | value index) $1"
	done | sort >"$work/port.got"
	same "$work/port.want" "$work/port.got" "the ports are devlink's"
	lines facility "$work/dump" | grep -q '"name":"devlink","present":1'
	ok $? "the facility is there"
else
	skip "devlink's instances and ports" "no devlink here"
	if lines facility "$work/dump" | grep -q '"name":"devlink","present":0,"reason":"..*"'; then
		ok 0 "the facility is absent, with a reason"
	else
		skip "the facility is absent" "the kernel has it, the tool is missing"
	fi
fi

[ -d /sys/class/infiniband ]
want=$((1 - $?))
if lines facility "$work/dump" | grep -q "built without RDMA"; then
	skip "the RDMA facility" "built without RDMA"
else
	lines facility "$work/dump" | grep -q "\"name\":\"rdma\",\"present\":$want"
	ok $? "the RDMA facility is there if sysfs has the class"
fi

# A network namespace without hardware.
if [ "$(id -u)" -ne 0 ]; then
	skip "a network namespace of its own" "not root"
elif ! ip netns add "$ns" 2>/dev/null; then
	skip "a network namespace of its own" "ip netns add is refused"
elif made_ns=1 && ! ip netns exec "$ns" true 2>/dev/null; then
	skip "a network namespace of its own" "ip netns exec is refused"
else
	made=lo
	ip -n "$ns" tuntap add dev tap7 mode tap 2>/dev/null && made="$made tap7"
	ip -n "$ns" link add dum7 type dummy 2>/dev/null && made="$made dum7"
	ip -n "$ns" link add ve7 type veth peer name ve8 2>/dev/null && made="$made ve7"
	ip -n "$ns" link add ifb7 type ifb 2>/dev/null && made="$made ifb7"
	ip netns exec "$ns" "$dump" >"$work/ns" 2>"$work/stderr"
	ok $? "the provider lists a namespace with: $made"
	cat "$work/ns" | value netdev | grep . >"$work/ns.got"
	: >"$work/ns.want"
	same "$work/ns.want" "$work/ns.got" "no software device is taken for hardware"
	lines device "$work/ns" | value pci | grep . | sort >"$work/nspci.got"
	cut -d' ' -f1 "$work/pci.want" 2>/dev/null | sort >"$work/nspci.want"
	same "$work/nspci.want" "$work/nspci.got" "the PCI functions are there, without their network devices"
fi

echo "1..$n"
exit $failed
