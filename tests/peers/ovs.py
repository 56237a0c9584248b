# SPDX-License-Identifier: LGPL-2.1-or-later
"""Open vSwitch with DPDK, an instance of its own: its dpdkvhostuserclient ports are the back-ends of our front-ends, as a
guest has them; its virtio_user port is the front-end of our back-end. Our generator's packets cross it from port to port, in
both directions, and every byte is looked at where they arrive."""
import os
import pathlib

import peers
from ends import generator
from peers import THEIR_CPU, Failure, Process, listening, processes_end, run, suite, test, unique, wait_for

COUNT = 20000
SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
# Without huge pages, DPDK's memory is what it was given at the beginning.
MEMORY = "--no-pci --no-huge --legacy-mem --file-prefix=ovs -m 512"


class Switch:
    """A bridge."""

    def __init__(self):
        self.database = unique("database")
        self.number = 0
        for name in "OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR":
            os.environ[name] = str(peers.work)
        file = unique("conf.db")
        run("ovsdb-tool", "create", file, SCHEMA)
        Process("ovsdb-server", ["ovsdb-server", file, f"--remote=punix:{self.database}", f"--unixctl={unique('control')}"])
        wait_for(lambda: listening(self.database), 10, "the database")
        self.control("--no-wait", "init")
        self.control("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                     f"other_config:pmd-cpu-mask={1 << THEIR_CPU:#x}", f"other_config:dpdk-lcore-mask={1 << THEIR_CPU:#x}",
                     f'other_config:dpdk-extra="{MEMORY}"', "other_config:per-port-memory=true")
        daemon = Process("ovs-vswitchd", ["ovs-vswitchd-dpdk", f"unix:{self.database}", f"--unixctl={unique('control')}"])
        daemon.says("DPDK Enabled - initialized", 20)
        self.control("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail_mode=secure")

    def control(self, *words):
        return run("ovs-vsctl", "--timeout=20", f"--db=unix:{self.database}", *words)

    def add(self, kind, option):
        """A port; its number."""
        self.number += 1
        name = f"port{self.number}"
        self.control("add-port", "br0", name, "--", "set", "Interface", name, f"type={kind}",
                     f"ofport_request={self.number}", f"options:{option}")
        if self.control("get", "Interface", name, "ofport").strip() != str(self.number):
            raise Failure(self.control("get", "Interface", name, "error"))
        return self.number

    def connect(self, *ports):
        for source, target in ports, reversed(ports):
            run("ovs-ofctl", "add-flow", f"unix:{peers.work}/br0.mgmt", f"in_port={source},actions=output:{target}")

    def clear(self):
        for name in self.control("list-ports", "br0").split():
            self.control("del-port", "br0", name)


def crossed(ours):
    return " and ".join(f"{port[0]} packets" for port in ours.finish())


def between_guests(switch, words, length):
    """Two of our front-ends."""
    paths = [unique("guest") for _ in range(2)]
    switch.connect(*(switch.add("dpdkvhostuserclient", f"vhost-server-path={path}") for path in paths))
    uris = [f"vhost-user:{path},frontend,server{words}" for path in paths]
    return crossed(generator("txonly", *uris, wanted=COUNT, length=length))


def to_backend(switch, ring):
    """A front-end and a back-end of ours: Open vSwitch is the driver of the latter's queues."""
    front, back = unique("guest"), unique("socket")
    uris = f"vhost-user:{front},frontend,server", f"vhost-user:{back},server"
    port = switch.add("dpdkvhostuserclient", f"vhost-server-path={front}")
    ours = generator("txonly", *uris, wanted=COUNT)
    wait_for(lambda: listening(back), 10, "our socket", ours)
    vdev = f"net_virtio_user{switch.number},path={back},{ring}"
    switch.connect(port, switch.add("dpdk", f'dpdk-devargs="vdev:{vdev}"'))
    return crossed(ours)


def with_ports(function, switch, *args):
    try:
        with processes_end():
            return function(switch, *args)
    finally:
        switch.clear()


def main():
    switch = Switch()
    for ring, words in ("split", ",without=ring_packed"), ("packed", ""):
        for length in 64, 1518:
            test(f"between two of our front-ends: {ring}, {length} bytes", with_ports, between_guests, switch, words, length)
    for ring, words in ("split", "packed_vq=0"), ("packed", "packed_vq=1"):
        test(f"between our front-end and our back-end: {ring}", with_ports, to_backend, switch, words)


with suite(150, "ovs-vswitchd-dpdk", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl"):
    main()
