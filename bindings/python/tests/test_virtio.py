# SPDX-License-Identifier: LGPL-2.1-or-later
"""Feature words, and a network device whose two sides are both in Python. Checksums and addresses are Python's own."""
import errno
import ipaddress
import struct
import unittest

import tap

import libdpu
from libdpu import Chain, NetChanged, NetCommand, NetGso, NetHdr, NetHdrFlag, NetRss, NetRxMode, Side, VirtioNet

ALL = libdpu.virtio_features_word("net", """version_1 mac status mtu ctrl_vq ctrl_rx ctrl_rx_extra ctrl_vlan
    ctrl_mac_addr mq rss hash_report guest_announce ctrl_guest_offloads guest_csum guest_tso4 speed_duplex""")
KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa")


def ones(data):
    """The ones' complement sum of 16-bit words."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


class Features(unittest.TestCase):
    def test_names(self):
        self.assertEqual(libdpu.virtio_device_type("virtio-blk"), 2)
        self.assertEqual(libdpu.virtio_device_name(1), "net")
        self.assertIsNone(libdpu.virtio_device_name(14))
        with self.assertRaises(libdpu.Error):
            libdpu.virtio_device_type("toaster")
        features = libdpu.virtio_features("net")
        self.assertEqual(features[0][0:1] + features[0][2:], ("VIRTIO_NET_F_CSUM", 0, "net"))
        self.assertIsNone(features[-1].device)
        self.assertEqual(libdpu.virtio_feature("blk", "flush").bit, 9)
        with self.assertRaises(KeyError):
            libdpu.virtio_feature("blk", "csum")

    def test_words(self):
        self.assertEqual(libdpu.virtio_features_text("net", 1 | 1 << 47), "VIRTIO_NET_F_CSUM|bit 47")
        self.assertEqual(libdpu.virtio_features_word("blk", "flush,ro"), 1 << 9 | 1 << 5)
        with self.assertRaises(libdpu.Error):
            libdpu.virtio_features_word("blk", "csum")
        lacking, missing = libdpu.virtio_features_check("net", libdpu.virtio_features_word("net", "guest_tso4"))
        self.assertEqual((lacking.name, missing.name), ("VIRTIO_NET_F_GUEST_TSO4", "VIRTIO_NET_F_GUEST_CSUM"))
        self.assertIsNone(libdpu.virtio_features_check("net", ALL))
        self.assertEqual(libdpu.virtio_status_text(0x0f), "ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK")


class Packets(unittest.TestCase):
    def test_header(self):
        hdr = NetHdr(flags=NetHdrFlag.NEEDS_CSUM, gso_type=NetGso.TCPV4, gso_size=1460, csum_start=34, csum_offset=16)
        self.assertEqual(hdr.encode(0), struct.pack("<BBHHHH", 1, 1, 0, 1460, 34, 16))
        self.assertEqual(NetHdr.decode(hdr.encode(ALL), ALL), hdr)
        self.assertEqual(NetHdr.size(ALL), 20)
        with self.assertRaises(ValueError):
            NetHdr.decode(bytes(19), ALL)
        with self.assertRaises(TypeError):
            NetHdr(colour=1)
        with self.assertRaises(libdpu.Error) as caught:
            hdr.check(ALL, Side.DRIVER, 4000)
        self.assertEqual(caught.exception.errno, errno.EOPNOTSUPP)
        hdr.check(ALL, Side.DEVICE, 4000)

    def make(self, payload):
        source, destination = (ipaddress.IPv4Address(a).packed for a in ("10.0.0.1", "10.0.0.2"))
        tcp = struct.pack(">HHIIBBHHH", 1, 2, 1000, 0, 0x50, 0x19, 100, 0, 0)
        pseudo = ones(source + destination + struct.pack(">HH", 6, len(tcp) + len(payload)))
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 7, 0, 64, 6, 0, source, destination)
        return bytes(12) + b"\x08\x00" + ip + tcp[:16] + struct.pack(">H", pseudo) + tcp[18:] + payload

    def test_checksum(self):
        packet = bytearray(self.make(b"odd"))
        hdr = NetHdr(flags=NetHdrFlag.NEEDS_CSUM, csum_start=34, csum_offset=16)
        hdr.checksum(packet)
        self.assertEqual(hdr.flags, 0)
        self.assertEqual(ones(bytes(packet[26:34]) + struct.pack(">HH", 6, 23) + bytes(packet[34:])), 0xffff)

    def test_segments(self):
        payload = bytes(range(256)) * 20
        hdr = NetHdr(flags=NetHdrFlag.NEEDS_CSUM, gso_type=NetGso.TCPV4, gso_size=1000, csum_start=34, csum_offset=16)
        segments = list(hdr.segments(self.make(payload)))
        self.assertEqual(b"".join(segment[54:] for segment in segments), payload)
        for i, segment in enumerate(segments):
            self.assertEqual(struct.unpack(">HH", segment[16:20]), (len(segment) - 14, 7 + i))
            self.assertEqual(ones(segment[14:34]), 0xffff)
            self.assertEqual(struct.unpack(">I", segment[38:42])[0], 1000 + 1000 * i)
            self.assertEqual(segment[47], 0x19 if i == 5 else 0x10)
            self.assertEqual(ones(segment[26:34] + struct.pack(">HH", 6, len(segment) - 34) + segment[34:]), 0xffff)
        with self.assertRaises(libdpu.Error):
            next(NetHdr(gso_type=NetGso.TCPV6, flags=1, gso_size=9).segments(self.make(payload)))

    def test_receive(self):
        features = libdpu.virtio_features_word("net", "version_1 mrg_rxbuf")
        ring, memory = bytearray(16384), bytearray(4096)
        area = libdpu.MemoryMap()
        area.add(0, memory)
        # The device side reads the driver's addresses in the same map.
        driver = libdpu.Virtq(ring, 8, Side.DRIVER, area, features=features)
        device = libdpu.Virtq(ring, 8, Side.DEVICE, area, features=features)
        view = memoryview(memory)
        queue = libdpu.NetRxQueue(device, features)
        device.close()
        packet = bytes(range(200))
        self.assertEqual(queue.put([(NetHdr(), packet)]), 0)
        driver.add([Chain(write=[view[0:60], view[60:100]]), Chain(write=[view[100:200]])])
        self.assertEqual(queue.put([(NetHdr(), packet)]), 0)
        driver.add([Chain(write=[view[200:300]])])
        self.assertEqual(queue.put([(NetHdr(), packet)]), 1)
        chains = driver.get()
        with self.assertRaises(libdpu.Error) as caught:
            libdpu.net_gather(chains[:1], features)
        self.assertEqual(caught.exception.errno, errno.EAGAIN)
        self.assertEqual(libdpu.net_gather(chains, features), (NetHdr(num_buffers=3), packet, 3))
        driver.add([Chain(write=[view[0:100]])])
        self.assertEqual(queue.put([(NetHdr(), packet)]), 0)
        self.assertEqual(queue.drain(), 1)
        self.assertEqual([chain.written for chain in driver.get()], [0])


class Device(unittest.TestCase):
    def setUp(self):
        self.net = VirtioNet(ALL, "02:00:00:00:00:01", max_virtqueue_pairs=4, mtu=9000, speed=1000, duplex=1)
        self.net.set_features(ALL)

    def run_command(self, command):
        ack = bytearray(b"\xaa")
        chain = Chain(read=[command[:1], command[1:]], write=[ack])
        try:
            return self.net.control(chain)
        finally:
            self.assertEqual(chain.written, 1)
            self.ack = ack[0]

    def frame(self, mac, vlan=None):
        tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
        return bytes.fromhex(mac.replace(":", "")) + bytes(6) + tag + bytes(50)

    def test_config(self):
        mac, status, pairs, mtu, speed, duplex, key, table, types = struct.unpack("<6sHHHIBBHI", self.net.config_read())
        self.assertEqual((status, pairs, mtu, speed, duplex, key, table, types), (1, 4, 9000, 1000, 1, 40, 128, 0x1ff))
        self.assertTrue(self.net.set_link(False))
        self.assertFalse(self.net.state.link_up)
        self.assertTrue(self.net.set_speed(2000, 1))
        self.assertEqual(self.net.config_read(12, 4), struct.pack("<I", 2000))
        self.assertEqual(self.net.state.generation, 2)
        with self.assertRaises(libdpu.Error) as caught:
            self.net.config_write(0, b"\2")
        self.assertEqual(caught.exception.errno, errno.EACCES)
        self.net.reset()
        self.assertEqual(self.net.config_write(0, b"\2\5"), NetChanged.MAC)
        self.assertEqual(self.net.state.mac, "02:05:00:00:00:01")

    def test_filter(self):
        own, other, group = "02:00:00:00:00:01", "02:00:00:00:00:02", "33:33:00:00:00:01"
        self.assertEqual([self.net.wants(self.frame(m)) for m in (own, other, group)], [True, False, False])
        self.assertEqual(self.run_command(NetCommand.mac_table([other], [group])), NetChanged.FILTER)
        self.assertEqual([self.net.wants(self.frame(m)) for m in (own, other, group)], [True, True, True])
        self.assertEqual((self.net.macs(), self.net.macs(multicast=True)), ([other], [group]))
        self.run_command(NetCommand.rx(NetRxMode.NOUNI, True))
        self.assertEqual(self.net.state.rx_modes, {NetRxMode.NOUNI})
        self.assertFalse(self.net.wants(self.frame(own)))
        self.run_command(NetCommand.rx(NetRxMode.NOUNI, False))
        self.assertFalse(self.net.wants(self.frame(own, 7)))
        self.run_command(NetCommand.vlan(7))
        self.assertTrue(self.net.has_vlan(7) and self.net.wants(self.frame(own, 7)))
        self.run_command(NetCommand.vlan(7, False))
        self.assertFalse(self.net.has_vlan(7))
        self.assertIn(NetChanged.MAC, self.run_command(NetCommand.mac_addr(other)))
        self.assertEqual(self.net.state.mac, other)

    def test_commands(self):
        self.assertEqual(self.run_command(NetCommand.queue_pairs(4)), NetChanged.QUEUES)
        with self.assertRaises(libdpu.Error) as caught:
            self.run_command(NetCommand.queue_pairs(5))
        self.assertEqual((caught.exception.errno, self.ack), (errno.EINVAL, 1))
        self.assertEqual(self.net.state.queue_pairs, 4)
        self.assertTrue(self.net.announce())
        self.assertTrue(self.net.state.announce)
        self.run_command(NetCommand.announce_ack())
        self.assertFalse(self.net.state.announce)
        self.run_command(NetCommand.offloads(libdpu.virtio_features_word("net", "guest_csum")))
        self.assertEqual(self.net.state.offloads, 2)

    def test_rss(self):
        # The first of the published vectors.
        packet = bytes(12) + b"\x08\x00" + struct.pack(">BxHxxxxBBxx4s4sHH", 0x45, 40, 64, 6,
                                                       ipaddress.IPv4Address("66.9.149.187").packed,
                                                       ipaddress.IPv4Address("161.142.100.80").packed, 2794, 1766)
        self.assertEqual(libdpu.net_toeplitz(KEY, packet[26:38]), 0x51ccc178)
        rss = NetRss(0x1ff, KEY, tuple(i % 3 for i in range(16)), 3, 4)
        self.assertEqual(self.run_command(NetCommand.rss(rss)), NetChanged.QUEUES | NetChanged.HASH)
        self.assertEqual(self.net.rss, rss)
        self.assertTrue(self.net.state.rss)
        hdr = NetHdr()
        self.assertEqual(self.net.steer(packet, hdr), (0x51ccc178 & 15) % 3)
        self.assertEqual((hdr.hash_value, hdr.hash_report), (0x51ccc178, 2))
        self.assertEqual(self.net.steer(bytes(60)), 3)
        self.assertEqual(self.run_command(NetCommand.hash(NetRss(1, KEY))), NetChanged.HASH)
        self.net.steer(packet, hdr)
        self.assertEqual((hdr.hash_value, hdr.hash_report), (0x323e8fc2, 1))

    def test_life(self):
        other = self.net.dup()
        self.net.close()
        self.assertEqual(other.state.queue_pairs, 1)
        with self.assertRaises(ValueError):
            self.net.state
        with self.assertRaises(libdpu.Error):
            VirtioNet(ALL, "01:00:00:00:00:01")


if __name__ == "__main__":
    tap.main()
