# SPDX-License-Identifier: LGPL-2.1-or-later
"""Virtqueues over memory that Python owns.

A queue here always has a memory map, so a descriptor can reach nothing but the regions that the program added,
and these stay alive as long as anything can use them.
"""
from __future__ import annotations

import enum
import errno
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
    """Feature bits of the ring and of the transport."""

    INDIRECT_DESC = lib.DPU_VIRTIO_F_INDIRECT_DESC
    EVENT_IDX = lib.DPU_VIRTIO_F_EVENT_IDX
    VERSION_1 = lib.DPU_VIRTIO_F_VERSION_1
    ACCESS_PLATFORM = lib.DPU_VIRTIO_F_ACCESS_PLATFORM
    RING_PACKED = lib.DPU_VIRTIO_F_RING_PACKED
    IN_ORDER = lib.DPU_VIRTIO_F_IN_ORDER
    ORDER_PLATFORM = lib.DPU_VIRTIO_F_ORDER_PLATFORM
    SR_IOV = lib.DPU_VIRTIO_F_SR_IOV
    NOTIFICATION_DATA = lib.DPU_VIRTIO_F_NOTIFICATION_DATA
    NOTIF_CONFIG_DATA = lib.DPU_VIRTIO_F_NOTIF_CONFIG_DATA
    RING_RESET = lib.DPU_VIRTIO_F_RING_RESET


class MemoryAccess(enum.IntFlag):
    """What a device may do with memory."""

    READ = lib.DPU_MEMORY_READ
    WRITE = lib.DPU_MEMORY_WRITE
    READ_WRITE = lib.DPU_MEMORY_READ_WRITE


class VirtqState(NamedTuple):
    """How far a side has come: what another one can start from."""

    avail: int
    used: int
    avail_wrap: bool
    used_wrap: bool


class Miss(NamedTuple):
    """An address that a queue's map, used as an IOTLB, does not have."""

    addr: int
    access: MemoryAccess


class RingSize(NamedTuple):
    """How much memory a ring takes, and where its parts start."""

    bytes: int
    avail_offset: int
    used_offset: int


