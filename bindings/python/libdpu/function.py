# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions: PFs, VFs and SFs."""
from __future__ import annotations

import enum

from . import device, port
from ._libdpu import ffi, lib
from ._object import Object, deadline_ms, enum_value, hw_addr_bytes, options
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
        raw = ffi.buffer(lib.dpu_function_hw_addr(self._c), 6)[:]
        return raw.hex(":") if any(raw) else None

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

    def refresh(self) -> Function:
        """Takes a new snapshot."""
        ret = ffi.new("struct dpu_function **")
        self._check(lib.dpu_function_refresh(self._c, ret), "refresh function")
        return Function._wrap(ret[0], self)

    def set(self, *, hw_addr: str | bytes | None = None, state: FunctionState | None = None,
            deadline: float | None = None) -> None:
        """Changes attributes, all of them or none. The object keeps the old values."""
        attrs = options("dpu_function_attrs")
        if hw_addr is not None:
            address = ffi.new("uint8_t[6]", hw_addr_bytes(hw_addr))
            attrs.hw_addr = address
        if state is not None:
            attrs.set_state, attrs.state = 1, state
        self._check(lib.dpu_function_set(self._c, attrs, deadline_ms(deadline)), "set function")

    def delete(self, deadline: float | None = None) -> None:
        """Deletes an SF. The object stays, as the record of what was."""
        self._check(lib.dpu_sf_delete(self._c, deadline_ms(deadline)), "delete SF")

    def _describe(self) -> str:
        name = self.netdev or (f"{self.number}" if self.number is not None else "")
        return f"{self.type} {name}".strip()
