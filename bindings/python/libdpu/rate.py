# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rates: what the functions of an e-switch may send, and the nodes that share it."""
from __future__ import annotations

import enum
from typing import Any, NamedTuple, Union

from . import port
from ._libdpu import lib
from ._object import c_text, enum_value, options
from .errors import text


class RateType(enum.IntEnum):
    """What a rate object is."""

    LEAF = lib.DPU_RATE_LEAF
    NODE = lib.DPU_RATE_NODE

    def __str__(self) -> str:
        return text(lib.dpu_rate_type_name(self))


class Rate(NamedTuple):
    """A rate object: the leaf of a port's function, or a node whose members share its rate. tx_share is assured,
    tx_max the most, 0 for no limit; both in bytes per second."""

    type: RateType
    port: int | None
    node: str | None
    parent: str | None
    tx_share: int
    tx_max: int
    priority: int
    weight: int


# Which one: a port or its index, the name of a node, or what a list has.
RateTarget = Union[port.Port, int, str, Rate]


def make(c: Any) -> Rate:
    return Rate(enum_value(RateType, c.type), port.number(c.port), text(c.node), text(c.parent), c.tx_share, c.tx_max,
                c.priority, c.weight)


class Attributes:
    """The C structure, with the texts that it points to."""

    def __init__(self, target: RateTarget, tx_share: int | None, tx_max: int | None, priority: int | None,
                 weight: int | None, parent: str | None) -> None:
        if isinstance(target, Rate):
            target = target.port if target.node is None else target.node
        self.node = c_text(target if isinstance(target, str) else None)
        self.parent = c_text(parent)
        self.c = options("dpu_rate_attrs", node=self.node, parent=self.parent)
        if not isinstance(target, str):
            self.c.port = target.index if isinstance(target, port.Port) else target
        for name, bit, value in (("tx_share", lib.DPU_RATE_TX_SHARE, tx_share),
                                 ("tx_max", lib.DPU_RATE_TX_MAX, tx_max),
                                 ("priority", lib.DPU_RATE_PRIORITY, priority),
                                 ("weight", lib.DPU_RATE_WEIGHT, weight)):
            if value is not None:
                setattr(self.c, name, value)
                self.c.set |= bit
        if parent is not None:
            self.c.set |= lib.DPU_RATE_PARENT
