# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtio-blk: a driver and a device over a queue, on memory and on a file."""
import errno
import mmap
import os
import tempfile
import unittest

import tap
import libdpu
from libdpu import MemoryMap, Side, VirtioBlk, VirtioBlkFeature, VirtioBlkRequest, VirtioBlkType, Virtq
from libdpu.virtio_blk import SECTOR_SIZE, discard_segment

SIZE = 16
BASE = 0x40000000


class Disk:
    """A device, both sides of its queue, and memory for one request at a time."""

    def __init__(self, storage, **opts):
        self.blk = VirtioBlk(storage, **opts)
        self.blk.set_features(self.blk.features)
        self.ring = mmap.mmap(-1, Virtq.ring_size(SIZE).bytes)
        self.memory = mmap.mmap(-1, 16384)
        memory_map = MemoryMap()
        memory_map.add(BASE, self.memory)
        self.driver = Virtq(self.ring, SIZE, Side.DRIVER, memory_map)
        self.device = Virtq(self.ring, SIZE, Side.DEVICE, memory_map)

    def request(self, type, sector=0, data=b"", size=0):
        """Carries out a request with data to write, or of size bytes to read; what was read."""
        view = memoryview(self.memory)
        part = view[4096:4096 + (size or len(data))]
        if data:
            part[:] = data
        request = VirtioBlkRequest(view[:17], type, sector, [part] if part else [])
        self.driver.add([request])
        assert self.blk.process(self.device) == 1
        [back] = self.driver.get()
        assert back is request
        request.result()
        return bytes(part) if size else None


class Requests(unittest.TestCase):
    def fails(self, code, call, *args, **kwargs):
        with self.assertRaises(libdpu.Error) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.errno, code)

    def test_memory(self):
        storage = bytearray(8 * SECTOR_SIZE)
        disk = Disk(storage, id="memory")
        disk.request(VirtioBlkType.OUT, 2, b"sector two".ljust(SECTOR_SIZE, b"."))
        self.assertEqual(storage[2 * SECTOR_SIZE:][:10], b"sector two")
        self.assertEqual(disk.request(VirtioBlkType.IN, 2, size=1024)[:11], b"sector two.")
        self.assertEqual(disk.request(VirtioBlkType.GET_ID, size=20), b"memory".ljust(20, b"\0"))
        disk.request(VirtioBlkType.FLUSH)
        disk.request(VirtioBlkType.WRITE_ZEROES, 0, discard_segment(2, 1))
        self.assertEqual(storage[2 * SECTOR_SIZE:][:10], bytes(10))
        self.fails(errno.EIO, disk.request, VirtioBlkType.IN, 8, size=512)
        self.fails(errno.EOPNOTSUPP, disk.request, VirtioBlkType.DISCARD, 0, discard_segment(0, 1))
        self.fails(errno.EOPNOTSUPP, disk.request, VirtioBlkType.GET_LIFETIME, size=6)
        self.fails(errno.EINVAL, disk.request, VirtioBlkType.IN, 0, size=511)
        with self.assertRaises(ValueError):
            VirtioBlkRequest(bytearray(16), VirtioBlkType.FLUSH)
        self.assertEqual(disk.blk.process(disk.device), 0)
        with self.assertRaises(BufferError):
            storage.clear()
        disk.blk.close()
        with self.assertRaises(ValueError):
            disk.blk.features
        storage.clear()

    def test_hostile_driver(self):
        disk = Disk(bytearray(4096))
        disk.driver.add([VirtioBlkRequest(memoryview(disk.memory)[:17], VirtioBlkType.FLUSH)])
        disk.ring[0:8] = (0xDEAD0000).to_bytes(8, "little")
        with self.assertRaises(libdpu.Error) as caught:
            disk.blk.process(disk.device)
        self.assertEqual(caught.exception.errno, errno.EIO)
        self.assertEqual(caught.exception.message, disk.device.error)

    def test_file(self):
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(4 * SECTOR_SIZE + 100)
            disk = Disk(file.name, blk_size=4096, num_queues=2)
            self.assertEqual(disk.blk.capacity, 4)
            self.assertLess(VirtioBlkFeature.MQ | VirtioBlkFeature.BLK_SIZE, disk.blk.features)
            disk.request(VirtioBlkType.OUT, 1, bytes(range(256)) * 2)
            self.assertEqual(os.pread(file.fileno(), 256, SECTOR_SIZE), bytes(range(256)))
            disk.request(VirtioBlkType.DISCARD, 0, discard_segment(0, 1))
            file.truncate(SECTOR_SIZE)
            self.assertTrue(disk.blk.refresh())
            self.assertFalse(disk.blk.refresh())
            self.assertEqual((disk.blk.capacity, disk.blk.config_generation), (1, 1))
            disk = Disk(file.fileno(), read_only=True)
            self.assertIn(VirtioBlkFeature.RO, disk.blk.features)
            self.fails(errno.EIO, disk.request, VirtioBlkType.OUT, 0, bytes(512))
        self.fails(errno.ENOENT, VirtioBlk, file.name)
        self.fails(errno.EBADF, VirtioBlk, -1)

    def test_configuration(self):
        blk = VirtioBlk(bytearray(4096), writethrough=1)
        self.assertEqual(blk.config(8, 8), bytes(4) + (126).to_bytes(4, "little"))
        self.assertFalse(blk.writeback)
        with self.assertRaises(libdpu.Error) as caught:
            blk.writeback = True
        self.assertEqual(caught.exception.errno, errno.EPERM)
        blk.set_features(VirtioBlkFeature.FLUSH | VirtioBlkFeature.CONFIG_WCE)
        blk.writeback = True
        self.assertTrue(blk.writeback)
        self.fails(errno.EINVAL, blk.set_features, VirtioBlkFeature.ZONED)
        self.fails(errno.EINVAL, VirtioBlk, bytearray(4096), id="x" * 21)
        self.fails(errno.EINVAL, VirtioBlk, bytearray(100))
        other = blk.dup()
        blk.close()
        self.assertEqual(other.capacity, 8)


if __name__ == "__main__":
    tap.main()
