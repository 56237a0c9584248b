#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What fails: in the driver at every step, by the clock, by a device that goes away, by rights that are missing, by
# another process, by being killed. Each time the error says what it was, in the kernel's words where it had some, and
# nothing half-made stays behind.
# lab: limit=240
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

dpuctl=$(lab_program "$dpuctl")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$dpuctl"

ok "dpulab drives a PF, in switchdev mode" lab_dpu_pci 1 switchdev=1
dbg=/sys/kernel/debug/dpulab/$PF
pci=/sys/bus/pci/devices/$PF
devlink -j port show > "$work/before"

# unchanged: no port came, went, or is different; no program's record stays, but where one has ended in the middle.
unchanged()
{
	devlink -j port show > "$work/after"
	ok "nothing is left of it" cmp "$work/before" "$work/after"
	ok "no record either" [ ! -e /run/libdpu ]
}
delay()
{
	echo "$2" > "$dbg/delay/$1"
}
port()
{
	devlink port show "$DPU/$1"
}

# Every step of making an SF.
for step in port_new hw_addr_set caps_set state_set; do
	[ "$LAB_KERNEL" != 6.1 ] || [ $step != caps_set ] || continue
	roce=
	[ "$LAB_KERNEL" = 6.1 ] || roce="--roce off"
	echo "-5 1" > "$dbg/fault/$step"
	# shellcheck disable=SC2086 # two words or none
	expect 1 "an SF, with a failure of $step" "$dpuctl" -t 5000 sf create "$DPU" 41 --hw-addr 02:00:00:00:00:41 $roce
	ok "it is said" complains "injected failure of $step"
	unchanged
done
echo "-16 -1" > "$dbg/fault/sf_probe"
expect 6 "an SF whose driver fails" "$dpuctl" -t 1000 sf create "$DPU" 41
ok "its auxiliary device is named" grep -q 'dpulab\.sf\.[0-9]' "$work/err"
unchanged
echo 0 > "$dbg/fault/sf_probe"

# By the clock.
delay sf_probe -1
expect 6 "an SF that no driver takes" "$dpuctl" -t 1000 sf create "$DPU" 42
ok "its auxiliary device is named" grep -q 'dpulab\.sf\.[0-9]' "$work/err"
ok "and the time" complains "1000 ms"
unchanged
delay sf_probe 0
delay sf_attach -1
expect 6 "an SF without an auxiliary device" "$dpuctl" -t 500 sf create "$DPU" 42
unchanged
delay sf_attach 0
delay rep_netdev -1
expect 6 "an SF without a representor" "$dpuctl" -t 500 sf create "$DPU" 42
unchanged
expect 6 "a host's SF without a representor" "$dpuctl" -t 500 sf create "$DPU" 42 --controller 1
unchanged
delay rep_netdev 0
expect 0 "none of these took its number" "$dpuctl" -t 5000 sf create "$DPU" 42

# What cannot be deleted, changed or switched stays as it is.
devlink -j port show > "$work/with"
same_ports()
{
	devlink -j port show > "$work/after"
	cmp "$work/with" "$work/after"
}
echo "-16 1" > "$dbg/fault/port_del"
expect 4 "an SF that the driver does not delete" "$dpuctl" -t 5000 sf delete pf0sf42
ok "it is said" complains "injected failure of port_del"
ok "the SF is there, and works again" lab_wait 5 same_ports
echo "-5 1" > "$dbg/fault/eswitch_set"
expect 1 "a mode that is not taken" "$dpuctl" -t 5000 mode eswitch "$DPU" legacy
ok "it is said" complains "injected failure of eswitch_set"
ok "the ports are what they were" same_ports
devlink port function rate set "$DPU/32768" tx_share 1mbit tx_max 10mbit
devlink -j port function rate show > "$work/rates"
same_rates()
{
	devlink -j port function rate show > "$work/after"
	cmp "$work/rates" "$work/after"
}
echo "-5 1" > "$dbg/fault/rate_set"
expect 1 "a rate that is not taken" "$dpuctl" rate set "$DPU" 32768 --tx-max 20mbit
ok "it is said" complains "injected failure of rate_set"
expect 4 "half a rate" "$dpuctl" rate set "$DPU" 32768 --tx-share 8mbit --tx-max 900gbit
ok "the kernel says why" complains "TX rate value exceed link maximum speed"
expect 4 "half a node" "$dpuctl" rate add "$DPU" node --tx-share 8mbit --tx-max 900gbit
ok "the rates are what they were" same_rates
echo "-5 1" > "$dbg/fault/param_set"
expect 1 "a parameter that is not taken" "$dpuctl" param set "$DPU" max_macs 64
ok "it is said" complains "injected failure of param_set"
expect 4 "a value that makes no sense" "$dpuctl" param set "$DPU" max_macs 65
ok "the kernel says why" complains "Only power of 2 values are supported for max_macs"
ok "it is what it was" sh -c "devlink dev param show $DPU name max_macs | grep -q 'value 128'"
# One recovery that the error itself asks for, and ours.
echo "-5 2" > "$dbg/fault/health_recover"
echo "fw an accident" 2> "$work/quiet" > "$dbg/health_error"
expect 1 "no recovery" "$dpuctl" health recover "$DPU" fw
ok "it is said" complains "injected failure of health_recover"

