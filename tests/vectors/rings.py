# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device's look at a virtqueue, as VIRTIO 1.2, 2.7 (split) and 2.8 (packed) have it: slow, and plain to see."""
import struct

INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED, IN_ORDER = 28, 29, 32, 34, 35
NEXT, WRITE, INDIRECT, AVAIL, USED = 1, 2, 4, 1 << 7, 1 << 15


class Chain:
    """What one request is made of: head is its name in the ring, slots the descriptors it takes there."""

    def __init__(self, head, slots, elements, tables):
        self.head, self.slots, self.elements, self.tables = head, slots, elements, tables
        self.readable = [(addr, size) for addr, size, flags in elements if not flags & WRITE]
        self.writable = [(addr, size) for addr, size, flags in elements if flags & WRITE]
        assert self.readable + self.writable == [element[:2] for element in elements]

    def read(self, memory):
        return b"".join(memory.read(addr, size) for addr, size in self.readable)

    def write(self, memory, data):
        offset = 0
        for addr, size in self.writable:
            memory.write(addr, data[offset:offset + size])
            offset += size
        assert offset >= len(data)
        return len(data)


class Split:
    layout = "split"

    def __init__(self, memory, size, desc, avail, used, base):
        self.memory, self.size = memory, size
        self.desc, self.driver, self.device = desc, avail, used
        self.last_avail = self.last_used = base
        self.areas = [(desc, size * 16), (avail, 6 + size * 2), (used, 6 + size * 8)]

    def position(self):
        return [self.last_avail], [self.last_used]

    def table(self, addr, first):
        """The descriptors of the table at addr that are linked to the first one."""
        while True:
            address, size, flags, following = struct.unpack("<QIHH", self.memory.read(addr + first * 16, 16))
            yield address, size, flags
            if not flags & NEXT:
                return
            first = following

    def peek(self, limit):
        idx = self.memory.load16(self.driver + 2)
        count = (idx - self.last_avail) & 0xffff
        assert count <= self.size
        return [self.chain((self.last_avail + i) & 0xffff) for i in range(min(count, limit))]

    def chain(self, position):
        head = self.memory.load16(self.driver + 4 + position % self.size * 2)
        elements, tables = list(self.table(self.desc, head)), []
        slots = len(elements)
        if elements[-1][2] & INDIRECT:
            tables = [elements.pop()[:2]]
            elements += self.table(tables[0][0], 0)
        return Chain(head, slots, elements, tables)

    def took(self, chain):
        self.last_avail = (self.last_avail + 1) & 0xffff

    def use(self, chain, written):
        """Returns what it wrote, and where, for the vector."""
        at = self.last_used % self.size
        self.memory.write(self.device + 4 + at * 8, struct.pack("<II", chain.head, written))
        self.last_used = (self.last_used + 1) & 0xffff
        self.memory.store16(self.device + 2, self.last_used)
        return at, chain.head, written


class Packed:
    layout = "packed"

    def __init__(self, memory, size, desc, driver, device, base):
        self.memory, self.size = memory, size
        self.desc, self.driver, self.device = desc, driver, device
        self.avail = self.used = (base & 0x7fff, base >> 15 & 1)
        self.areas = [(desc, size * 16), (driver, 4), (device, 4)]

    def position(self):
        return self.avail, self.used

    def after(self, position, slots):
        at, wrap = position[0] + slots, position[1]
        return (at, wrap) if at < self.size else (at - self.size, wrap ^ 1)

    def available(self, position):
        flags = self.memory.load16(self.desc + position[0] * 16 + 14)
        return bool(flags & AVAIL) == bool(position[1]) and bool(flags & USED) != bool(position[1])

    def peek(self, limit):
        chains, position = [], self.avail
        while len(chains) < limit and self.available(position):
            chains.append(self.chain(position))
            position = self.after(position, chains[-1].slots)
        return chains

    def chain(self, position):
        elements, tables, slots = [], [], 0
        while True:
            addr, size, head, flags = struct.unpack("<QIHH", self.memory.read(self.desc + position[0] * 16, 16))
            elements.append((addr, size, flags))
            position = self.after(position, 1)
            slots += 1
            if not flags & NEXT:
                break
        if flags & INDIRECT:
            assert slots == 1
            tables = [(addr, size)]
            elements = []
            for at in range(addr, addr + size, 16):
                addr, size, _, flags = struct.unpack("<QIHH", self.memory.read(at, 16))
                elements.append((addr, size, flags))
        return Chain(head, slots, elements, tables)

    def took(self, chain):
        self.avail = self.after(self.avail, chain.slots)

    def use(self, chain, written):
        at, wrap = self.used
        desc = self.desc + at * 16
        flags = (AVAIL | USED) * wrap | (WRITE if written else 0)
        self.memory.write(desc + 8, struct.pack("<IH", written, chain.head))
        self.memory.store16(desc + 14, flags)
        self.used = self.after(self.used, chain.slots)
        return at, chain.head, written, flags
