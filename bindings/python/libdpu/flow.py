# SPDX-License-Identifier: LGPL-2.1-or-later
"""Flow rules and the tables that hold them."""
from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Iterable, Iterator, NamedTuple

from ._libdpu import ffi, lib
from ._object import Object, options, own

if TYPE_CHECKING:
    from .context import Context
    from .device import Device


class FlowField(enum.IntEnum):
    """What a rule can match. Values are bytes as in the packet."""

    ETH_DST = lib.DPU_FLOW_ETH_DST
    ETH_SRC = lib.DPU_FLOW_ETH_SRC
    ETH_TYPE = lib.DPU_FLOW_ETH_TYPE
    VLAN_VID = lib.DPU_FLOW_VLAN_VID
    VLAN_PCP = lib.DPU_FLOW_VLAN_PCP
    IPV4_SRC = lib.DPU_FLOW_IPV4_SRC
    IPV4_DST = lib.DPU_FLOW_IPV4_DST
    IPV6_SRC = lib.DPU_FLOW_IPV6_SRC
    IPV6_DST = lib.DPU_FLOW_IPV6_DST
    IP_PROTO = lib.DPU_FLOW_IP_PROTO
    IP_TOS = lib.DPU_FLOW_IP_TOS
    L4_SRC = lib.DPU_FLOW_L4_SRC
    L4_DST = lib.DPU_FLOW_L4_DST
    ARP_OP = lib.DPU_FLOW_ARP_OP


class FlowStats(NamedTuple):
    """Counters of a rule."""

    packets: int
    bytes: int


class FlowRule(Object):
    """A rule: what it matches and what becomes of the packet. The methods that add to it return it, so they can
    be chained; a rule in a table cannot be changed."""

    _ref = lib.dpu_flow_rule_ref
    _unref = lib.dpu_flow_rule_unref

    def __init__(self, ctx: Context, text: str | None = None) -> None:
        ret = ffi.new("struct dpu_flow_rule **")
        if text is None:
            ctx._check(lib.dpu_flow_rule_new(ctx._c, ret), "new flow rule")
        else:
            ctx._check(lib.dpu_flow_rule_parse(ctx._c, text.encode(), ret), "parse flow rule")
        super().__init__(ret[0], ctx._world, ctx._ctx)

    @property
    def priority(self) -> int:
        return lib.dpu_flow_rule_priority(self._c)

    def set_priority(self, priority: int) -> FlowRule:
        self._check(lib.dpu_flow_rule_set_priority(self._c, priority), "set priority")
        return self

    def match_port(self, port: str | int) -> FlowRule:
        """Matches packets that come in through a port."""
        self._check(lib.dpu_flow_rule_match_port(self._c, str(port).encode()), "match port")
        return self

    def match(self, field: FlowField, value: bytes, mask: bytes | None = None) -> FlowRule:
        """Matches a field."""
        if mask is not None and len(mask) != len(value):
            raise ValueError("value and mask differ in length")
        self._check(lib.dpu_flow_rule_match(self._c, field, ffi.from_buffer(value),
                                            ffi.NULL if mask is None else ffi.from_buffer(mask), len(value)),
                    "match field")
        return self

    def output(self, port: str | int) -> FlowRule:
        """Sends the packet, as it is by then, out of a port."""
        self._check(lib.dpu_flow_rule_output(self._c, str(port).encode()), "output")
        return self

    def push_vlan(self, vid: int, pcp: int = 0) -> FlowRule:
        """Puts an 802.1Q tag on."""
        self._check(lib.dpu_flow_rule_push_vlan(self._c, vid, pcp), "push VLAN")
        return self

    def pop_vlan(self) -> FlowRule:
        """Takes the outermost VLAN tag off."""
        self._check(lib.dpu_flow_rule_pop_vlan(self._c), "pop VLAN")
        return self

    def set_field(self, field: FlowField, value: bytes) -> FlowRule:
        """Overwrites a field of the packet."""
        self._check(lib.dpu_flow_rule_set_field(self._c, field, ffi.from_buffer(value), len(value)), "set field")
        return self

    def __str__(self) -> str:
        size = self._check(lib.dpu_flow_rule_format(self._c, ffi.NULL, 0), "format flow rule") + 1
        buf = ffi.new("char[]", size)
        self._check(lib.dpu_flow_rule_format(self._c, buf, size), "format flow rule")
        return ffi.string(buf).decode("utf-8", "surrogateescape")

    def _describe(self) -> str:
        return str(self)


