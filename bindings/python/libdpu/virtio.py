# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtio devices: feature words and their names; the network device with its packets, queues and commands.

Feature words are integers. A device type is a number or a name ("net", "blk").
"""
from __future__ import annotations

import enum
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

from ._libdpu import ffi, lib
from ._object import Object, hw_addr_bytes, options
from .errors import check, text
from .virtq import Chain, Side, Virtq


class VirtioFeatureBit(NamedTuple):
    """One feature bit; device is None for those of every type."""

    name: str
    what: str
    bit: int
    device: str | None


def virtio_device_type(name: str) -> int:
    """The number of a device type."""
    ret = ffi.new("uint32_t *")
    check(lib.dpu_virtio_device_parse(name.encode(), ret), None, f"virtio device type {name!r}")
    return ret[0]


def virtio_device_name(device: int) -> str | None:
    """The name of a device type; None when there is none of that number."""
    return text(lib.dpu_virtio_device_name(device))


def _type(device: int | str) -> int:
    return virtio_device_type(device) if isinstance(device, str) else device


def _feature(feature: Any) -> VirtioFeatureBit:
    return VirtioFeatureBit(text(feature.name) or "", text(feature.what) or "", feature.bit,
                            virtio_device_name(feature.device))


def virtio_features(device: int | str = 0) -> list[VirtioFeatureBit]:
    """The features of a device type, first its own, then those of every type; 0: only the latter."""
    number = _type(device)
    return [_feature(lib.dpu_virtio_feature_get(number, i)) for i in range(lib.dpu_virtio_feature_count(number))]


def virtio_feature(device: int | str, name: str) -> VirtioFeatureBit:
    """The feature of that name, in any case, with or without its prefix."""
    feature = lib.dpu_virtio_feature_find(_type(device), name.encode())
    if not feature:
        raise KeyError(name)
    return _feature(feature)


def _text(function: Any, *args: Any) -> str:
    size = function(*args, ffi.NULL, 0) + 1
    buffer = ffi.new("char[]", size)
    function(*args, buffer, size)
    return ffi.string(buffer).decode()


def virtio_features_text(device: int | str, features: int) -> str:
    """A feature word as names with "|" between them."""
    return _text(lib.dpu_virtio_features_format, _type(device), features)


def virtio_features_word(device: int | str, names: str) -> int:
    """A feature word from names, "bit 57" and numbers."""
    ret = ffi.new("uint64_t *")
    check(lib.dpu_virtio_features_parse(_type(device), names.encode(), ret), None, f"virtio features {names!r}")
    return ret[0]


def virtio_features_check(device: int | str, features: int) -> tuple[VirtioFeatureBit, VirtioFeatureBit] | None:
    """A feature that lacks another one, and that one; None when all have what they require."""
    feature, missing = ffi.new("struct dpu_virtio_feature **"), ffi.new("struct dpu_virtio_feature **")
    if lib.dpu_virtio_features_check(_type(device), features, feature, missing) == 0:
        return None
    return _feature(feature[0]), _feature(missing[0])


def virtio_status_text(status: int) -> str:
    """A device status as names with "|" between them."""
    return _text(lib.dpu_virtio_status_format, status)


class NetHdrFlag(enum.IntFlag):
    """Flags of a packet's header."""

    NEEDS_CSUM = lib.DPU_VIRTIO_NET_HDR_F_NEEDS_CSUM
    DATA_VALID = lib.DPU_VIRTIO_NET_HDR_F_DATA_VALID
    RSC_INFO = lib.DPU_VIRTIO_NET_HDR_F_RSC_INFO


class NetGso(enum.IntFlag):
    """Kinds of large packets; ECN stands beside a TCP one."""

    NONE = lib.DPU_VIRTIO_NET_HDR_GSO_NONE
    TCPV4 = lib.DPU_VIRTIO_NET_HDR_GSO_TCPV4
    UDP = lib.DPU_VIRTIO_NET_HDR_GSO_UDP
    TCPV6 = lib.DPU_VIRTIO_NET_HDR_GSO_TCPV6
    UDP_L4 = lib.DPU_VIRTIO_NET_HDR_GSO_UDP_L4
    ECN = lib.DPU_VIRTIO_NET_HDR_GSO_ECN


