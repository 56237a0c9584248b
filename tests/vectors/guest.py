# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the guest: sends what record.py orders by frames of its own type, until it is told to end.

Each packet's payload says which it is (see payload()), so that whoever finds it in a ring knows what it has to be.
"""
import json
import mmap
import os
import socket
import struct
import subprocess
import sys

ORDERS = 0x88b5  # IEEE 802's type for local experiments
HOST, GUEST, PORT = "192.0.2.1", "192.0.2.2", 4791
HOST_MAC = "02:00:00:00:00:01"
SO_ZEROCOPY, MSG_ZEROCOPY = 60, 0x4000000
SOL_PACKET, PACKET_VNET_HDR = 263, 15


def payload(number, size):
    rest = bytes((number * 31 + i * 7 + (i >> 8) * 5) & 0xff for i in range(12, size))
    return struct.pack("<4sII", b"DPUV", number, size) + rest


def set_up(name, mtu):
    subprocess.run(["modprobe", "virtio_net"], check=True)
    for file in ("all", "default"):
        with open(f"/proc/sys/net/ipv6/conf/{file}/disable_ipv6", "w") as switch:
            switch.write("1")
    for command in (f"link set {name} mtu {mtu} up", f"addr add {GUEST}/24 dev {name}",
                    f"neigh add {HOST} lladdr {HOST_MAC} dev {name} nud permanent"):
        subprocess.run(["ip", *command.split()], check=True)
    # The driver shall put into the ring what it is given, at once.
    with open(f"/sys/class/net/{name}/queues/tx-0/byte_queue_limits/limit_min", "w") as limit:
        limit.write("10000000")


def segmented(name, data):
    """A frame that the device is asked to cut into TCP segments (VIRTIO_NET_F_HOST_TSO4)."""
    with open(f"/sys/class/net/{name}/address") as file:
        mac = bytes.fromhex(file.read().strip().replace(":", ""))
    ethernet = bytes.fromhex(HOST_MAC.replace(":", "")) + mac + b"\x08\x00"
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(data), 0, 0, 64, socket.IPPROTO_TCP, 0,
                     socket.inet_aton(GUEST), socket.inet_aton(HOST))
    tcp = struct.pack(">HHIIBBHHH", PORT, PORT, 0, 0, 5 << 4, 0x10, 65535, 0, 0)
    return struct.pack("<BBHHHH", 1, 1, 54, 1448, 34, 16) + ethernet + ip + tcp + data


class Sender:
    def __init__(self, name):
        self.name = name
        self.plain, self.zero_copy = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.zero_copy.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
        for udp in self.plain, self.zero_copy:
            udp.connect((HOST, PORT))
        self.packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.packet.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.packet.bind((name, 0))
        self.pages = mmap.mmap(-1, 1 << 20)
        self.at = 0

    def send(self, kind, number, size):
        """kind: udp, tcp, or in how many pieces it lies in this program's memory."""
        data = payload(number, size)
        if kind == "udp":
            self.plain.send(data)
        elif kind == "tcp":
            self.packet.send(segmented(self.name, data))
        else:
            self.zero_copy.sendmsg(self.pieces(data, kind), [], MSG_ZEROCOPY)

    def pieces(self, data, count):
        """The data in so many places, where the device will read it: not to be used again soon. They begin anywhere."""
        size, pieces = -(-len(data) // count), []
        for at in range(0, len(data), size):
            piece = data[at:at + size]
            start = self.at + 1001 if self.at + 1001 + size < len(self.pages) else 1001
            self.at = start + len(piece)
            self.pages[start:self.at] = piece
            pieces.append(memoryview(self.pages)[start:self.at])
        return pieces


def main():
    name = sys.argv[1]
    set_up(name, sys.argv[2])
    orders = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ORDERS))
    orders.bind((name, ORDERS))
    sender = Sender(name)
    sender.send("udp", 0, 12)
    while True:
        order = json.loads(orders.recv(2048).rstrip(b"\0"))
        if "end" in order:
            print(os.uname().release)
            return
        for i in range(order["repeat"]):
            for j, (kind, size) in enumerate(order["packets"]):
                sender.send(kind, order["first"] + i * len(order["packets"]) + j, size)


if __name__ == "__main__":
    main()
