# SPDX-License-Identifier: LGPL-2.1-or-later
"""Open vSwitch with DPDK and dpu-switch, on one core, between two virtio_user ports of the same generator."""
import ipaddress
import itertools
import re
import time

import measure
from ends import LAYOUTS
from measure import Cores, Rates
from openvswitch import Switch
from pairs import BACK, FRONT, Testpmd
from peers import Process, our, processes_end, unique

RINGS = "split", "packed"
NAMES = "en3f0pf0sf1", "en3f0pf0sf2"
# Flows of each of the two ports.
FLOWS = 50000


class Generator(Testpmd):
    """Both ports of it count."""

    def __init__(self, huge, paths, ring, mode, size, *args):
        vdevs = [f"net_virtio_user{i},path={path},server=1,queues=1,queue_size=1024,{LAYOUTS[ring][0]}"
                 for i, path in enumerate(paths)]
        super().__init__(huge, FRONT, vdevs, mode, size, *args, ring=1024, flood=16 if mode == "io" else None)

    def crossed(self):
        """Packets a second that have crossed the switch."""
        return sum(received for received, _ in self.shown(2))


def open_vswitch(huge, paths):
    memory = f"--no-pci --huge-dir={huge} --file-prefix=ovs --single-file-segments -m 512" if huge else None
    switch = Switch(memory) if memory else Switch()
    switch.connect(*(switch.add("dpdkvhostuserclient", f"vhost-server-path={path}") for path in paths))
    return switch.daemon


def dpu_switch(paths, rules):
    flows = unique("flows")
    flows.write_text("".join(f"{rule}\n" for rule in rules))
    return Process("dpu-switch", [our("dpu-switch"), "--create", "--cores", BACK, "--flows", flows, "sim:",
                                  *(f"{name}=vhost-user:{path},reconnect=100" for name, path in zip(NAMES, paths))],
                   preexec_fn=lambda: measure.os.sched_setaffinity(0, [BACK]))


def both_ways():
    return [f"in_port={a} actions=output:{b}" for a, b in (NAMES, NAMES[::-1])]


def exact(count):
    """One rule for each flow of testpmd's flowgen, and nothing else: they differ in the destination."""
    first = int(ipaddress.IPv4Address("10.253.0.0"))
    return [f"in_port={a},ip,nw_src=10.254.0.0,nw_dst={ipaddress.IPv4Address(first + i)},nw_proto=17,tp_src=1000,tp_dst=1001 "
            f"actions=output:{b}" for i in range(count) for a, b in (NAMES, NAMES[::-1])]


def run(make, huge, ring, mode, size, *args):
    with processes_end():
        paths = [unique("socket") for _ in range(2)]
        switch = make(paths)
        generator = Generator(huge, paths, ring, mode, size, *args)
        time.sleep(1.5)
        generator.go()
        time.sleep(0.5)
        with Cores(switch, generator) as cores:
            return cores.rates(generator.crossed)


def flows(huge, rounds):
    rates = Rates()
    words = "split", "flowgen", 64, f"--flowgen-flows={FLOWS}"
    for _ in range(rounds):
        rates.add("two rules", run(lambda paths: dpu_switch(paths, both_ways()), huge, *words))
        rates.add("exact rules", run(lambda paths: dpu_switch(paths, exact(FLOWS)), huge, *words))
    measure.show(rates, f"{2 * FLOWS} flows", "two rules")
    measure.verdict(f"{2 * FLOWS} exact rules for as many flows", rates.ratio("exact rules", "two rules"), "times", 0.75)


def bench(huge, rounds, wanted):
    found = {}
    print("Open vSwitch and dpu-switch, two ports, one core (Mpps, and times Open vSwitch's)", flush=True)
    for size, ring in itertools.product((64, 1518), RINGS):
        name = f"switch, {size} bytes, {ring}"
        if not re.search(wanted, name):
            continue
        rates = found[name] = Rates()
        for _ in range(rounds):
            rates.add("Open vSwitch", run(lambda paths: open_vswitch(huge, paths), huge, ring, "io", size))
            rates.add("dpu-switch", run(lambda paths: dpu_switch(paths, both_ways()), huge, ring, "io", size))
        measure.show(rates, name, "Open vSwitch")
    ratios = [rates.ratio("dpu-switch", "Open vSwitch") for name, rates in found.items() if "64 bytes" in name]
    measure.verdict("dpu-switch beside Open vSwitch, 64 bytes, the least", measure.least(ratios), "times", 1.5)
    if re.search(wanted, "switch, flows"):
        flows(huge, rounds)
