#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# libdpu and mstconfig write the same TLV at the same time, over and over: it is never anything but what one of them wrote
# on what the other had left. mstconfig reads, and writes later; what libdpu wrote between is lost then, and it says so.
. "${top_srcdir:=.}/tests/nvdev/nvdev.sh"
nvdev_need mstconfig jq
NVDEV_PIN=no
nvdev_private "$@"
. "$top_srcdir/tests/tools/dpuctl.sh"
trap 'nvdev_stop; rm -rf "$work"' EXIT

ok "the device is there" nvdev_start
before=$(nvdev_tlv next 0 00000080)
: > "$work/ours"
: > "$work/theirs"

# Each writes two parameters of the TLV that the other one does not, always as a pair.
theirs()
{
	for n in 1 2 3 4 5 6; do
		timeout 60 mstconfig -d "$NVDEV_PF0" -y s "NUM_OF_VFS=$((10 + n))" "NUM_PF_MSIX=$((20 + n))" \
			> "$work/theirs.out" 2>&1 || echo "mstconfig: $?" >> "$work/theirs"
	done
	touch "$work/done"
}
theirs &
writer=$!
n=0
again=0
while [ ! -f "$work/done" ] && [ "$n" -lt 400 ]; do
	n=$((n + 1))
	timeout 60 "$dpuctl" config set "$NVDEV_PF0" "PF_BAR2_SIZE=$((n % 7))" "NUM_VF_MSIX=$((n % 7 + 100))" \
		> "$work/out" 2> "$work/err"
	case $? in
	0) ;;
	1) grep -q 'another program' "$work/err" && again=$((again + 1)) || cat "$work/err" >> "$work/ours" ;;
	*) cat "$work/err" >> "$work/ours" ;;
	esac
	nvdev_tlv next 0 00000080 >> "$work/seen"
done
wait "$writer"
echo "# libdpu wrote $n times, and was told of the other writer $again times"
ok "libdpu wrote while mstconfig did" [ "$n" -ge 6 ]
nothing_wrong "libdpu failed only for the other writer" "$work/ours"
nothing_wrong "mstconfig did not fail" "$work/theirs"

# Each TLV that was seen: the pairs belong together, and what belongs to nobody is as it was.
python_judge='
import sys
before = bytes.fromhex(sys.argv[1])
wrong = []
for line in open(sys.argv[2]):
    data = bytes.fromhex(line.strip())
    dw = [int.from_bytes(data[i:i + 4], "big") for i in (0, 4, 8)]
    old = [int.from_bytes(before[i:i + 4], "big") for i in (0, 4, 8)]
    size, vf = dw[0] & 0xff, dw[2] >> 22
    vfs, pf = dw[1] & 0xffff, dw[2] >> 12 & 0x3ff
    first = (size, vf) == (old[0] & 0xff, old[2] >> 22)
    if not first and vf != size + 100:
        wrong.append("libdpu: " + line.strip())
    first = (vfs, pf) == (old[1] & 0xffff, old[2] >> 12 & 0x3ff)
    if not first and pf != vfs + 10:
        wrong.append("mstconfig: " + line.strip())
    valid = 1 << 31 | 1 << 26 | 1 << 27
    if (dw[0] & ~0xff | valid) != (old[0] & ~0xff | valid) or dw[1] >> 16 != old[1] >> 16 or dw[2] & 0xfff != old[2] & 0xfff:
        wrong.append("nobody: " + line.strip())
print("\n".join(wrong[:5]), end="")
'
if [ -n "$python" ]; then
	"$python" -c "$python_judge" "$before" "$work/seen" > "$work/wrong"
	nothing_wrong "each TLV that was seen is whole" "$work/wrong"
else
	skip "each TLV that was seen is whole" "there is no python3"
fi
ok "nobody has written without the semaphore" [ "$(nvdev_counter unlocked_writes)$(nvdev_counter unlocked_icmd)" = 00 ]
ok "no semaphore is left" [ "$(nvdev_counter semaphore_left)" = 0 ]
tap_done
