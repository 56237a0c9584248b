# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions: PFs, VFs and SFs."""
from __future__ import annotations

import enum
from typing import Any, Mapping, NamedTuple

from . import device, port, vf
from ._libdpu import ffi, lib
from ._object import Object, c_hw_addr, deadline_ms, enum_value, hw_addr_text, options, positive
from .errors import text


class FunctionType(enum.IntEnum):
    """What a function is."""

    PF = lib.DPU_FUNCTION_PF
    VF = lib.DPU_FUNCTION_VF
    SF = lib.DPU_FUNCTION_SF

    def __str__(self) -> str:
        return text(lib.dpu_function_type_name(self))


class FunctionState(enum.IntEnum):
    """Whether a function may be driven."""

    INACTIVE = lib.DPU_FUNCTION_INACTIVE
    ACTIVE = lib.DPU_FUNCTION_ACTIVE


class FunctionOpstate(enum.IntEnum):
    """Whether a driver has the function."""

    DETACHED = lib.DPU_FUNCTION_DETACHED
    ATTACHED = lib.DPU_FUNCTION_ATTACHED


class FunctionCap(enum.IntFlag):
    """What a function may do; TRUST only NVIDIA's own driver has."""

    ROCE = lib.DPU_FUNCTION_CAP_ROCE
    MIGRATABLE = lib.DPU_FUNCTION_CAP_MIGRATABLE
    IPSEC_CRYPTO = lib.DPU_FUNCTION_CAP_IPSEC_CRYPTO
    IPSEC_PACKET = lib.DPU_FUNCTION_CAP_IPSEC_PACKET
    TRUST = lib.DPU_FUNCTION_CAP_TRUST

    def __str__(self) -> str:
        return "|".join(text(lib.dpu_function_cap_name(cap)) for cap in FunctionCap if cap in self)


class Orphan(NamedTuple):
    """An SF whose program has ended; making tells that it ended in the middle of making it. rules is how many flow
    rules stand on its representor."""

    name: str
    handle: str
    representor: str | None
    owner: str | None
    port: int
    controller: int
    sfnum: int
    rules: int
    making: bool


def orphan(c: Any) -> Orphan:
    return Orphan(text(c.name) or "", text(c.handle) or "", text(c.representor), text(c.owner), c.port, c.controller,
                  c.sfnum, c.rules, bool(c.making))


def decide(opts: Any, caps: Mapping[FunctionCap, bool] | None, max_io_eqs: int | None,
           max_uc_list: int | None) -> None:
    """Fills in what a new SF and a change of a function have in common."""
    for cap, on in (caps or {}).items():
        opts.set_caps |= cap
        opts.caps |= cap if on else 0
    opts.max_io_eqs = positive("max_io_eqs", max_io_eqs)
    opts.max_uc_list = positive("max_uc_list", max_uc_list)