class _Memory:
    """The buffers behind a map, for the map, its queues and the views of chains to keep alive.

    held is replaced, never changed: who has taken it has all that could be seen through the map then. Until the
    map is settled that includes what was removed, of which a queue may still be about to make views."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int, Any]] = []
        self.log: tuple = ()
        self.held: tuple = ()

    def hide(self, addr: int, end: int) -> None:
        parts = [part for first, last, buffer in self.shown
                 for part in ((first, min(last, addr), buffer), (max(first, end), last, buffer))]
        self.shown = [part for part in parts if part[0] < part[1]]

    def hold(self, *more: Any) -> None:
        buffers = (*more, *(buffer for _, _, buffer in self.shown), *self.log)
        self.held = tuple({id(buffer): buffer for buffer in buffers}.values())


class MemoryMap(Object):
    """A map from the addresses in descriptors to buffers. The buffers (mmap, bytearray, …) are kept alive as long
    as they can be reached through the map, a queue or a chain."""

    _ref = lib.dpu_memory_map_ref
    _unref = lib.dpu_memory_map_unref

    def __init__(self) -> None:
        super().__init__(self._create(), None, keep=_Memory())

    @staticmethod
    def _create() -> Any:
        ret = ffi.new("struct dpu_memory_map **")
        check(lib.dpu_memory_map_create(ret), None, "create memory map")
        return ret[0]

    def _change(self, step: str, more: tuple, call: Any, *args: Any) -> _Memory:
        c, memory = self._c, self._keep
        # At once, for a queue in another thread may.
        memory.held += more
        self._check(call(c, *args), step)
        return memory

    def _show(self, step: str, buffer: Any, call: Any, addr: int, size: int, *args: Any) -> None:
        memory = self._change(step, (buffer,), call, addr, size, *args)
        memory.hide(addr, addr + size)
        memory.shown.append((addr, addr + size, buffer))
        self.settled

    def add(self, addr: int, buffer: Any) -> None:
        """Adds a writable buffer at an address. Queues see it at their next burst."""
        region = ffi.from_buffer(buffer, require_writable=True)
        self._show("add memory region", region, lib.dpu_memory_map_add, addr, len(region), region)

    def add_fd(self, addr: int, size: int, fd: int, offset: int = 0) -> None:
        """Adds part of a file at an address, and maps it into this process."""
        # In a map of its own, which keeps it mapped as long as there are views of it.
        mapping = own(self._create(), lib.dpu_memory_map_unref)
        self._check(lib.dpu_memory_map_add_fd(mapping, addr, size, fd, offset), "map memory region")
        pointer = lib.dpu_memory_map_find(mapping, addr, ffi.NULL)
        self._show("add memory region", mapping, lib.dpu_memory_map_add, addr, size, pointer)

    def add_iova(self, addr: int, buffer: Any, access: MemoryAccess = MemoryAccess.READ_WRITE) -> None:
        """Adds a translation to a map that is used as an IOTLB, in place of what it said of these addresses."""
        region = ffi.from_buffer(buffer, require_writable=True)
        self._show("add translation", region, lib.dpu_memory_map_add_iova, addr, len(region), region, access)

    def remove(self, addr: int, size: int) -> None:
        """Removes a range of addresses."""
        memory = self._change("remove memory region", (), lib.dpu_memory_map_remove, addr, size)
        memory.hide(addr, addr + size)
        self.settled

    def replace(self, other: MemoryMap) -> None:
        """Puts all regions of another map in place of this one's, at once."""
        c, source = other._c, other._keep
        memory = self._change("replace memory map", source.held, lib.dpu_memory_map_replace, c)
        memory.shown = list(source.shown)
        self.settled

    def set_log(self, log: Any | None) -> None:
        """Starts the dirty log in a writable buffer, a bit for each 4096 bytes; None ends it."""
        if log is None:
            memory = self._change("end dirty log", (), lib.dpu_memory_map_set_log, ffi.NULL, 0)
            memory.log = ()
        else:
            region = ffi.from_buffer(log, require_writable=True)
            memory = self._change("start dirty log", (region,), lib.dpu_memory_map_set_log, region, len(region))
            memory.log = region,
        self.settled

    @property
    def settled(self) -> bool:
        """Whether every queue has taken the last change and returned the chains taken before."""
        settled = bool(lib.dpu_memory_map_settled(self._c))
        self._keep.hold(*(() if settled else self._keep.held))
        return settled

    def find(self, addr: int) -> memoryview | None:
        """The memory from an address on, as far as it goes in one piece; None where there is none."""
        got = ffi.new("uint64_t *")
        pointer = lib.dpu_memory_map_find(self._c, addr, got)
        return None if pointer == ffi.NULL else _view(pointer, got[0], self._keep.held)

    def __len__(self) -> int:
        return lib.dpu_memory_map_count(self._c)


def _view(pointer: Any, size: int, held: tuple) -> memoryview:
    """Memory that is shown by a map, as long as the view lives."""
    return memoryview(ffi.buffer(own(pointer, lambda _: None, held), size)).cast("B")


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

    def _c(self) -> tuple[Any, Any]:
        """The chain for C, and what it needs as long as C looks at it."""
        parts = [ffi.from_buffer(part) for part in self.read]
        parts += [ffi.from_buffer(part, require_writable=True) for part in self.write]
        iov = ffi.new("struct iovec[]", [(part, len(part)) for part in parts])
        counts = {"iov": iov, "read_count": len(self.read), "write_count": len(self.write)}
        return ffi.new("struct dpu_virtq_chain *", counts), (parts, iov)

    @property
    def readable(self) -> int:
        """How many bytes the device may read."""
        c, _hold = self._c()
        return lib.dpu_virtq_chain_readable(c)

    @property
    def writable(self) -> int:
        """How many bytes the device may write."""
        c, _hold = self._c()
        return lib.dpu_virtq_chain_writable(c)

    def data(self, offset: int = 0, size: int | None = None) -> bytes:
        """What the device reads, from an offset on, in one piece."""
        c, _hold = self._c()
        rest = max(lib.dpu_virtq_chain_readable(c) - offset, 0)
        buf = ffi.new("char[]", rest if size is None else min(size, rest))
        return ffi.buffer(buf, lib.dpu_virtq_chain_read(c, offset, buf, len(buf)))[:]

    def fill(self, data: Any, offset: int = 0) -> int:
        """Spreads data over the buffers that the device writes, sets written to its end, and tells how much
        fitted."""
        c, _hold = self._c()
        source = ffi.from_buffer(data)
        count = lib.dpu_virtq_chain_write(c, offset, source, len(source))
        self.written = min(offset, lib.dpu_virtq_chain_writable(c)) + count
        return count


