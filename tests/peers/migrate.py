# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU guest migrates from one of our back-ends to another one, while it answers and echoes what it is sent."""
import random
import socket

import guest as vm
from disks import disk_device, vhost_blk
from network import HERE, WINDOW, Echo, gap, guest_up, ping, pinger, switch, up
from peers import Failure, group, processes_end, run, suite, test, unique, wait_for

SEED = random.randrange(1 << 32)
ETH_P_RARP = 0x8035
PAGE = 4096
READ = 1 << 15


def migrate(source, path, *alive):
    """What QEMU says of it."""
    def ended():
        state = source.monitor("query-migrate")
        return state if state.get("status") in ("completed", "failed", "cancelled") else None
    source.monitor("migrate", uri=f"unix:{path}")
    state = wait_for(ended, 60, "the migration ends", source, *alive)
    if state["status"] != "completed":
        raise Failure(f"QEMU says: {state}")
    return f"QEMU says downtime {state['downtime']} ms, in all {state['total-time']} ms"


def runs(target):
    wait_for(lambda: target.monitor("query-status")["status"] == "running", 10, "the guest runs", target)


def whole(source, target):
    """Not one page of the guest's memory is as it was before the back-end wrote to it. Both guests stand still."""
    with source.memory() as sent, target.memory() as arrived:
        pages = [page for page in range(0, vm.MEMORY, PAGE) if sent[page:page + PAGE] != arrived[page:page + PAGE]]
    if pages:
        raise Failure(f"{len(pages)} pages differ, the first at {pages[0]:#x}")


def rarp(wire):
    """The network was told where the guest is now."""
    wire.settimeout(10)
    while True:
        try:
            frame = wire.recv(2048)
        except socket.timeout:
            raise Failure(f"no RARP packet came") from None
        if frame[6:12] == bytes.fromhex(vm.MAC.replace(":", "")):
            return None


def source_and_target(layout, more):
    """A guest that talks, and where it is to go: the socket that QEMU listens at is the third."""
    paths = [unique("socket") for _ in range(2)]
    taps = [f"{layout}{n}" for n in range(2)]
    switch(paths[0], taps[0])
    up(taps[0], "master", "br0")
    source = vm.Guest(vm.network_device(paths[0], 2, more))
    source.booted()
    guest_up(source)
    ping(source)
    switch(paths[1], taps[1])
    up(taps[1], "master", "br0")
    incoming = unique("incoming")
    return source, vm.Guest(vm.network_device(paths[1], 2, more), incoming), incoming


def migration(layout, more):
    with processes_end(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_RARP)) as wire:
        source, target, incoming = source_and_target(layout, more)
        echo = Echo(source, SEED)
        stream = pinger()
        echo.more(WINDOW)
        if not test(f"{layout}: the guest migrates", migrate, source, incoming, target):
            return
        runs(target)
        source.kill()
        test(f"{layout}: a RARP packet comes out of the other switch", rarp, wire)
        test(f"{layout}: its TCP connection goes on", lambda: echo.more(4 * WINDOW) or echo.end())
        test(f"{layout}: how long it was gone", gap, stream)
        test(f"{layout}: ping", ping, target)


def memory(layout, more):
    """The pages that a disk is read into are written by nobody but the back-end: if it did not log them, they would
    arrive as they were. (What a network card receives is written to by the guest as well.)"""
    with processes_end():
        disk = unique("disk")
        # So much that one dd, with one buffer, reads all the time; and always something else into the same page.
        disk.write_bytes(random.Random(SEED).randbytes(READ + PAGE) * 16384)
        sockets = [unique("socket") for _ in range(2)]
        for path in sockets:
            vhost_blk(path, disk)
        source = vm.Guest(disk_device(0, sockets[0], more))
        source.booted()
        source.run(f"(while :; do dd if=/dev/vda of=/dev/null bs={READ} iflag=direct; done) > /dev/null 2>&1 &")
        incoming = unique("incoming")
        target = vm.Guest([*disk_device(0, sockets[1], more), "-S"], incoming)
        migrate(source, incoming, target)
        test(f"{layout}: the guest's memory has arrived whole", whole, source, target)


def main():
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "addr", "add", f"{HERE}/24", "dev", "br0")
    up("br0")
    for layout, more in ("split", ""), ("packed", ",packed=on"):
        group(f"{layout}: a guest migrates", migration, layout, more)
        group(f"{layout}: a guest's memory", memory, layout, more)


with suite(240, *vm.PROGRAMS):
    vm.prepare()
    main()
