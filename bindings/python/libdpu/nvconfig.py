# SPDX-License-Identifier: LGPL-2.1-or-later
"""The firmware's non-volatile configuration: parameters, TLVs, profiles."""
from __future__ import annotations

import enum
import os
from typing import Any, Mapping, NamedTuple, Union

from ._libdpu import ffi, lib
from ._object import c_text, enum_value
from .errors import check, text
from .mode import Reset

Value = Union[bool, int, str]
TLV_MAX = 256


class NvConfigWhen(enum.IntEnum):
    """Which of a parameter's values: the one with which the firmware started, the stored one, the factory's."""

    CURRENT = lib.DPU_NVCONFIG_CURRENT
    NEXT = lib.DPU_NVCONFIG_NEXT
    DEFAULT = lib.DPU_NVCONFIG_DEFAULT


class NvConfigType(enum.IntEnum):
    """What kind of value a parameter has."""

    BOOL = lib.DPU_NVCONFIG_BOOL
    ENUM = lib.DPU_NVCONFIG_ENUM
    UNSIGNED = lib.DPU_NVCONFIG_UNSIGNED


class NvConfigParam(NamedTuple):
    """A parameter: its values, each a bool, an int or a word as its type is, None where the firmware does not tell.
    tlv is the type of the TLV that it lies in, reset what makes next current."""

    name: str
    type: NvConfigType
    current: Value | None
    next: Value | None
    default: Value | None
    max: int
    tlv: int
    reset: Reset
    writable: bool


class NvConfigChange(NamedTuple):
    """What a wish comes to: reset makes the wanted value current, differs tells whether a write is needed."""

    device: str
    name: str
    current: Value | None
    next: Value
    wanted: Value
    differs: bool
    reset: Reset


class Profile(NamedTuple):
    """A named set of parameters, and what it presumes on the command line of the host's kernel."""

    name: str
    description: str
    boot_options: str | None


def read(value: str) -> Value:
    """A value as Python has it. No word of any parameter looks like a truth value or a number."""
    if value in ("True", "False"):
        return value == "True"
    return int(value) if value.isdecimal() else value


def write(value: Value) -> str:
    """A value as the C library has it."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return value
    raise TypeError(f"a parameter's value is a bool, an int or a str, not {type(value).__name__}")


def make(c: Any) -> NvConfigParam:
    current, next_boot, default = (read(text(c.value[when]) or "") if c.known & 1 << when else None
                                   for when in NvConfigWhen)
    return NvConfigParam(text(c.name) or "", enum_value(NvConfigType, c.type), current, next_boot, default, c.max,
                         c.tlv, enum_value(Reset, c.reset), bool(c.writable))


def change(c: Any) -> NvConfigChange:
    current = text(c.current)
    return NvConfigChange(text(c.device) or "", text(c.name) or "", None if current is None else read(current),
                          read(text(c.next) or ""), read(text(c.wanted) or ""), bool(c.differs),
                          enum_value(Reset, c.reset))


class Names:
    """Names of parameters as a C array, with the texts that it points to."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.texts = [c_text(name) for name in names]
        self.count = len(names)
        self.c = ffi.new("char *[]", self.texts) if names else ffi.NULL


class Settings:
    """Wishes as a C array, with the texts that it points to."""

    def __init__(self, settings: Mapping[str, Value]) -> None:
        self.texts = [(c_text(name), c_text(write(value))) for name, value in settings.items()]
        self.count = len(self.texts)
        self.c = ffi.new("struct dpu_nvconfig_setting[]", self.texts)


def tlv_type(tlv_class: int, id: int, index: int = 0, function: int = 0) -> int:
    """Composes the type of a TLV: index is the port (from 1), host or module that it belongs to."""
    ret = ffi.new("uint32_t *")
    check(lib.dpu_nvconfig_tlv_type(tlv_class, id, index, function, ret), None,
          f"compose type of TLV {id} in class {tlv_class}")
    return ret[0]


def profiles() -> list[Profile]:
    """Lists the profiles."""
    result: list[Profile] = []
    while name := lib.dpu_profile_name(len(result)):
        result.append(Profile(text(name) or "", text(lib.dpu_profile_description(name)) or "",
                              text(lib.dpu_profile_boot_options(name))))
    return result


def profile_name(profile: Profile | str) -> bytes:
    """The name of a profile, given as such or as what profiles() lists."""
    return os.fsencode(profile.name if isinstance(profile, Profile) else profile)
