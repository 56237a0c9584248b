# SPDX-License-Identifier: LGPL-2.1-or-later
"""vhost: how virtqueues reach their peer.

A front-end's queues are Virtq objects over memory of the handle's. A back-end's are VhostQueue objects, which copy: a
peer can take its memory away at any time, and a memoryview of it must not outlive it.
"""
from __future__ import annotations

import enum
import errno
import itertools
import os
from typing import Any, Iterable, NamedTuple

from ._libdpu import ffi, lib
from ._object import Object, c_text, deadline_ms, enum_value, options
from .errors import Error, check, text
from .virtq import Side, Virtq, _Memory, _view


class VhostRole(enum.IntEnum):
    """Which side of the queues this end has."""

    BACKEND = lib.DPU_VHOST_BACKEND
    FRONTEND = lib.DPU_VHOST_FRONTEND


class VhostEventType(enum.IntEnum):
    """What happened to a handle."""

    CONNECTED = lib.DPU_VHOST_CONNECTED
    DISCONNECTED = lib.DPU_VHOST_DISCONNECTED
    QUEUE_START = lib.DPU_VHOST_QUEUE_START
    QUEUE_STOP = lib.DPU_VHOST_QUEUE_STOP
    QUEUE_ENABLE = lib.DPU_VHOST_QUEUE_ENABLE
    QUEUE_NOTIFIED = lib.DPU_VHOST_QUEUE_NOTIFIED
    FEATURES = lib.DPU_VHOST_FEATURES
    MEMORY = lib.DPU_VHOST_MEMORY
    LOG = lib.DPU_VHOST_LOG
    RARP = lib.DPU_VHOST_RARP
    MTU = lib.DPU_VHOST_MTU
    CONFIG = lib.DPU_VHOST_CONFIG
    RESET = lib.DPU_VHOST_RESET
    STATUS = lib.DPU_VHOST_STATUS


class VhostFlag(enum.IntFlag):
    """How a handle is opened."""

    SERVER = lib.DPU_VHOST_SERVER
    OWN_WAIT = lib.DPU_VHOST_OWN_WAIT
    NO_SIGBUS = lib.DPU_VHOST_NO_SIGBUS
    HUGEPAGES = lib.DPU_VHOST_HUGEPAGES
    NO_INFLIGHT = lib.DPU_VHOST_NO_INFLIGHT


class VhostEvent(NamedTuple):
    """An event: it counts as handled when process() is called again."""

    type: VhostEventType
    index: int
    value: int
    mac: bytes


class VhostState(NamedTuple):
    """What a handle has come to."""

    offered: int
    features: int
    protocol_features: int
    connections: int
    role: VhostRole
    device: int
    virtqs: int
    mtu: int
    status: int
    connected: bool


class VhostChain:
    """A chain that a back-end has taken: what the driver sent, and how many bytes it has room for."""

    def __init__(self, data: bytes, room: int, head: int) -> None:
        self.data = data
        self.room = room
        self.head = head


class VhostQueue:
    """The device side of a queue, as long as it runs."""

    def __init__(self, pointer: Any, vhost: Vhost, index: int) -> None:
        self._pointer = pointer
        self._vhost = vhost
        self.index = index
        self._out: dict[int, tuple] = {}

    @property
    def _c(self) -> Any:
        # It is gone with the call after the one that told that it stops.
        if self._vhost._queues.get(self.index) is not self:
            raise ValueError("the queue has stopped")
        return self._pointer

    def _check(self, code: int, step: str) -> int:
        if code < 0 and (why := text(lib.dpu_virtq_error(self._c))) is not None:
            raise Error(-code, why, step)
        return check(code, None, step)

    def pop(self, count: int = 64, elements: int = 256) -> list[VhostChain]:
        """Takes chains that the driver has made available. An address that the front-end's IOTLB does not know is
        asked for: the queue is notified when it has come."""
        queue = self._c
        chains = []
        while len(chains) < count:
            iov = ffi.new("struct iovec[]", elements)
            c = ffi.new("struct dpu_virtq_chain *", {"iov": iov, "iov_max": elements})
            code = lib.dpu_virtq_pop(queue, c, 1)
            if code == -errno.EFAULT:
                self._vhost._check(lib.dpu_vhost_miss(self._vhost._c, self.index), "ask for a translation")
                break
            if self._check(code, "pop from virtqueue") == 0:
                break
            data = ffi.new("char[]", lib.dpu_virtq_chain_readable(c))
            size = lib.dpu_virtq_chain_read(c, 0, data, len(data))
            self._out[c.head] = c, iov
            chains.append(VhostChain(ffi.buffer(data, size)[:], lib.dpu_virtq_chain_writable(c), c.head))
        return chains

    def push(self, chain: VhostChain, data: Any = b"") -> None:
        """Returns a chain with what the device writes into it, and notifies the driver if it wants that."""
        queue = self._c
        if chain.head not in self._out:
            raise Error(errno.EINVAL, "the chain is not out", "push to virtqueue")
        if len(data) > chain.room:
            raise Error(errno.ENOSPC, f"{len(data)} bytes, and room for {chain.room}", "push to virtqueue")
        c, _iov = self._out[chain.head]
        c.written = lib.dpu_virtq_chain_write(c, 0, ffi.from_buffer(data), len(data))
        self._check(lib.dpu_virtq_push(queue, c, 1), "push to virtqueue")
        del self._out[chain.head]
        if lib.dpu_virtq_should_notify(queue):
            self._vhost.notify(self.index)


