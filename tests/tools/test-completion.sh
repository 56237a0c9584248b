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
"$dpuctl" -u "sim:$work/state.json" sf create p0 88 > "$work/out" || skip_all "dpuctl does not run"

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

completes "dpuctl s" "show stats sf"
completes "dpuctl --t" "--timeout"
completes "dpuctl -j -t 5 fl" "flow"
completes "dpuctl sf " "list create delete set"
completes "dpuctl -u sim: sf c" "create"
completes "dpuctl vf s" "set"
completes "dpuctl flow " "list add del flush"
completes "dpuctl -u s" "sim:"
completes "dpuctl -u " "linux: sim:"
completes "dpuctl -t " ""
completes "dpuctl -u sim: show p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl -u sim: show pci/0000:03:00." "00.0 00.1"
completes "dpuctl -u sim: stats oob" "oob_net0"
completes "dpuctl -u sim: mode " "set eswitch reset oob_net0 p0 p1 tmfifo_net0"
completes "dpuctl -u sim: mode set p" "p0 p1 pci/0000:03:00.0 pci/0000:03:00.1 platform/MLNXBF17:00"
completes "dpuctl -u sim: mode set p0 " "dpu nic separated"
completes "dpuctl -u sim: mode eswitch p0 l" "legacy"
completes "dpuctl -u sim: mode reset pci/0000:03:00.0 " "firmware system"
completes "dpuctl -u sim: sf create p0 88 --" "--hw-addr --controller --inactive"
completes "dpuctl -u sim: sf create p0 88 --hw-addr " ""
completes "dpuctl $state sf delete en" "en3f0pf0sf0 en3f0pf0sf88 en3f1pf1sf0 enp3s0f0s0 enp3s0f0s88 enp3s0f1s0"
completes "dpuctl $state sf delete enp3s0f0s0 enp3s0f0s8" "enp3s0f0s88"
completes "dpuctl $state sf set en3f0pf0sf8" "en3f0pf0sf88"
completes "dpuctl $state sf set enp3s0f0s88 " "--hw-addr --state"
completes "dpuctl $state sf set enp3s0f0s88 --state a" "active"
completes "dpuctl -u $work/none: show " ""
DPU_URI=sim:$work/state.json
export DPU_URI
completes "dpuctl -j sf delete enp3s0f0s8" "enp3s0f0s88"
tap_done
