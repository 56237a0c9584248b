#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What bash completes for dpuctl: verbs, options, and the names that a simulated DPU has.
. "${top_srcdir:=.}/tests/tools/tools.sh"
need_program "$dpuctl"
command -v bash > "$work/out" || skip_all "there is no bash"
completion=$top_srcdir/examples/dpuctl/completion/dpuctl
# Whoever types says dpuctl.
PATH=$(cd "$top_builddir/examples/dpuctl" && pwd):$PATH
export PATH
{
	"$dpuctl" -u "sim:$work/state.json" sf create p0 88 &&
		"$dpuctl" -u "sim:$work/vf.json" vf set p0 2 &&
		"$dpuctl" -u "sim:$work/vf.json" rate add p0 gold
} > "$work/out" || skip_all "dpuctl does not run"

cat > "$work/complete.bash" << 'END'
# complete.bash COMPLETION LINE: the choices at the end of the line. readline splits it as bash does here.
. "$1" || exit 1
COMP_LINE=$2
COMP_POINT=${#COMP_LINE}
COMP_WORDS=()
word=
for ((i = 0; i < COMP_POINT; i++)); do
	c=${COMP_LINE:i:1}
	case $c in
	" ") [ -z "$word" ] || COMP_WORDS+=("$word"); word= ;;
	:) [ -z "$word" ] || COMP_WORDS+=("$word"); COMP_WORDS+=(:); word= ;;
	*) word+=$c ;;
	esac
done
COMP_WORDS+=("$word")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
function=$(complete -p dpuctl | sed 's/.*-F \([^ ]*\).*/\1/')
$function dpuctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[@]}"
END

# completes LINE CHOICES: exactly these.
completes()
{
	run bash --norc "$work/complete.bash" "$completion" "$1"
	ok "\"$1\" completes to \"$2\"" [ "$(cat "$work/out" "$work/err")" = "$2" ]
}
state="-u sim:$work/state.json"
vfs="-u sim:$work/vf.json"

completes "dpuctl s" "show stats sf"
completes "dpuctl --t" "--timeout"
completes "dpuctl -j -t 5 fl" "flow"
completes "dpuctl sf " "list show create delete set orphans sweep"
completes "dpuctl -u sim: sf c" "create"
completes "dpuctl vf " "list show set stats autoprobe"
completes "dpuctl rate " "list set add delete"
completes "dpuctl param " "list set"
completes "dpuctl resource s" "set"
completes "dpuctl health " "list recover auto-recover"
completes "dpuctl r" "reload rate resource rdma"
completes "dpuctl m" "mode monitor"
completes "dpuctl v" "vf virtio"
completes "dpuctl -u sim: virtio " "features"
completes "dpuctl -u sim: virtio features n" "net"
completes "dpuctl -u sim: virtio features blk VIRTIO_BLK_F_T" "VIRTIO_BLK_F_TOPOLOGY"
completes "dpuctl -u sim: virtio features net 1 VIRTIO_NET_F_GUEST_TSO4" "VIRTIO_NET_F_GUEST_TSO4"
completes "dpuctl flow " "list add del flush"
completes "dpuctl -u s" "sim:"
completes "dpuctl -u " "linux: sim:"
completes "dpuctl -t " ""
completes "dpuctl -u sim: show p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl -u sim: show pci/0000:03:00." "00.0 00.1"
completes "dpuctl -u sim: stats oob" "oob_net0"
completes "dpuctl -u sim: mode " "set plan hosts eswitch reset oob_net0 p0 p1 tmfifo_net0"
completes "dpuctl -u sim: mode set p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl -u sim: mode set p0 " "dpu nic separated restricted"
completes "dpuctl -u sim: mode set p0 restricted --" "--dry-run --host --restrict"
completes "dpuctl -u sim: mode set p0 restricted --host 0 --restrict " "all none port_owner port_counter tracer rshim"
completes "dpuctl -u sim: mode plan p0 s" "separated"
completes "dpuctl -u sim: mode hosts p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl c" "config"
completes "dpuctl config " "query set reset profile tlv"
completes "dpuctl -u sim: config set p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl -u sim: config query p0 NUM_OF" "NUM_OF_PF NUM_OF_VFS"
completes "dpuctl -u sim: config query p0 SRIOV_EN PF_T" "PF_TOTAL_SF"
completes "dpuctl -u sim: config query oob_net0 " ""
completes "dpuctl -u sim: config set p0 NUM_OF" "NUM_OF_PF= NUM_OF_VFS="
completes "dpuctl -u sim: config set p0 NUM_OF_VFS=" ""
completes "dpuctl -u sim: config set p0 NUM_OF_VFS=8 PF_T" "PF_TOTAL_SF="
completes "dpuctl -u sim: config set p0 NUM_OF_VFS=8 --" "--dry-run"
completes "dpuctl -u sim: config reset p0 PF_TO" "PF_TOTAL_SF"
completes "dpuctl -u sim: config reset p0 --" "--mode --dry-run"
completes "dpuctl -u sim: config reset p0 PF_TOTAL_SF " "--dry-run"
completes "dpuctl -u sim: config profile p0 " "lag sf-external sf-internal vfe-vdpa virtio-hotplug virtio-static"
completes "dpuctl -u sim: config profile p0 lag " "--dry-run"
completes "dpuctl -u sim: config tlv p0 0 0x80 " "--index --function --when --set --offset"
completes "dpuctl -u sim: config tlv p0 0 0x80 --when " "current next default"
completes "dpuctl -u sim: mode eswitch p0 l" "legacy"
completes "dpuctl -u sim: mode reset pci/0000:03:00.0 " "firmware system"
completes "dpuctl -u sim: mode eswitch p0 --" "--inline-mode --encap"
completes "dpuctl -u sim: mode eswitch p0 legacy --i" "--inline-mode"
completes "dpuctl -u sim: mode eswitch p0 --inline-mode " "none link network transport"
completes "dpuctl -u sim: mode eswitch p0 --encap " "on off"
completes "dpuctl -u sim: reload p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl -u sim: reload p0 " "driver_reinit fw_activate"
completes "dpuctl -u sim: reload p0 fw_activate " "--no-reset"
limits="--roce --migratable --ipsec-crypto --ipsec-packet --trust --max-io-eqs --max-uc-list"
completes "dpuctl -u sim: sf create p0 " "any"
completes "dpuctl -u sim: sf create p0 88 --" "--hw-addr --controller --inactive $limits"
completes "dpuctl -u sim: sf create p0 88 --roce " "on off"
completes "dpuctl -u sim: sf create p0 88 --max-io-eqs 4 --m" "--migratable --max-io-eqs --max-uc-list"
completes "dpuctl -u sim: sf sweep p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl $vfs sf show " "en3f0pf0sf0 en3f1pf1sf0 enp3s0f0s0 enp3s0f1s0 pf0vf0 pf0vf1"
completes "dpuctl $vfs vf show " "pf0vf0 pf0vf1"
completes "dpuctl $vfs vf stats pf0vf1" "pf0vf1"
completes "dpuctl $vfs vf set p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00 pf0vf0 pf0vf1"
completes "dpuctl $vfs vf set pf0vf0 " "--hw-addr --vlan --qos --proto --spoofchk --trust --link-state --min-rate --max-rate\
 --node-guid --port-guid --msix"
