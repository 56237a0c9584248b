# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operation mode and rights of the hosts, e-switch mode and attributes, resets and reloads."""
from __future__ import annotations

import enum
from typing import Any, NamedTuple

from ._libdpu import lib
from ._object import enum_value, parse
from .errors import text


class Mode(enum.IntEnum):
    """Operation mode: who owns the e-switch."""

    UNKNOWN = lib.DPU_MODE_UNKNOWN
    DPU = lib.DPU_MODE_DPU
    NIC = lib.DPU_MODE_NIC
    SEPARATED = lib.DPU_MODE_SEPARATED
    RESTRICTED = lib.DPU_MODE_RESTRICTED

    def __str__(self) -> str:
        return text(lib.dpu_mode_name(self))

    @classmethod
    def parse(cls, name: str) -> Mode:
        """The mode of that name."""
        return parse(cls, "dpu_mode", lib.dpu_mode_parse, name, "mode")


class DpuSide(enum.IntEnum):
    """Side of a DPU, where a program runs."""

    UNKNOWN = lib.DPU_SIDE_UNKNOWN
    ARM = lib.DPU_SIDE_ARM
    HOST = lib.DPU_SIDE_HOST

    def __str__(self) -> str:
        return text(lib.dpu_side_name(self))


class Restriction(enum.IntFlag):
    """What is taken from a restricted host beside the writing of the configuration."""

    PORT_OWNER = lib.DPU_RESTRICT_PORT_OWNER
    PORT_COUNTER = lib.DPU_RESTRICT_PORT_COUNTER
    TRACER = lib.DPU_RESTRICT_TRACER
    RSHIM = lib.DPU_RESTRICT_RSHIM
    ALL = lib.DPU_RESTRICT_ALL


class Evidence(enum.IntFlag):
    """What else than the configuration tells the mode."""

    ESWITCH = lib.DPU_EVIDENCE_ESWITCH
    REPRESENTORS = lib.DPU_EVIDENCE_REPRESENTORS
    RSHIM = lib.DPU_EVIDENCE_RSHIM


class Reset(enum.IntEnum):
    """Resets, each including those before it."""

    NONE = lib.DPU_RESET_NONE
    FIRMWARE = lib.DPU_RESET_FIRMWARE
    SYSTEM = lib.DPU_RESET_SYSTEM

    def __str__(self) -> str:
        return text(lib.dpu_reset_name(self))

    @classmethod
    def parse(cls, name: str) -> Reset:
        """The reset level of that name."""
        return parse(cls, "dpu_reset", lib.dpu_reset_parse, name, "reset")


class EswitchMode(enum.IntEnum):
    """Mode of an e-switch."""

    LEGACY = lib.DPU_ESWITCH_LEGACY
    SWITCHDEV = lib.DPU_ESWITCH_SWITCHDEV
    SWITCHDEV_INACTIVE = lib.DPU_ESWITCH_SWITCHDEV_INACTIVE

    def __str__(self) -> str:
        return text(lib.dpu_eswitch_mode_name(self))

    @classmethod
    def parse(cls, name: str) -> EswitchMode:
        """The e-switch mode of that name."""
        return parse(cls, "dpu_eswitch_mode", lib.dpu_eswitch_mode_parse, name, "e-switch mode")


class EswitchInline(enum.IntEnum):
    """How deep into a packet the vports of an e-switch look by themselves."""

    NONE = lib.DPU_ESWITCH_INLINE_NONE
    LINK = lib.DPU_ESWITCH_INLINE_LINK
    NETWORK = lib.DPU_ESWITCH_INLINE_NETWORK
    TRANSPORT = lib.DPU_ESWITCH_INLINE_TRANSPORT

    def __str__(self) -> str:
        return text(lib.dpu_eswitch_inline_name(self))

    @classmethod
    def parse(cls, name: str) -> EswitchInline:
        """The inline mode of that name."""
        return parse(cls, "dpu_eswitch_inline", lib.dpu_eswitch_inline_parse, name, "inline mode")


class ReloadAction(enum.IntEnum):
    """Kinds of reload."""

    DRIVER_REINIT = lib.DPU_RELOAD_DRIVER_REINIT
    FW_ACTIVATE = lib.DPU_RELOAD_FW_ACTIVATE

    def __str__(self) -> str:
        return text(lib.dpu_reload_action_name(self))

    @classmethod
    def parse(cls, name: str) -> ReloadAction:
        """The reload action of that name."""
        return parse(cls, "dpu_reload_action", lib.dpu_reload_action_parse, name, "reload action")


class EswitchAttrs(NamedTuple):
    """Attributes of an e-switch beside its mode; None for what is not known."""

    inline_mode: EswitchInline | None
    encap: bool | None


class ModeInfo(NamedTuple):
    """The mode a DPU runs in, the mode of the next boot, and the reset that makes all of that current; where this
    program runs; which mode the evidence shows, what there is of it, and what of it does not fit current.

    hosts is how many hosts the DPU has, None if it does not tell; restricted are those that are restricted, now and
    after the reset. stored_errno is why the configuration could not be read, and then current and next are unknown;
    else it is None."""

    current: Mode
    next: Mode
    reset: Reset
    side: DpuSide
    runtime: Mode
    evidence: Evidence
    contradicts: Evidence
    hosts: int | None
    restricted: frozenset[int]
    next_restricted: frozenset[int]
    stored_errno: int | None


class ModePlan(NamedTuple):
    """The way into a mode: how much is to be reset, with which level of mlxfwreset (None: none does it), and what the
    reset will take away. reset_levels are those that the device has, None if it does not tell."""

    from_mode: Mode
    to_mode: Mode
    reset: Reset
    reset_levels: frozenset[int] | None
    reset_level: int | None
    arm_shutdown: bool
    power_cycle: bool
    synced: bool
    bridges: int
    sfs: int
    vfs: int
    representors: int
    rules: int


class HostRights(NamedTuple):
    """Whether a host is restricted and what else is taken from it, now and after the reset."""

    restricted: bool
    restrictions: Restriction
    next_restricted: bool
    next_restrictions: Restriction


def bits(mask: int) -> frozenset[int]:
    """The numbers of the bits that are 1."""
    return frozenset(bit for bit in range(32) if mask & 1 << bit)


def mode_info(c: Any) -> ModeInfo:
    return ModeInfo(enum_value(Mode, c.current), enum_value(Mode, c.next), enum_value(Reset, c.reset),
                    enum_value(DpuSide, c.side), enum_value(Mode, c.runtime), Evidence(c.evidence),
                    Evidence(c.contradicts), c.hosts or None, bits(c.restricted), bits(c.next_restricted),
                    -c.stored or None)


def mode_plan(c: Any) -> ModePlan:
    # "from" is a word of Python's own.
    return ModePlan(enum_value(Mode, getattr(c, "from")), enum_value(Mode, c.to), enum_value(Reset, c.reset),
                    bits(c.reset_levels) if c.told else None, c.reset_level or None, bool(c.arm_shutdown),
                    bool(c.power_cycle), bool(c.synced), c.bridges, c.sfs, c.vfs, c.representors, c.rules)


def host_rights(c: Any) -> HostRights:
    return HostRights(bool(c.restricted), Restriction(c.restrictions), bool(c.next_restricted),
                      Restriction(c.next_restrictions))
