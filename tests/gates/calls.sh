#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The layer rule for calls: layers.sh reads includes, but a public function can be called from anywhere without one.
# Read from the objects' symbols: who defines a name, who uses it.
. "${top_srcdir:=.}/tests/gates/tap.sh"

# FOLDER KIND SYMBOL of every object of the library. libtool keeps position-independent objects in .libs.
find "$top_builddir/libdpu" -name 'libdpu_internal_la-*.o' -path '*/.libs/*' | while read -r object; do
	folder=$(dirname "$(dirname "${object#"$top_builddir"/libdpu/}")")
	[ "$folder" != . ] || folder=open
	$NM "$object" | sed -nE "s|^[0-9a-f ]* ([TDRBCU]) ([a-z_0-9]+)\$|$folder \1 \2|p"
done > "$work/symbols"

# What each folder may call, besides itself.
cat > "$work/rules" <<'END'
core
virtq core
virtio core virtq
vhost core virtq virtio
flow core
firmware core
provider core flow virtq
provider/sim core firmware flow virtq provider
provider/linux core firmware flow provider
device core flow provider
mode core firmware provider device
function core flow provider device mode
open core provider provider/linux provider/sim
END

# complaints SYMBOLS: the calls that run against the rules.
complaints()
{
	awk 'FNR == NR { for (i = 1; i <= NF; i++) may[$1, $i] = 1; known[$1] = 1; next }
		!($1 in known) { print "the folder " $1 " has no rule"; next }
		$2 != "U" { home[$3] = $1; next }
		{ use[$1 " " $3] = 1 }
		END { for (u in use) { split(u, w, " "); to = home[w[2]]
			if (to && !((w[1], to) in may)) print w[1] " calls " w[2] " of " to } }' "$work/rules" "$1" | sort
}

complaints "$work/symbols" > "$work/out"
nothing_wrong "no call runs upwards ($(wc -l < "$work/symbols") symbols)" "$work/out"

# Would it say so? Symbols are there, and a planted call upwards is found.
awk '$2 != "U" { print $1 }' "$work/symbols" | sort -u > "$work/homes"
cut -d' ' -f1 "$work/rules" | sort | diff - "$work/homes" > "$work/out"
nothing_wrong "every folder defines something" "$work/out"
{ cat "$work/symbols"; echo "provider/sim U dpu_sf_create"; } > "$work/planted"
[ "$(complaints "$work/planted")" = "provider/sim calls dpu_sf_create of function" ] || complaints "$work/planted" > "$work/out"
nothing_wrong "a planted call upwards is found" "$work/out"
tap_done
