# SPDX-License-Identifier: LGPL-2.1-or-later
"""Events, and the ways to wait for them."""
import asyncio
import errno
import gc
import os
import select
import selectors
import tempfile

import tap
import libdpu
from libdpu import Event, EventAction, EventObject


class Events(tap.SimTest):
    def readable(self, monitor, timeout=0):
        return bool(select.select([monitor], [], [], timeout)[0])

    def test_names(self):
        self.assertEqual([str(member) for member in EventObject],
                         ["device", "port", "function", "netdev", "rdma", "health"])
        self.assertEqual([str(member) for member in EventAction], ["added", "changed", "removed"])

    def test_nothing_at_first(self):
        with self.ctx.monitor() as monitor:
            self.assertIsNone(monitor.next_event())
            self.assertEqual(list(monitor.events(timeout=0)), [])
            self.assertEqual(list(monitor.events(timeout=0.01)), [])

    def test_sf_life(self):
        with self.ctx.monitor() as monitor:
            sf = self.device.create_sf(sfnum=88, deadline=5)
            seen = list(monitor.events(timeout=0))
            port = sf.representor
            self.assertIn(Event(EventObject.PORT, EventAction.ADDED, self.device.handle, port.index, port.ifindex,
                                "en3f0pf0sf88"), seen)
            self.assertIn(("rdma", "added", sf.rdma_device),
                          [(str(event.object), str(event.action), event.name) for event in seen])
            sf.set(hw_addr="02:00:00:00:00:58")
            self.assertIn((EventObject.FUNCTION, EventAction.CHANGED, port.index),
                          [(event.object, event.action, event.port) for event in monitor.events(timeout=0)])
            sf.delete(deadline=5)
            gone = {event for event in monitor.events(timeout=0) if event.action == EventAction.REMOVED}
            self.assertEqual({event.object for event in gone},
                             {EventObject.PORT, EventObject.FUNCTION, EventObject.NETDEV, EventObject.RDMA})
            self.assertEqual({event.name for event in gone if event.object == EventObject.NETDEV},
                             {"en3f0pf0sf88", "enp3s0f0s88"})

    def test_chosen_objects(self):
        with self.ctx.monitor([EventObject.RDMA, EventObject.HEALTH]) as monitor:
            self.device.create_sf(deadline=5)
            self.device.set_auto_recover("fw_fatal", False)
            self.assertEqual({(event.object, event.name, event.action) for event in monitor.events(timeout=0)},
                             {(EventObject.RDMA, "mlx5_4", EventAction.ADDED),
                              (EventObject.HEALTH, "fw_fatal", EventAction.CHANGED)})
        with self.assertRaises(ValueError):
            self.ctx.monitor([])
        with self.assertRaises(libdpu.Error) as caught:
            self.ctx.monitor([31])
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_select(self):
        with self.ctx.monitor() as monitor:
            list(monitor.events(timeout=0))
            self.assertFalse(self.readable(monitor))
            self.device.create_sf(deadline=5)
            self.assertTrue(self.readable(monitor))
            self.assertTrue(list(monitor.events(timeout=0)))
            self.assertFalse(self.readable(monitor))

    def test_another_context(self):
        """Programs that share a topology hear of each other."""
        with tempfile.TemporaryDirectory() as folder:
            uri = f"sim:{folder}/topology.json"
            with libdpu.Context(uri) as one, libdpu.Context(uri) as two, one.monitor({EventObject.PORT}) as monitor:
                list(monitor.events(timeout=0))
                sf = two.device("p0").create_sf(sfnum=88, deadline=5)
                self.assertTrue(self.readable(monitor, 60))
                event = next(monitor.events(timeout=60))
                self.assertEqual((event.action, event.port), (EventAction.ADDED, sf.representor.index))
                sf.delete(deadline=5)
                event = next(event for event in monitor.events(timeout=60) if event.action != EventAction.CHANGED)
                self.assertEqual((event.action, event.port), (EventAction.REMOVED, sf.representor.index))
                with selectors.DefaultSelector() as selector:
                    list(monitor.events(timeout=0))
                    selector.register(monitor, selectors.EVENT_READ)
                    self.assertEqual(selector.select(0), [])
                    two.device("p0").set_vf_count(1, deadline=5)
                    self.assertEqual(len(selector.select(60)), 1)

    def test_asyncio(self):
        async def wait(monitor):
            first = asyncio.get_running_loop().create_future()

            def read():
                for event in monitor.events(timeout=0):
                    if not first.done():
                        first.set_result(event)

            asyncio.get_running_loop().add_reader(monitor, read)
            asyncio.get_running_loop().call_soon(self.device.set_vf_count, 1)
            event = await asyncio.wait_for(first, 60)
            asyncio.get_running_loop().remove_reader(monitor)
            return event

        with self.ctx.monitor([EventObject.FUNCTION]) as monitor:
            self.assertIs(asyncio.run(wait(monitor)).action, EventAction.ADDED)

    def test_background(self):
        """What was begun is told when it is done, without another call."""
        with libdpu.Context("sim:?latency=representors:50") as ctx:
            with ctx.monitor([EventObject.PORT]) as monitor:
                ctx.device("p0").set_eswitch_mode(libdpu.EswitchMode.LEGACY, deadline=5)
                list(monitor.events(timeout=0))
                with self.assertRaises(libdpu.Error) as caught:
                    ctx.device("p0").set_eswitch_mode(libdpu.EswitchMode.SWITCHDEV, deadline=0)
                self.assertEqual(caught.exception.errno, errno.ETIMEDOUT)
                self.assertIn("pf0hpf", (event.name for event in monitor.events(timeout=60)))

    def test_bad_timeout(self):
        with self.ctx.monitor() as monitor:
            for timeout in -1, float("nan"):
                with self.assertRaises(ValueError):
                    monitor.events(timeout=timeout)

    def test_faults(self):
        for step, use in (("monitor_open", lambda ctx: ctx.monitor()),
                          ("monitor_read", lambda ctx: ctx.monitor().next_event())):
            with libdpu.Context(f"sim:?fault={step}:EMFILE") as ctx:
                with self.assertRaises(libdpu.Error) as caught:
                    use(ctx)
                self.assertEqual((caught.exception.errno, caught.exception.step), (errno.EMFILE, step))
                use(ctx)

    def test_descriptor_goes_with_the_last_reference(self):
        for end in (lambda monitor, twin: (monitor.close(), twin.close()), lambda monitor, twin: self.ctx.close()):
            self.ctx = libdpu.Context("sim:")
            monitor = self.ctx.monitor()
            twin = monitor.dup()
            descriptor = monitor.fileno()
            self.assertEqual(twin.fileno(), descriptor)
            monitor.close()
            os.fstat(descriptor)
            end(monitor, twin)
            with self.assertRaises(OSError):
                os.fstat(descriptor)
            for use in twin.fileno, twin.next_event, lambda: next(twin.events()):
                with self.assertRaisesRegex(ValueError, "closed"):
                    use()
            self.ctx.close()

    def test_monitor_keeps_what_it_needs(self):
        monitor = libdpu.Context("sim:").monitor()
        gc.collect()
        self.assertIsNone(monitor.next_event())
        events = monitor.events(timeout=0)
        del monitor
        gc.collect()
        self.assertEqual(list(events), [])


if __name__ == "__main__":
    tap.main()
