# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lifetimes: any order of release, use after close, contexts side by side."""
import copy
import gc
import os
import pickle
import random
import tempfile
import unittest

import tap
import libdpu


def population(ctx):
    """One object of each kind that a context can give, some holding others."""
    device = ctx.device("p0")
    table = device.flow_table()
    table.insert("in_port=p0 actions=drop")
    sf = device.create_sf(sfnum=88, deadline=5)
    software = libdpu.FlowTable(ctx)
    rule = libdpu.FlowRule(ctx, "any actions=drop")
    software.insert(rule)
    return [ctx, device, device.context, table, sf, sf.representor, sf.device, software, rule, device.eswitch(),
            ctx.monitor(), *ctx.devices(), *device.ports(), *device.functions(), *table]


class Lifetime(unittest.TestCase):
    def test_random_orders(self):
        """The collector may take objects in any order."""
        seed = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)
        print(f"# SEED={seed}")
        order = random.Random(seed)
        for _ in range(50):
            objects = population(libdpu.Context("sim:"))
            order.shuffle(objects)
            while objects:
                objects.pop()
                if order.random() < 0.2:
                    gc.collect()

    def test_cycles(self):
        """Objects that only a reference cycle holds are released too, in the collector's order."""
        for _ in range(20):
            objects = []
            objects += population(libdpu.Context("sim:", log=lambda *record, cycle=objects: None, log_level=3))
            objects.append(objects)
            del objects
            gc.collect()

    def test_explicit_close_in_random_orders(self):
        order = random.Random(7)
        for _ in range(20):
            objects = [obj for obj in population(libdpu.Context("sim:")) if isinstance(obj, libdpu._object.Object)]
            order.shuffle(objects)
            for obj in objects:
                obj.close()
                obj.close()
                self.assertTrue(obj.closed)

    def test_children_outlive_the_variable(self):
        device = libdpu.Context("sim:").device("p0")
        gc.collect()
        self.assertEqual(device.ports()[0].device.context.uri, "sim:")

    def test_context_closes_its_objects(self):
        with libdpu.Context("sim:") as ctx:
            device = ctx.device("p0")
            port = device.ports()[0]
            monitor = ctx.monitor()
        for use in (lambda: ctx.uri, ctx.devices, lambda: device.handle, device.ports, port.stats, ctx.__enter__,
                    lambda: device.create_sf(sfnum=1), ctx.flow_table, ctx.rdma, ctx.monitor, monitor.fileno,
                    monitor.next_event, device.params, lambda: device.vf_autoprobe):
            with self.assertRaisesRegex(ValueError, "closed"):
                use()
        self.assertIn("closed", repr(device))

    def test_dup(self):
        with libdpu.Context("sim:") as ctx:
            memory = libdpu.MemoryMap()
            for obj in [ctx.device("p0"), ctx.port("p0"), ctx.function("enp3s0f0s0"), ctx.flow_table(),
                        libdpu.FlowRule(ctx), ctx.device("p0").eswitch(), ctx.monitor(), memory,
                        libdpu.Virtq(bytearray(16384), 8, libdpu.Side.DEVICE, memory)]:
                other = obj.dup()
                obj.close()
                self.assertTrue(obj.closed)
                self.assertNotIn("closed", repr(other))
                other.close()

    def test_two_contexts(self):
        with libdpu.Context("sim:") as one, libdpu.Context("sim:") as two:
            one.device("p0").create_sf(sfnum=88, deadline=5)
            self.assertEqual(one.function("enp3s0f0s88").number, 88)
            with self.assertRaises(libdpu.Error):
                two.function("enp3s0f0s88")
            one.close()
            self.assertEqual(two.device("p0").netdev, "p0")

    def test_shared_topology(self):
        with tempfile.TemporaryDirectory() as folder:
            uri = f"sim:{folder}/topology.json"
            with libdpu.Context(uri) as ctx:
                ctx.device("p0").create_sf(sfnum=88, deadline=5)
            with libdpu.Context(uri) as ctx:
                self.assertEqual(ctx.function("enp3s0f0s88").number, 88)

    def test_errors_can_be_copied(self):
        with libdpu.Context("sim:") as ctx:
            with self.assertRaises(libdpu.Error) as caught:
                ctx.device("p7")
        for twin in pickle.loads(pickle.dumps(caught.exception)), copy.copy(caught.exception):
            self.assertEqual((twin.errno, twin.step, twin.object, str(twin)),
                             (caught.exception.errno, caught.exception.step, "p7", str(caught.exception)))


if __name__ == "__main__":
    tap.main()