class NetRxMode(enum.IntEnum):
    """Receive modes."""

    PROMISC = lib.DPU_VIRTIO_NET_CTRL_RX_PROMISC
    ALLMULTI = lib.DPU_VIRTIO_NET_CTRL_RX_ALLMULTI
    ALLUNI = lib.DPU_VIRTIO_NET_CTRL_RX_ALLUNI
    NOMULTI = lib.DPU_VIRTIO_NET_CTRL_RX_NOMULTI
    NOUNI = lib.DPU_VIRTIO_NET_CTRL_RX_NOUNI
    NOBCAST = lib.DPU_VIRTIO_NET_CTRL_RX_NOBCAST


class NetChanged(enum.IntFlag):
    """What a driver's command changed."""

    FILTER = lib.DPU_VIRTIO_NET_CHANGED_FILTER
    MAC = lib.DPU_VIRTIO_NET_CHANGED_MAC
    QUEUES = lib.DPU_VIRTIO_NET_CHANGED_QUEUES
    HASH = lib.DPU_VIRTIO_NET_CHANGED_HASH
    OFFLOADS = lib.DPU_VIRTIO_NET_CHANGED_OFFLOADS
    ANNOUNCE = lib.DPU_VIRTIO_NET_CHANGED_ANNOUNCE


_HDR = ("flags", "gso_type", "hdr_len", "gso_size", "csum_start", "csum_offset", "num_buffers", "hash_value",
        "hash_report")


class NetHdr:
    """A packet's header; members that are not given are 0."""

    def __init__(self, **members: int) -> None:
        self.flags = self.gso_type = self.hdr_len = self.gso_size = self.csum_start = self.csum_offset = 0
        self.num_buffers = self.hash_value = self.hash_report = 0
        for name, value in members.items():
            if name not in _HDR:
                raise TypeError(f"a header has no {name}")
            setattr(self, name, value)

    @staticmethod
    def size(features: int) -> int:
        """Bytes of a header on the wire."""
        return lib.dpu_virtio_net_hdr_len(features)

    @classmethod
    def decode(cls, data: Any, features: int) -> NetHdr:
        """Reads a header from the beginning of data."""
        if len(data) < cls.size(features):
            raise ValueError("shorter than a header")
        hdr = ffi.new("struct dpu_virtio_net_hdr *")
        lib.dpu_virtio_net_hdr_decode(ffi.from_buffer(data), features, hdr)
        return cls()._take(hdr)

    def encode(self, features: int) -> bytes:
        """The header as it is on the wire."""
        buffer = ffi.new("uint8_t[]", lib.DPU_VIRTIO_NET_HDR_MAX)
        return ffi.buffer(buffer, lib.dpu_virtio_net_hdr_encode(self._c(), features, buffer))[:]

    def check(self, features: int, writer: Side, length: int) -> None:
        """Raises Error when the header says what it must not."""
        check(lib.dpu_virtio_net_hdr_check(self._c(), features, writer, length), None, "check header")

    def checksum(self, packet: bytearray) -> None:
        """Completes the packet's checksum in place, if that is asked for."""
        hdr = self._c()
        check(lib.dpu_virtio_net_checksum(hdr, ffi.from_buffer(packet, require_writable=True), len(packet)), None,
              "complete checksum")
        self._take(hdr)

    def segments(self, packet: Any) -> Iterator[bytes]:
        """The packets that a large one is cut into."""
        buffer = ffi.from_buffer(packet)
        iov = ffi.new("struct iovec *", (buffer, len(buffer)))
        gso = ffi.new("struct dpu_virtio_net_gso *")
        check(lib.dpu_virtio_net_gso_start(gso, self._c(), iov, 1, 0), None, "cut packet")
        segment = ffi.new("uint8_t[]", gso.segment_max)
        while length := lib.dpu_virtio_net_gso_next(gso, segment, gso.segment_max):
            yield ffi.buffer(segment, length)[:]

    def _c(self) -> Any:
        return ffi.new("struct dpu_virtio_net_hdr *", {name: getattr(self, name) for name in _HDR})

    def _take(self, hdr: Any) -> NetHdr:
        for name in _HDR:
            setattr(self, name, getattr(hdr, name))
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NetHdr) and all(getattr(self, name) == getattr(other, name) for name in _HDR)

    def __repr__(self) -> str:
        return f"NetHdr({', '.join(f'{name}={getattr(self, name)}' for name in _HDR if getattr(self, name))})"


