# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data path of a simulated DPU."""
from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from ._libdpu import ffi, lib
from ._object import Object, options

if TYPE_CHECKING:
    from .device import Device
    from .port import Port
    from .virtq import Virtq


class PortEnd(enum.IntEnum):
    """An end of a port."""

    FUNCTION = lib.DPU_PORT_FUNCTION
    REPRESENTOR = lib.DPU_PORT_REPRESENTOR


class Eswitch(Object):
    """The data path of a device's e-switch. The memory of attached queues is kept alive until they are
    detached or the data path is closed."""

    _ref = lib.dpu_eswitch_ref
    _unref = lib.dpu_eswitch_unref

    def __init__(self, device: Device) -> None:
        ret = ffi.new("struct dpu_eswitch **")
        device._check(lib.dpu_eswitch_open(device._c, ret), "open e-switch")
        super().__init__(ret[0], device._world, device._ctx, keep={})

    def attach(self, port: Port, tx: Virtq, rx: Virtq, end: PortEnd = PortEnd.FUNCTION) -> None:
        """Attaches device sides of virtqueues to one end of a port: tx is what the end sends on."""
        opts = options("dpu_eswitch_attach_opts", tx=tx._c, rx=rx._c, end=end)
        self._check(lib.dpu_eswitch_attach(self._c, port._c, opts), "attach queues")
        self._keep[port.index, int(end)] = tx._keep, rx._keep

    def detach(self, port: Port, end: PortEnd = PortEnd.FUNCTION) -> None:
        """Detaches the queues of one end of a port."""
        self._check(lib.dpu_eswitch_detach(self._c, port._c, end), "detach queues")
        self._keep.pop((port.index, int(end)), None)

    def process(self) -> int:
        """Moves packets and tells how many were taken; 0 when there was nothing to do."""
        return self._check(lib.dpu_eswitch_process(self._c), "process packets")