class Function(Object):
    """A snapshot of one function; refresh() takes a new one."""

    _ref = lib.dpu_function_ref
    _unref = lib.dpu_function_unref

    @property
    def device(self) -> device.Device:
        """The device whose e-switch serves the function."""
        return device.Device._borrow(lib.dpu_function_device(self._c), self)

    @property
    def representor(self) -> port.Port | None:
        """The function's port on the e-switch side."""
        pointer = lib.dpu_function_representor(self._c)
        return port.Port._borrow(pointer, self) if pointer else None

    @property
    def type(self) -> FunctionType:
        return enum_value(FunctionType, lib.dpu_function_type(self._c))

    @property
    def controller(self) -> int:
        """0 is the DPU itself, 1 the first host."""
        return lib.dpu_function_controller(self._c)

    @property
    def pfnum(self) -> int:
        return lib.dpu_function_pfnum(self._c)

    @property
    def number(self) -> int | None:
        """sfnum of an SF, vfnum of a VF."""
        return port.number(lib.dpu_function_number(self._c))

    @property
    def hw_addr(self) -> str | None:
        """The MAC address, "02:00:00:00:00:58"."""
        return hw_addr_text(lib.dpu_function_hw_addr(self._c))

    @property
    def state(self) -> FunctionState:
        return enum_value(FunctionState, lib.dpu_function_state(self._c))

    @property
    def opstate(self) -> FunctionOpstate:
        return enum_value(FunctionOpstate, lib.dpu_function_opstate(self._c))

    @property
    def netdev(self) -> str | None:
        return text(lib.dpu_function_netdev(self._c))

    @property
    def rdma_device(self) -> str | None:
        return text(lib.dpu_function_rdma_device(self._c))

    @property
    def aux_device(self) -> str | None:
        return text(lib.dpu_function_aux_device(self._c))

    @property
    def caps(self) -> FunctionCap:
        """What the function may do; see known_caps."""
        return FunctionCap(lib.dpu_function_caps(self._c, ffi.NULL))

    @property
    def known_caps(self) -> FunctionCap:
        """Of which capabilities it is known whether the function has them."""
        known = ffi.new("uint32_t *")
        lib.dpu_function_caps(self._c, known)
        return FunctionCap(known[0])

    @property
    def max_io_eqs(self) -> int | None:
        """How many I/O event queues the function may have."""
        return lib.dpu_function_max_io_eqs(self._c) or None

    @property
    def max_uc_list(self) -> int | None:
        """How many unicast addresses the function may have; only NVIDIA's own driver tells."""
        return lib.dpu_function_max_uc_list(self._c) or None

    def refresh(self) -> Function:
        """Takes a new snapshot."""
        ret = ffi.new("struct dpu_function **")
        self._check(lib.dpu_function_refresh(self._c, ret), "refresh function")
        return Function._wrap(ret[0], self)

    def set(self, *, hw_addr: str | bytes | None = None, state: FunctionState | None = None,
            caps: Mapping[FunctionCap, bool] | None = None, max_io_eqs: int | None = None,
            max_uc_list: int | None = None, deadline: float | None = None) -> None:
        """Changes attributes, all of them or none. The object keeps the old values."""
        address = c_hw_addr(hw_addr)
        attrs = options("dpu_function_attrs", hw_addr=address)
        decide(attrs, caps, max_io_eqs, max_uc_list)
        if state is not None:
            attrs.set_state, attrs.state = 1, state
        self._check(lib.dpu_function_set(self._c, attrs, deadline_ms(deadline)), "set function")

    def delete(self, deadline: float | None = None) -> None:
        """Deletes an SF. The object stays, as the record of what was."""
        self._check(lib.dpu_sf_delete(self._c, deadline_ms(deadline)), "delete SF")

    def vf_attrs(self) -> vf.VfAttrs:
        """Reads what the PF decides for a VF. In switchdev mode less is known than in legacy mode."""
        attrs = options("dpu_vf_attrs")
        self._check(lib.dpu_vf_attrs_get(self._c, attrs), "get VF attributes")
        return vf.make(attrs)

    def set_vf_attrs(self, *, hw_addr: str | bytes | None = None, vlan: int | None = None, qos: int | None = None,
                     vlan_proto: int | None = None, spoofchk: bool | None = None, trust: bool | None = None,
                     link_state: vf.VfLinkState | None = None, min_tx_rate: int | None = None,
                     max_tx_rate: int | None = None, node_guid: int | None = None,
                     port_guid: int | None = None) -> None:
        """Changes attributes of a VF, all of them or none. What is not given stays."""
        change = vf.VfAttrs(hw_addr, vlan, qos, vlan_proto, spoofchk, trust, link_state, min_tx_rate, max_tx_rate,
                            node_guid, port_guid)
        attrs = vf.attributes(change, self.vf_attrs() if vf.is_partial(change) else vf.VfAttrs())
        self._check(lib.dpu_vf_attrs_set(self._c, attrs), "set VF attributes")

    def vf_stats(self) -> vf.VfStats:
        """Reads the counters of a VF, as its PF has them."""
        stats = options("dpu_vf_stats")
        self._check(lib.dpu_vf_stats(self._c, stats), "VF statistics")
        return vf.VfStats(*(getattr(stats, name) for name in vf.VfStats._fields))

    def set_msix(self, count: int | None) -> None:
        """Gives a VF a number of interrupt vectors, None for the device's own choice. No driver may have the VF."""
        self._check(lib.dpu_vf_set_msix(self._c, positive("count", count)), "set interrupt vectors")

    def _describe(self) -> str:
        name = self.netdev or (f"{self.number}" if self.number is not None else "")
        return f"{self.type} {name}".strip()
