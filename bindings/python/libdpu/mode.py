# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operation mode, e-switch mode and attributes, resets and reloads."""
from __future__ import annotations

import enum
from typing import NamedTuple

from ._libdpu import lib
from ._object import parse
from .errors import text


class Mode(enum.IntEnum):
    """Operation mode: who owns the e-switch."""

    UNKNOWN = lib.DPU_MODE_UNKNOWN
    DPU = lib.DPU_MODE_DPU
    NIC = lib.DPU_MODE_NIC
    SEPARATED = lib.DPU_MODE_SEPARATED

    def __str__(self) -> str:
        return text(lib.dpu_mode_name(self))

    @classmethod
    def parse(cls, name: str) -> Mode:
        """The mode of that name."""
        return parse(cls, "dpu_mode", lib.dpu_mode_parse, name, "mode")


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
    """The mode a DPU runs in, the mode of the next boot, and the reset that makes it current."""

    current: Mode
    next: Mode
    reset: Reset
