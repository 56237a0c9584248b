#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records rings that other people's drivers wrote: see README.

usage: record.py NAME FOLDER    writes NAME.vec
       record.py --list         the names
"""
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import vhost
from guest import ORDERS, payload
from rings import EVENT_IDX, IN_ORDER, INDIRECT_DESC, RING_PACKED, VERSION_1
from vector import Vector

CSUM, GUEST_CSUM, GUEST_TSO4, HOST_TSO4, MRG_RXBUF = 0, 1, 7, 11, 15
RX, TX = 0, 1
HEADER = 12
# A frame of a type that nobody takes.
FILLER = bytes(12) + b"\x88\xb6" + bytes(46)


def bits(*numbers):
    return sum(1 << number for number in numbers)


class Device:
    """A network device that does one thing at a time, and checks what the driver sends."""

    def __init__(self, back_end, check, seed):
        self.back_end, self.check = back_end, check
        self.random = random.Random(seed)
        self.features, self.in_order = 0, False
        self.out = {RX: [], TX: []}

    def start(self, timeout=60):
        self.back_end.accept(timeout)
        self.wait(lambda: self.back_end.ring(RX) and self.back_end.ring(TX), timeout)
        # This one bit is vhost-user's own.
        self.features = self.back_end.features & ~(1 << vhost.PROTOCOL_FEATURES)
        self.in_order = bool(self.features >> IN_ORDER & 1)

    def ring(self, queue):
        return self.back_end.ring(queue)

    def wait(self, condition, timeout=30):
        end = time.monotonic() + timeout
        while not condition():
            if not self.back_end.poll(0.002):
                raise EOFError("the front-end has gone")
            if time.monotonic() > end:
                raise TimeoutError("the driver did not do what was waited for")

    def until_gone(self):
        while self.back_end.poll(1):
            pass

    def take(self, queue, count):
        """Takes so many chains, and checks them if the driver sent them."""
        ring = self.ring(queue)
        chains = ring.peek(count)
        for chain in chains:
            ring.took(chain)
            if queue == TX:
                self.check(chain.read(self.back_end.memory)[HEADER:])
        self.out[queue] += chains
        return chains

    def use(self, queue, chains, written=0):
        ring = self.ring(queue)
        notes = []
        for chain in chains:
            self.out[queue].remove(chain)
            notes.append(ring.use(chain, written))
        self.back_end.notify(queue)
        return notes

    def shuffled(self, chains):
        """An order in which a device may use them."""
        return chains if self.in_order else self.random.sample(chains, len(chains))

    def drain(self, count, timeout=60):
        """Takes and uses so many chains of what the driver sends."""
        left = [count]

        def step():
            chains = self.take(TX, min(left[0], 1 + self.random.randrange(32)))
            self.use(TX, self.shuffled(chains))
            left[0] -= len(chains)
            return not left[0]
        self.wait(step, timeout)

    def give(self, frame):
        """Hands a frame to the driver."""
        self.wait(lambda: self.ring(RX).peek(1))
        chain, = self.take(RX, 1)
        # num_buffers is the header's last field.
        written = chain.write(self.back_end.memory, bytes(HEADER - 2) + b"\1\0" + frame)
        self.use(RX, [chain], written)

    def still(self, queue, least):
        """Waits until the driver has made so many chains available and no more come."""
        seen = [0, 0.0]

        def step():
            count = len(self.ring(queue).peek(1 << 15))
            if count != seen[0]:
                seen[:] = count, time.monotonic()
            return count >= least and time.monotonic() > seen[1] + 0.3
        self.wait(step)


class Stream:
    """The guest's packets, in the order in which they were asked for."""

    def __init__(self):
        self.next = 0
        self.sizes = collections.deque([12])

    def check(self, frame):
        start = 14 + 20 + (8 if frame[23] == 17 else 20)
        size = self.sizes.popleft()
        assert frame[start:] == payload(self.next, size), f"packet {self.next} is not what was sent"
        self.next += 1


class Guest:
    def __init__(self, device, stream):
        self.device, self.stream = device, stream
        self.asked = 1

    def send(self, repeat, packets):
        order = {"first": self.asked, "repeat": repeat, "packets": packets}
        self.order(order)
        self.asked += repeat * len(packets)
        self.stream.sizes.extend(size for _ in range(repeat) for _, size in packets)

    def order(self, order):
        text = json.dumps(order).encode()
        assert len(text) < 1400
        self.device.give(bytes(12) + ORDERS.to_bytes(2, "big") + text.ljust(46, b"\0"))


