# SPDX-License-Identifier: LGPL-2.1-or-later
"""stream.py ADDRESS: asks for an echo every millisecond until it is ended; prints for how long there was no answer at most."""
import select
import signal
import socket
import struct
import sys
import time

PERIOD = 0.001
IDENTITY = 0x6470


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo_request(number):
    header = struct.pack("!BBHHH", 8, 0, 0, IDENTITY, number & 0xFFFF)
    return header[:2] + struct.pack("!H", checksum(header)) + header[4:]


def main():
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.connect((sys.argv[1], 0))
    sent = answers = 0
    gap = pause = 0.0
    answered = None
    due = before = time.monotonic()
    while not stop:
        now = time.monotonic()
        if now >= due:
            try:
                raw.send(echo_request(sent))
            except OSError:
                pass  # Nobody has answered ARP yet.
            sent += 1
            pause = max(pause, now - before)
            before, due = now, max(due + PERIOD, now)
        if not select.select([raw], [], [], max(0, due - time.monotonic()))[0]:
            continue
        packet = raw.recv(2048)
        kind, identity = packet[20], struct.unpack("!H", packet[24:26])[0]
        if (kind, identity) != (0, IDENTITY):
            continue
        now = time.monotonic()
        if answered is None:
            print("answered", flush=True)
        else:
            gap = max(gap, now - answered)
        answered = now
        answers += 1
    print(f"sent {sent}, answers {answers}, longest gap {gap * 1000:.1f} ms,",
          f"own longest pause {pause * 1000:.1f} ms", flush=True)


main()
