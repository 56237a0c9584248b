# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU guest that is told what to do, and QEMU's own monitor."""
import json
import mmap
import os
import pathlib
import re
import socket
import subprocess
import time

import peers
from peers import Failure, Process, listening, unique, wait_for

PROGRAMS = ("qemu-system-x86_64", "busybox", "cpio", "modprobe", "ethtool", "ping")
IMAGE = peers.top_srcdir / "tests/peers/guest-image.sh"
BOOT_LIMIT = 60
MAC = "02:00:00:00:00:02"
# Not a multiple of 64 pages: where a region is, QEMU 7.2 without KVM takes 64 dirty pages at once and forgets to have the
# next write to them noticed, so that a guest arrives with pages of the past (seen without any vhost device, too).
MEMORY = (256 << 20) + 8192
# So many modules more can be plugged in.
SLOTS, MODULE = 3, 128 << 20


def prepare():
    """Once in a test."""
    done = subprocess.run(["bash", str(IMAGE), str(peers.work)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        peers.skip_all(f"no kernel for a guest: {done.stderr.strip().splitlines()[-1:]}")


def unix_socket(path, *alive):
    wait_for(lambda: listening(path), 10, f"a socket {path.name}", *alive)
    it = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    it.connect(str(path))
    return it


class Monitor:
    """QMP."""

    def __init__(self, path, guest):
        self.file = unix_socket(path, guest).makefile("rw", encoding="utf-8")
        self.file.readline()
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        json.dump({"execute": command, "arguments": arguments}, self.file)
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise Failure("QEMU has closed its monitor")
            answer = json.loads(line)
            if "error" in answer:
                raise Failure(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]


class Guest(Process):
    """Its console is in the log."""

    def __init__(self, devices, incoming=None):
        monitor, agent = unique("monitor"), unique("agent")
        super().__init__("guest", [
            "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-nodefaults", "-no-user-config",
            "-display", "none", "-machine", "q35,memory-backend=memory", "-m", f"{MEMORY >> 10}k,slots={SLOTS},maxmem=1G",
            "-object", f"memory-backend-memfd,id=memory,size={MEMORY},share=on",
            "-kernel", peers.work / "kernel", "-initrd", peers.work / "initrd",
            "-append", "rdinit=/peers/init console=ttyS1 quiet panic=-1 mitigations=off no_timer_check",
            "-chardev", f"socket,id=agent,path={agent},server=on,wait=off", "-serial", "chardev:agent", "-serial", "stdio",
            "-qmp", f"unix:{monitor},server=on,wait=off", *devices,
            *(["-incoming", f"unix:{incoming}"] if incoming else [])])
        self.agent = unix_socket(agent, self)
        self.said = b""
        self.monitor = Monitor(monitor, self)

    def hears(self, pattern, seconds):
        """Waits for it on the guest's serial line; what came before it, and the match."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.said)
            if found:
                before, self.said = self.said[:found.start()], self.said[found.end():]
                return before.decode(errors="replace"), found
            self.agent.settimeout(max(0.001, end - time.monotonic()))
            try:
                more = self.agent.recv(65536)
            except socket.timeout:
                raise Failure(f"the guest did not answer within {seconds} seconds; it said {self.said!r}") from None
            if not more:
                raise Failure(f"QEMU has ended: {self.end(None)}")
            self.said += more

    def booted(self):
        self.hears(rb":ready:\n", BOOT_LIMIT)

    def memory(self):
        """All that it has."""
        descriptors = pathlib.Path(f"/proc/{self.process.pid}/fd")
        path = next(entry for entry in descriptors.iterdir() if os.readlink(entry).startswith("/memfd:memory"))
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), MEMORY, mmap.MAP_SHARED, mmap.PROT_READ)

    def plug(self, number):
        """A module of memory."""
        self.monitor("object-add", **{"qom-type": "memory-backend-memfd", "id": f"more{number}", "size": MODULE, "share": True})
        self.monitor("device_add", driver="pc-dimm", id=f"module{number}", memdev=f"more{number}")

    def tell(self, command):
        self.agent.sendall(f"{command}\n".encode())

    def answer(self, command, seconds=30):
        """What the command said that the guest was told."""
        text, found = self.hears(rb":code (\d+):\n", seconds)
        if found[1] != b"0":
            raise Failure(f"in the guest: {command}: {text}")
        return text

    def run(self, command, seconds=30):
        self.tell(command)
        return self.answer(command, seconds)


def network_device(path, queues=2, more=""):
    """A virtio-net device at a vhost-user socket. Without MSI-X: QEMU 7.2 without KVM cannot do vhost with it."""
    return ["-chardev", f"socket,id=net,path={path}", "-netdev", f"vhost-user,id=net,chardev=net,queues={queues}",
            "-device", f"virtio-net-pci,netdev=net,mac={MAC},mq=on,vectors=0,guest_announce=off{more}"]
