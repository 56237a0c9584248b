# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU guest, whose kernel's virtio_net drives our back-end: dpu-switch, with a tap on the other side."""
import random
import re
import signal
import socket

import guest as vm
from network import (GUEST, HERE, WINDOW, Echo, Switch, from_guest, gap, guest_up, ping, pinger, switch, to_guest, traffic,
                     up)
from peers import REFERENCE, Failure, group, listening, processes_end, run, skip, suite, test, unique, wait_for

MEGABYTES = 24
SEED = random.randrange(1 << 32)
# The names that ethtool -k has for what the switch's guest must have.
OFFLOADS = ("tx-checksum-ip-generic", "tx-tcp-segmentation", "tx-tcp6-segmentation", "rx-checksumming")


def large(packets, octets, where):
    """On the average they were larger than a frame of Ethernet, so at least one was."""
    average = octets // max(packets, 1)
    if average <= 1514:
        raise Failure(f"{packets} packets of {average} bytes in the average at the {where}")
    return f"{packets} packets, {average} bytes in the average"


def received(guest):
    """Packets and bytes that the guest's driver has received."""
    return [int(guest.run(f"cat /sys/class/net/eth0/statistics/rx_{unit}")) for unit in ("packets", "bytes")]


def offloads(guest):
    text = guest.run("ethtool -k eth0")
    missing = [name for name in OFFLOADS if not re.search(rf"^\s*{name}: on", text, re.M)]
    if missing:
        raise Failure(f"{', '.join(missing)} is off:\n{text}")


def tcp_out(guest, tap):
    before = traffic(tap)
    octets = from_guest(guest, MEGABYTES)
    after = traffic(tap)
    text = f"{octets} bytes"
    return text if REFERENCE else f"{text}, {large(after[0] - before[0], after[1] - before[1], 'tap')}"


def tcp_in(guest):
    before = received(guest)
    octets = to_guest(guest, MEGABYTES, SEED)
    after = received(guest)
    text = f"{octets} bytes"
    return text if REFERENCE else f"{text}, {large(after[0] - before[0], after[1] - before[1], 'guest')}"


def both_pairs(guest, it):
    """Packets from both CPUs of the guest, and of many flows to it."""
    before = it.queues()
    for cpu in 0, 1:
        guest.run(f"taskset -c {cpu} ping -q -c 20 -i 0.02 -W 5 {HERE}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        for port in range(64):
            flow.sendto(b"hello", (GUEST, 20000 + port))
    ping(guest)
    carried = [[b - a for a, b in zip(*way)] for way in zip(before, it.queues())]
    if [len(way) for way in carried] != [2, 2] or min(carried[0] + carried[1]) < 1:
        raise Failure(f"packets from the guest {carried[0]}, to the guest {carried[1]}")
    return f"packets from the guest {carried[0]}, to the guest {carried[1]}"


def regions(it):
    """Of the guest's memory, that the device has at hand."""
    with open(f"/proc/{it.process.pid}/maps", encoding="utf-8") as maps:
        return sum("/memfd:memory-backend-memfd" in line for line in maps)


def plugged(guest, it):
    """The device learns of more memory, again and again, while bytes go both ways."""
    before = regions(it)
    echo = Echo(guest, SEED)
    for number in range(vm.SLOTS):
        echo.more(WINDOW)
        guest.plug(number)
        wait_for(lambda: regions(it) > before + number, 10, "the device learns of it", it)
    echo.more(4 * WINDOW)
    return f"{before} regions, then {regions(it)}; {echo.end()}"


def driver_again(guest):
    guest.run("cd /sys/bus/virtio/drivers/virtio_net; set -- virtio[0-9]*; echo $1 > unbind; echo $1 > bind", 30)
    guest_up(guest)
    ping(guest)


def reboot(guest):
    guest.monitor("system_reset")
    guest.booted()
    guest_up(guest)
    ping(guest)


def ends(it):
    code = it.end()
    if code not in (0, -signal.SIGTERM if REFERENCE else 0):
        raise Failure(f"it says {code}")


def updated(before, echo):
    """The one before ends by itself, and bytes come through the other."""
    code = before.end(None)
    if code != 0:
        raise Failure(f"the one before says {code}")
    echo.more(4 * WINDOW)


def update_tests(layout, more):
    """Two live updates of the switch, by one that polls and one that sleeps, while TCP and ping go on."""
    path, at = unique("socket"), unique("update")
    with processes_end():
        it = Switch(path, "tap0", update=at)
        wait_for(lambda: listening(path) and listening(at), 10, "the switch's sockets", it)
        up("tap0")
        run("ip", "addr", "add", f"{HERE}/24", "dev", "tap0")
        guest = vm.Guest(vm.network_device(path, 2, more))
        guest.booted()
        guest_up(guest)
        ping(guest)
        echo = Echo(guest, SEED)
        stream = pinger()
        for poll in True, False:
            before, it = it, Switch(path, "tap0", poll=poll, update=at)
            test(f"{layout}: the switch is updated, and {'polls' if poll else 'sleeps'}", updated, before, echo)
        test(f"{layout}: the TCP connection goes on", lambda: echo.more(4 * WINDOW) or echo.end())
        test(f"{layout}: how long the guest did not answer", gap, stream)
        test(f"{layout}: both ways through the last", both_pairs, guest, it)
        test(f"{layout}: the guest is reset after the updates", reboot, guest)
        test(f"{layout}: the last switch ends", ends, it)


def guest_tests(layout, more):
    path = unique("socket")
    with processes_end():
        it = switch(path, "tap0", poll=layout == "packed")
        up("tap0")
        run("ip", "addr", "add", f"{HERE}/24", "dev", "tap0")
        guest = vm.Guest(vm.network_device(path, 2, more))
        guest.booted()
        guest_up(guest)
        test(f"{layout}: ping", ping, guest)
        if REFERENCE:
            skip(f"{layout}: offloads", "testpmd's tap has none")
        else:
            test(f"{layout}: the guest's driver has the offloads", offloads, guest)
        test(f"{layout}: TCP from the guest", tcp_out, guest, "tap0")
        test(f"{layout}: TCP to the guest", tcp_in, guest)
        test(f"{layout}: both pairs of queues", both_pairs, guest, it)
        test(f"{layout}: memory is plugged in meanwhile", plugged, guest, it)
        test(f"{layout}: the driver is unbound and bound again", driver_again, guest)
        test(f"{layout}: the guest is reset", reboot, guest)
        test(f"{layout}: TCP after that", tcp_out, guest, "tap0")
        test(f"{layout}: the switch ends", ends, it)


def main():
    for layout, more in ("split", ""), ("packed", ",packed=on"):
        group(f"{layout}: a guest", guest_tests, layout, more)
        if not REFERENCE:
            group(f"{layout}: live updates", update_tests, layout, more)


with suite(360, *vm.PROGRAMS):
    vm.prepare()
    main()
