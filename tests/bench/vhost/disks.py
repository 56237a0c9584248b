# SPDX-License-Identifier: LGPL-2.1-or-later
"""qemu-storage-daemon and vhost-blk, with disks that take nothing and give nothing, under the same front-end."""
import os
import re
import time

import measure
from measure import FAR, NEAR, Rates, distance
from pairs import BACK, FRONT
from peers import Failure, Process, listening, processes_end, top_builddir, unique, wait_for

SAMPLES, TRIES = 4, 12
DISK = 1 << 30


def alone(core):
    """For a program that is to have a core."""
    def prepare():
        os.sched_setaffinity(0, [core])
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    return prepare


def storage_daemon(path, poll):
    return ["qemu-storage-daemon", "--object", f"iothread,id=thread,poll-max-ns={32768 if poll else 0}",
            "--blockdev", f"driver=null-co,node-name=disk,read-zeroes=off,size={DISK}",
            "--export", f"type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path={path},writable=on,"
            "num-queues=1,iothread=thread"]


def vhost_blk(path, poll):
    return [top_builddir / "examples/vhost-blk", path, f"null:{DISK >> 20}", *(["--poll"] if poll else [])]


PROGRAMS = {"qemu-storage-daemon": storage_daemon, "vhost-blk": vhost_blk}


def run(command, depth, poll):
    """Requests a second."""
    found = []
    with processes_end():
        path = unique("socket")
        back = Process("back-end", command(path, poll), preexec_fn=alone(BACK))
        wait_for(lambda: listening(path), 10, "the back-end's socket", back)
        for _ in range(TRIES):
            near = NEAR <= distance() <= FAR
            if not near:
                time.sleep(0.1)
                continue
            driver = Process("vhost-blk-bench", [top_builddir / "examples/vhost-blk-bench", path, "--read", "--size", 4096,
                                                 "--depth", depth, "--seconds", 1, "--poll"], preexec_fn=alone(FRONT))
            if driver.end(None, 20) != 0:
                raise Failure(f"vhost-blk-bench: {driver.log()}")
            if NEAR <= distance() <= FAR:
                found.append(int(re.search(r"(\d+) IOPS", driver.log())[1]))
            if len(found) == SAMPLES:
                break
    return found


def bench(rounds, wanted):
    print("qemu-storage-daemon and vhost-blk, reads of 4096 bytes (million IOPS, and times qemu-storage-daemon's)",
          flush=True)
    for poll in False, True:
        for depth, bound in (1, 1), (32, 1.3):
            name = f"disk, {'polling' if poll else 'asleep when idle'}, queue depth {depth}"
            if not re.search(wanted, name):
                continue
            rates = Rates()
            for _ in range(rounds):
                for program, command in PROGRAMS.items():
                    rates.add(program, run(command, depth, poll))
            measure.show(rates, name, "qemu-storage-daemon")
            measure.verdict(f"vhost-blk, {name.partition(', ')[2]}", rates.ratio("vhost-blk", "qemu-storage-daemon"), "times",
                            bound)