completes "dpuctl $vfs vf set pf0vf0 --vlan 5 --proto " "802.1q 802.1ad"
completes "dpuctl $vfs vf set pf0vf0 --link-state " "auto enable disable"
completes "dpuctl $vfs vf set pf0vf0 --min-rate 5 --msix " ""
completes "dpuctl $vfs vf autoprobe p0 " "on off"
completes "dpuctl $vfs rate set p0 " "en3f0pf0sf0 gold pf0hpf pf0vf0 pf0vf1"
completes "dpuctl $vfs rate set p0 gold " "--tx-share --tx-max --priority --weight --parent"
completes "dpuctl $vfs rate set p0 pf0vf0 --parent " "none gold"
completes "dpuctl $vfs rate set p1 pf1hpf --parent " "none"
completes "dpuctl $vfs rate add p0 silver --tx" "--tx-share --tx-max"
completes "dpuctl $vfs rate delete p0 " "gold"
completes "dpuctl -u sim: param set p0 e" "enable_roce enable_sriov esw_multiport event_eq_size"
completes "dpuctl -u sim: param set p0 enable_roce true " "--cmode"
completes "dpuctl -u sim: param set p0 enable_roce true --cmode " "runtime driverinit permanent"
completes "dpuctl -u sim: resource set p0 " "max_external_SFs max_local_SFs"
completes "dpuctl -u sim: health recover p0 " "fw fw_fatal"
completes "dpuctl -u sim: health recover p0 fw " "--port"
completes "dpuctl -u sim: health auto-recover p0 fw_fatal " "on off"
completes "dpuctl -u sim: health auto-recover p0 fw_fatal on " "--port"
completes "dpuctl -u sim: monitor " "--object --count --timeout"
completes "dpuctl -u sim: monitor --count 2 --object " "device port function netdev rdma health"
completes "dpuctl -u sim: sf create p0 88 --hw-addr " ""
completes "dpuctl $state sf delete en" "en3f0pf0sf0 en3f0pf0sf88 en3f1pf1sf0 enp3s0f0s0 enp3s0f0s88 enp3s0f1s0"
completes "dpuctl $state sf delete enp3s0f0s0 enp3s0f0s8" "enp3s0f0s88"
completes "dpuctl $state sf set en3f0pf0sf8" "en3f0pf0sf88"
completes "dpuctl $state sf set enp3s0f0s88 " "--hw-addr --state $limits"
completes "dpuctl $state sf set enp3s0f0s88 --state a" "active"
completes "dpuctl -u $work/none: show " ""
DPU_URI=sim:$work/state.json
export DPU_URI
completes "dpuctl -j sf delete enp3s0f0s8" "enp3s0f0s88"
tap_done
