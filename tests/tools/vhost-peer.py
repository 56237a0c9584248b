# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vhost-user peer that does not behave, with what the specification says and nothing of the library.

listen PATH      takes two connections; the first hears something that is no vhost-user, the second nothing
ring PATH        connects, and starts a transmit queue whose avail index is nonsense; stops it and goes"""
import os, socket, struct, sys, time

SIZE, QUEUE, NUM = 1 << 20, 1, 64
USER = 0x7F0000000000
VERSION_1 = 1 << 32


def listen(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(2)
    first = server.accept()[0]
    first.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    second = server.accept()[0]
    while second.recv(4096):
        pass
    os.unlink(path)


def say(peer, request, payload=b"", fds=()):
    socket.send_fds(peer, [struct.pack("=III", request, 1, len(payload)) + payload], fds)


def ask(peer, request, payload=b""):
    say(peer, request, payload)
    header = peer.recv(12, socket.MSG_WAITALL)
    return peer.recv(struct.unpack("=III", header)[2], socket.MSG_WAITALL)


def ring(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    memory = os.memfd_create("memory")
    os.ftruncate(memory, SIZE)
    call, kick = os.eventfd(0), os.eventfd(1)
    assert struct.unpack("=Q", ask(peer, 1))[0] & VERSION_1  # GET_FEATURES
    say(peer, 3)  # SET_OWNER
    say(peer, 2, struct.pack("=Q", VERSION_1))  # SET_FEATURES
    say(peer, 5, struct.pack("=IIQQQQ", 1, 0, 0, SIZE, USER, 0), [memory])  # SET_MEM_TABLE
    # 500 chains more than before, in a ring of 64.
    os.pwrite(memory, struct.pack("=HH", 0, 500), 0x4000)
    say(peer, 8, struct.pack("=II", QUEUE, NUM))  # SET_VRING_NUM
    say(peer, 10, struct.pack("=II", QUEUE, 0))  # SET_VRING_BASE
    # SET_VRING_ADDR: descriptors, used, avail, log
    say(peer, 9, struct.pack("=IIQQQQ", QUEUE, 0, USER, USER + 0x8000, USER + 0x4000, 0))
    say(peer, 13, struct.pack("=Q", QUEUE), [call])  # SET_VRING_CALL
    say(peer, 12, struct.pack("=Q", QUEUE), [kick])  # SET_VRING_KICK
    time.sleep(0.1)  # who calls has to try again should that not be enough for it to look
    ask(peer, 11, struct.pack("=II", QUEUE, 0))  # GET_VRING_BASE


globals()[sys.argv[1]](sys.argv[2])
