# SPDX-License-Identifier: LGPL-2.1-or-later
"""One side of dpu-switch's live update, which does not go as it should.

update.py successor SOCKET PORT...: is gone after each step.
update.py predecessor SOCKET PROGRAM...: starts it, with two taps, and hands over one or both of them, but never goes."""
import os
import select
import socket
import subprocess
import sys


def successor(path, ports, steps):
    """So many steps: the request, the answer, the word that it is ready, and messages of each port."""
    channels = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as it:
        # A socket with a time limit would not wait until there is room to connect.
        it.connect(path)
        it.settimeout(20)
        if steps > 0:
            it.send("\n".join(["dpu-switch 1", *ports, ""]).encode())
        if steps > 1:
            says, fds, _, _ = socket.recv_fds(it, 4096, 100)
            # The first is where the switch listens.
            os.close(fds[0])
            channels = [socket.socket(fileno=fd) for fd in fds[1:]]
            if says != b"h" * len(ports) or len(channels) != len(ports):
                sys.exit(f"{says}, {len(channels)} channels")
        if steps > 2:
            it.send(b"\0")
        for _ in range(steps - 3):
            for channel in select.select(channels, [], [], 20)[0]:
                for fd in socket.recv_fds(channel, 64, 100)[1]:
                    os.close(fd)
    for channel in channels:
        channel.close()


def predecessor(path, command, taps):
    """A word that a port was taken must not come before all were."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, open(os.devnull, "rb") as file:
        listener.bind(path)
        listener.listen(1)
        program = subprocess.Popen(command, stderr=subprocess.PIPE)
        it = listener.accept()[0]
        it.recv(4096)
        pairs = [socket.socketpair() for _ in range(2)]
        socket.send_fds(it, [b"hh"], [listener.fileno(), *(theirs.fileno() for _, theirs in pairs)])
        for _, theirs in pairs:
            theirs.close()
        it.recv(1)
        words = []
        for ours, _ in pairs[:taps]:
            early = select.select([ours for ours, _ in pairs], [], [], 0.3)[0]
            if early:
                sys.exit("a word came too early")
            socket.send_fds(ours, [b"f"], [file.fileno()])
        if taps == 2:
            words = [ours.recv(2) for ours, _ in pairs]
        else:
            pairs[1][0].close()
            words = [pairs[0][0].recv(2)]
        for ours, _ in pairs:
            ours.close()
        it.close()
        _, said = program.communicate()
        if words != ([b"t", b"t"] if taps == 2 else [b""]) or program.returncode != 1:
            sys.exit(f"{words}, code {program.returncode}, {said}")
    os.unlink(path)


if sys.argv[1] == "successor":
    for number in 0, 1, 2, 3, 4, 6, 20:
        successor(sys.argv[2], sys.argv[3:], number)
else:
    for number in 1, 2:
        predecessor(sys.argv[2], sys.argv[3:], number)
