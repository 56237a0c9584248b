# SPDX-License-Identifier: LGPL-2.1-or-later
"""vhost: a back-end and a front-end of Python's, in one process."""
import concurrent.futures
import errno
import mmap
import os
import select
import socket
import tempfile
import unittest

import tap
import libdpu
from libdpu import Chain, VirtioBlk, VirtioNet, Vhost, VhostEventType, VhostFlag, VhostRole


class Pair:
    """Both ends of a connection, pumped in turn."""

    def __init__(self, backend=None, **frontend):
        one, two = socket.socketpair(socket.AF_UNIX)
        self.back = Vhost(f"vhost-user:fd={one.detach()}", **(backend or {}))
        self.front = Vhost(f"vhost-user:fd={two.detach()},frontend", memory_size=1 << 20, **frontend)
        self.told = []

    def pump(self):
        while ready := select.select([self.back, self.front], [], [], 0)[0]:
            for end in ready:
                while (event := end.process()) is not None:
                    self.told.append((end is self.back, event.type, event.index))
        return self


class Test(unittest.TestCase):
    def test_packets(self):
        net = VirtioNet(0, "02:00:00:00:00:01")
        pair = Pair({"net": net, "queues": 1}).pump()
        self.assertIn((True, VhostEventType.CONNECTED, 0), pair.told)
        self.assertIn((False, VhostEventType.QUEUE_START, 0), pair.told)
        self.assertIn((True, VhostEventType.QUEUE_START, 0), pair.told)
        state = pair.back.state
        self.assertTrue(state.connected)
        self.assertEqual((state.role, state.virtqs), (VhostRole.BACKEND, 2))
        self.assertTrue(pair.back.enabled(0))
        driver, device = pair.front.virtq(0), pair.back.virtq(0)
        memory = pair.front.memory
        memory[0:5] = b"hello"
        self.assertEqual(driver.add([Chain([memory[0:5]], [memory[64:80]])]), 1)
        self.assertTrue(driver.should_notify())
        pair.front.notify(0)
        self.assertTrue(select.select([pair.back], [], [], 5)[0])
        pair.told.clear()
        pair.pump()
        self.assertIn((True, VhostEventType.QUEUE_NOTIFIED, 0), pair.told)
        chain, = device.pop()
        self.assertEqual((chain.data, chain.room), (b"hello", 16))
        with self.assertRaises(libdpu.Error) as raised:
            device.push(chain, bytes(17))
        self.assertEqual(raised.exception.errno, errno.ENOSPC)
        device.push(chain, b"thanks")
        with self.assertRaises(libdpu.Error):
            device.push(chain)
        back, = driver.get()
        self.assertEqual((back.written, bytes(back.write[0][:6])), (6, b"thanks"))
        self.assertIs(pair.back.virtq(0), device)
        self.assertGreaterEqual(pair.back.queue_fd(0), 0)
        # The driver's end goes: the queue is the caller's until the event has been handled.
        pair.front.close()
        device.pop()
        driver.close()
        memory.release()
        del back, chain
        pair.told.clear()
        pair.told += [(True, event.type, event.index) for event in iter(lambda: self.next(pair.back), None)]
        self.assertIn((True, VhostEventType.DISCONNECTED, 0), pair.told)
        with self.assertRaises(ValueError):
            device.pop()
        self.assertIsNone(pair.back.virtq(0))

    @staticmethod
    def next(end):
        try:
            return end.process()
        except libdpu.Error as error:
            assert error.errno == errno.ENOTCONN, error
            return None

    def test_configuration(self):
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(1 << 20)
            blk = VirtioBlk(file.name)
            pair = Pair({"blk": blk}, device=2, features=blk.features).pump()
            self.assertEqual(int.from_bytes(pair.front.config_read(0, 8), "little"), (1 << 20) // 512)
            pair.back.config_changed()
            pair.pump()
            self.assertIn((False, VhostEventType.CONFIG, 0), pair.told)
            with self.assertRaises(libdpu.Error) as raised:
                pair.back.config_read()
            self.assertEqual(raised.exception.errno, errno.EINVAL)
            pair.front.config_write(32, b"\0")
            pair.pump()
            self.assertEqual(pair.front.config_read(32, 1), b"\0")

    def test_memory(self):
        pair = Pair().pump()
        fd = os.memfd_create("more")
        os.ftruncate(fd, mmap.PAGESIZE)
        more = mmap.mmap(fd, mmap.PAGESIZE)
        pair.front.add_memory(more, fd)
        pair.pump()
        self.assertIn((True, VhostEventType.MEMORY, 0), pair.told)
        more[0:3] = b"far"
        view = memoryview(more)
        self.assertEqual(pair.front.virtq(1).add([Chain([view[0:3]])]), 1)
        chain, = pair.back.virtq(1).pop()
        self.assertEqual(chain.data, b"far")
        pair.back.virtq(1).push(chain)
        pair.front.virtq(1).get()
        pair.front.remove_memory(more)
        pair.pump()
        os.close(fd)
        with self.assertRaises(libdpu.Error):
            pair.back.memory

    def test_handover(self):
        pair = Pair().pump()
        driver, memory = pair.front.virtq(1), pair.front.memory
        memory[0:3] = b"one"
        driver.add([Chain([memory[0:3]])])
        one, two = socket.socketpair(socket.AF_UNIX)
        with one, two, concurrent.futures.ThreadPoolExecutor() as pool:
            successor = pool.submit(Vhost.takeover, two, 5)
            old = pair.back.virtq(1)
            pair.back.handover(one, 5)
            with self.assertRaises(ValueError):
                old.pop()
            pair.back.close()
            pair.back = successor.result()
        pair.told.clear()
        pair.pump()
        self.assertIn((True, VhostEventType.QUEUE_START, 1), pair.told)
        chain, = pair.back.virtq(1).pop()
        self.assertEqual(chain.data, b"one")
        pair.back.virtq(1).push(chain)
        self.assertEqual(len(driver.get()), 1)
        with socket.socketpair(socket.AF_UNIX)[0] as nobody, self.assertRaises(libdpu.Error):
            Vhost.takeover(nobody, 0)

    def test_opening(self):
        with self.assertRaises(libdpu.Error) as raised:
            Vhost("vhost-user:/tmp/x,sever")
        self.assertIn("sever", str(raised.exception))
        with tempfile.TemporaryDirectory() as folder, Vhost(f"vhost-user:{folder}/s", flags=VhostFlag.SERVER) as vhost:
            self.assertIsNone(vhost.process(0.01))
            self.assertIsNone(vhost.virtq(0))
            self.assertIsNone(vhost.error)
            with self.assertRaises(libdpu.Error):
                vhost.notify(0)
            self.assertIn("waiting", repr(vhost))


if __name__ == "__main__":
    tap.main()