def snapshot(vector, device, name, queue, limit, out=0):
    """Takes some chains and keeps them, records the queue, and uses what it has recorded before what it kept."""
    kept = device.take(queue, out)
    chains = vector.snapshot(name, device, queue, limit)
    taken = device.take(queue, len(chains))
    assert [chain.elements for chain in taken] == [chain.elements for chain in chains]
    if queue == RX:
        for i, chain in enumerate(kept + taken):
            frame = FILLER + bytes(i)
            chain.write(device.back_end.memory, bytes(HEADER - 2) + b"\1\0" + frame)
            chain.written = HEADER + len(frame)
    order = device.shuffled(kept + taken) if device.in_order else device.shuffled(taken) + device.shuffled(kept)
    for chain in order:
        vector.returned(device.use(queue, [chain], getattr(chain, "written", 0)))


def start_guest(path, options):
    here = os.path.dirname(os.path.abspath(__file__))
    qemu = ("-object memory-backend-memfd,id=mem,size=1024M,share=on -machine memory-backend=mem "
            f"-chardev socket,id=chardev,path={path} -netdev vhost-user,id=net,chardev=chardev "
            # QEMU 7.2 without KVM does not survive MSI-X here.
            f"-device virtio-net-pci,netdev=net,vectors=0,disable-legacy=on,{options}")
    return subprocess.Popen(["bash", f"{here}/../lab/lab.sh", "run", "/usr/bin/python3", f"{here}/guest.py", "eth0", "9000"],
                            env={**os.environ, "LAB_QEMU": qemu}, stdout=subprocess.PIPE, text=True)


def record_linux(name, path, vector):
    options = LINUX[name]
    features = bits(VERSION_1, CSUM, GUEST_CSUM, GUEST_TSO4, HOST_TSO4, MRG_RXBUF, INDIRECT_DESC, EVENT_IDX,
                    RING_PACKED)
    stream = Stream()
    device = Device(vhost.BackEnd(path, features), stream.check, name)
    guest = Guest(device, stream)
    lab = start_guest(path, options)
    try:
        device.start(120)
        device.drain(1)
        packets = [("udp", 18), ("udp", 86), ("udp", 300), (1, 100), (5, 400), (1, 1400), ("udp", 600), ("tcp", 5000)]
        guest.send(1, packets)
        device.still(TX, len(packets))
        snapshot(vector, device, "rx-new", RX, 12)
        snapshot(vector, device, "tx-new", TX, 256)
        guest.send(40, packets)
        device.drain(40 * len(packets))
        # Packets of one descriptor each, to shortly before the end of the ring, or of a split ring's index.
        ring = device.ring(TX)
        count = (65528 if ring.layout == "split" else ring.size - 8) - ring.position()[0][0]
        guest.send(count % (65536 if ring.layout == "split" else ring.size), [("udp", 22)])
        device.drain(guest.asked - stream.next, 120)
        more = packets + [(9, 900), ("udp", 40), (2, 300), ("tcp", 3000)]
        guest.send(1, more)
        device.still(TX, len(more))
        snapshot(vector, device, "tx-wrap", TX, 256, out=2)
        for _ in range(300):
            device.give(FILLER)
        device.still(RX, 12)
        snapshot(vector, device, "rx-wrap", RX, 12, out=3)
        # Nothing that was returned has made the driver give up.
        guest.send(1, packets)
        device.drain(len(packets))
        guest.order({"end": True})
        device.until_gone()
        release = lab.communicate(timeout=60)[0].strip()
    except BaseException:
        lab.terminate()
        print(lab.communicate()[0], f"lab.sh: {lab.returncode}", file=sys.stderr)
        raise
    version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True).stdout
    return f"virtio_net of Linux {release}, QEMU {version.split()[3]}", device.features, "pattern"


def check_testpmd(frame):
    """What testpmd sends: UDP from 198.18.0.1 to 198.18.0.2, port 9, with lengths and a checksum of the IP header."""
    version, length, total, checksum = frame[14], len(frame) - 14, int.from_bytes(frame[16:18], "big"), 0
    for at in range(14, 34, 2):
        checksum += int.from_bytes(frame[at:at + 2], "big")
    assert frame[12:14] == b"\x08\x00" and version == 0x45 and total == length and checksum % 0xffff == 0
    assert frame[26:38] == bytes([198, 18, 0, 1, 198, 18, 0, 2, 0, 9, 0, 9])
    assert int.from_bytes(frame[38:40], "big") == length - 20


class Testpmd:
    def __init__(self, path, size, options):
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "dpdk-testpmd", "--no-huge", "-m", "128", "--no-pci", "--lcores=0@0,1@0",
             f"--file-prefix=vectors{os.getpid()}",
             f"--vdev=net_virtio_user0,path={path},queue_size={size},{options}", "--", "-i", "--total-num-mbufs=2048",
             f"--txd={size}", f"--rxd={size}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def say(self, *commands):
        for command in commands:
            self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.say("stop")
        while "Done." not in self.process.stdout.readline():
            assert self.process.poll() is None


