# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtqueues, both sides, and the simulated e-switch between them."""
import errno
import gc
import mmap
import unittest

import tap
import libdpu
from libdpu import Chain, MemoryMap, PortEnd, Side, Virtq

SIZE = 8
BUFFER = 2048
BASE = 0x10000


class Pair:
    """Both sides of one queue, and buffers that the driver can use."""

    def __init__(self, features=0):
        self.ring = mmap.mmap(-1, Virtq.ring_size(SIZE).bytes)
        self.memory = mmap.mmap(-1, SIZE * BUFFER)
        self.map = MemoryMap()
        self.map.add(BASE, self.memory)
        self.driver = Virtq(self.ring, SIZE, Side.DRIVER, self.map, features=features)
        self.device = Virtq(self.ring, SIZE, Side.DEVICE, self.map, features=features)

    def buffer(self, i, size=BUFFER):
        return memoryview(self.memory)[i * BUFFER:i * BUFFER + size]

    def send(self, i, data):
        part = self.buffer(i, len(data))
        part[:] = data
        return self.driver.add([Chain(read=[part])])


class Queues(unittest.TestCase):
    def test_ring_size(self):
        total, avail, used = Virtq.ring_size(256)
        self.assertEqual((avail, used % 4096), (4096, 0))
        self.assertGreater(total, used)
        with self.assertRaises(libdpu.Error) as caught:
            Virtq.ring_size(3)
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_round_trip(self):
        pair = Pair()
        request = pair.buffer(0, 4)
        request[:] = b"ping"
        sent = Chain(read=[request], write=[pair.buffer(1, 2), pair.buffer(2, 8)], cookie="first")
        self.assertEqual(pair.driver.room, SIZE)
        self.assertEqual(pair.driver.add([sent]), 1)
        self.assertEqual((pair.driver.room, pair.device.pending), (SIZE - 3, 1))
        self.assertTrue(pair.driver.should_notify())
        [chain] = pair.device.pop()
        self.assertEqual(pair.device.room, 1)
        self.assertEqual(chain.data(), b"ping")
        self.assertTrue(chain.read[0].readonly)
        self.assertEqual([len(part) for part in chain.write], [2, 8])
        self.assertEqual(chain.fill(b"pong!"), 5)
        pair.device.push([chain])
        self.assertEqual(pair.driver.pending, 1)
        [back] = pair.driver.get()
        self.assertIs(back, sent)
        self.assertEqual((back.cookie, back.written), ("first", 5))
        self.assertEqual(bytes(back.write[0]) + bytes(back.write[1][:3]), b"pong!")
        self.assertEqual((pair.driver.get(), pair.device.pop()), ([], []))

    def test_more_than_fits(self):
        pair = Pair()
        chains = [Chain(write=[pair.buffer(i)], cookie=i) for i in range(SIZE)]
        self.assertEqual(pair.driver.add(chains + chains[:2]), SIZE)
        popped = pair.device.pop(3)
        popped += pair.device.pop()
        pair.device.push(reversed(popped))
        self.assertEqual([chain.cookie for chain in pair.driver.get()], list(reversed(range(SIZE))))

    def test_notifications(self):
        pair = Pair()
        pair.device.notify(False)
        pair.send(0, b"x")
        self.assertFalse(pair.driver.should_notify())
        self.assertTrue(pair.device.notify(True))

    def test_wrong_side_and_wrong_memory(self):
        pair = Pair()
        with self.assertRaises(libdpu.Error) as caught:
            pair.driver.pop()
        self.assertEqual(caught.exception.errno, errno.EINVAL)
        with self.assertRaises(libdpu.Error) as caught:
            pair.driver.add([Chain(read=[b"not in the map"])])
        self.assertEqual(caught.exception.errno, errno.EFAULT)
        with self.assertRaises(ValueError):
            Virtq(bytearray(10), SIZE, Side.DEVICE, pair.map)
        with self.assertRaises(libdpu.Error) as caught:
            pair.map.add(0, bytearray(1))
        self.assertEqual(caught.exception.errno, errno.EBUSY)

    def test_overlapping_regions(self):
        memory = MemoryMap()
        memory.add(BASE, bytearray(4096))
        with self.assertRaises(libdpu.Error) as caught:
            memory.add(BASE + 4095, bytearray(2))
        self.assertEqual(caught.exception.errno, errno.EEXIST)

    def test_hostile_driver(self):
        pair = Pair()
        pair.send(0, b"x")
        pair.ring[0:8] = (0xDEAD0000).to_bytes(8, "little")
        self.assertIsNone(pair.device.error)
        with self.assertRaises(libdpu.Error) as caught:
            pair.device.pop()
        self.assertEqual(caught.exception.errno, errno.EIO)
        self.assertTrue(pair.device.error)
        self.assertEqual(caught.exception.message, pair.device.error)

    def test_memory_stays(self):
        """Buffers stay as long as a queue or a view of a chain can reach them."""
        pair = Pair()
        pair.send(0, b"still here")
        [chain] = pair.device.pop()
        ring, memory = pair.ring, pair.memory
        with self.assertRaises(BufferError):
            ring.close()
        view = chain.read[0]
        pair.driver.close()
        pair.device.close()
        pair.map.close()
        del pair, chain
        gc.collect()
        ring.close()
        with self.assertRaises(BufferError):
            memory.close()
        self.assertEqual(bytes(view), b"still here")

    def test_use_after_close(self):
        pair = Pair()
        for queue in pair.driver, pair.device:
            queue.close()
            with self.assertRaises(ValueError):
                queue.pending
            with self.assertRaises(ValueError):
                queue.add([])
        pair.map.close()
        with self.assertRaises(ValueError):
            pair.map.add(0, bytearray(1))