# Rights. Reading needs none. Where the build lies, an ordinary user may not come: it gets copies.
public=$(mktemp -d)
chmod 755 "$public"
cp "$dpuctl" "$top_builddir"/libdpu/.libs/libdpu.so.* "$public"
lab_path=$LD_LIBRARY_PATH
export LD_LIBRARY_PATH="$public"
for who in "--bounding-set -net_admin --inh-caps -net_admin" "--reuid 65534 --regid 65534 --clear-groups"; do
	for what in "sf create $DPU 43" "sf delete pf0sf42" "rate set $DPU 32768 --tx-max 1mbit" "mode eswitch $DPU legacy" \
		"param set $DPU max_macs 64"; do
		# shellcheck disable=SC2086 # words
		expect 7 "$what, as $who" setpriv $who "$public/dpuctl" -t 5000 $what
		ok "the error says what is missing" complains CAP_NET_ADMIN
	done
	# shellcheck disable=SC2086
	expect 0 "all can see" setpriv $who "$public/dpuctl" sf list
	ok "the SF" says 42
done
export LD_LIBRARY_PATH="$lab_path"
rm -rf "$public"
ok "the ports are what they were" same_ports
ok "the rates too" same_rates
expect 0 "it can be deleted" "$dpuctl" -t 5000 sf delete pf0sf42
unchanged

# VFs.
echo 2 > "$pci/sriov_numvfs"
devlink -j port show > "$work/with"
ok "the kernel does not go from two to three" not sh -c "echo 3 > $pci/sriov_numvfs"
echo "-16 1" > "$dbg/fault/sriov"
expect 4 "a number of VFs that the driver does not take" "$dpuctl" -t 10000 vf set "$DPU" 3
ok "there are two" grep -qx 2 "$pci/sriov_numvfs"
ok "with their ports" same_ports
expect 4 "more than there can be" "$dpuctl" -t 10000 vf set "$DPU" 17
ok "there are two" grep -qx 2 "$pci/sriov_numvfs"
expect 0 "libdpu goes to three" "$dpuctl" -t 10000 vf set "$DPU" 3
ok "there are three" grep -qx 3 "$pci/sriov_numvfs"
ok "with ports" [ "$(devlink port show | grep -c 'flavour pcivf')" -eq 3 ]
delay vf_probe -1
delay rep_netdev -1
expect 6 "VFs that are not ready in time" "$dpuctl" -t 500 vf set "$DPU" 2
ok "there are three, as before" grep -qx 3 "$pci/sriov_numvfs"
delay vf_probe 0
delay rep_netdev 0
expect 0 "none" "$dpuctl" -t 10000 vf set "$DPU" 0
echo "-5 1" > "$dbg/fault/sriov"
expect 1 "two that the driver does not make" "$dpuctl" -t 10000 vf set "$DPU" 2
ok "there is none, as before" grep -qx 0 "$pci/sriov_numvfs"
unchanged

# Two at once: in the middle of making, there is a number already.
delay sf_attach 400
for _ in 1 2; do
	"$dpuctl" -t 10000 sf create "$DPU" 50 > "$work/one" 2>&1 &
	one=$!
	run "$dpuctl" -t 10000 sf create "$DPU" 50
	other=$code
	code=0
	wait $one || code=$?
	ok "one of two makers wins (exit codes 0 and 4)" [ "$(printf '%s\n' $code $other | sort | tr '\n' ' ')" = "0 4 " ]
	last="two of sf create $DPU 50"
	ok "the other one hears why" grep -q "SF already exist" "$work/one" "$work/err"
	ok "there is one SF" [ "$(devlink port show | grep -c 'sfnum 50')" -eq 1 ]
	expect 0 "it works, and goes" "$dpuctl" -t 10000 sf delete pf0sf50
done
unchanged