def net_gather(chains: Sequence[Chain], features: int) -> tuple[NetHdr, bytes, int]:
    """Driver: one received packet out of used chains: its header, its bytes, and how many chains it takes."""
    array = ffi.new("struct dpu_virtq_chain[]", len(chains))
    hold = []
    for c, chain in zip(array, chains):
        iov = ffi.new("struct iovec[]", [(part, len(part)) for part in map(ffi.from_buffer, chain.write)])
        hold.append(iov)
        c.iov, c.write_count, c.written = iov, len(chain.write), chain.written
    room = sum(len(chain.write) for chain in chains) or 1
    hdr, out, count = ffi.new("struct dpu_virtio_net_hdr *"), ffi.new("struct iovec[]", room), ffi.new("uint32_t *")
    taken = check(lib.dpu_virtio_net_gather(array, len(chains), features, hdr, out, room, count), None,
                  "gather packet")
    return NetHdr()._take(hdr), b"".join(ffi.buffer(out[i].iov_base, out[i].iov_len)[:] for i in range(count[0])), taken


def net_toeplitz(key: bytes, data: bytes) -> int:
    """The Toeplitz hash."""
    return lib.dpu_virtio_net_toeplitz(key, len(key), data, len(data))


class NetRxQueue(Object):
    """A receive queue's device side: puts packets into the driver's buffers."""

    _ref = lib.dpu_virtio_net_rxq_ref
    _unref = lib.dpu_virtio_net_rxq_unref

    def __init__(self, vq: Virtq, features: int, *, chains: int = 0, elements: int = 0) -> None:
        opts = options("dpu_virtio_net_rxq_opts", vq=vq._c, features=features, chains=chains, elements=elements)
        ret = ffi.new("struct dpu_virtio_net_rxq **")
        check(lib.dpu_virtio_net_rxq_create(opts, ret), None, "create receive queue")
        # The virtqueue's memory has to outlive it here, too.
        super().__init__(ret[0], None, keep=vq._keep)

    def put(self, packets: Iterable[tuple[NetHdr, Any]]) -> int:
        """Puts packets, each with its header, and tells how many: less when the driver has no more buffers."""
        hold = []
        for hdr, packet in packets:
            data = ffi.from_buffer(packet)
            hold.append((hdr._c(), ffi.new("struct iovec *", (data, len(data))), data))
        array = ffi.new("struct dpu_virtio_net_packet[]",
                        [{"hdr": hdr, "iov": iov, "iov_count": 1} for hdr, iov, _ in hold])
        return check(lib.dpu_virtio_net_rxq_put(self._c, array, len(hold)), None, "put packets")

    def drain(self) -> int:
        """Gives back unused the buffers that are kept, and tells how many."""
        return check(lib.dpu_virtio_net_rxq_drain(self._c), None, "drain receive queue")


class NetRss(NamedTuple):
    """Receive-side scaling; without a table, the hash that packets report."""

    hash_types: int
    hash_key: bytes
    indirection_table: tuple[int, ...] = ()
    unclassified_queue: int = 0
    max_tx_vq: int = 1

    def _c(self) -> tuple[Any, Any]:
        table = ffi.new("uint16_t[]", self.indirection_table)
        key = ffi.new("uint8_t[]", self.hash_key)
        rss = options("dpu_virtio_net_rss", indirection_table=table, hash_key=key, hash_types=self.hash_types,
                      indirection_table_length=len(self.indirection_table), hash_key_length=len(self.hash_key),
                      unclassified_queue=self.unclassified_queue, max_tx_vq=self.max_tx_vq)
        return rss, (table, key)


class NetState(NamedTuple):
    """What the driver has set."""

    features: int
    offloads: int
    rx_modes: frozenset[NetRxMode]
    generation: int
    hash_types: int
    link_up: bool
    announce: bool
    queue_pairs: int
    mac: str
    rss: bool


