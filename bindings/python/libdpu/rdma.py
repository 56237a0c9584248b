# SPDX-License-Identifier: LGPL-2.1-or-later
"""RDMA devices: their ports, and the network devices that belong to them."""
from __future__ import annotations

import enum
from typing import Any, NamedTuple

from ._libdpu import lib
from ._object import enum_value
from .errors import text


class RdmaState(enum.IntEnum):
    """State of an RDMA port."""

    NOP = lib.DPU_RDMA_NOP
    DOWN = lib.DPU_RDMA_DOWN
    INIT = lib.DPU_RDMA_INIT
    ARMED = lib.DPU_RDMA_ARMED
    ACTIVE = lib.DPU_RDMA_ACTIVE
    ACTIVE_DEFER = lib.DPU_RDMA_ACTIVE_DEFER

    def __str__(self) -> str:
        return text(lib.dpu_rdma_state_name(self))


class RdmaLink(NamedTuple):
    """A port of an RDMA device. phys_state is the number that InfiniBand gives it: 3 disabled, 5 link up."""

    device: str
    index: int
    port: int
    netdev: str | None
    ifindex: int | None
    state: RdmaState
    phys_state: int
    firmware: str | None
    node_guid: int
    sys_image_guid: int


def make(c: Any) -> RdmaLink:
    return RdmaLink(text(c.device) or "", c.index, c.port, text(c.netdev), c.ifindex or None,
                    enum_value(RdmaState, c.state), c.phys_state, text(c.firmware), c.node_guid, c.sys_image_guid)
