# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a PF decides for its VFs."""
from __future__ import annotations

import enum
from typing import Any, NamedTuple

from ._libdpu import ffi, lib
from ._object import enum_value, hw_addr_bytes, hw_addr_text, options, parse
from .errors import text


class VfLinkState(enum.IntEnum):
    """What a VF takes for its link."""

    AUTO = lib.DPU_VF_LINK_AUTO
    ENABLE = lib.DPU_VF_LINK_ENABLE
    DISABLE = lib.DPU_VF_LINK_DISABLE

    def __str__(self) -> str:
        return text(lib.dpu_vf_link_state_name(self))

    @classmethod
    def parse(cls, name: str) -> VfLinkState:
        """The link state of that name."""
        return parse(cls, "dpu_vf_link_state", lib.dpu_vf_link_state_parse, name, "link state")


class VfAttrs(NamedTuple):
    """Attributes of a VF; None for what is not known. Rates are in Mbit per second: min_tx_rate is assured, 0 for
    none, max_tx_rate the most, 0 for no limit. vlan is 0 for none."""

    hw_addr: str | None = None
    vlan: int | None = None
    qos: int | None = None
    vlan_proto: int | None = None
    spoofchk: bool | None = None
    trust: bool | None = None
    link_state: VfLinkState | None = None
    min_tx_rate: int | None = None
    max_tx_rate: int | None = None
    node_guid: int | None = None
    port_guid: int | None = None


class VfStats(NamedTuple):
    """Counters of a VF; rx is what it received."""

    rx_packets: int
    rx_bytes: int
    rx_dropped: int
    tx_packets: int
    tx_bytes: int
    tx_dropped: int
    broadcast: int
    multicast: int


# Which attributes the C library knows and changes together.
FIELDS = {
    lib.DPU_VF_HW_ADDR: ("hw_addr",),
    lib.DPU_VF_VLAN: ("vlan", "qos", "vlan_proto"),
    lib.DPU_VF_SPOOFCHK: ("spoofchk",),
    lib.DPU_VF_TRUST: ("trust",),
    lib.DPU_VF_LINK_STATE: ("link_state",),
    lib.DPU_VF_RATE: ("min_tx_rate", "max_tx_rate"),
    lib.DPU_VF_NODE_GUID: ("node_guid",),
    lib.DPU_VF_PORT_GUID: ("port_guid",),
}
# What is not the number that C has.
READ = {
    "hw_addr": hw_addr_text,
    "spoofchk": bool,
    "trust": bool,
    "link_state": lambda value: enum_value(VfLinkState, value),
}


def make(c: Any) -> VfAttrs:
    known = [name for bit, names in FIELDS.items() if c.set & bit for name in names]
    return VfAttrs(**{name: READ.get(name, int)(getattr(c, name)) for name in known})


def is_partial(change: VfAttrs) -> bool:
    """Whether some but not all of what goes together shall change."""
    given = [[getattr(change, name) is not None for name in names] for names in FIELDS.values()]
    return any(any(group) and not all(group) for group in given)


def attributes(change: VfAttrs, now: VfAttrs) -> Any:
    """The C structure with what shall change. Of attributes that go together those not given stay as they are."""
    attrs = options("dpu_vf_attrs")
    if change.vlan == 0:
        # No VLAN has no priority either.
        now = now._replace(qos=0, vlan_proto=None)
    for bit, names in FIELDS.items():
        if all(getattr(change, name) is None for name in names):
            continue
        attrs.set |= bit
        for name in names:
            value = getattr(change, name)
            value = getattr(now, name) if value is None else value
            if name == "hw_addr":
                ffi.buffer(attrs.hw_addr)[:] = hw_addr_bytes(value)
            elif value is not None:
                setattr(attrs, name, value)
    return attrs