class VirtioNet(Object):
    """A network device, as the device side keeps it."""

    _ref = lib.dpu_virtio_net_ref
    _unref = lib.dpu_virtio_net_unref

    def __init__(self, features: int, mac: str | bytes, *, max_virtqueue_pairs: int = 1, mtu: int = 1500,
                 speed: int = lib.DPU_VIRTIO_NET_SPEED_UNKNOWN, duplex: int = lib.DPU_VIRTIO_NET_DUPLEX_UNKNOWN,
                 supported_hash_types: int = 0, rss_max_indirection_table_length: int = 0,
                 rss_max_key_size: int = 0, link_up: bool = True) -> None:
        opts = options("dpu_virtio_net_opts", features=features, mac=hw_addr_bytes(mac), mtu=mtu, speed=speed,
                       duplex=duplex, max_virtqueue_pairs=max_virtqueue_pairs, link_down=not link_up,
                       supported_hash_types=supported_hash_types, rss_max_key_size=rss_max_key_size,
                       rss_max_indirection_table_length=rss_max_indirection_table_length)
        ret = ffi.new("struct dpu_virtio_net **")
        check(lib.dpu_virtio_net_create(opts, ret), None, "create virtio-net")
        super().__init__(ret[0], None)

    def reset(self) -> None:
        """As the driver's reset."""
        lib.dpu_virtio_net_reset(self._c)

    def set_features(self, features: int) -> None:
        """Takes what the driver has accepted."""
        self._check(lib.dpu_virtio_net_set_features(self._c, features), "set features")

    def set_link(self, up: bool) -> bool:
        """Switches the link; True when the driver is to be told."""
        return bool(self._check(lib.dpu_virtio_net_set_link(self._c, up), "set link"))

    def set_speed(self, speed: int, duplex: int) -> bool:
        """Sets speed and duplex; True when the driver is to be told."""
        return bool(self._check(lib.dpu_virtio_net_set_speed(self._c, speed, duplex), "set speed"))

    def announce(self) -> bool:
        """Asks the driver to announce itself; True when it is to be told."""
        return bool(self._check(lib.dpu_virtio_net_announce(self._c), "announce"))

    @property
    def state(self) -> NetState:
        """What the driver has set."""
        state = options("dpu_virtio_net_state")
        self._check(lib.dpu_virtio_net_state(self._c, state), "state")
        return NetState(state.features, state.offloads,
                        frozenset(mode for mode in NetRxMode if state.rx_mode >> mode & 1), state.generation,
                        state.hash_types, bool(state.status & lib.DPU_VIRTIO_NET_S_LINK_UP),
                        bool(state.status & lib.DPU_VIRTIO_NET_S_ANNOUNCE), state.queue_pairs,
                        ffi.buffer(state.mac)[:].hex(":"), bool(state.rss))

    def macs(self, multicast: bool = False) -> list[str]:
        """The addresses in the MAC table."""
        count = lib.dpu_virtio_net_macs(self._c, multicast, ffi.NULL, 0)
        macs = ffi.new("uint8_t[][6]", count or 1)
        lib.dpu_virtio_net_macs(self._c, multicast, macs, count)
        return [ffi.buffer(macs[i])[:].hex(":") for i in range(count)]

    def has_vlan(self, vid: int) -> bool:
        """Whether a VLAN is in the VLAN table."""
        return bool(lib.dpu_virtio_net_has_vlan(self._c, vid))

    @property
    def rss(self) -> NetRss:
        """Receive-side scaling; the table is empty when it is off."""
        rss = options("dpu_virtio_net_rss")
        self._check(lib.dpu_virtio_net_rss(self._c, rss), "rss")
        return NetRss(rss.hash_types, ffi.buffer(rss.hash_key, rss.hash_key_length)[:],
                      tuple(rss.indirection_table[0:rss.indirection_table_length]), rss.unclassified_queue,
                      rss.max_tx_vq)

    def config_read(self, offset: int = 0, length: int = 64) -> bytes:
        """What of these bytes is within the configuration space."""
        buffer = ffi.new("uint8_t[]", length)
        return ffi.buffer(buffer, lib.dpu_virtio_net_config_read(self._c, offset, buffer, length))[:]

    def config_write(self, offset: int, data: bytes) -> NetChanged:
        """Writes the configuration space, as a legacy driver writes its MAC address."""
        return NetChanged(self._check(lib.dpu_virtio_net_config_write(self._c, offset, data, len(data)),
                                      "write configuration"))

    def control(self, chain: Chain) -> NetChanged:
        """Carries out a command of the control queue and acknowledges it in the chain, which is to be pushed then,
        also when the command was refused and this raises Error."""
        parts = [ffi.from_buffer(part) for part in chain.read]
        parts += [ffi.from_buffer(part, require_writable=True) for part in chain.write]
        iov = ffi.new("struct iovec[]", [(part, len(part)) for part in parts])
        c = ffi.new("struct dpu_virtq_chain *", {"iov": iov, "read_count": len(chain.read),
                                                 "write_count": len(chain.write)})
        changed = lib.dpu_virtio_net_control(self._c, c)
        chain.written = c.written
        return NetChanged(self._check(changed, "control command"))

    def wants(self, packet: bytes) -> bool:
        """Whether the driver wants a received packet."""
        return bool(lib.dpu_virtio_net_wants(self._c, packet, len(packet)))

    def steer(self, packet: bytes, hdr: NetHdr | None = None) -> int:
        """A received packet's queue; sets the hash in its header."""
        c = hdr._c() if hdr is not None else ffi.NULL
        queue = lib.dpu_virtio_net_steer(self._c, packet, len(packet), c)
        if hdr is not None:
            hdr._take(c)
        return queue


