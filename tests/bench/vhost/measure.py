# SPDX-License-Identifier: LGPL-2.1-or-later
"""How rates are measured: by the programs themselves, on cores that they have for themselves, and told as ratios of what
was measured in turn."""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "peers"))
import peers

PERIOD = 0.06
# As many are wanted, as many are tried.
SAMPLES, TRIES = 6, 40
# What was measured does not count when a worker waited for its core for more than this part of the time, nor when a cache
# line took less or more nanoseconds to the other core and back, before or after: a virtual machine's cores are moved.
DELAYED = 0.02
NEAR, FAR = 80, 220
HUGE_PAGE = 2 << 20
HUGE_PAGES = 1400
COUNT = pathlib.Path("/proc/sys/vm/nr_hugepages")


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="each pair of programs is started so often")
    parser.add_argument("--only", default="", help="a pattern for what is measured")
    return parser.parse_args()


def tasks(process):
    """Identifiers and names of the threads; of what it is started by, none."""
    folder = pathlib.Path(f"/proc/{process.process.pid}/task")
    return {int(task.name): (task / "comm").read_text().strip() for task in folder.iterdir()}


def distance():
    """Nanoseconds between the two cores."""
    if not distance.program:
        distance.program = subprocess.Popen(
            [str(peers.top_builddir / "tests/bench/vhost/core-distance"), str(peers.THEIR_CPU), str(peers.OUR_CPU)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for task in os.listdir(f"/proc/{distance.program.pid}/task"):
            os.sched_setscheduler(int(task), os.SCHED_FIFO, os.sched_param(20))
    distance.program.stdin.write("\n")
    distance.program.stdin.flush()
    return int(distance.program.stdout.readline())


distance.program = None


class Cores:
    """While it lasts, these programs' workers alone have their cores; all else waits, but for what asks them and those
    that answer. Open vSwitch's other threads, which are not asked, spin while they wait for a worker."""

    def __init__(self, *processes):
        self.processes = processes
        self.workers = []

    def __enter__(self):
        for process in self.processes:
            for task, name in tasks(process).items():
                works = any(part in name for part in ("worker", "pmd-", "IO ", "virtq"))
                if works or hasattr(process, "ask"):
                    os.sched_setscheduler(task, os.SCHED_FIFO, os.sched_param(5 if works else 10))
                if works:
                    self.workers.append(f"/proc/{process.process.pid}/task/{task}/schedstat")
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(30))
        return self

    def __exit__(self, *_):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        for process in self.processes:
            for task in tasks(process) if process.running() else ():
                os.sched_setscheduler(task, os.SCHED_OTHER, os.sched_param(0))

    def waited(self):
        """Nanoseconds, the most of them all, each."""
        return [int(pathlib.Path(path).read_text().split()[1]) for path in self.workers]

    def rates(self, rate):
        """What rate() says after each of the periods, when nothing was in the way."""
        time.sleep(0.1)
        found = []
        for _ in range(TRIES):
            if not NEAR <= distance() <= FAR:
                time.sleep(PERIOD)
                continue
            rate()
            before, begin = self.waited(), time.monotonic()
            time.sleep(PERIOD)
            value, took = rate(), time.monotonic() - begin
            delayed = max(b - a for a, b in zip(before, self.waited())) > DELAYED * took * 1e9
            if not delayed and NEAR <= distance() <= FAR:
                found.append(value)
            if len(found) == SAMPLES:
                break
        return found


class Rates(dict):
    """What was measured of each of several, in turn."""

    def add(self, name, rates):
        self.setdefault(name, []).extend(rates)

    def median(self, name):
        return statistics.median(self[name]) if self.get(name) else None

    def ratio(self, name, other):
        a, b = self.median(name), self.median(other)
        return a / b if a and b else None


def show(rates, name, reference):
    """The medians, and what part of the reference's they are."""
    text = f"{name:<44}"
    for each in rates:
        median, ratio = rates.median(each), rates.ratio(each, reference)
        text += f" | {each} {median / 1e6:.2f}" if median else f" | {each} -"
        if each != reference and ratio:
            text += f" = {ratio:.2f}"
    fact(text)


def least(ratios):
    """Of those that could be measured."""
    return min((ratio for ratio in ratios if ratio), default=None)


missed = 0


def verdict(name, value, unit, bound):
    """One line in the manner of tests/harness/bench.sh: on the value as it is printed."""
    global missed
    if value is None:
        fact(f"{name}: not measured")
        return
    met = round(value, 2) >= bound
    missed += not met
    print(f"{name:<58} {value:.2f} {unit}, at least {bound}: {'met' if met else 'missed'}", flush=True)


def fact(text):
    print(f"    {text}", flush=True)


def huge_pages():
    """A folder for DPDK, and the pages behind it; None if they are not to be had. The count is put back at the end."""
    before = int(COUNT.read_text())
    try:
        COUNT.write_text(str(before + HUGE_PAGES))
        folder = peers.work / "huge"
        folder.mkdir()
        peers.run("mount", "-t", "hugetlbfs", "-o", f"pagesize={HUGE_PAGE}", "none", folder)
    except (OSError, peers.Failure):
        return None, before
    return (folder if int(COUNT.read_text()) >= before + HUGE_PAGES else None), before
