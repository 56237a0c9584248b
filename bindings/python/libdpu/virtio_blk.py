# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtio-blk: block devices over virtqueues, and the requests that a driver makes of them."""
from __future__ import annotations

import enum
import os
import struct
from typing import Any, Iterable

from ._libdpu import ffi, lib
from ._object import Object, options
from .errors import check
from .virtq import Chain, Virtq

SECTOR_SIZE = lib.DPU_VIRTIO_BLK_SECTOR_SIZE
CONFIG_SIZE = ffi.sizeof("struct dpu_virtio_blk_config")
HEADER_SIZE = ffi.offsetof("struct dpu_virtio_blk_req", "status")
WRITEBACK_OFFSET = ffi.offsetof("struct dpu_virtio_blk_config", "writeback")


class VirtioBlkFeature(enum.IntFlag):
    """Feature bits of virtio-blk."""

    SIZE_MAX = lib.DPU_VIRTIO_BLK_F_SIZE_MAX
    SEG_MAX = lib.DPU_VIRTIO_BLK_F_SEG_MAX
    GEOMETRY = lib.DPU_VIRTIO_BLK_F_GEOMETRY
    RO = lib.DPU_VIRTIO_BLK_F_RO
    BLK_SIZE = lib.DPU_VIRTIO_BLK_F_BLK_SIZE
    FLUSH = lib.DPU_VIRTIO_BLK_F_FLUSH
    TOPOLOGY = lib.DPU_VIRTIO_BLK_F_TOPOLOGY
    CONFIG_WCE = lib.DPU_VIRTIO_BLK_F_CONFIG_WCE
    MQ = lib.DPU_VIRTIO_BLK_F_MQ
    DISCARD = lib.DPU_VIRTIO_BLK_F_DISCARD
    WRITE_ZEROES = lib.DPU_VIRTIO_BLK_F_WRITE_ZEROES
    LIFETIME = lib.DPU_VIRTIO_BLK_F_LIFETIME
    SECURE_ERASE = lib.DPU_VIRTIO_BLK_F_SECURE_ERASE
    ZONED = lib.DPU_VIRTIO_BLK_F_ZONED


class VirtioBlkType(enum.IntEnum):
    """Type of a request."""

    IN = lib.DPU_VIRTIO_BLK_T_IN
    OUT = lib.DPU_VIRTIO_BLK_T_OUT
    FLUSH = lib.DPU_VIRTIO_BLK_T_FLUSH
    GET_ID = lib.DPU_VIRTIO_BLK_T_GET_ID
    GET_LIFETIME = lib.DPU_VIRTIO_BLK_T_GET_LIFETIME
    DISCARD = lib.DPU_VIRTIO_BLK_T_DISCARD
    WRITE_ZEROES = lib.DPU_VIRTIO_BLK_T_WRITE_ZEROES
    SECURE_ERASE = lib.DPU_VIRTIO_BLK_T_SECURE_ERASE


def discard_segment(sector: int, count: int, unmap: bool = False) -> bytes:
    """One segment of a DISCARD or WRITE_ZEROES request, as the device reads it."""
    return struct.pack("<QII", sector, count, lib.DPU_VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP if unmap else 0)


