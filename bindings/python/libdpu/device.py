# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices: discovery, modes, and what can be set and made on them."""
from __future__ import annotations

import enum
import os
from typing import Any, Mapping

from . import context, eswitch, flow, function, health, param, port, rate, resource
from . import nvconfig as nv
from ._libdpu import ffi, lib
from ._object import Object, c_hw_addr, c_text, deadline_ms, enum_value, facts, options
from .errors import text
from .mode import (EswitchAttrs, EswitchInline, EswitchMode, HostRights, Mode, ModeInfo, ModePlan, ReloadAction, Reset,
                   Restriction, host_rights, mode_info, mode_plan)


class DeviceKind(enum.IntEnum):
    """What a device is."""

    NIC = lib.DPU_DEVICE_NIC
    SWITCHDEV_NIC = lib.DPU_DEVICE_SWITCHDEV_NIC
    DPU = lib.DPU_DEVICE_DPU

    def __str__(self) -> str:
        return text(lib.dpu_device_kind_name(self))


class VersionKind(enum.IntEnum):
    """What a version is of: of the hardware, of what runs, of what will run after a reset."""

    FIXED = lib.DPU_VERSION_FIXED
    RUNNING = lib.DPU_VERSION_RUNNING
    STORED = lib.DPU_VERSION_STORED

    def __str__(self) -> str:
        return text(lib.dpu_version_kind_name(self))


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

    def create_sf(self, sfnum: int | None = None, *, hw_addr: str | bytes | None = None, controller: int = 0,
                  inactive: bool = False, caps: Mapping[function.FunctionCap, bool] | None = None,
                  max_io_eqs: int | None = None, max_uc_list: int | None = None, owned: bool = False,
                  deadline: float | None = None) -> function.Function:
        """Makes an SF and returns when it can be used, or fails and leaves nothing half-made. sfnum None is any
        free number. An owned SF that its context did not delete is an orphan when that has gone; see orphans()."""
        address = c_hw_addr(hw_addr)
        opts = options("dpu_sf_opts", hw_addr=address, sfnum=lib.DPU_SF_ANY if sfnum is None else sfnum,
                       controller=controller, inactive=inactive, owned=owned)
        function.decide(opts, caps, max_io_eqs, max_uc_list)
        ret = ffi.new("struct dpu_function **")
        self._check(lib.dpu_sf_create(self._c, opts, deadline_ms(deadline), ret), "create SF")
        return function.Function._wrap(ret[0], self)

    def orphans(self) -> list[function.Orphan]:
        """Lists the SFs that programs have left behind when they ended."""
        ret = ffi.new("struct dpu_orphan_list **")
        self._check(lib.dpu_orphan_list(self._c, ret), "list orphans")
        return facts(ret[0], lib.dpu_orphan_list_count, lib.dpu_orphan_list_get, lib.dpu_orphan_list_unref,
                     function.orphan)

    def sweep_orphans(self, deadline: float | None = None) -> int:
        """Deletes all orphans and tells how many there were."""
        return self._check(lib.dpu_orphan_sweep(self._c, deadline_ms(deadline)), "sweep orphans")

    @property
    def mode(self) -> ModeInfo:
        """The operation mode: current, next boot, the reset between them, and what else shows it."""
        info = options("dpu_mode_info")
        self._check(lib.dpu_mode_get(self._c, info), "get mode")
        return mode_info(info)

    def set_mode(self, mode: Mode) -> None:
        """Sets the operation mode of the next boot. Mode.RESTRICTED restricts all hosts; see restrict()."""
        self._check(lib.dpu_mode_set(self._c, mode), "set mode")

    def restrict(self, host: int | None = None, restrictions: Restriction = Restriction.ALL) -> None:
        """Sets DPU mode with a restricted host, or with all of them. From then on they cannot write the configuration;
        what the restrictions take from them goes with a reset."""
        self._check(lib.dpu_mode_restrict(self._c, lib.DPU_ALL_HOSTS if host is None else host, restrictions),
                    "restrict")

    def host_rights(self, host: int = 0) -> HostRights:
        """Tells what a host may."""
        rights = options("dpu_mode_host")
        self._check(lib.dpu_mode_host_get(self._c, host, rights), "get rights of host")
        return host_rights(rights)

    def plan_mode(self, mode: Mode | None = None) -> ModePlan:
        """Tells the way into a mode, or into the one that is stored for the next boot, and what is lost on it. Changes
        nothing."""
        plan = options("dpu_mode_plan")
        self._check(lib.dpu_mode_plan(self._c, lib.DPU_MODE_UNKNOWN if mode is None else mode, plan), "plan mode")
        return mode_plan(plan)

    def reset(self, level: Reset = Reset.FIRMWARE, deadline: float | None = None) -> None:
        """Resets the DPU; returns when it is back. Its functions and flow rules are lost."""
        self._check(lib.dpu_device_reset(self._c, level, deadline_ms(deadline)), "reset")

    def reload(self, action: ReloadAction, *, no_reset: bool = False) -> set[ReloadAction]:
        """Reloads the driver or activates the firmware, and tells which actions took place. With no_reset links
        stay up and traffic flows, or the call fails. SFs, VFs and flow rules may be lost."""
        performed = ffi.new("uint32_t *")
        limit = lib.DPU_RELOAD_NO_RESET if no_reset else lib.DPU_RELOAD_UNLIMITED
        self._check(lib.dpu_device_reload(self._c, action, limit, performed), "reload")
        return {enum_value(ReloadAction, bit) for bit in range(32) if performed[0] & 1 << bit}

    @property
    def eswitch_mode(self) -> EswitchMode:
        """The mode of the e-switch; see set_eswitch_mode()."""
        ret = ffi.new("enum dpu_eswitch_mode *")
        self._check(lib.dpu_eswitch_mode_get(self._c, ret), "get e-switch mode")
        return enum_value(EswitchMode, ret[0])

    def set_eswitch_mode(self, mode: EswitchMode, deadline: float | None = None) -> None:
        """Sets the mode of the e-switch; returns when the representors are there or gone."""
        self._check(lib.dpu_eswitch_mode_set(self._c, mode, deadline_ms(deadline)), "set e-switch mode")

    def eswitch_attrs(self) -> EswitchAttrs:
        """Reads the attributes of the e-switch beside its mode."""
        attrs = options("dpu_eswitch_attrs")
        self._check(lib.dpu_eswitch_attrs_get(self._c, attrs), "get e-switch attributes")
        return EswitchAttrs(enum_value(EswitchInline, attrs.inline_mode) if attrs.set & lib.DPU_ESWITCH_INLINE_MODE
                            else None, bool(attrs.encap) if attrs.set & lib.DPU_ESWITCH_ENCAP else None)

    def set_eswitch_attrs(self, *, inline_mode: EswitchInline | None = None, encap: bool | None = None) -> None:
        """Changes attributes of the e-switch, all of them or none. What is not given stays."""
        attrs = options("dpu_eswitch_attrs")
        if inline_mode is not None:
            attrs.set, attrs.inline_mode = lib.DPU_ESWITCH_INLINE_MODE, inline_mode
        if encap is not None:
            attrs.set, attrs.encap = attrs.set | lib.DPU_ESWITCH_ENCAP, bool(encap)
        self._check(lib.dpu_eswitch_attrs_set(self._c, attrs), "set e-switch attributes")

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

    @property
    def vf_msix_total(self) -> int:
        """How many interrupt vectors there are for all VFs; see Function.set_msix()."""
        return self._check(lib.dpu_vf_msix_total(self._c), "count interrupt vectors")

    @property
    def vf_autoprobe(self) -> bool:
        """Whether drivers take new VFs by themselves. Can be set."""
        return bool(self._check(lib.dpu_vf_autoprobe(self._c), "get autoprobe"))

    @vf_autoprobe.setter
    def vf_autoprobe(self, on: bool) -> None:
        self._check(lib.dpu_vf_set_autoprobe(self._c, bool(on)), "set autoprobe")

    def versions(self) -> dict[VersionKind, dict[str, str]]:
        """Lists the versions that the device tells of itself: versions()[VersionKind.RUNNING]["fw.version"]."""
        ret = ffi.new("struct dpu_device_version_list **")
        self._check(lib.dpu_device_version_list(self._c, ret), "list versions")
        versions: dict[Any, dict[str, str]] = {kind: {} for kind in VersionKind}
        for kind, name, value in facts(ret[0], lib.dpu_device_version_list_count, lib.dpu_device_version_list_get,
                                       lib.dpu_device_version_list_unref,
                                       lambda c: (c.kind, text(c.name) or "", text(c.value) or "")):
            versions.setdefault(enum_value(VersionKind, kind), {})[name] = value
        return versions

    def params(self) -> list[param.Param]:
        """Lists the parameters."""
        ret = ffi.new("struct dpu_param_list **")
        self._check(lib.dpu_param_list(self._c, ret), "list parameters")
        return facts(ret[0], lib.dpu_param_list_count, lib.dpu_param_list_get, lib.dpu_param_list_unref, param.make)

    def set_param(self, name: str, value: param.Value, cmode: param.ParamCmode | None = None) -> None:
        """Sets a parameter. cmode can be left out if it has but one."""
        if cmode is None:
            cmodes = [mode for known in self.params() if known.name == name for mode in known.values]
            if len(cmodes) > 1:
                raise ValueError(f"{name} has several cmodes: {', '.join(map(str, cmodes))}")
            # Of a parameter that there is not, any will be refused.
            cmode = cmodes[0] if cmodes else param.ParamCmode.RUNTIME
        self._check(lib.dpu_param_set(self._c, os.fsencode(name), cmode, os.fsencode(param.write(value))),
                    "set parameter")

    @property
    def nvconfig_transport(self) -> str:
        """By which way the firmware is reached: "fwctl", "vsc" or "sim"."""
        ret = ffi.new("char **")
        self._check(lib.dpu_nvconfig_transport(self._c, ret), "find firmware")
        return text(ret[0]) or ""

    def nvconfig(self, *names: str) -> dict[str, nv.NvConfigParam]:
        """Reads firmware parameters, or all that the device supports: nvconfig()["NUM_OF_VFS"].next."""
        wanted = nv.Names(names)
        ret = ffi.new("struct dpu_nvconfig_list **")
        self._check(lib.dpu_nvconfig_list(self._c, wanted.c, wanted.count, ret), "list firmware parameters")
        params = facts(ret[0], lib.dpu_nvconfig_list_count, lib.dpu_nvconfig_list_get, lib.dpu_nvconfig_list_unref,
                       nv.make)
        return {param.name: param for param in params}

    def _changes(self, changes: Any) -> list[nv.NvConfigChange]:
        return facts(changes, lib.dpu_nvconfig_change_list_count, lib.dpu_nvconfig_change_list_get,
                     lib.dpu_nvconfig_change_list_unref, nv.change)

    def plan_nvconfig(self, settings: Mapping[str, nv.Value]) -> list[nv.NvConfigChange]:
        """Tells what set_nvconfig() would change, and fails where that would. Writes nothing."""
        wishes = nv.Settings(settings)
        ret = ffi.new("struct dpu_nvconfig_change_list **")
        self._check(lib.dpu_nvconfig_plan(self._c, wishes.c, wishes.count, ret), "plan firmware parameters")
        return self._changes(ret[0])

    def set_nvconfig(self, settings: Mapping[str, nv.Value]) -> int:
        """Sets firmware parameters for the next boot, all or none: set_nvconfig({"NUM_OF_VFS": 32}). Tells how many
        TLVs were written."""
        wishes = nv.Settings(settings)
        return self._check(lib.dpu_nvconfig_set(self._c, wishes.c, wishes.count), "set firmware parameters")

    def reset_nvconfig(self, name: str | None = None, *, mode: bool = False) -> None:
        """Sets a firmware parameter to its default for the next boot, or all of them but the operation mode, which
        goes with mode only."""
        self._check(lib.dpu_nvconfig_reset(self._c, c_text(name), lib.DPU_NVCONFIG_RESET_MODE if mode else 0),
                    "reset firmware parameters")

    def plan_reset_nvconfig(self, name: str | None = None, *, mode: bool = False) -> list[nv.NvConfigChange]:
        """Tells what reset_nvconfig() would change, on the board's other PFs too. Writes nothing."""
        ret = ffi.new("struct dpu_nvconfig_change_list **")
        flags = lib.DPU_NVCONFIG_RESET_MODE if mode else 0
        self._check(lib.dpu_nvconfig_plan_reset(self._c, c_text(name), flags, ret), "plan a reset of firmware parameters")
        return self._changes(ret[0])

    def read_tlv(self, type: int, when: nv.NvConfigWhen = nv.NvConfigWhen.NEXT) -> bytes:
        """Reads a TLV as it is; tlv_type() composes the type."""
        data = ffi.new("uint8_t[]", nv.TLV_MAX)
        size = self._check(lib.dpu_nvconfig_tlv_get(self._c, type, when, data, nv.TLV_MAX), "read TLV")
        return ffi.buffer(data, size)[:]

    def write_tlv(self, type: int, data: bytes, offset: int = 0) -> None:
        """Writes bytes of a TLV for the next boot; its other bytes stay."""
        raw = ffi.from_buffer(data)
        self._check(lib.dpu_nvconfig_tlv_set(self._c, type, offset, raw, len(raw)), "write TLV")

    def plan_profile(self, profile: nv.Profile | str) -> list[nv.NvConfigChange]:
        """Tells what apply_profile() would change, what is stored already among it. Writes nothing."""
        ret = ffi.new("struct dpu_nvconfig_change_list **")
        self._check(lib.dpu_profile_plan(self._c, nv.profile_name(profile), ret), "plan profile")
        return self._changes(ret[0])

    def apply_profile(self, profile: nv.Profile | str) -> int:
        """Stores the parameters of a profile for the next boot, on all ports or on none. Tells how many TLVs were
        written."""
        return self._check(lib.dpu_profile_apply(self._c, nv.profile_name(profile)), "apply profile")

    def rates(self) -> list[rate.Rate]:
        """Lists the rates, leaves before nodes."""
        ret = ffi.new("struct dpu_rate_list **")
        self._check(lib.dpu_rate_list(self._c, ret), "list rates")
        return facts(ret[0], lib.dpu_rate_list_count, lib.dpu_rate_list_get, lib.dpu_rate_list_unref, rate.make)

    def set_rate(self, target: rate.RateTarget, *, tx_share: int | None = None, tx_max: int | None = None,
                 priority: int | None = None, weight: int | None = None, parent: str | None = None) -> None:
        """Changes the rate of a port, given as such or by its index, or of the node of that name. What is not given
        stays; parent "" is none."""
        attrs = rate.Attributes(target, tx_share, tx_max, priority, weight, parent)
        self._check(lib.dpu_rate_set(self._c, attrs.c), "set rate")

    def add_rate_node(self, node: str, *, tx_share: int | None = None, tx_max: int | None = None,
                      priority: int | None = None, weight: int | None = None, parent: str | None = None) -> None:
        """Makes a node, of which leaves and other nodes can be members."""
        attrs = rate.Attributes(node, tx_share, tx_max, priority, weight, parent)
        self._check(lib.dpu_rate_node_add(self._c, attrs.c), "add rate node")

    def delete_rate_node(self, node: str) -> None:
        """Removes a node that has no members."""
        self._check(lib.dpu_rate_node_delete(self._c, os.fsencode(node)), "delete rate node")

    def health(self) -> list[health.HealthReporter]:
        """Lists the health reporters of the device and of its ports."""
        ret = ffi.new("struct dpu_health_list **")
        self._check(lib.dpu_health_list(self._c, ret), "list health reporters")
        return facts(ret[0], lib.dpu_health_list_count, lib.dpu_health_list_get, lib.dpu_health_list_unref,
                     health.make)

    def recover(self, reporter: health.HealthReporter | str) -> None:
        """Recovers from what a health reporter reported. A name alone is one of the device's own."""
        self._check(lib.dpu_health_recover(self._c, *health.which(reporter)), "recover")

    def set_auto_recover(self, reporter: health.HealthReporter | str, on: bool) -> None:
        """Lets a health reporter recover by itself, or not."""
        self._check(lib.dpu_health_set_auto_recover(self._c, *health.which(reporter), bool(on)), "set auto-recovery")

    def resources(self) -> list[resource.Resource]:
        """Lists the resources, each before those that it contains."""
        ret = ffi.new("struct dpu_resource_list **")
        self._check(lib.dpu_resource_list(self._c, ret), "list resources")
        return facts(ret[0], lib.dpu_resource_list_count, lib.dpu_resource_list_get, lib.dpu_resource_list_unref,
                     resource.make)

    def set_resource(self, path: str, size: int) -> None:
        """Gives a resource the size that it will have after the next reload of the driver."""
        self._check(lib.dpu_resource_set(self._c, os.fsencode(path), size), "set resource")

    def flow_table(self, max_rules: int = 0) -> flow.FlowTable:
        """Opens the flow table of the e-switch. Its rules outlive the object."""
        return flow.FlowTable._open(self, max_rules)

    def eswitch(self) -> eswitch.Eswitch:
        """Opens the data path of a simulated DPU."""
        return eswitch.Eswitch(self)

    def _describe(self) -> str:
        return self.handle
