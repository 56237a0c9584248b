# SPDX-License-Identifier: LGPL-2.1-or-later
"""Open vSwitch with DPDK, an instance of its own."""
import os
import pathlib

import peers
from peers import THEIR_CPU, Failure, Process, listening, run, unique, wait_for

SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
# Without huge pages, DPDK's memory is what it was given at the beginning.
MEMORY = "--no-pci --no-huge --legacy-mem --file-prefix=ovs -m 512"


class Switch:
    """A bridge."""

    def __init__(self, memory=MEMORY):
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
                     f'other_config:dpdk-extra="{memory}"', "other_config:per-port-memory=true")
        self.daemon = Process("ovs-vswitchd", ["ovs-vswitchd-dpdk", f"unix:{self.database}", f"--unixctl={unique('control')}"])
        self.daemon.says("DPDK Enabled - initialized", 20)
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
