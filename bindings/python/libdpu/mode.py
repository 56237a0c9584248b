# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operation mode, e-switch mode, resets."""
from __future__ import annotations

import enum
from typing import NamedTuple

from ._libdpu import ffi, lib
from .errors import check, text


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
        ret = ffi.new("enum dpu_mode *")
        check(lib.dpu_mode_parse(name.encode(), ret), None, f"mode {name!r}")
        return cls(ret[0])


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
        ret = ffi.new("enum dpu_reset *")
        check(lib.dpu_reset_parse(name.encode(), ret), None, f"reset {name!r}")
        return cls(ret[0])


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
        ret = ffi.new("enum dpu_eswitch_mode *")
        check(lib.dpu_eswitch_mode_parse(name.encode(), ret), None, f"e-switch mode {name!r}")
        return cls(ret[0])


class ModeInfo(NamedTuple):
    """The mode a DPU runs in, the mode of the next boot, and the reset that makes it current."""

    current: Mode
    next: Mode
    reset: Reset
