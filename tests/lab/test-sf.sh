#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# SFs on a kernel: usable when the call returns, whichever way the driver goes; those of the host; numbers, attributes,
# states; and gone when the call returns.
# shellcheck disable=SC2154 # members() makes m_NAME
# shellcheck disable=SC3013 # -ef: the shells there are have it
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

dpuctl=$(lab_program "$dpuctl")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$dpuctl"

aux=/sys/bus/auxiliary/devices
# members: of the JSON object that dpuctl has printed, as m_NAME. No program for it: each costs 35 ms.
members()
{
	while read -r member; do
		case $member in '"'*'": '*) ;; *) continue ;; esac
		value=${member#*: } value=${value%,} value=${value#'"'}
		member=${member#'"'}
		eval "m_${member%%'"'*}=\${value%'\"'}"
	done < "$work/out"
}
# create TITLE ARGUMENT...: an SF; in ND its netdev, in REP its representor, in AUX its auxiliary device.
create()
{
	title=$1
	shift
	expect 0 "$title" "$dpuctl" -j -t 10000 sf create "$DPU" "$@"
	members
	ND=$m_netdev REP=$m_representor AUX=$m_aux_device
}
# usable ADDRESS: its netdev and representor are there, the right driver has it.
usable()
{
	ok "its netdev is there" [ -d "/sys/class/net/$ND" ]
	ok "on its auxiliary device" [ "/sys/class/net/$ND/device" -ef "$aux/$AUX" ]
	read -r address < "/sys/class/net/$ND/address"
	ok "with its address" [ "$address" = "$1" ]
	ok "its representor is there" [ -d "/sys/class/net/$REP" ]
	ok "the driver of SFs has it" [ "$aux/$AUX/driver" -ef /sys/bus/auxiliary/drivers/dpulab.sf ]
}
# delete SF...: they are gone when that returns.
delete()
{
	expect 0 "sf delete $*" "$dpuctl" -t 10000 sf delete "$@"
	set -- $aux/dpulab.sf.*
	ok "no auxiliary device stays" [ ! -e "$1" ]
	devlink -j port show > "$work/after"
	ok "no port stays" cmp "$work/before" "$work/after"
}
opstate()
{
	run "$dpuctl" -j sf show "$1"
	members
	ok "$1 is $2, $3" [ "$m_state, $m_opstate" = "$2, $3" ]
}

ok "dpulab drives a PF, in switchdev mode" lab_dpu_pci 1 switchdev=1 max_sfs=4
dbg=/sys/kernel/debug/dpulab/$PF
devlink -j port show > "$work/before"

# By its names, and it carries packets.
create "an SF" 88 --hw-addr 02:00:00:00:00:88
usable 02:00:00:00:00:88
for name in "$ND" "$REP" "$AUX" "$DPU/32768" pf0sf88; do
	expect 0 "it is $name" "$dpuctl" -j sf show "$name"
	members
	ok "with its number" [ "$m_number" = 88 ]
done
ip netns add sf
ip link set "$ND" netns sf
printf '%s\n' "link set $ND up" "addr add 10.1.1.1/24 dev $ND" > "$work/ip"
ip -n sf -batch "$work/ip"
printf '%s\n' "link set $REP up" "addr add 10.1.1.2/24 dev $REP" > "$work/ip"
ip -batch "$work/ip"
ok "it carries packets" ip netns exec sf ping -c 1 -W 5 10.1.1.2
ip -n sf link set "$ND" netns 1
ip netns del sf
ip link set "$ND" up
delete "$REP"
ok "its netdev is gone, though it was up" [ ! -e "/sys/class/net/$ND" ]

# States.
create "an SF that stays inactive" 89 --hw-addr 02:00:00:00:00:89 --inactive
ok "it has a representor only" [ "$ND, $AUX" = "null, null" ]
ok "it is there" [ -d "/sys/class/net/$REP" ]
opstate pf0sf89 inactive detached
expect 0 "activated" "$dpuctl" -j -t 10000 sf set pf0sf89 --state active
members
ND=$m_netdev AUX=$m_aux_device
usable 02:00:00:00:00:89
opstate pf0sf89 active attached
expect 0 "another address" "$dpuctl" -t 10000 sf set pf0sf89 --hw-addr 02:00:00:00:00:8a
ok "is not the driver's yet" grep -qx 02:00:00:00:00:89 "/sys/class/net/$ND/address"
for what in sf_attach opstate rep_netdev; do
	echo 300 > "$dbg/delay/$what"
done
expect 0 "deactivated, slowly" "$dpuctl" -t 10000 sf set pf0sf89 --state inactive
ok "its netdev is gone" [ ! -e "/sys/class/net/$ND" ]
opstate pf0sf89 inactive detached
expect 0 "activated again, slowly" "$dpuctl" -j -t 10000 sf set pf0sf89 --state active
members
ND=$m_netdev AUX=$m_aux_device
usable 02:00:00:00:00:8a
opstate pf0sf89 active attached
create "another one, slowly" 90 --hw-addr 02:00:00:00:00:90
usable 02:00:00:00:00:90
delete pf0sf90 "$DPU/32768"
for what in sf_attach opstate rep_netdev; do
	echo 0 > "$dbg/delay/$what"
done

# sf_cfg takes each new SF, and lets go of it only when told to.
echo 1 > "$dbg/sf_cfg"
devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 91 > "$work/quiet"
devlink port function set "$DPU/32768" state active
taken()
{
	[ $aux/dpulab.sf.2/driver -ef /sys/bus/auxiliary/drivers/dpulab.sf_cfg ]
}
ok "without libdpu it stays with sf_cfg" lab_wait 5 taken
create "an SF that sf_cfg takes" 92 --hw-addr 02:00:00:00:00:92
usable 02:00:00:00:00:92
ok "the other one is left where it is" taken
echo 0 > "$dbg/sf_eth_default"
create "one that comes without Ethernet too" 93 --hw-addr 02:00:00:00:00:93
usable 02:00:00:00:00:93
ok "Ethernet was enabled" sh -c "devlink dev param show auxiliary/$AUX name enable_eth | grep -q 'value true'"
echo 0 > "$dbg/sf_cfg"
create "one without Ethernet" 94 --hw-addr 02:00:00:00:00:94
usable 02:00:00:00:00:94
expect 4 "one more than there can be" "$dpuctl" -t 10000 sf create "$DPU" 95
ok "the kernel says why" complains "No free SF"
echo 1 > "$dbg/sf_eth_default"
delete pf0sf91 pf0sf92 pf0sf93 pf0sf94

# Any number: the lowest that is free. Those from 1000 on are not given out.
for n in 1 3 1000; do
	echo "port add $DPU flavour pcisf pfnum 0 sfnum $n"
done > "$work/devlink"
devlink -b "$work/devlink" > "$work/quiet"
create "any number" any
ok "is 2" [ "$m_number" = 2 ]
create "any number of the host" any --controller 1
ok "is 1" [ "$m_number" = 1 ]
expect 0 "the first is free again" "$dpuctl" -t 10000 sf delete pf0sf1
create "any number" any
ok "is 1" [ "$m_number" = 1 ]
delete pf0sf1 pf0sf2 pf0sf3 pf0sf1000 c1pf0sf1

# The host's: usable when the representor is there; the host's driver comes when it likes.
create "an SF of the host" 5 --controller 1 --hw-addr 02:00:00:00:01:05
ok "it has a representor" [ -d "/sys/class/net/$REP" ]
ok "and nothing else here" [ "$ND, $AUX, $m_external" = "null, null, true" ]
opstate c1pf0sf5 active detached
echo 5 > "$dbg/host_attach"
opstate c1pf0sf5 active attached
ok "with that address" grep -qx 02:00:00:00:01:05 /sys/class/net/dpulabh*/address
echo -5 > "$dbg/host_attach"
opstate c1pf0sf5 active detached
create "one of the DPU with the same number" 5 --hw-addr 02:00:00:00:00:05
usable 02:00:00:00:00:05
echo 5 > "$dbg/host_attach"
expect 0 "the host's is taken away" "$dpuctl" -t 10000 sf delete c1pf0sf5
ok "the DPU's stays" [ -d "/sys/class/net/$ND" ]
delete pf0sf5

# What an SF may do and have.
if [ "$LAB_KERNEL" = 6.1 ]; then
	expect 5 "a kernel without capabilities" "$dpuctl" -t 10000 sf create "$DPU" 6 --roce off
	expect 5 "or event queues" "$dpuctl" -t 10000 sf create "$DPU" 6 --max-io-eqs 12
	devlink -j port show > "$work/after"
	ok "nothing is left of it" cmp "$work/before" "$work/after"
else
	create "an SF without RoCE, with 12 event queues" 6 --roce off --max-io-eqs 12
	run "$dpuctl" -j sf list "$DPU"
	members
	ok "it is so" [ "$m_roce, $m_max_io_eqs" = "false, 12" ]
	expect 4 "not while it is active" "$dpuctl" -t 10000 sf set pf0sf6 --roce on
	ok "the kernel says why" complains "SF is in use"
	expect 4 "more than there can be" "$dpuctl" -t 10000 sf set pf0sf6 --state inactive --roce on --max-io-eqs 5000
	ok "the kernel says why" complains "Supplied value out of range"
	run "$dpuctl" -j sf show pf0sf6
	members
	ok "all is as it was" [ "$m_roce, $m_max_io_eqs, $m_state, $m_opstate" = \
		"false, 12, active, attached" ]
	expect 0 "while it is not" "$dpuctl" -t 10000 sf set pf0sf6 --state inactive --roce on --max-io-eqs 20
	run "$dpuctl" -j sf list "$DPU"
	members
	ok "it is so" [ "$m_roce, $m_max_io_eqs, $m_state" = "true, 20, inactive" ]
	expect 5 "what SFs do not have" "$dpuctl" -t 10000 sf set pf0sf6 --migratable on
	delete pf0sf6
fi
ok "dpulab goes" lab_dpu_off
tap_done