class SimulatedEswitch(tap.SimTest):
    HEADER = bytes(10) + b"\x01\x00"
    FRAME = bytes.fromhex("020000000002020000000001" "88b5") + bytes(50)

    def setUp(self):
        super().setUp()
        self.eswitch = self.device.eswitch()

    def attach(self, port, end=PortEnd.FUNCTION):
        tx, rx = Pair(), Pair()
        rx.driver.add([Chain(write=[rx.buffer(i)]) for i in range(SIZE)])
        self.eswitch.attach(port, tx.device, rx.device, end)
        return tx, rx

    def test_a_rule_moves_a_packet(self):
        wire, sf = self.ctx.port("p0"), self.ctx.port("en3f0pf0sf0")
        wire_tx, wire_rx = self.attach(wire)
        sf_tx, sf_rx = self.attach(sf)
        with self.device.flow_table() as table:
            id = table.insert("in_port=p0 actions=en3f0pf0sf0")
            wire_tx.send(0, self.HEADER + self.FRAME)
            gc.collect()
            self.assertEqual(self.eswitch.process(), 1)
            [got] = sf_rx.driver.get()
            self.assertEqual(bytes(got.write[0][12:got.written]), self.FRAME)
            self.assertEqual(table.stats(id), (1, len(self.FRAME)))
        self.assertEqual(self.eswitch.process(), 0)
        self.assertEqual(wire.stats().rx_packets, 1)

    def test_miss_comes_out_at_the_representor(self):
        sf = self.ctx.port("en3f0pf0sf0")
        tx, _ = self.attach(sf)
        rep_tx, rep_rx = self.attach(sf, PortEnd.REPRESENTOR)
        tx.send(0, self.HEADER + self.FRAME)
        self.assertEqual(self.eswitch.process(), 1)
        self.assertEqual(len(rep_rx.driver.get()), 1)

    def test_attach_errors(self):
        port = self.ctx.port("en3f0pf0sf0")
        pair = self.attach(port)
        with self.assertRaises(libdpu.Error) as caught:
            self.attach(port)
        self.assertEqual(caught.exception.errno, errno.EBUSY)
        self.eswitch.detach(port)
        with self.assertRaises(libdpu.Error) as caught:
            self.eswitch.detach(port)
        self.assertEqual(caught.exception.errno, errno.ENOENT)
        with self.assertRaises(libdpu.Error) as caught:
            self.eswitch.attach(port, pair[0].driver, pair[1].device)
        self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_queues_live_on_in_the_eswitch(self):
        wire, sf = self.ctx.port("p0"), self.ctx.port("en3f0pf0sf0")
        tx, _ = self.attach(wire)
        _, rx = self.attach(sf)
        self.device.flow_table().insert("in_port=p0 actions=en3f0pf0sf0")
        tx.device.close()
        rx.device.close()
        tx.send(0, self.HEADER + self.FRAME)
        self.assertEqual(self.eswitch.process(), 1)
        self.assertEqual(len(rx.driver.get()), 1)


if __name__ == "__main__":
    tap.main()
