# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two programs at the two ends of a vhost-user socket: DPDK's net_vhost and virtio_user, and dpu-pktgen in the place of one
of them or of both."""
import itertools
import re
import signal
import time

import measure
import ends
from measure import Cores, Rates
from peers import OUR_CPU, THEIR_CPU, Failure, Process, listening, our, processes_end, unique, wait_for

BACK, FRONT = THEIR_CPU, OUR_CPU
# Features that our front-end does without to drive the ring as virtio_user then does.
VARIANTS = {
    "split": "ring_packed+mrg_rxbuf+in_order",
    "split, mergeable": "ring_packed+in_order",
    "split, in order": "ring_packed+mrg_rxbuf",
    "split, vectorized": "ring_packed+mrg_rxbuf+in_order",
    "packed": "mrg_rxbuf+in_order",
    "packed, vectorized": "mrg_rxbuf",
}
# Modes of the back-end and of the front-end.
WAYS = {
    "to the back-end": ("rxonly", "txonly"),
    "to the front-end": ("txonly", "rxonly"),
    "loop": ("io", "io"),
}
PAIRS = {"DPDK": (False, False), "our back-end": (True, False), "our front-end": (False, True), "both ours": (True, True)}
PPS = re.compile(r"Rx-pps: +(\d+).*?Tx-pps: +(\d+)\D", re.S)


class Shown(Process):
    """A program that shows statistics as testpmd does."""

    def shown(self, ports=1):
        """Packets a second received and sent, of each port, since it was asked the last time."""
        offset = self.path.stat().st_size
        self.ask()
        end = time.monotonic() + 5
        while True:
            found = PPS.findall(self.log(offset))
            if len(found) == ports:
                return [list(map(int, each)) for each in found]
            if time.monotonic() > end or not self.running():
                raise Failure(f"{self.name} shows no statistics")
            time.sleep(0.001)


class Testpmd(Shown, ends.Testpmd):
    """With huge pages, if there are any."""

    def __init__(self, huge, cpu, vdevs, mode, size, *args, ring=256, flood=None):
        super().__init__(*vdevs, mode=mode, cpu=cpu, ring=ring, eal=["--force-max-simd-bitwidth=512"],
                         memory=["--huge-dir", huge, "-m", "512", "--single-file-segments"] if huge else
                         ["--no-huge", "-m", "512"],
                         args=["--burst=32", f"--txpkts={size}", *args])
        self.flood = flood

    def ask(self):
        self.tell("show port stats all")

    def go(self):
        self.command(f"start tx_first {self.flood}" if self.flood else "start")


class Pktgen(Shown):
    """Which goes by itself."""

    def __init__(self, cpu, uris, mode, size, *args, flood=None):
        super().__init__("dpu-pktgen", [our("dpu-pktgen"), "--mode", mode, "--length", size, "--cores", cpu,
                                        *(["--tx-first", flood] if flood else []), *args, *uris],
                         preexec_fn=lambda: measure.os.sched_setaffinity(0, [cpu]))

    def ask(self):
        self.process.send_signal(signal.SIGUSR1)

    def go(self):
        pass


def back_end(ours, huge, path, mode, size):
    if ours:
        it = Pktgen(BACK, [f"vhost-user:{path},server"], mode, size)
        wait_for(lambda: listening(path), 10, "our socket", it)
        return it
    return Testpmd(huge, BACK, [f"net_vhost0,iface={path},queues=1"], mode, size, ring=1024)


def front_end(ours, huge, path, mode, size, variant):
    flood = 32 if mode == "io" else None
    if ours:
        words = f"frontend,size=256,without={VARIANTS[variant]}" + (",hugepages" if huge else "")
        return Pktgen(FRONT, [f"vhost-user:{path},{words}"], mode, size, flood=flood)
    return Testpmd(huge, FRONT, [f"net_virtio_user0,path={path},queues=1,{ends.LAYOUTS[variant][0]}"], mode, size, flood=flood)


def run(huge, pair, variant, modes, size):
    """Samples, in packets a second: DPDK's own count where there is one, and of those the receiver's."""
    path = unique("socket")
    with processes_end():
        back = back_end(pair[0], huge, path, modes[0], size)
        front = front_end(pair[1], huge, path, modes[1], size, variant)
        for end in (back, front) if modes[1] != "rxonly" else (front, back):
            end.go()
            time.sleep(0.1)
        receiver, sender = (back, front) if modes[0] == "rxonly" else (front, back)
        teller, column = (receiver, 0) if isinstance(receiver, Testpmd) or isinstance(sender, Pktgen) else (sender, 1)
        time.sleep(0.3)
        with Cores(back, front) as cores:
            return cores.rates(lambda: teller.shown()[0][column])


def compare(huge, rounds, wanted):
    """Rates of all pairs for each way, length and variant."""
    found = {}
    for size, way, name in itertools.product((64, 1518), WAYS, VARIANTS):
        # Not every processor has the vectors.
        if name not in ends.LAYOUTS or not re.search(wanted, f"{size} {way}: {name}"):
            continue
        rates = found[size, way, name] = Rates()
        for _ in range(rounds):
            for pair, ours in PAIRS.items():
                try:
                    rates.add(pair, run(huge, ours, name, WAYS[way], size))
                except Failure as error:
                    measure.fact(f"{size} {way}: {name}: {pair}: {error}")
        measure.show(rates, f"{size} bytes, {way}, {name}", "DPDK")
    return found


def least(found, pair, *keys):
    return measure.least(rates.ratio(pair, "DPDK") for key, rates in found.items() if all(test(key) for test in keys))


def bench(huge, rounds, wanted):
    print("net_vhost and virtio_user, dpu-pktgen in place of one of them, or of both (Mpps, and times DPDK's)", flush=True)
    found = compare(huge, rounds, wanted)
    for pair in "our back-end", "our front-end":
        measure.verdict(f"{pair} in place of DPDK's, the least", least(found, pair), "times", 1)
    for layout in "split", "packed":
        for way in "loop", "one way":
            ratio = least(found, "both ours", lambda key: key[0] == 64, lambda key: (key[1] == "loop") == (way == "loop"),
                          lambda key: key[2].startswith(layout))
            measure.verdict(f"both ours, {layout}, 64 bytes, {way}, the least", ratio, "times", 1.5)