class Virtq(Object):
    """One side of a virtqueue whose ring lies in a zeroed writable buffer, from offset on, laid out as
    ring_size() says."""

    _ref = lib.dpu_virtq_ref
    _unref = lib.dpu_virtq_unref

    def __init__(self, ring: Any, size: int, side: Side, memory: MemoryMap, *, layout: Layout = Layout.SPLIT,
                 features: int = 0, offset: int = 0, state: VirtqState | None = None, inflight: Any = None,
                 log_memory: MemoryMap | None = None, indirect: Any = None) -> None:
        buffer = ffi.from_buffer(ring, require_writable=True)
        need = self.ring_size(size, layout)
        if offset < 0 or len(buffer) - offset < need.bytes:
            raise ValueError(f"a ring of {size} descriptors takes {need.bytes} bytes")
        base = ffi.cast("char *", buffer) + offset
        opts = options("dpu_virtq_opts", features=features, desc=base, avail=base + need.avail_offset,
                       used=base + need.used_offset, memory=memory._c, layout=layout, side=side, size=size)
        hold = []
        if state is not None:
            hold.append(ffi.new("struct dpu_virtq_state *", (*state, 0)))
            opts.state = hold[-1]
        if inflight is not None:
            hold.append(ffi.from_buffer(inflight, require_writable=True))
            opts.inflight, opts.inflight_size = hold[-1], len(hold[-1])
        if log_memory is not None:
            opts.log_memory = log_memory._c
            hold.append(log_memory._keep)
        if indirect is not None:
            # Tables for the driver side, as large as the buffer allows; it lies in the memory map.
            hold.append(ffi.from_buffer(indirect, require_writable=True))
            opts.indirect, opts.indirect_max = hold[-1], len(hold[-1]) // (16 * size)
        ret = ffi.new("struct dpu_virtq **")
        check(lib.dpu_virtq_create(opts, ret), None, "create virtqueue")
        # The C queue has pointers into all of these, and its own references to the maps.
        super().__init__(ret[0], None, keep=(buffer, memory._keep, hold))
        self.size = size
        self.side = enum_value(Side, side)
        self._out: dict[int, tuple[Chain, Any]] = {}
        self._taken: dict[int, tuple] = {}
        self._keys = itertools.count(1)
        self._room: Any = None

    def dup(self) -> Virtq:
        other = super().dup()
        other.size, other.side, other._out, other._keys = self.size, self.side, self._out, self._keys
        other._taken = self._taken
        other._room = None
        return other

    @staticmethod
    def ring_size(size: int, layout: Layout = Layout.SPLIT) -> RingSize:
        """Tells how much memory a ring takes."""
        avail, used = ffi.new("size_t *"), ffi.new("size_t *")
        total = check(lib.dpu_virtq_ring_size(layout, size, avail, used), None, "virtqueue ring size")
        return RingSize(total, avail[0], used[0])

    @staticmethod
    def inflight_size(size: int, layout: Layout = Layout.SPLIT) -> int:
        """Tells how much memory an in-flight region takes."""
        return check(lib.dpu_virtq_inflight_size(layout, size), None, "in-flight region size")

    def _check(self, code: int, step: str) -> int:
        if code < 0 and self.error is not None:
            raise Error(-code, self.error, step)
        return check(code, None, step)

    def add(self, chains: Iterable[Chain]) -> int:
        """Driver: makes chains available and tells how many; less than given when
        descriptors run out or a later chain is wrong."""
        chains = list(chains)
        array = ffi.new("struct dpu_virtq_chain[]", len(chains))
        out = {}
        for i, chain in enumerate(chains):
            c, keep = chain._c()
            key = next(self._keys)
            out[key] = chain, keep
            c.cookie = ffi.cast("void *", key)
            array[i] = c[0]
        queue = self._c
        self._out.update(out)
        added = lib.dpu_virtq_add(queue, array, len(chains))
        for key in list(out)[max(added, 0):]:
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
        held = self._keep[1].held
        chains = []
        for c in array[0:got]:
            taken = [(element.iov_base, element.iov_len) for element in c.iov[0:c.read_count + c.write_count]]
            parts = [_view(*element, held) for element in taken]
            chain = Chain((part.toreadonly() for part in parts[:c.read_count]), parts[c.read_count:])
            chain.head = c.head
            self._taken[c.head] = ffi.new("struct iovec[]", taken), c.read_count, c.write_count
            chains.append(chain)
        return chains

    def push(self, chains: Iterable[Chain]) -> None:
        """Device: returns chains as used, in any order, with written set."""
        chains = list(chains)
        array = ffi.new("struct dpu_virtq_chain[]", len(chains))
        for c, chain in zip(array, chains):
            c.head, c.written = chain.head, chain.written
            # A dirty log is kept of these, so they are those that pop() gave, whatever became of the chain.
            if self.side == Side.DEVICE and chain.head not in self._taken:
                raise Error(errno.EINVAL, "the chain is not out", "push to virtqueue")
            c.iov, c.read_count, c.write_count = self._taken.get(chain.head, (ffi.NULL, 0, 0))
        self._check(lib.dpu_virtq_push(self._c, array, len(chains)), "push to virtqueue")
        for chain in chains:
            del self._taken[chain.head]

    def should_notify(self) -> bool:
        """Whether the other side wants to be told of what was published since the last call."""
        return bool(lib.dpu_virtq_should_notify(self._c))

    def notify(self, on: bool) -> bool:
        """Asks the other side to notify of the next buffer, or not to; True when there is work already."""
        return bool(lib.dpu_virtq_notify(self._c, on))

    @property
    def miss(self) -> Miss | None:
        """The address that the last pop() missed in the IOTLB."""
        addr, access = ffi.new("uint64_t *"), ffi.new("uint32_t *")
        if not lib.dpu_virtq_miss(self._c, addr, access):
            return None
        return Miss(addr[0], MemoryAccess(access[0]))

    def notification(self, index: int) -> int:
        """Driver: what a notification carries with VIRTIO_F_NOTIFICATION_DATA."""
        return lib.dpu_virtq_notification(self._c, index)

    def notified(self, data: int) -> int:
        """Device: how much waits, as a notification says."""
        return self._check(lib.dpu_virtq_notified(self._c, data), "read notification")

    @property
    def state(self) -> VirtqState:
        """How far this side has come."""
        state = ffi.new("struct dpu_virtq_state *")
        lib.dpu_virtq_get_state(self._c, state)
        return VirtqState(state.avail, state.used, bool(state.avail_wrap), bool(state.used_wrap))

    @property
    def inflight(self) -> list[int]:
        """Device: the heads of the chains that are out, in the order in which they were taken."""
        heads = ffi.new("uint16_t[]", self.size)
        count = self._check(lib.dpu_virtq_inflight(self._c, heads, self.size), "list chains in flight")
        return list(heads[0:count])

    def detach(self) -> list[Chain]:
        """Driver: takes back all chains that the device has not returned, and no longer can."""
        array = ffi.new("struct dpu_virtq_chain[]", self.size)
        count = self._check(lib.dpu_virtq_detach(self._c, array, self.size), "detach from virtqueue")
        return [self._out.pop(int(ffi.cast("uintptr_t", c.cookie)))[0] for c in array[0:count]]

    def reset(self) -> None:
        """Makes the queue as new."""
        self._check(lib.dpu_virtq_reset(self._c), "reset virtqueue")
        self._taken.clear()

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
