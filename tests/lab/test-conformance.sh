#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite that every provider has to pass, by linux: on a kernel with a DPU. On the PCI device nothing of the control
# chapters may be skipped; there, and on a platform device, the drivers then take their time or go other ways.
# lab: limit=240
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

suite=$(lab_program "$top_builddir/tests/conformance/conformance")
export LD_LIBRARY_PATH="$top_builddir/libdpu/.libs"
need_program "$suite"

# has WORD: in what suite() has found out.
has()
{
	echo "$ran"
	case $ran in *" $1 "*) ;; *) return 1 ;; esac
}
# ports FILE: all of them, but for the names of netdevs, which are given anew when a netdev is.
ports()
{
	devlink -j port show | sed 's/"netdev":"[^"]*"/"netdev":1/g' > "$1"
}
# suite NAME CHAPTER...: passes, and has really done those chapters; the ports are then what they were.
suite()
{
	title=$1
	shift
	ports "$work/before"
	expect 0 "$title: the suite passes" "$suite" linux:
	# The chapters that skipped nothing; "wrong" and "short" when it is that.
	ran=$(awk '/^# chapter: / { name = $3 } /^ok/ { n++; passed[name] = 1 } /SKIP/ { passed[name] = 0 }
		/^not ok/ { n++; print "wrong" } /^1\.\./ { plan = $0 }
		END { for (name in passed) if (passed[name]) print name; if (plan != "1.." n) print "short" }' "$work/out")
	# shellcheck disable=SC2086 # words
	ran=" $(echo $ran) "
	ok "nothing is wrong" not has wrong
	ok "nothing is missing" not has short
	for chapter; do
		ok "$chapter was done" has "$chapter"
	done
	ports "$work/after"
	ok "the ports are what they were" diff "$work/before" "$work/after"
}
delays()
{
	while [ $# -gt 0 ]; do
		echo "$2" > "$dbg/delay/$1"
		shift 2
	done
}

ok "dpulab drives a PF" lab_dpu_pci 1 switchdev=1
dbg=/sys/kernel/debug/dpulab/$PF
suite "PCI" discovery e-switch SF VF
delays rep_netdev 150 sf_attach 200 opstate 200 vf_probe 100
suite "PCI, slowly" discovery e-switch SF VF
ok "dpulab goes" lab_dpu_off

ok "dpulab is a platform device" lab_dpu_platform switchdev=1
dbg=/sys/kernel/debug/dpulab/${DPU#platform/}
suite "platform" e-switch SF
echo 1 > "$dbg/sf_cfg"
suite "sf_cfg takes new SFs" e-switch SF
echo 0 > "$dbg/sf_cfg"
echo 0 > "$dbg/sf_eth_default"
suite "an SF comes without Ethernet" e-switch SF
echo 1 > "$dbg/sf_cfg"
delays rep_netdev 150 sf_attach 200 opstate 200
suite "all of that" e-switch SF
ok "dpulab goes" lab_dpu_off
tap_done
