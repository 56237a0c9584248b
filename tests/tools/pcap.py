#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Capture files for the tests of the packet programs: writes them, reads them, compares and damages them."""
import socket
import struct
import sys


def read(path):
    data = open(path, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at, packets = 24, []
    while at < len(data):
        length = struct.unpack_from(order + "4I", data, at)[2]
        packets.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return packets


def write(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, packet in enumerate(packets):
            file.write(struct.pack("<4I", i, 0, len(packet), len(packet)) + packet)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ipv4(proto, sport, dport, length, src="192.0.2.1", dst="203.0.113.5"):
    """From the addresses up to the ports; the rest says where it is. No sum is right, and nobody asks."""
    ip = struct.pack(">BBHHHBBH4B4B", 0x45, 0, length - 14, 0, 0, 64, proto, 0, *map(int, src.split(".")),
                     *map(int, dst.split(".")))
    head = mac("02:00:00:00:00:0b") + mac("02:00:00:00:00:0a") + b"\x08\x00" + ip + struct.pack(">HH", sport, dport)
    return head + bytes(i * 7 % 251 for i in range(length - len(head)))


def tag(packet, tci):
    return packet[:12] + struct.pack(">HH", 0x8100, tci) + packet[12:]


WEB = ipv4(6, 40000, 80, 60)
LARGE = ipv4(6, 40001, 80, 1514)
DNS = ipv4(17, 5000, 53, 300)
SHORT = b"\xff" * 12 + b"\x88\xb5" + b"x"
TAGGED = tag(ipv4(17, 5000, 99, 64), 0x2007)
ARP = b"\xff" * 6 + mac("02:00:00:00:00:0a") + bytes.fromhex("08060001080006040001") + bytes(20)


def make(folder):
    """What goes in at one port of the switch, and what must come out at the other two, written down by hand."""
    write(folder + "/in.pcap", [WEB, ARP, DNS, TAGGED, LARGE, SHORT, WEB])
    # tcp,tp_dst=80 actions=push_vlan:5:3,mod_dl_dst:02:00:00:00:00:99,output:en3f0pf0sf89
    web = [mac("02:00:00:00:00:99") + tag(packet, 0x6005)[6:] for packet in (WEB, LARGE)]
    # arp actions=output:en3f0pf0sf89,mod_dl_src:02:00:00:00:00:77,output:p0
    arp = ARP[:6] + mac("02:00:00:00:00:77") + ARP[12:]
    # vlan_vid=0x1000/0x1000 actions=pop_vlan,output:p0; udp,tp_dst=53 actions=drop; else to p0
    write(folder + "/sf.pcap", [web[0], ARP, web[1], web[0]])
    write(folder + "/p0.pcap", [arp, TAGGED[:12] + TAGGED[16:], SHORT])


def sum16(data):
    total = sum(struct.unpack(">%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def stream(path, port, wanted):
    """All TCP packets to that port are as a network card would send them, and carry what was sent."""
    got, first = {}, None
    for packet in read(path):
        ip = packet[14:]
        if packet[12:14] != b"\x08\x00" or ip[9] != 6:
            continue
        size, = struct.unpack_from(">H", ip, 2)
        tcp = ip[20:size]
        if struct.unpack_from(">H", tcp, 2)[0] != port:
            continue
        pseudo = ip[12:20] + struct.pack(">HH", 6, len(tcp))
        if len(packet) > 1514 or sum16(ip[:20]) != 0xFFFF or sum16(pseudo + tcp) != 0xFFFF:
            return "a packet of %u bytes, with sums %x, %x" % (len(packet), sum16(ip[:20]), sum16(pseudo + tcp))
        number, = struct.unpack_from(">I", tcp, 4)
        first = number + 1 if tcp[13] & 2 else first
        payload = tcp[(tcp[12] >> 4) * 4:]
        if payload:
            got[number - first & 0xFFFFFFFF] = payload
    data = b""
    for at in sorted(got):
        data = data[:at] + got[at]
    return None if data == wanted else "%u of %u bytes" % (len(data), len(wanted))


def payload():
    return bytes(i * i % 251 for i in range(200000))


def transfer(what, address):
    """A TCP connection: one end sends, the other expects the same bytes."""
    if what == "send":
        with socket.create_connection((address, 5000)) as connection:
            connection.sendall(payload())
        return 0
    with socket.create_server((address, 5000)) as server:
        connection, data = server.accept()[0], b""
        while chunk := connection.recv(65536):
            data += chunk
    return data != payload()


def main():
    what, *args = sys.argv[1:]
    if what == "make":
        make(*args)
    elif what == "same":
        return read(args[0]) != read(args[1])
    elif what == "swapped":
        return [p[6:12] + p[:6] + p[12:] for p in read(args[0])] != read(args[1])
    elif what in ("send", "receive"):
        return transfer(what, *args)
    elif what == "stream":
        return stream(args[0], 5000, payload())
    elif what == "blank":  # those of a generator's first source, so many, have nothing behind their heads
        packets = [p for p in read(args[0]) if p[10:12] == bytes(2)]
        return len(packets) != int(args[1]) or any(len(p) != int(args[2]) or any(p[64:]) for p in packets)
    elif what == "count":
        return len(read(args[0])) != int(args[1])
    else:
        packets = read(args[0])
        number = int(args[2])
        if what == "drop":
            del packets[number]
        elif what == "flip":  # a bit of its last byte
            packets[number] = packets[number][:-1] + bytes([packets[number][-1] ^ 1])
        elif what == "late":
            packets.append(packets.pop(number))
        write(args[1], packets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