class FlowEntry(NamedTuple):
    """A rule in a table, with its counters when the table was listed."""

    id: int
    rule: FlowRule
    stats: FlowStats


class FlowTable(Object):
    """A flow table: in software (FlowTable(ctx)) or a device's (device.flow_table())."""

    _ref = lib.dpu_flow_table_ref
    _unref = lib.dpu_flow_table_unref

    def __init__(self, ctx: Context, max_rules: int = 0) -> None:
        ret = ffi.new("struct dpu_flow_table **")
        ctx._check(lib.dpu_flow_table_new(ctx._c, options("dpu_flow_table_opts", max_rules=max_rules), ret),
                   "new flow table")
        super().__init__(ret[0], ctx._world, ctx._ctx)

    @classmethod
    def _open(cls, device: Device, max_rules: int) -> FlowTable:
        ret = ffi.new("struct dpu_flow_table **")
        device._check(lib.dpu_flow_table_open(device._c, options("dpu_flow_table_opts", max_rules=max_rules), ret),
                      "open flow table")
        return cls._wrap(ret[0], device)

    def insert(self, rule: str | FlowRule) -> int:
        """Inserts a rule and tells what it is called in this table."""
        ret = ffi.new("uint64_t *")
        if isinstance(rule, FlowRule):
            self._check(lib.dpu_flow_insert(self._c, rule._c, ret), "flow_insert")
        else:
            self._check(lib.dpu_flow_insert_text(self._c, rule.encode(), ret), "flow_insert")
        return ret[0]

    def delete(self, id: int) -> None:
        """Deletes a rule."""
        self._check(lib.dpu_flow_delete(self._c, id), "flow_delete")

    def flush(self) -> int:
        """Deletes every rule and tells how many there were."""
        return self._check(lib.dpu_flow_flush(self._c), "flush flows")

    def stats(self, id: int) -> FlowStats:
        """Reads the counters of a rule."""
        stats = options("dpu_flow_stats")
        self._check(lib.dpu_flow_stats(self._c, id, stats), "flow statistics")
        return FlowStats(stats.packets, stats.bytes)

    def lookup(self, packet: bytes, in_port: int) -> int | None:
        """Tells which rule of a software table decides a packet."""
        return self.lookup_burst([(packet, in_port)])[0]

    def lookup_burst(self, packets: Iterable[tuple[bytes, int]]) -> list[int | None]:
        """Decides many packets, each with the port that it came in through."""
        burst = [(ffi.from_buffer(data), len(data), in_port) for data, in_port in packets]
        array = ffi.new("struct dpu_flow_packet[]", burst)
        ids = ffi.new("uint64_t[]", len(burst))
        self._check(lib.dpu_flow_lookup(self._c, array, len(burst), ids), "flow lookup")
        return [None if id == lib.DPU_FLOW_NONE else id for id in ids]

    def entries(self) -> list[FlowEntry]:
        """Lists the rules by falling priority."""
        ret = ffi.new("struct dpu_flow_list **")
        self._check(lib.dpu_flow_list(self._c, ret), "list flows")
        items = own(ret[0], lib.dpu_flow_list_unref)
        try:
            entries = []
            id, stats = ffi.new("uint64_t *"), options("dpu_flow_stats")
            for i in range(lib.dpu_flow_list_count(items)):
                rule = FlowRule._borrow(lib.dpu_flow_list_get(items, i, id, stats), self)
                entries.append(FlowEntry(id[0], rule, FlowStats(stats.packets, stats.bytes)))
            return entries
        finally:
            ffi.release(items)

    def __iter__(self) -> Iterator[FlowEntry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def __bool__(self) -> bool:
        return True
