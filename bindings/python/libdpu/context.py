# SPDX-License-Identifier: LGPL-2.1-or-later
"""The context: which world the program talks to."""
from __future__ import annotations

import enum
import os
from typing import Callable, Iterable, NamedTuple

from . import device, flow, function, monitor, port, rdma
from ._libdpu import ffi, lib
from ._object import Object, World, enum_value, facts, options
from .errors import Error, text

LogFunction = Callable[["LogLevel", str, str, int, str], None]


def version() -> str:
    """The version of the C library."""
    return text(lib.dpu_version_string())


class LogLevel(enum.IntEnum):
    """Importance of a log message."""

    NONE = lib.DPU_LOG_NONE
    ERROR = lib.DPU_LOG_ERROR
    INFO = lib.DPU_LOG_INFO
    DEBUG = lib.DPU_LOG_DEBUG


class Facility(enum.IntEnum):
    """What a kernel may or may not offer."""

    PCI = lib.DPU_FACILITY_PCI
    NETDEV = lib.DPU_FACILITY_NETDEV
    DEVLINK = lib.DPU_FACILITY_DEVLINK
    RDMA = lib.DPU_FACILITY_RDMA

    def __str__(self) -> str:
        return text(lib.dpu_facility_name(self))


class FacilityState(NamedTuple):
    """Whether a facility is there and, if it is not, why."""

    present: bool
    reason: str | None


@ffi.def_extern()
def _libdpu_log(data, level, file, line, func, message):
    log = ffi.from_handle(data)
    log(enum_value(LogLevel, level), text(message) or "", text(file) or "", line, text(func) or "")


class Context(Object):
    """An open world: "linux:" (the default), "sim:", "sim:/path/topology.json".

    Closing a context closes every object obtained from it. log, if given, is called with level, message, file,
    line and function; it must not use the context."""

    _ref = lib.dpu_ctx_ref
    _unref = lib.dpu_ctx_unref

    def __init__(self, uri: str | None = None, *, log: LogFunction | None = None,
                 log_level: LogLevel = LogLevel.ERROR, sysfs_root: str | os.PathLike | None = None) -> None:
        self._pointer = None  # for __repr__ of what never opened
        reason = ffi.new("char[]", 768)
        opts = options("dpu_ctx_opts", error=reason, error_size=len(reason))
        root = ffi.NULL if sysfs_root is None else ffi.new("char[]", os.fsencode(sysfs_root))
        opts.sysfs_root = root
        handle = None
        if log is not None:
            handle = ffi.new_handle(log)
            opts.log, opts.log_data, opts.log_level = lib._libdpu_log, handle, log_level
        ret = ffi.new("struct dpu_ctx **")
        code = lib.dpu_ctx_open(ffi.NULL if uri is None else os.fsencode(uri), opts, ret)
        if code < 0:
            raise Error(-code, text(reason) or os.strerror(-code), "open", uri or "linux:")
        super().__init__(ret[0], World(handle), ret[0])

    def close(self) -> None:
        """Closes the context and every object obtained from it."""
        if self._pointer is not None:
            self._world.close()

    @property
    def uri(self) -> str:
        """The URI that the context was opened with."""
        return text(lib.dpu_ctx_uri(self._c)) or ""

    @property
    def provider(self) -> str:
        """ "linux" or "sim"."""
        return text(lib.dpu_ctx_provider(self._c))

    def facility(self, facility: Facility) -> FacilityState:
        """Tells whether the world behind the context has a facility."""
        reason = ffi.new("const char **")
        present = self._check(lib.dpu_ctx_facility(self._c, facility, reason), "facility")
        return FacilityState(bool(present), text(reason[0]))

    def devices(self) -> list[device.Device]:
        """Lists the devices."""
        ret = ffi.new("struct dpu_device_list **")
        self._check(lib.dpu_device_list(self._c, ret), "list devices")
        return device.Device._snapshot(self, ret[0], lib.dpu_device_list_count, lib.dpu_device_list_get,
                                       lib.dpu_device_list_unref)

    def device(self, name: str) -> device.Device:
        """Finds a device by devlink handle, PCI address, network device or RDMA device."""
        ret = ffi.new("struct dpu_device **")
        self._check(lib.dpu_device_find(self._c, os.fsencode(name), ret), "find device")
        return device.Device._wrap(ret[0], self)

    def port(self, name: str) -> port.Port:
        """Finds a port by network device, devlink port or kernel name."""
        ret = ffi.new("struct dpu_port **")
        self._check(lib.dpu_port_find(self._c, os.fsencode(name), ret), "find port")
        return port.Port._wrap(ret[0], self)

    def function(self, name: str) -> function.Function:
        """Finds a function by any of its names or by its representor."""
        ret = ffi.new("struct dpu_function **")
        self._check(lib.dpu_function_find(self._c, os.fsencode(name), ret), "find function")
        return function.Function._wrap(ret[0], self)

    def rdma(self) -> list[rdma.RdmaLink]:
        """Lists the ports of all RDMA devices."""
        ret = ffi.new("struct dpu_rdma_list **")
        self._check(lib.dpu_rdma_list(self._c, ret), "list RDMA links")
        return facts(ret[0], lib.dpu_rdma_list_count, lib.dpu_rdma_list_get, lib.dpu_rdma_list_unref, rdma.make)

    def monitor(self, objects: Iterable[monitor.EventObject] | None = None) -> monitor.Monitor:
        """Begins to watch those objects, or all. What is there already is not reported."""
        return monitor.Monitor(self, objects)

    def flow_table(self, max_rules: int = 0) -> flow.FlowTable:
        """Makes an empty flow table in software."""
        return flow.FlowTable(self, max_rules)

    def _describe(self) -> str:
        return self.uri