class VirtioBlk(Object):
    """A virtio-blk device over a writable buffer (bytearray, mmap, …), a file's path, or the number of an open
    file, whose duplicate is kept.

    Further options are those of dpu_virtio_blk_create(3) by name: id, withhold, blk_size, num_queues, …"""

    _ref = lib.dpu_virtio_blk_ref
    _unref = lib.dpu_virtio_blk_unref

    def __init__(self, storage: Any, *, read_only: bool = False, id: str | None = None, **opts: int) -> None:
        backend = options("dpu_virtio_blk_backend")
        keep = None
        if isinstance(storage, int):
            code = lib.dpu_virtio_blk_backend_fd(storage, backend)
        elif isinstance(storage, (str, os.PathLike)):
            code = lib.dpu_virtio_blk_backend_file(os.fsencode(storage), read_only, backend)
        else:
            keep = ffi.from_buffer(storage, require_writable=not read_only)
            code = lib.dpu_virtio_blk_backend_memory(keep, len(keep), read_only, backend)
        check(code, None, "open virtio-blk back-end")
        name = ffi.NULL if id is None else ffi.new("char[]", id.encode("ascii"))
        ret = ffi.new("struct dpu_virtio_blk **")
        code = lib.dpu_virtio_blk_create(
            options("dpu_virtio_blk_opts", backend=backend, read_only=read_only, id=name, **opts), ret)
        if code < 0:
            backend.release(backend.user)
        check(code, None, "create virtio-blk")
        super().__init__(ret[0], None, keep=keep)

    @property
    def features(self) -> VirtioBlkFeature:
        """What the device offers."""
        return VirtioBlkFeature(lib.dpu_virtio_blk_features(self._c))

    def set_features(self, features: int) -> None:
        """Says what the driver has accepted; 0 after a reset."""
        self._check(lib.dpu_virtio_blk_set_features(self._c, features), "accept virtio-blk features")

    def config(self, offset: int = 0, size: int = CONFIG_SIZE) -> bytes:
        """Bytes of configuration space."""
        buf = ffi.new("char[]", size)
        lib.dpu_virtio_blk_config_read(self._c, offset, buf, size)
        return ffi.buffer(buf, size)[:]

    def config_write(self, offset: int, data: bytes) -> None:
        """Writes configuration space for the driver."""
        self._check(lib.dpu_virtio_blk_config_write(self._c, offset, data, len(data)), "write virtio-blk config")

    @property
    def capacity(self) -> int:
        """Sectors of 512 bytes."""
        return int.from_bytes(self.config(0, 8), "little")

    @property
    def writeback(self) -> bool:
        """Whether writes become stable by a flush only; to be changed by a driver that accepted CONFIG_WCE."""
        return self.config(WRITEBACK_OFFSET, 1) != b"\0"

    @writeback.setter
    def writeback(self, on: bool) -> None:
        self.config_write(WRITEBACK_OFFSET, bytes([bool(on)]))

    @property
    def config_generation(self) -> int:
        """Another number after each change that the device made to its configuration."""
        return lib.dpu_virtio_blk_config_generation(self._c)

    def refresh(self) -> bool:
        """Looks at the capacity again; whether it has changed."""
        return bool(self._check(lib.dpu_virtio_blk_refresh(self._c), "refresh virtio-blk"))

    def process(self, queue: Virtq, max: int = 64) -> int:
        """Serves the device side of a queue; how many requests. Blocks as long as the storage does."""
        code = lib.dpu_virtio_blk_process(self._c, queue._c, max)
        return code if code >= 0 else queue._check(code, "process virtio-blk queue")


def _elements(parts: list[Any]) -> tuple[Any, list[Any]]:
    """An array of iovec, and what keeps its buffers where they are."""
    hold = [ffi.from_buffer(part) for part in parts]
    return ffi.new("struct iovec[]", [(part, len(part)) for part in hold]), hold


class VirtioBlkRequest(Chain):
    """Driver side: a request as a chain for Virtq.add(). Its header and status lie in a piece of mapped memory of
    17 bytes, its data in other pieces."""

    def __init__(self, memory: Any, type: VirtioBlkType, sector: int = 0, data: Iterable[Any] = (),
                 cookie: Any = None) -> None:
        data = list(data)
        view = memoryview(memory).cast("B")
        if len(view) <= HEADER_SIZE:
            raise ValueError(f"a header and a status take {HEADER_SIZE + 1} bytes")
        elements, _hold = _elements(data)
        iov = ffi.new("struct iovec[]", len(data) + 2)
        req = ffi.new("struct dpu_virtio_blk_req *")
        c = ffi.new("struct dpu_virtq_chain *", {"iov": iov, "iov_max": len(iov)})
        check(lib.dpu_virtio_blk_req_init(req, type, sector, elements, len(data), c), None, "virtio-blk request")
        view[:HEADER_SIZE + 1] = ffi.buffer(req)[:HEADER_SIZE + 1]
        parts = [view[:HEADER_SIZE], *data, view[HEADER_SIZE:HEADER_SIZE + 1]]
        super().__init__(parts[:c.read_count], parts[c.read_count:], cookie)

    def result(self) -> None:
        """After Virtq.get() has brought it back: raises Error when the request failed, with EIO, EOPNOTSUPP, or
        EPROTO when the device gave no proper answer."""
        iov, _hold = _elements(self.write)
        c = ffi.new("struct dpu_virtq_chain *", {"iov": iov, "write_count": len(self.write)})
        check(lib.dpu_virtio_blk_req_result(c, self.written), None, "virtio-blk request")
