#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes traffic.pcap, the capture that the demo replays: two of each kind that its flow rules tell apart."""
import struct
import sys

A = bytes.fromhex("0225f28da258")
B = bytes.fromhex("0225f28da259")
GATEWAY = bytes.fromhex("e8ebd3cecc01")


def ip(text):
    return bytes(int(part) for part in text.split("."))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(dst, ethertype, payload):
    return (dst + A + struct.pack(">H", ethertype) + payload).ljust(60, b"\0")


def ipv4(dst_mac, dst, proto, payload):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0, ip("192.0.2.1"), ip(dst))
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return frame(dst_mac, 0x0800, header + payload)


def udp(dst_mac, dst, port, data):
    payload = struct.pack(">HHHH", 5000, port, 8 + len(data), 0) + data
    pseudo = ip("192.0.2.1") + ip(dst) + struct.pack(">BBH", 0, 17, len(payload))
    return ipv4(dst_mac, dst, 17, payload[:6] + struct.pack(">H", checksum(pseudo + payload)) + data)


def tcp_syn(dst_mac, dst, port, sequence):
    payload = struct.pack(">HHIIBBHHH", 40000, port, sequence, 0, 0x50, 0x02, 64240, 0, 0)
    pseudo = ip("192.0.2.1") + ip(dst) + struct.pack(">BBH", 0, 6, len(payload))
    return ipv4(dst_mac, dst, 6, payload[:16] + struct.pack(">H", checksum(pseudo + payload)) + payload[18:])


def icmp_echo(dst_mac, dst, sequence):
    payload = struct.pack(">BBHHH", 8, 0, 0, 7, sequence) + bytes(range(48))
    return ipv4(dst_mac, dst, 1, payload[:2] + struct.pack(">H", checksum(payload)) + payload[4:])


def arp_request(target):
    return frame(b"\xff" * 6, 0x0806, struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, A, ip("192.0.2.1"),
                                                  b"\0" * 6, ip(target)))


def ipv6_router_solicitation():
    payload = bytes.fromhex("8500000000000000")
    source = bytes.fromhex("fe800000000000000025f2fffe8da258")
    dst = bytes.fromhex("ff020000000000000000000000000002")
    header = struct.pack(">IHBB", 6 << 28, len(payload), 58, 255) + source + dst
    pseudo = source + dst + struct.pack(">II", len(payload), 58)
    payload = payload[:2] + struct.pack(">H", checksum(pseudo + payload)) + payload[4:]
    return frame(bytes.fromhex("333300000002"), 0x86DD, header + payload)


def frames():
    for i in range(2):
        yield arp_request("192.0.2.2")
        yield udp(B, "192.0.2.2", 7777, b"to the other SF %d" % i)
        yield udp(GATEWAY, "198.51.100.7", 53, b"to the wire, tagged %d" % i)
        yield tcp_syn(GATEWAY, "203.0.113.5", 80, 1000 + i)
        yield icmp_echo(GATEWAY, "203.0.113.5", i)
        yield ipv6_router_solicitation()


def main():
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(frames()):
            out.write(struct.pack("<IIII", 1700000000 + i, 0, len(data), len(data)) + data)


main()