class NetCommand:
    """A driver's commands, as bytes for the control queue. The device answers with one byte, 0 for done."""

    @staticmethod
    def _write(size: int, function: Any, *args: Any) -> bytes:
        buffer = ffi.new("uint8_t[]", size)
        return ffi.buffer(buffer, check(function(buffer, size, *args), None, "control command"))[:]

    @classmethod
    def rx(cls, mode: NetRxMode, on: bool) -> bytes:
        """Switches a receive mode."""
        return cls._write(3, lib.dpu_virtio_net_ctrl_rx, mode, on)

    @classmethod
    def mac_addr(cls, mac: str | bytes) -> bytes:
        """Sets the MAC address."""
        return cls._write(8, lib.dpu_virtio_net_ctrl_mac_addr, hw_addr_bytes(mac))

    @classmethod
    def mac_table(cls, unicast: Iterable[str | bytes], multicast: Iterable[str | bytes]) -> bytes:
        """Sets the MAC table."""
        tables = [[hw_addr_bytes(mac) for mac in macs] for macs in (unicast, multicast)]
        arrays = [ffi.new("uint8_t[][6]", table) for table in tables]
        return cls._write(10 + 6 * sum(map(len, tables)), lib.dpu_virtio_net_ctrl_mac_table, arrays[0],
                          len(tables[0]), arrays[1], len(tables[1]))

    @classmethod
    def vlan(cls, vid: int, add: bool = True) -> bytes:
        """Adds a VLAN to the VLAN table, or takes it away."""
        return cls._write(4, lib.dpu_virtio_net_ctrl_vlan, vid, add)

    @classmethod
    def announce_ack(cls) -> bytes:
        """Says that the driver has announced itself."""
        return cls._write(2, lib.dpu_virtio_net_ctrl_announce_ack)

    @classmethod
    def queue_pairs(cls, pairs: int) -> bytes:
        """Sets the number of queue pairs."""
        return cls._write(4, lib.dpu_virtio_net_ctrl_mq, pairs)

    @classmethod
    def rss(cls, rss: NetRss) -> bytes:
        """Sets up receive-side scaling."""
        c, hold = rss._c()
        return cls._write(13 + 2 * len(rss.indirection_table) + len(rss.hash_key), lib.dpu_virtio_net_ctrl_rss, c)

    @classmethod
    def hash(cls, rss: NetRss) -> bytes:
        """Sets up the hash that packets report."""
        c, hold = rss._c()
        return cls._write(15 + len(rss.hash_key), lib.dpu_virtio_net_ctrl_hash, c)

    @classmethod
    def offloads(cls, offloads: int) -> bytes:
        """Switches the receive offloads."""
        return cls._write(10, lib.dpu_virtio_net_ctrl_offloads, offloads)
