# SPDX-License-Identifier: LGPL-2.1-or-later
"""The back-end's side of vhost-user, as much of it as it takes to be given a network device's queues.

After QEMU's docs/interop/vhost-user.rst. One thread: poll() does what the front-end has asked for, and returns.
"""
import array
import mmap
import os
import select
import socket
import struct

from rings import RING_PACKED, Packed, Split

PROTOCOL_FEATURES = 30
MQ, REPLY_ACK = 0, 3
VERSION, REPLY, NEED_REPLY = 1, 4, 8
(GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE) = range(1, 6)
(SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE) = range(8, 12)
(SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR) = range(12, 15)
(GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_VRING_ENABLE) = range(15, 19)


class Memory:
    """The front-end's memory; addresses are those of descriptors unless it says user."""

    def __init__(self, regions, files):
        self.regions = []
        for (guest, size, user, offset), file in zip(regions, files):
            view = memoryview(mmap.mmap(file, size, offset=offset))
            os.close(file)
            self.regions.append((guest, size, user, view, view.cast("H")))

    def find(self, addr, size):
        for guest, length, _, view, halves in self.regions:
            if guest <= addr and addr + size <= guest + length:
                return view, halves, addr - guest
        raise ValueError(f"no memory at {addr:#x}+{size:#x}")

    def guest(self, user):
        for guest, size, start, _, _ in self.regions:
            if start <= user < start + size:
                return guest + user - start
        raise ValueError(f"no memory at user address {user:#x}")

    def read(self, addr, size):
        view, _, at = self.find(addr, size)
        return bytes(view[at:at + size])

    def write(self, addr, data):
        view, _, at = self.find(addr, len(data))
        view[at:at + len(data)] = data

    # By one access each, which bytes are not.
    def load16(self, addr):
        _, halves, at = self.find(addr, 2)
        return halves[at // 2]

    def store16(self, addr, value):
        _, halves, at = self.find(addr, 2)
        halves[at // 2] = value


class Vring:
    def __init__(self):
        self.size = self.base = 0
        self.addr = self.call = self.ring = None
        self.kicked = self.enabled = False


class BackEnd:
    def __init__(self, path, features, queues=2):
        self.offered = features | 1 << PROTOCOL_FEATURES
        self.features, self.memory = 0, None
        self.vrings = [Vring() for _ in range(queues)]
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.peer = None

    def accept(self, timeout):
        self.listener.settimeout(timeout)
        self.peer = self.listener.accept()[0]

    def ring(self, queue):
        """The queue, or None until the front-end has started it."""
        vring = self.vrings[queue]
        if not vring.ring and vring.addr and vring.kicked and vring.enabled and self.memory:
            kind = Packed if self.features >> RING_PACKED & 1 else Split
            desc, used, avail = (self.memory.guest(user) for user in vring.addr)
            vring.ring = kind(self.memory, vring.size, desc, avail, used, vring.base)
        return vring.ring

    def notify(self, queue):
        if self.vrings[queue].call is not None:
            os.write(self.vrings[queue].call, struct.pack("=Q", 1))

    def poll(self, seconds=0):
        """False when the front-end has gone."""
        if not select.select([self.peer], [], [], seconds)[0]:
            return True
        files = array.array("i")
        header, ancillary, _, _ = self.peer.recvmsg(12, socket.CMSG_SPACE(8 * files.itemsize))
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                files.frombytes(data[:len(data) - len(data) % files.itemsize])
        if len(header) < 12:
            return False
        request, flags, size = struct.unpack("=III", header)
        payload = self.peer.recv(size, socket.MSG_WAITALL) if size else b""
        answer = self.handle(request, payload, list(files))
        if answer is None and flags & NEED_REPLY:
            answer = struct.pack("=Q", 0)
        if answer is not None:
            self.peer.sendall(struct.pack("=III", request, VERSION | REPLY, len(answer)) + answer)
        return True

    def handle(self, request, payload, files):
        if request == GET_FEATURES:
            return struct.pack("=Q", self.offered)
        if request == SET_FEATURES:
            self.features = struct.unpack("=Q", payload)[0]
        elif request == GET_PROTOCOL_FEATURES:
            return struct.pack("=Q", 1 << MQ | 1 << REPLY_ACK)
        elif request == GET_QUEUE_NUM:
            return struct.pack("=Q", len(self.vrings) // 2)
        elif request == SET_MEM_TABLE:
            count = struct.unpack("=I4x", payload[:8])[0]
            self.memory = Memory(list(struct.iter_unpack("=QQQQ", payload[8:8 + count * 32])), files)
        elif request == SET_VRING_ADDR:
            queue, _, *addr = struct.unpack("=IIQQQ8x", payload)
            self.vrings[queue].addr = addr
        elif request in (SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_ENABLE):
            queue, number = struct.unpack("=II", payload)
            return self.vring(request, self.vrings[queue], queue, number)
        elif request in (SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR):
            self.files(request, struct.unpack("=Q", payload)[0], files)
        elif request not in (SET_PROTOCOL_FEATURES, SET_OWNER, RESET_OWNER):
            raise ValueError(f"request {request} was not offered")
        return None

    def vring(self, request, vring, queue, number):
        if request == SET_VRING_NUM:
            vring.size = number
        elif request == SET_VRING_BASE:
            vring.base = number
        elif request == SET_VRING_ENABLE:
            vring.enabled = bool(number)
        else:
            base = vring.base
            if vring.ring:
                avail, used = vring.ring.position()
                base = avail[0] if len(avail) == 1 else avail[0] | avail[1] << 15 | used[0] << 16 | used[1] << 31
            vring.ring, vring.kicked = None, False
            return struct.pack("=II", queue, base)
        return None

    def files(self, request, number, files):
        vring = self.vrings[number & 0xff]
        if request == SET_VRING_CALL:
            if vring.call is not None:
                os.close(vring.call)
            vring.call = files.pop() if files else None
        elif request == SET_VRING_KICK:
            # Kicks are not waited for: the rings are looked at all the time.
            vring.kicked = True
        for file in files:
            os.close(file)