def record_dpdk(name, path, vector):
    size, options, features = DPDK[name]
    device = Device(vhost.BackEnd(path, features), check_testpmd, name)
    testpmd = Testpmd(path, size, options)
    try:
        device.start()
        # It sends for ever; what the full ring does not take is dropped.
        testpmd.say("set txpkts 64", "set fwd txonly", "start")
        device.still(TX, 1)
        snapshot(vector, device, "rx-new", RX, 12)
        snapshot(vector, device, "tx-new", TX, 12)
        # As far as a split ring's index goes, and once round at the least.
        device.drain(65536 - 3 * size if device.ring(TX).layout == "split" else 1000)
        testpmd.stop()
        device.drain(len(device.ring(TX).peek(size)))
        testpmd.say("set txpkts 64,90,33,18", "start")
        overflow(device)
        device.still(TX, 1)
        snapshot(vector, device, "tx-wrap", TX, 12, out=2)
        testpmd.stop()
        testpmd.say("set fwd rxonly", "start")
        for _ in range(size * 2 - 10):
            device.give(FILLER)
        device.still(RX, 12)
        snapshot(vector, device, "rx-wrap", RX, 12, out=2)
        for _ in range(size * 2):
            device.give(FILLER)
        testpmd.stop()
        testpmd.say("set fwd txonly", "start")
        device.drain(size * 2)
        testpmd.stop()
        testpmd.say("quit")
        device.until_gone()
        testpmd.process.communicate(timeout=20)
    except BaseException:
        testpmd.process.kill()
        print(testpmd.process.communicate()[0], file=sys.stderr)
        raise
    version = subprocess.run(["pkg-config", "--modversion", "libdpdk"], capture_output=True, text=True, check=True).stdout
    return f"net_virtio_user of DPDK {version.strip()}", device.features, "testpmd"


def overflow(device):
    """Goes on until a chain or two before the index overflows, or a chain lies across the ring's end."""
    ring = device.ring(TX)

    def near(chains):
        if ring.layout == "split":
            return ring.last_avail > 65530
        ends = [ring.avail[0] + sum(chain.slots for chain in chains[:i + 1]) for i in range(len(chains))]
        return any(end - chain.slots < ring.size < end for end, chain in zip(ends[2:], chains[2:]))

    def step():
        chains = ring.peek(6)
        if len(chains) == 6 and not near(chains):
            device.use(TX, device.take(TX, 1))
            return False
        return len(chains) == 6
    device.wait(step)


# Not packed with indirect descriptors: DPDK 22.11 then marks the header in the table as written by the device, and leaves
# the buffer ID to chance.
DPDK = {
    "dpdk-split": (64, "packed_vq=0,mrg_rxbuf=1,in_order=0", bits(VERSION_1, MRG_RXBUF, INDIRECT_DESC)),
    "dpdk-split-in-order": (64, "packed_vq=0,mrg_rxbuf=1,in_order=1", bits(VERSION_1, MRG_RXBUF, IN_ORDER)),
    "dpdk-packed": (64, "packed_vq=1,mrg_rxbuf=1,in_order=0", bits(VERSION_1, MRG_RXBUF, RING_PACKED)),
    "dpdk-packed-in-order": (64, "packed_vq=1,mrg_rxbuf=1,in_order=1", bits(VERSION_1, MRG_RXBUF, RING_PACKED, IN_ORDER)),
    "dpdk-packed-odd": (48, "packed_vq=1,mrg_rxbuf=0,in_order=0", bits(VERSION_1, RING_PACKED)),
}
LINUX = {
    "linux-split": "packed=off,indirect_desc=on,event_idx=on,mrg_rxbuf=on",
    "linux-split-direct": "packed=off,indirect_desc=off,event_idx=off,mrg_rxbuf=off,guest_tso4=on",
    "linux-packed": "packed=on,indirect_desc=on,event_idx=on,mrg_rxbuf=off,guest_tso4=on",
    "linux-packed-direct": "packed=on,indirect_desc=off,event_idx=off,mrg_rxbuf=on",
}


def main():
    if sys.argv[1:] == ["--list"]:
        print(*LINUX, *DPDK)
        return
    name, folder = sys.argv[1:]
    vector = Vector()
    with tempfile.TemporaryDirectory() as work:
        record = record_linux if name in LINUX else record_dpdk
        peer, features, content = record(name, os.path.join(work, "socket"), vector)
    vector.save(os.path.join(folder, name + ".vec"), peer, features, content)


main()
