# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speed beside DPDK, Open vSwitch and qemu-storage-daemon (make bench). Ratios of one run count, nothing else. A missed
bound is an exit code only with BENCH_STRICT=1."""
import os
import sys

import disks
import measure
import pairs
import switches
from measure import peers


def main():
    options = measure.options()
    if os.cpu_count() < 2:
        peers.skip_all("two cores are needed")
    peers.begin(7200, "dpdk-testpmd", "stdbuf")
    huge, before = measure.huge_pages()
    try:
        with peers.processes_end():
            if not huge:
                measure.fact("no huge pages: DPDK is slower without")
            pairs.bench(huge, options.rounds, options.only)
            switches.bench(huge, options.rounds, options.only)
            disks.bench(options.rounds, options.only)
    finally:
        measure.COUNT.write_text(str(before))
        peers.shutil.rmtree(peers.work, ignore_errors=True)
    sys.exit(1 if measure.missed and os.environ.get("BENCH_STRICT") else 0)


main()
