#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The suite on a simulated DPU in a file.
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
"$top_builddir/tests/conformance/conformance" "sim:$dir/topology.json"