# Killed in the middle. What devlink has made is nobody's.
delay sf_attach 60000
devlink port add "$DPU" flavour pcisf pfnum 0 sfnum 61 > "$work/quiet"
devlink -j port show > "$work/with"
"$dpuctl" sf create "$DPU" 60 > "$work/quiet" 2>&1 &
maker=$!
active()
{
	port 32769 | grep -q 'state active'
}
ok "an SF is being made" lab_wait 5 active
expect 0 "it is no orphan while its maker lives" "$dpuctl" -j sf orphans "$DPU"
ok "there is none" line '\[\]'
kill -KILL $maker
wait $maker 2> "$work/quiet"
ok "the maker is killed, the SF is there" port 32769
rep=$(port 32769 | sed -n 's/.* netdev \([^ ]*\) .*/\1/p')
cat > "$work/tc" <<-END
	qdisc add dev $rep clsact
	filter add dev $rep ingress prio 1 protocol ip flower dst_ip 10.0.0.1 action drop
	filter add dev $rep ingress prio 2 protocol ip flower dst_ip 10.0.0.2 action drop
	filter add dev $rep ingress prio 3 protocol all chain 5 matchall skip_hw action drop
END
ok "with rules on its representor" tc -batch "$work/tc"
expect 0 "orphans" "$dpuctl" -j sf orphans "$DPU"
ok "this one, with its maker and its rules" [ "$(jq -c --arg maker $maker '[.[] | [.device, .name, .controller, .sfnum, .port,
	.representor, .rules, .making, (.owner | test("dpuctl.*\\b\($maker)$"))]]' "$work/out")" = \
	"[[\"$DPU\",\"pf0sf60\",0,60,32769,\"$rep\",3,true,true]]" ]
expect 0 "they are swept" "$dpuctl" -j -t 10000 sf sweep "$DPU"
ok "it was one" says '"swept": 1'
ok "devlink's SF is not among them" same_ports
expect 0 "orphans" "$dpuctl" -j sf orphans
ok "there is none" line '\[\]'
ok "no record stays" [ ! -e /run/libdpu ]

# A program that has its SF, and dies.
delay sf_attach 0
"$(lab_program "$top_builddir/tests/lab/owner")" "$DPU" 62 > "$work/owner" 2>&1 &
maker=$!
ok "an SF has an owner" lab_wait 10 grep -q '^made ' "$work/owner"
expect 0 "it is no orphan while that lives" "$dpuctl" -j sf orphans "$DPU"
ok "there is none" line '\[\]'
kill -KILL $maker
wait $maker 2> "$work/quiet"
netdev=$(sed -n 's/^made //p' "$work/owner")
ok "its owner is killed, the SF works on" ip link set "$netdev" up
expect 0 "orphans" "$dpuctl" -j sf orphans "$DPU"
ok "this one, which is whole" [ "$(jq -c --arg maker $maker '[.[] | [.name, .sfnum, .rules, .making,
	(.owner | test("owner.*\\b\($maker)$"))]]' "$work/out")" = '[["pf0sf62",62,0,false,true]]' ]
expect 0 "it is swept" "$dpuctl" -j -t 10000 sf sweep "$DPU"
ok "it was one" says '"swept": 1'
ok "its network device has gone" [ ! -e "/sys/class/net/$netdev" ]
ok "devlink's SF is not among them" same_ports
ok "no record stays" [ ! -e /run/libdpu ]

# A number of an orphan, which devlink has deleted and used again, is no orphan's any more.
delay sf_attach 60000
"$dpuctl" sf create "$DPU" 60 > "$work/quiet" 2>&1 &
maker=$!
ok "an SF is being made" lab_wait 5 active
kill -KILL $maker
wait $maker 2> "$work/quiet"
printf '%s\n' "port del $DPU/32769" "port add $DPU flavour pcisf pfnum 0 sfnum 60" > "$work/devlink"
devlink -b "$work/devlink" > "$work/quiet"
expect 0 "orphans" "$dpuctl" -j sf orphans "$DPU"
ok "there is none" line '\[\]'
expect 0 "nothing is swept" "$dpuctl" -j -t 10000 sf sweep "$DPU"
ok "devlink's second SF stays" port 32769
printf '%s\n' "port del $DPU/32768" "port del $DPU/32769" > "$work/devlink"
ok "devlink deletes its own" devlink -b "$work/devlink"
unchanged

# A device that goes away in the middle.
"$dpuctl" -t 20000 sf create "$DPU" 70 > "$work/out" 2> "$work/err" &
maker=$!
made()
{
	port 32768 | grep -q 'state active'
}
ok "an SF is being made" lab_wait 5 made
echo "$PF" > /sys/bus/pci/drivers/dpulab/unbind
last="sf create, and the PF is unbound"
code=0
wait $maker || code=$?
ok "its maker hears that the device has gone (exit code 3)" [ "$code" -eq 3 ]
ok "in words" grep -qiE "gone|no such device|there is no|vanish" "$work/err"
ok "no port stays" not sh -c "devlink port show | grep ."
ok "no record" [ ! -e /run/libdpu ]
echo "$PF" > /sys/bus/pci/drivers/dpulab/bind
ok "the device comes back" lab_wait 5 port 1
unchanged
ok "dpulab goes" lab_dpu_off
tap_done
