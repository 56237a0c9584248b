# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parameters of a device, as devlink has them."""
from __future__ import annotations

import enum
from typing import Any, NamedTuple, Union

from ._libdpu import lib
from ._object import enum_value, parse
from .errors import text

Value = Union[bool, int, str]


class ParamType(enum.IntEnum):
    """What kind of value a parameter has."""

    U8 = lib.DPU_PARAM_U8
    U16 = lib.DPU_PARAM_U16
    U32 = lib.DPU_PARAM_U32
    U64 = lib.DPU_PARAM_U64
    STRING = lib.DPU_PARAM_STRING
    BOOL = lib.DPU_PARAM_BOOL

    def __str__(self) -> str:
        return text(lib.dpu_param_type_name(self))


class ParamCmode(enum.IntEnum):
    """When a value takes effect."""

    RUNTIME = lib.DPU_PARAM_RUNTIME
    DRIVERINIT = lib.DPU_PARAM_DRIVERINIT
    PERMANENT = lib.DPU_PARAM_PERMANENT

    def __str__(self) -> str:
        return text(lib.dpu_param_cmode_name(self))

    @classmethod
    def parse(cls, name: str) -> ParamCmode:
        """The cmode of that name."""
        return parse(cls, "dpu_param_cmode", lib.dpu_param_cmode_parse, name, "cmode")


class Param(NamedTuple):
    """A parameter: its values by cmode, each a bool, an int or a str as its type is."""

    name: str
    type: ParamType
    generic: bool
    values: dict[ParamCmode, Value]


def read(value: str, kind: int) -> Value:
    """A value as Python has it; the text itself if a newer library has one more type."""
    if kind == ParamType.BOOL:
        return value == "true"
    return int(value, 0) if kind in (ParamType.U8, ParamType.U16, ParamType.U32, ParamType.U64) else value


def write(value: Value) -> str:
    """A value as the C library has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return value
    raise TypeError(f"a parameter's value is a bool, an int or a str, not {type(value).__name__}")


def make(c: Any) -> Param:
    values = {cmode: read(text(c.value[cmode]) or "", c.type) for cmode in ParamCmode if c.cmodes & 1 << cmode}
    return Param(text(c.name) or "", enum_value(ParamType, c.type), bool(c.generic), values)
