# SPDX-License-Identifier: LGPL-2.1-or-later
"""devlink ports: uplinks and representors."""
from __future__ import annotations

import enum
from typing import NamedTuple

from . import device
from ._libdpu import lib
from ._object import Object, enum_value, options
from .errors import text


class PortFlavour(enum.IntEnum):
    """Flavour of a port, as devlink has it."""

    PHYSICAL = lib.DPU_PORT_PHYSICAL
    CPU = lib.DPU_PORT_CPU
    DSA = lib.DPU_PORT_DSA
    PCIPF = lib.DPU_PORT_PCIPF
    PCIVF = lib.DPU_PORT_PCIVF
    VIRTUAL = lib.DPU_PORT_VIRTUAL
    UNUSED = lib.DPU_PORT_UNUSED
    PCISF = lib.DPU_PORT_PCISF

    def __str__(self) -> str:
        return text(lib.dpu_port_flavour_name(self))


class PortStats(NamedTuple):
    """Counters of a port; rx came into the e-switch through it."""

    rx_packets: int
    rx_bytes: int
    rx_dropped: int
    tx_packets: int
    tx_bytes: int
    tx_dropped: int
    misses: int


def number(value: int) -> int | None:
    """A port's number, or None where the flavour has none."""
    return None if value == lib.DPU_PORT_NO_NUMBER else value


class Port(Object):
    """A snapshot of one port."""

    _ref = lib.dpu_port_ref
    _unref = lib.dpu_port_unref

    @property
    def device(self) -> device.Device:
        return device.Device._borrow(lib.dpu_port_device(self._c), self)

    @property
    def index(self) -> int:
        return lib.dpu_port_index(self._c)

    @property
    def flavour(self) -> PortFlavour:
        return enum_value(PortFlavour, lib.dpu_port_flavour(self._c))

    @property
    def controller(self) -> int:
        """0 is the DPU itself, 1 the first host."""
        return lib.dpu_port_controller(self._c)

    @property
    def pfnum(self) -> int | None:
        return number(lib.dpu_port_pfnum(self._c))

    @property
    def vfnum(self) -> int | None:
        return number(lib.dpu_port_vfnum(self._c))

    @property
    def sfnum(self) -> int | None:
        return number(lib.dpu_port_sfnum(self._c))

    @property
    def netdev(self) -> str | None:
        return text(lib.dpu_port_netdev(self._c))

    @property
    def ifindex(self) -> int | None:
        return lib.dpu_port_ifindex(self._c) or None

    @property
    def phys_port_name(self) -> str | None:
        return text(lib.dpu_port_phys_port_name(self._c))

    @property
    def phys_switch_id(self) -> str | None:
        return text(lib.dpu_port_phys_switch_id(self._c))

    def stats(self) -> PortStats:
        """Reads the counters."""
        stats = options("dpu_port_stats")
        self._check(lib.dpu_port_stats(self._c, stats), "port statistics")
        return PortStats(*(getattr(stats, name) for name in PortStats._fields))

    def _describe(self) -> str:
        return self.netdev or self.phys_port_name or str(self.index)
