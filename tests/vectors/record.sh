#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Records all vectors anew, or those that are named: see README in this folder.
set -euo pipefail
vectors=$(cd "$(dirname "$0")" && pwd -P)
export PYTHONDONTWRITEBYTECODE=1
for program in qemu-system-x86_64 dpdk-testpmd python3 pkg-config; do
	command -v "$program" > /dev/null || { echo "record.sh: $program is not installed" >&2; exit 77; }
done
names=("$@")
[ $# -gt 0 ] || read -ra names < <(python3 "$vectors/record.py" --list)
for name in "${names[@]}"; do
	echo "$name" >&2
	timeout 300 python3 "$vectors/record.py" "$name" "$vectors"
done
