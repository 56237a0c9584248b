# SPDX-License-Identifier: LGPL-2.1-or-later
"""SFs that programs have left behind."""
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import tap
import libdpu
from libdpu import EventAction, EventObject

MAKER = """
import sys
sys.path.insert(0, sys.argv[1])
import libdpu
libdpu.Context(sys.argv[2]).device("p0").create_sf(sfnum=88, owned=True)
"""


class Orphans(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.uri = f"sim:{folder.name}/topology.json"
        self.ctx = libdpu.Context(self.uri)
        self.addCleanup(self.ctx.close)
        self.device = self.ctx.device("p0")

    def run_maker(self, uri):
        package = os.path.dirname(os.path.dirname(libdpu.__file__))
        return subprocess.Popen([sys.executable, "-B", "-c", MAKER, package, uri])

    def test_owner_lives(self):
        sf = self.device.create_sf(sfnum=88, owned=True, deadline=5)
        with libdpu.Context(self.uri) as other:
            self.assertEqual(other.device("p0").orphans(), [])
            self.assertEqual(other.device("p0").sweep_orphans(deadline=5), 0)
        self.assertEqual(sf.refresh().number, 88)

    def test_context_gone(self):
        """What the lists of facts hold does not keep the context."""
        other = libdpu.Context(self.uri)
        device = other.device("p0")
        facts = [device.params(), device.rates(), device.health(), device.resources(), device.versions(),
                 device.orphans(), other.rdma()]
        sf = device.create_sf(owned=True, controller=1, hw_addr="02:00:00:00:00:58", deadline=5)
        representor, number = sf.representor.netdev, sf.number
        other.device("p0").create_sf(deadline=5)
        self.device.flow_table().insert(f"in_port={representor} actions=drop")
        other.close()
        self.assertTrue(facts)
        (orphan,) = self.device.orphans()
        self.assertEqual((orphan.name, orphan.handle), (f"c1pf0sf{number}", self.device.handle))
        self.assertEqual((orphan.controller, orphan.sfnum, orphan.representor), (1, number, representor))
        self.assertIn(f"process {os.getpid()}", orphan.owner)
        self.assertEqual((orphan.rules, orphan.making), (1, False))
        self.assertEqual(self.ctx.port(representor).index, orphan.port)
        self.assertEqual(self.ctx.device("p1").orphans(), [])
        before = len(self.device.functions())
        self.assertEqual(self.device.sweep_orphans(deadline=5), 1)
        self.assertEqual((self.device.orphans(), len(self.device.functions())), ([], before - 1))

    def test_not_owned(self):
        with libdpu.Context(self.uri) as other:
            other.device("p0").create_sf(deadline=5)
            other.device("p0").create_sf(owned=True, deadline=5).delete(deadline=5)
        self.assertEqual(self.device.orphans(), [])

    def test_program_ended(self):
        with self.run_maker(self.uri) as maker:
            maker.wait()
        (orphan,) = self.device.orphans()
        self.assertEqual((maker.returncode, orphan.sfnum, orphan.making), (0, 88, False))
        self.assertIn(f"process {maker.pid}", orphan.owner)

    def test_program_killed_while_making(self):
        """The monitor tells when the maker is in the middle of it."""
        with self.ctx.monitor({EventObject.PORT}) as monitor:
            # Its driver never takes the SF.
            with self.run_maker(f"{self.uri}?fault=sf_attach:EIO") as maker:
                event = next(monitor.events(timeout=60), None)
                maker.send_signal(signal.SIGKILL)
        self.assertIsNotNone(event)
        self.assertIs(event.action, EventAction.ADDED)
        (orphan,) = self.device.orphans()
        self.assertEqual((orphan.sfnum, orphan.making, orphan.port), (88, True, event.port))
        self.assertEqual(self.device.sweep_orphans(deadline=5), 1)
        self.assertEqual(self.device.orphans(), [])


if __name__ == "__main__":
    tap.main()
