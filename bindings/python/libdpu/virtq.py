# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtqueues over memory that Python owns.

A queue here always has a memory map, so a descriptor can reach nothing but the regions that the program added,
and these stay alive as long as anything can use them.
"""
from __future__ import annotations

import enum
import itertools
from typing import Any, Iterable, NamedTuple

from ._libdpu import ffi, lib
from ._object import Object, enum_value, options, own
from .errors import Error, check, text


class Layout(enum.IntEnum):
    """Layout of a virtqueue."""

    SPLIT = lib.DPU_VIRTQ_SPLIT
    PACKED = lib.DPU_VIRTQ_PACKED


class Side(enum.IntEnum):
    """Side of a virtqueue."""

    DRIVER = lib.DPU_VIRTQ_DRIVER
    DEVICE = lib.DPU_VIRTQ_DEVICE


class VirtioFeature(enum.IntFlag):
    """Feature bits that a queue knows."""

    INDIRECT_DESC = lib.DPU_VIRTIO_F_INDIRECT_DESC
    EVENT_IDX = lib.DPU_VIRTIO_F_EVENT_IDX
    VERSION_1 = lib.DPU_VIRTIO_F_VERSION_1


class RingSize(NamedTuple):
    """How much memory a ring takes, and where its parts start."""

    bytes: int
    avail_offset: int
    used_offset: int


class MemoryMap(Object):
    """A map from the addresses in descriptors to buffers. The buffers (mmap, bytearray, …) are kept alive."""

    _ref = lib.dpu_memory_map_ref
    _unref = lib.dpu_memory_map_unref

    def __init__(self) -> None:
        ret = ffi.new("struct dpu_memory_map **")
        check(lib.dpu_memory_map_create(ret), None, "create memory map")
        super().__init__(ret[0], None, keep=[])

    def add(self, addr: int, buffer: Any) -> None:
        """Adds a writable buffer at an address; only before a queue uses the map."""
        region = ffi.from_buffer(buffer, require_writable=True)
        self._check(lib.dpu_memory_map_add(self._c, addr, len(region), region), "add memory region")
        self._keep.append(region)


class Chain:
    """A chain of buffers: those that the device reads, then those that it writes.

    A driver makes it from parts of mapped buffers (memoryview slices). A device gets it from pop(), with
    memoryviews in place of the buffers. written is how many bytes the device wrote."""

    def __init__(self, read: Iterable[Any] = (), write: Iterable[Any] = (), cookie: Any = None) -> None:
        self.read = list(read)
        self.write = list(write)
        self.cookie = cookie
        self.written = 0
        self.head = 0

    def data(self) -> bytes:
        """What the device reads, in one piece."""
        return b"".join(self.read)

    def fill(self, data: bytes) -> int:
        """Spreads data over the buffers that the device writes, sets written, and tells how much fitted."""
        rest = memoryview(data).cast("B")
        self.written = 0
        for part in self.write:
            count = min(len(part), len(rest))
            part[:count] = rest[:count]
            rest = rest[count:]
            self.written += count
        return self.written


class Virtq(Object):
    """One side of a virtqueue whose ring lies in a zeroed writable buffer, from offset on, laid out as
    ring_size() says."""

    _ref = lib.dpu_virtq_ref
    _unref = lib.dpu_virtq_unref

    def __init__(self, ring: Any, size: int, side: Side, memory: MemoryMap, *, layout: Layout = Layout.SPLIT,
                 features: int = 0, offset: int = 0) -> None:
        buffer = ffi.from_buffer(ring, require_writable=True)
        need = self.ring_size(size, layout)
        if offset < 0 or len(buffer) - offset < need.bytes:
            raise ValueError(f"a ring of {size} descriptors takes {need.bytes} bytes")
        base = ffi.cast("char *", buffer) + offset
        opts = options("dpu_virtq_opts", features=features, desc=base, avail=base + need.avail_offset,
                       used=base + need.used_offset, memory=memory._c, layout=layout, side=side, size=size)
        ret = ffi.new("struct dpu_virtq **")
        check(lib.dpu_virtq_create(opts, ret), None, "create virtqueue")
        # Also by way of a buffer in a chain: the C queue has pointers into all of these.
        super().__init__(ret[0], None, keep=(buffer, memory._keep))
        self.size = size
        self.side = enum_value(Side, side)
        self._out: dict[int, tuple[Chain, list]] = {}
        self._keys = itertools.count(1)
        self._room: Any = None

    def dup(self) -> Virtq:
        other = super().dup()
        other.size, other.side, other._out, other._keys = self.size, self.side, self._out, self._keys
        other._room = None
        return other

    @staticmethod
    def ring_size(size: int, layout: Layout = Layout.SPLIT) -> RingSize:
        """Tells how much memory a ring takes."""
        avail, used = ffi.new("size_t *"), ffi.new("size_t *")
        total = check(lib.dpu_virtq_ring_size(layout, size, avail, used), None, "virtqueue ring size")
        return RingSize(total, avail[0], used[0])

    def _check(self, code: int, step: str) -> int:
        if code < 0 and self.error is not None:
            raise Error(-code, self.error, step)
        return check(code, None, step)

    def add(self, chains: Iterable[Chain]) -> int:
        """Driver: makes chains available and tells how many; less than given when
        descriptors run out or a later chain is wrong."""
        chains = list(chains)
        array = ffi.new("struct dpu_virtq_chain[]", len(chains))
        keys, hold = [], []
        for c, chain in zip(array, chains):
            parts = [ffi.from_buffer(part) for part in chain.read]
            parts += [ffi.from_buffer(part, require_writable=True) for part in chain.write]
            iov = ffi.new("struct iovec[]", [(part, len(part)) for part in parts])
            hold.append(iov)
            key = next(self._keys)
            keys.append(key)
            self._out[key] = chain, parts
            c.iov, c.cookie = iov, ffi.cast("void *", key)
            c.read_count, c.write_count = len(chain.read), len(chain.write)
        added = lib.dpu_virtq_add(self._c, array, len(chains))
        for key in keys[max(added, 0):]:
            del self._out[key]
        return self._check(added, "add to virtqueue")

    def get(self, count: int = 64) -> list[Chain]:
        """Driver: gets back the chains that the device has used, with written set."""
        array = ffi.new("struct dpu_virtq_chain[]", count)
        got = self._check(lib.dpu_virtq_get(self._c, array, count), "get from virtqueue")
        chains = []
        for c in array[0:got]:
            chain, _ = self._out.pop(int(ffi.cast("uintptr_t", c.cookie)))
            chain.written = c.written
            chains.append(chain)
        return chains

    def pop(self, count: int = 64, elements: int = 256) -> list[Chain]:
        """Device: takes chains that the driver has made available, each of at most that many elements."""
        if self._room is None or self._room[0] != (count, elements):
            self._room = (count, elements), ffi.new("struct dpu_virtq_chain[]", count), \
                ffi.new("struct iovec[]", count * elements)
        _, array, iov = self._room
        for i in range(count):
            array[i].iov, array[i].iov_max = iov + i * elements, elements
        got = self._check(lib.dpu_virtq_pop(self._c, array, count), "pop from virtqueue")
        chains = []
        for c in array[0:got]:
            parts = [self._view(c.iov[i]) for i in range(c.read_count + c.write_count)]
            chain = Chain((part.toreadonly() for part in parts[:c.read_count]), parts[c.read_count:])
            chain.head = c.head
            chains.append(chain)
        return chains

    def _view(self, element: Any) -> memoryview:
        # The view holds what the element lies in.
        pointer = own(element.iov_base, lambda _: None, self._keep[1])
        return memoryview(ffi.buffer(pointer, element.iov_len)).cast("B")

    def push(self, chains: Iterable[Chain]) -> None:
        """Device: returns chains as used, in any order, with written set."""
        chains = list(chains)
        array = ffi.new("struct dpu_virtq_chain[]", len(chains))
        for c, chain in zip(array, chains):
            c.head, c.written = chain.head, chain.written
        self._check(lib.dpu_virtq_push(self._c, array, len(chains)), "push to virtqueue")

    def should_notify(self) -> bool:
        """Whether the other side wants to be told of what was published since the last call."""
        return bool(lib.dpu_virtq_should_notify(self._c))

    def notify(self, on: bool) -> bool:
        """Asks the other side to notify of the next buffer, or not to; True when there is work already."""
        return bool(lib.dpu_virtq_notify(self._c, on))

    @property
    def pending(self) -> int:
        """How many chains could be had now."""
        return lib.dpu_virtq_pending(self._c)

    @property
    def room(self) -> int:
        """Free descriptors of a driver side, chains out at a device side."""
        return lib.dpu_virtq_room(self._c)

    @property
    def error(self) -> str | None:
        """Why the queue has stopped; None while it runs."""
        return text(lib.dpu_virtq_error(self._c))

    def _describe(self) -> str:
        return f"{self.side.name.lower()} {self.size}"
