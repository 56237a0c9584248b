# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtqueues, both sides, and the simulated e-switch between them."""
import ctypes
import errno
import gc
import mmap
import tempfile
import unittest

import tap
import libdpu
from libdpu import Chain, Layout, MemoryAccess, MemoryMap, PortEnd, Side, VirtioFeature, Virtq

SIZE = 8
BUFFER = 2048
BASE = 0x10000


def ffi_address(buffer):
    """Where a buffer is in memory."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


class Pair:
    """Both sides of one queue, and buffers that the driver can use."""

    def __init__(self, features=0, layout=Layout.SPLIT, **device):
        self.ring = mmap.mmap(-1, Virtq.ring_size(SIZE, layout).bytes)
        self.memory = mmap.mmap(-1, SIZE * BUFFER)
        self.map = MemoryMap()
        self.map.add(BASE, self.memory)
        self.driver = Virtq(self.ring, SIZE, Side.DRIVER, self.map, features=features, layout=layout)
        self.device = Virtq(self.ring, SIZE, Side.DEVICE, self.map, features=features, layout=layout, **device)

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
        self.assertEqual((chain.readable, chain.writable), (4, 10))
        self.assertEqual((chain.data(), chain.data(1, 2), chain.data(3, 9), chain.data(9)), (b"ping", b"in", b"g", b""))
        self.assertTrue(chain.read[0].readonly)
        self.assertEqual([len(part) for part in chain.write], [2, 8])
        self.assertEqual((chain.fill(b"too long to fit", 1), chain.written), (9, 10))
        self.assertEqual((chain.fill(b"ong!", 1), chain.written), (4, 5))
        self.assertEqual((chain.fill(b"p"), chain.fill(b"", 5), chain.written), (1, 0, 5))
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

    def test_overlapping_regions(self):
        memory = MemoryMap()
        memory.add(BASE, bytearray(4096))
        with self.assertRaises(libdpu.Error) as caught:
            memory.add(BASE + 4095, bytearray(2))
        self.assertEqual(caught.exception.errno, errno.EEXIST)

    def test_memory_map(self):
        memory, other = MemoryMap(), MemoryMap()
        with tempfile.TemporaryFile() as file:
            file.truncate(8192)
            memory.add_fd(BASE, 4096, file.fileno(), 4096)
        self.assertEqual(len(memory), 1)
        view = memory.find(BASE + 96)
        self.assertEqual(len(view), 4000)
        view[:5] = b"hello"
        self.assertIsNone(memory.find(BASE + 4096))
        memory.add_iova(BASE + 4096, bytearray(b"there"), MemoryAccess.READ)
        self.assertEqual(bytes(memory.find(BASE + 4097)), b"here")
        other.replace(memory)
        memory.remove(BASE, 4096)
        self.assertTrue(memory.settled)
        self.assertEqual((len(memory), len(other)), (1, 2))
        self.assertEqual(bytes(other.find(BASE + 96)[:5]), b"hello")
        other.close()
        memory.close()
        self.assertEqual(bytes(view[:5]), b"hello")

    def test_dirty_log(self):
        for layout in Layout:
            pair = Pair(layout=layout)
            log = bytearray(8)
            pair.map.set_log(log)
            pair.driver.add([Chain(write=[pair.buffer(0), pair.buffer(2)])])
            [chain] = pair.device.pop()
            chain.fill(bytes(BUFFER + 1))
            pair.device.push([chain])
            self.assertEqual(int.from_bytes(log, "little"), 3 << BASE // 4096)
            pair.map.set_log(None)

    def test_miss(self):
        pair = Pair(VirtioFeature.ACCESS_PLATFORM)
        self.assertIsNone(pair.device.miss)
        pair.send(0, b"x")
        pair.map.remove(BASE, len(pair.memory))
        with self.assertRaises(libdpu.Error) as caught:
            pair.device.pop()
        self.assertEqual(caught.exception.errno, errno.EFAULT)
        self.assertEqual(pair.device.miss, (BASE, MemoryAccess.READ))
        pair.map.add_iova(BASE, pair.memory, MemoryAccess.READ)
        self.assertEqual(pair.device.pop()[0].data(), b"x")

    def test_state(self):
        for layout in Layout:
            region = bytearray(Virtq.inflight_size(SIZE, layout))
            pair = Pair(VirtioFeature.NOTIFICATION_DATA, layout, inflight=region)
            for i in range(5):
                pair.send(i, b"x")
            self.assertEqual(pair.device.notified(pair.driver.notification(0)), 5)
            chains = pair.device.pop(4)
            pair.device.push(chains[1:2])
            heads = pair.device.inflight
            self.assertEqual(heads, [chains[i].head for i in (0, 2, 3)])
            state = pair.device.state
            self.assertEqual((state.avail, state.used), (4, 1))
            follower = Virtq(pair.ring, SIZE, Side.DEVICE, pair.map, layout=layout, inflight=region)
            self.assertEqual([chain.head for chain in follower.pop()], heads)
            self.assertEqual(follower.state, state)
            later = Virtq(pair.ring, SIZE, Side.DEVICE, pair.map, layout=layout, state=state)
            self.assertEqual(len(later.pop()), 1)
            self.assertEqual(len(pair.driver.get()), 1)
            self.assertEqual(len(pair.driver.detach()), 4)
            pair.driver.reset()
            self.assertEqual((pair.driver.room, pair.driver.state.avail), (SIZE, 0))

    def test_indirect(self):
        for layout in Layout:
            pair = Pair()
            tables = bytearray(SIZE * 4 * 16 + 16)
            pair.map.add(1 << 40, tables)
            address = ffi_address(tables) % 16
            part = memoryview(tables)[(16 - address) % 16:][:SIZE * 4 * 16]
            ring = mmap.mmap(-1, Virtq.ring_size(SIZE, layout).bytes)
            driver = Virtq(ring, SIZE, Side.DRIVER, pair.map, layout=layout,
                           features=VirtioFeature.INDIRECT_DESC, indirect=part)
            driver.add([Chain(read=[pair.buffer(0, 1), pair.buffer(1, 2)], write=[pair.buffer(2)])])
            self.assertEqual(driver.room, SIZE - 1)
            device = Virtq(ring, SIZE, Side.DEVICE, pair.map, layout=layout,
                           features=VirtioFeature.INDIRECT_DESC)
            [chain] = device.pop()
            self.assertEqual((len(chain.read), len(chain.write)), (2, 1))

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

    def test_removed_memory_stays(self):
        """Also when it was removed and the map is settled: what add_fd() mapped, for the views of it alone."""
        pair = Pair()
        with tempfile.TemporaryFile() as file:
            file.truncate(4096)
            pair.map.add_fd(1 << 40, 4096, file.fileno())
        shown = pair.map.find(1 << 40)
        shown[:4] = b"view"
        pair.driver.add([Chain(read=[shown[:4]])])
        [chain] = pair.device.pop()
        pair.map.remove(1 << 40, 4096)
        self.assertFalse(pair.map.settled)
        self.assertIsNone(pair.map.find(1 << 40))
        pair.device.push([chain])
        self.assertFalse(pair.map.settled)
        self.assertEqual(pair.driver.add([]), 0)
        self.assertTrue(pair.map.settled)
        gc.collect()
        self.assertEqual((bytes(shown[:4]), chain.data()), (b"view", b"view"))

    def test_removed_memory_goes(self):
        """A buffer is let go when nothing can reach it any more, not before."""
        pair = Pair()
        other = mmap.mmap(-1, 8192)
        pair.map.add(1 << 40, other)
        part = memoryview(other)[:1]
        pair.driver.add([Chain(read=[part])])
        [chain] = pair.device.pop()
        pair.map.remove(1 << 40, 4096)
        pair.device.push([chain])
        self.assertEqual((len(pair.driver.get()), pair.driver.add([]), pair.map.settled), (1, 0, True))
        part.release()
        del chain
        gc.collect()
        with self.assertRaises(BufferError):
            other.close()
        pair.map.remove((1 << 40) + 4096, 4096)
        self.assertEqual((pair.device.pop(0), pair.driver.add([]), pair.map.settled), ([], 0, True))
        gc.collect()
        other.close()

    def test_push_what_is_not_out(self):
        """The dirty log goes by the elements that pop() gave, not by those of the chain that is pushed."""
        pair = Pair()
        log = bytearray(8)
        pair.map.set_log(log)
        pair.driver.add([Chain(write=[pair.buffer(2)])])
        [chain] = pair.device.pop()
        forged = Chain()
        forged.head, forged.written = chain.head ^ 1, BUFFER
        for queue in pair.driver, pair.device:
            with self.assertRaises(libdpu.Error) as caught:
                queue.push([forged])
            self.assertEqual(caught.exception.errno, errno.EINVAL)
        forged.head = chain.head
        pair.device.push([forged])
        self.assertTrue(int.from_bytes(log, "little") & 2 << BASE // 4096)
        with self.assertRaises(libdpu.Error):
            pair.device.push([forged])

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
