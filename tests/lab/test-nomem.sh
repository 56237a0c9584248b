#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# lab: limit=240
# Out of memory at every allocation of the linux: provider.
. "${top_srcdir:=.}/tests/lab/guest/lab.sh"

lab_dpu_platform switchdev=1 || skip_all "no dpulab"
"$top_builddir/tests/lab/nomem" "$DPU"
code=$?
lab_dpu_off > /dev/null
exit "$code"