class Vhost(Object):
    """A connection of virtqueues to their peer: Vhost("vhost-user:/path,server", net=VirtioNet(...))."""

    _ref = lib.dpu_vhost_ref
    _unref = lib.dpu_vhost_unref

    def __init__(self, uri: str, **opts: Any) -> None:
        """Further options are those of dpu_vhost_open(3) by name: net, blk, role, flags, features, queues, …"""
        path = c_text(uri)
        self._begin(uri, opts, lambda c, ret: lib.dpu_vhost_open(path, c, ret))

    def _begin(self, name: str, members: dict[str, Any], call: Any) -> None:
        why = ffi.new("char[]", 512)
        models = {kind: members.pop(kind, None) for kind in ("net", "blk")}
        opts = options("dpu_vhost_opts", error=why, error_size=len(why), **members)
        for kind, model in models.items():
            if model is not None:
                setattr(opts, kind, model._c)
        ret = ffi.new("struct dpu_vhost **")
        code = call(opts, ret)
        if code < 0:
            raise Error(-code, text(why) or os.strerror(-code), "open", name)
        # The C device has its own reference; what it stores sectors in may be Python's.
        super().__init__(ret[0], None, keep=None if models["blk"] is None else models["blk"]._keep)
        self._queues: dict[int, Any] = {}
        self._stopped: int | None = None

    @classmethod
    def takeover(cls, sock: Any, timeout: float | None = None, **opts: Any) -> Vhost:
        """Takes over what another process hands on by handover(), at the other end of a socket."""
        vhost = cls.__new__(cls)
        vhost._begin("handover", opts,
                     lambda c, ret: lib.dpu_vhost_takeover(sock.fileno(), c, deadline_ms(timeout), ret))
        return vhost

    def handover(self, sock: Any, timeout: float | None = None) -> None:
        """vhost-user back-end: hands the connection to a successor. On failure the handle goes on as before."""
        self._check(lib.dpu_vhost_handover(self._c, sock.fileno(), deadline_ms(timeout)), "handover")
        self._queues.clear()

    def dup(self) -> Vhost:
        other = super().dup()
        other._queues, other._stopped = self._queues, self._stopped
        return other

    def _check(self, code: int, step: str) -> int:
        if code < 0:
            error = lib.dpu_vhost_error(self._c)
            if error and lib.dpu_error_code(error) == code:
                raise Error(-code, text(lib.dpu_error_message(error)) or "", text(lib.dpu_error_step(error)) or step,
                            text(lib.dpu_error_object(error)) or "")
        return check(code, None, step)

    def fileno(self) -> int:
        """The descriptor to wait on, so that select() and its like take the object itself."""
        return lib.dpu_vhost_fd(self._c)

    def process(self, timeout: float | None = 0) -> VhostEvent | None:
        """Does what is to be done until there is an event, or the time (seconds, None without end) has passed. The
        event before counts as handled: a queue that was to stop is gone."""
        vhost = self._c
        if self._stopped is not None:
            self._queues.pop(self._stopped, None)
            self._stopped = None
        event = options("dpu_vhost_event")
        if self._check(lib.dpu_vhost_process(vhost, event, deadline_ms(timeout)), "process") == 0:
            return None
        kind = enum_value(VhostEventType, event.type)
        if kind == VhostEventType.QUEUE_STOP:
            self._stopped = event.index
        return VhostEvent(kind, event.index, event.value, ffi.buffer(event.mac, 6)[:])

    def virtq(self, index: int) -> Any:
        """A queue that has started: a Virtq of a front-end's, a VhostQueue of a back-end's; None if it has not."""
        pointer = lib.dpu_vhost_virtq(self._c, index)
        if not pointer:
            self._queues.pop(index, None)
            return None
        known = self._queues.get(index)
        if known is not None and (known._pointer == pointer):
            return known
        if self.state.role == VhostRole.BACKEND:
            queue = VhostQueue(pointer, self, index)
        else:
            queue = self._driver(pointer)
        self._queues[index] = queue
        return queue

    def _driver(self, pointer: Any) -> Virtq:
        queue = Virtq.__new__(Virtq)
        # The queue's ring and buffers are the handle's: it keeps a reference.
        hold = ffi.gc(lib.dpu_vhost_ref(self._c), lib.dpu_vhost_unref)
        Object.__init__(queue, lib.dpu_virtq_ref(pointer), None, keep=(None, _Memory(), hold))
        queue.size, queue.side = 0, Side.DRIVER
        queue._out, queue._taken, queue._keys, queue._room = {}, {}, itertools.count(1), None
        return queue

    def queue_fd(self, index: int) -> int:
        """The eventfd on which the peer notifies a queue."""
        return self._check(lib.dpu_vhost_queue_fd(self._c, index), "queue's descriptor")

    def notify(self, index: int) -> None:
        """Notifies the peer of a queue."""
        self._check(lib.dpu_vhost_notify(self._c, index), "notify")

    def enabled(self, index: int) -> bool:
        """Whether a queue has started and is enabled."""
        return bool(lib.dpu_vhost_enabled(self._c, index))

    @property
    def state(self) -> VhostState:
        """What the handle has come to."""
        c = options("dpu_vhost_state")
        self._check(lib.dpu_vhost_state(self._c, c), "state")
        return VhostState(c.offered, c.features, c.protocol_features, c.connections, enum_value(VhostRole, c.role),
                          c.device, c.virtqs, c.mtu, c.status, bool(c.connected))

    @property
    def error(self) -> str | None:
        """What failed last; None if nothing did."""
        error = lib.dpu_vhost_error(self._c)
        return text(lib.dpu_error_message(error)) if error else None

    @property
    def memory(self) -> memoryview:
        """Front-end: the memory that the device reaches, for buffers."""
        size = ffi.new("size_t *")
        pointer = lib.dpu_vhost_memory(self._c, size)
        if not pointer:
            raise Error(errno.EINVAL, "a back-end has no memory of its own", "memory")
        return _view(pointer, size[0], (ffi.gc(lib.dpu_vhost_ref(self._c), lib.dpu_vhost_unref),))

    def add_memory(self, buffer: Any, fd: int, offset: int = 0) -> None:
        """Front-end: shows the device one more piece of memory, mapped, shared, from a file."""
        part = ffi.from_buffer(buffer, require_writable=True)
        self._check(lib.dpu_vhost_memory_add(self._c, part, len(part), fd, offset), "add memory")

    def remove_memory(self, buffer: Any) -> None:
        """Front-end: takes it away again."""
        self._check(lib.dpu_vhost_memory_remove(self._c, ffi.from_buffer(buffer)), "remove memory")

    def config_read(self, offset: int = 0, size: int = 256) -> bytes:
        """Front-end: the device's configuration space, as far as it was told."""
        buf = ffi.new("char[]", size)
        got = self._check(lib.dpu_vhost_config_read(self._c, offset, buf, size), "read configuration")
        return ffi.buffer(buf, got)[:]

    def config_write(self, offset: int, data: bytes) -> None:
        """Front-end: writes the device's configuration space."""
        self._check(lib.dpu_vhost_config_write(self._c, offset, data, len(data)), "write configuration")

    def config_changed(self) -> None:
        """Back-end: tells the driver that the configuration space has changed."""
        self._check(lib.dpu_vhost_config_changed(self._c), "tell of configuration")

    def _describe(self) -> str:
        return "connected" if self.state.connected else "waiting"
