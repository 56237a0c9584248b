# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices: discovery, modes, and what can be made on them."""
from __future__ import annotations

import enum

from . import context, eswitch, flow, function, port
from ._libdpu import ffi, lib
from ._object import Object, deadline_ms, enum_value, hw_addr_bytes, options
from .errors import text
from .mode import EswitchMode, Mode, ModeInfo, Reset


class DeviceKind(enum.IntEnum):
    """What a device is."""

    NIC = lib.DPU_DEVICE_NIC
    SWITCHDEV_NIC = lib.DPU_DEVICE_SWITCHDEV_NIC
    DPU = lib.DPU_DEVICE_DPU

    def __str__(self) -> str:
        return text(lib.dpu_device_kind_name(self))


class Device(Object):
    """A snapshot of one device: its properties were true when it was listed."""

    _ref = lib.dpu_device_ref
    _unref = lib.dpu_device_unref

    @property
    def context(self) -> context.Context:
        """The device's context, as an object of its own; closing it closes the whole context."""
        return context.Context._borrow(lib.dpu_device_ctx(self._c), self)

    @property
    def handle(self) -> str:
        """Bus and name as devlink writes them: "pci/0000:03:00.0"."""
        return text(lib.dpu_device_handle(self._c)) or ""

    @property
    def pci_address(self) -> str | None:
        return text(lib.dpu_device_pci_address(self._c))

    @property
    def kind(self) -> DeviceKind:
        return enum_value(DeviceKind, lib.dpu_device_kind(self._c))

    @property
    def model(self) -> str | None:
        return text(lib.dpu_device_model(self._c))

    @property
    def driver(self) -> str | None:
        return text(lib.dpu_device_driver(self._c))

    @property
    def vendor_id(self) -> int:
        return lib.dpu_device_vendor_id(self._c)

    @property
    def device_id(self) -> int:
        return lib.dpu_device_device_id(self._c)

    @property
    def firmware_version(self) -> str | None:
        return text(lib.dpu_device_firmware_version(self._c))

    @property
    def psid(self) -> str | None:
        return text(lib.dpu_device_psid(self._c))

    @property
    def serial_number(self) -> str | None:
        """Devices with one serial number are one board."""
        return text(lib.dpu_device_serial_number(self._c))

    @property
    def bsp_release(self) -> str | None:
        return text(lib.dpu_device_bsp_release(self._c))

    @property
    def netdev(self) -> str | None:
        """Of an uplink its representor, of a plain NIC the device itself."""
        return text(lib.dpu_device_netdev(self._c))

    @property
    def ifindex(self) -> int | None:
        return lib.dpu_device_ifindex(self._c) or None

    @property
    def rdma_device(self) -> str | None:
        return text(lib.dpu_device_rdma_device(self._c))

    @property
    def numa_node(self) -> int | None:
        node = lib.dpu_device_numa_node(self._c)
        return None if node < 0 else node

    def ports(self) -> list[port.Port]:
        """Lists the ports."""
        ret = ffi.new("struct dpu_port_list **")
        self._check(lib.dpu_port_list(self._c, ret), "list ports")
        return port.Port._snapshot(self, ret[0], lib.dpu_port_list_count, lib.dpu_port_list_get,
                                   lib.dpu_port_list_unref)

    def functions(self) -> list[function.Function]:
        """Lists the functions that the e-switch serves."""
        ret = ffi.new("struct dpu_function_list **")
        self._check(lib.dpu_function_list(self._c, ret), "list functions")
        return function.Function._snapshot(self, ret[0], lib.dpu_function_list_count, lib.dpu_function_list_get,
                                           lib.dpu_function_list_unref)

    def create_sf(self, sfnum: int, *, hw_addr: str | bytes | None = None, controller: int = 0,
                  inactive: bool = False, deadline: float | None = None) -> function.Function:
        """Makes an SF and returns when it can be used, or fails and leaves nothing half-made."""
        opts = options("dpu_sf_opts", sfnum=sfnum, controller=controller, inactive=inactive)
        if hw_addr is not None:
            address = ffi.new("uint8_t[6]", hw_addr_bytes(hw_addr))
            opts.hw_addr = address
        ret = ffi.new("struct dpu_function **")
        self._check(lib.dpu_sf_create(self._c, opts, deadline_ms(deadline), ret), "create SF")
        return function.Function._wrap(ret[0], self)

    @property
    def mode(self) -> ModeInfo:
        """The operation mode: current, next boot, and the reset between them."""
        info = options("dpu_mode_info")
        self._check(lib.dpu_mode_get(self._c, info), "get mode")
        return ModeInfo(enum_value(Mode, info.current), enum_value(Mode, info.next), enum_value(Reset, info.reset))

    def set_mode(self, mode: Mode) -> None:
        """Sets the operation mode of the next boot."""
        self._check(lib.dpu_mode_set(self._c, mode), "set mode")

    def reset(self, level: Reset = Reset.FIRMWARE, deadline: float | None = None) -> None:
        """Resets the DPU; returns when it is back. Its functions and flow rules are lost."""
        self._check(lib.dpu_device_reset(self._c, level, deadline_ms(deadline)), "reset")

    @property
    def eswitch_mode(self) -> EswitchMode:
        """The mode of the e-switch; see set_eswitch_mode()."""
        ret = ffi.new("enum dpu_eswitch_mode *")
        self._check(lib.dpu_eswitch_mode_get(self._c, ret), "get e-switch mode")
        return enum_value(EswitchMode, ret[0])

    def set_eswitch_mode(self, mode: EswitchMode, deadline: float | None = None) -> None:
        """Sets the mode of the e-switch; returns when the representors are there or gone."""
        self._check(lib.dpu_eswitch_mode_set(self._c, mode, deadline_ms(deadline)), "set e-switch mode")

    @property
    def vf_count(self) -> int:
        """How many VFs there are; see set_vf_count()."""
        return self._check(lib.dpu_vf_count(self._c, ffi.NULL), "count VFs")

    @property
    def vf_total(self) -> int:
        """How many VFs there could be."""
        total = ffi.new("uint32_t *")
        self._check(lib.dpu_vf_count(self._c, total), "count VFs")
        return total[0]

    def set_vf_count(self, count: int, deadline: float | None = None) -> None:
        """Sets the number of VFs; existing ones are lost."""
        self._check(lib.dpu_vf_set_count(self._c, count, deadline_ms(deadline)), "set VF count")

    def flow_table(self, max_rules: int = 0) -> flow.FlowTable:
        """Opens the flow table of the e-switch. Its rules outlive the object."""
        return flow.FlowTable._open(self, max_rules)

    def eswitch(self) -> eswitch.Eswitch:
        """Opens the data path of a simulated DPU."""
        return eswitch.Eswitch(self)

    def _describe(self) -> str:
        return self.handle
