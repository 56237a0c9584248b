# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks behind vhost-user sockets."""
import peers
from peers import Process, listening, unique, wait_for


def example(name):
    """One of the small programs that this build has made."""
    program = peers.top_builddir / "examples" / name
    if not program.exists():
        peers.skip_all(f"{name} was not built")
    return program


def empty_disk(size):
    path = unique("disk")
    with open(path, "wb") as disk:
        disk.truncate(size)
    return path


def started(name, socket, command):
    it = Process(name, command)
    wait_for(lambda: listening(socket), 20, f"{name}'s socket", it)
    return it


def vhost_blk(socket, disk):
    """Ours."""
    return started("vhost-blk", socket, [example("vhost-blk"), socket, disk])


def disk_device(number, socket, more=""):
    """A virtio-blk device at a vhost-user socket. Without MSI-X: QEMU 7.2 without KVM cannot do vhost with it."""
    return ["-chardev", f"socket,id=blk{number},path={socket},reconnect=1",
            "-device", f"vhost-user-blk-pci,chardev=blk{number},num-queues=1,vectors=0{more}"]
