# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs at the two ends of a socket: DPDK's testpmd, dpu-pktgen."""
import pathlib
import re
import signal

from peers import OUR_CPU, REFERENCE, THEIR_CPU, Failure, Process, our, wait_for

COUNTS = re.compile(r"statistics for port (\d+) .*?RX-packets: (\d+).*?RX-bytes: +(\d+).*?TX-packets: (\d+)", re.S)
CHECKED = re.compile(r"^checked: (\d+) +lost: (\d+) +reordered: (\d+) +corrupted: (\d+) +other: (\d+)", re.M)
PROMPT = "testpmd> "
AVX512 = "avx512f" in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
# What virtio_user is told, and what it then calls its way of receiving. Vectors want in_order=0 with split rings, but with
# packed ones in_order=1, mrg_rxbuf=0 and the leave to use 512 bits.
LAYOUTS = {
    "split": ("mrg_rxbuf=0,in_order=0", "standard"),
    "split, mergeable": ("mrg_rxbuf=1,in_order=0", "mergeable buffer"),
    "split, in order": ("mrg_rxbuf=0,in_order=1", "inorder"),
    "split, in order, mergeable": ("mrg_rxbuf=1,in_order=1", "inorder"),
    "split, vectorized": ("mrg_rxbuf=0,in_order=0,vectorized=1", "vectorized"),
    "packed": ("packed_vq=1,mrg_rxbuf=0,in_order=0", "packed ring standard"),
    "packed, mergeable": ("packed_vq=1,mrg_rxbuf=1,in_order=0", "packed ring mergeable buffer"),
    "packed, in order": ("packed_vq=1,mrg_rxbuf=0,in_order=1", "packed ring standard"),
    "packed, in order, mergeable": ("packed_vq=1,mrg_rxbuf=1,in_order=1", "packed ring mergeable buffer"),
}
if AVX512:
    LAYOUTS["packed, vectorized"] = "packed_vq=1,mrg_rxbuf=0,in_order=1,vectorized=1", "packed ring vectorized"
# Seconds in which all packets have to come.
LIMIT = 20


def counts(text):
    """Of each port: packets and bytes that it has received, packets that it has sent, as they were shown last."""
    return {int(port): list(map(int, numbers)) for port, *numbers in COUNTS.findall(text)}


class Testpmd(Process):
    """One core, no huge pages unless they are given; all its ports are of the number of queues."""

    def __init__(self, *vdevs, mode="io", queues=1, eal=(), args=(), cpu=THEIR_CPU, memory=("--no-huge", "-m", "256"),
                 ring=256):
        # The standard output would wait for a full buffer.
        command = ["stdbuf", "-oL", "dpdk-testpmd", f"--lcores=0@{cpu},1@{cpu}", "--main-lcore=0", "--no-pci", *memory,
                   f"--file-prefix=testpmd{id(self)}", *eal]
        for vdev in vdevs:
            command += ["--vdev", vdev]
        command += ["--", "-i", "--nb-cores=1", f"--rxq={queues}", f"--txq={queues}", f"--rxd={ring}",
                    f"--txd={ring}", "--total-num-mbufs=16384", f"--forward-mode={mode}", "--no-flush-rx", *args]
        super().__init__("testpmd", command)
        self.says(PROMPT, 30)

    def tell(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def command(self, line):
        """What it answers."""
        offset = self.path.stat().st_size
        self.tell(line)
        answer = self.says(f"(.*?){PROMPT}", 10, offset)[1]
        if "Not all ports were started" in answer:
            raise Failure("testpmd has not started its ports")
        return answer

    def counts(self):
        return counts(self.command("show port stats all"))


class Pktgen(Process):
    """dpu-pktgen, until each of its ports has received so many packets."""

    def __init__(self, mode, *uris, wanted, queues=1, length=64, check=True):
        self.wanted, self.check = wanted, check
        command = [our("dpu-pktgen"), "--mode", mode, "--length", length, "--seconds", 2 * LIMIT, "--stats-period", 0.1,
                   "--cores", OUR_CPU, *(["--check"] if check else [])]
        super().__init__("dpu-pktgen", [*command, *(f"{uri},queues={queues}" for uri in uris)])
        self.ports = len(uris)

    def came(self):
        ports = counts(self.log())
        return len(ports) == self.ports and all(port[0] >= self.wanted for port in ports.values())

    def finish(self, alone=True):
        """Its counts, when it finds no fault with what it has received. testpmd drops what it has no room for, so packets
        may be lost. Unless it was alone, packets of others come in between."""
        wait_for(self.came, LIMIT, f"{self.wanted} packets", self)
        code = self.end(signal.SIGINT)
        ports = counts(self.log())
        found = CHECKED.search(self.log())
        if code != 0 or (self.check and not found):
            raise Failure(f"dpu-pktgen says {code}")
        if self.check:
            checked, _, reordered, corrupted, other = map(int, found.groups())
            if (alone and reordered) or corrupted or other or checked < self.wanted:
                raise Failure(found[0])
        return list(ports.values())


class Reference(Testpmd):
    """testpmd with the same manners; what is in the packets it does not know."""

    def __init__(self, mode, *uris, wanted, queues=1, length=64, check=True):
        del check
        self.wanted, self.mode = wanted, mode
        super().__init__(*(self.vdev(number, uri, queues) for number, uri in enumerate(uris)), queues=queues,
                         mode="io" if mode == "txonly" else mode, cpu=OUR_CPU, args=[f"--txpkts={length}"])

    @staticmethod
    def vdev(number, uri, queues):
        path, *words = uri.removeprefix("vhost-user:").split(",")
        server = "server" in words
        if server:
            pathlib.Path(path).unlink(missing_ok=True)
        if "frontend" not in words:
            return f"net_vhost{number},iface={path},queues={queues},client={int(not server)}"
        without = [name for word in words if word.startswith("without=") for name in word[8:].split("+")]
        vdev = f"net_virtio_user{number},path={path},queues={queues},server={int(server)}"
        for name, switch in ("ring_packed", "packed_vq"), ("mrg_rxbuf", "mrg_rxbuf"), ("in_order", "in_order"):
            vdev += f",{switch}={int(name not in without)}"
        return vdev

    def finish(self, alone=True):
        del alone
        self.command("start tx_first 32" if self.mode == "txonly" else "start")
        wait_for(lambda: all(port[0] >= self.wanted for port in self.counts().values()), LIMIT,
                 f"{self.wanted} packets", self)
        self.command("stop")
        return list(self.counts().values())


def generator(*args, **options):
    return (Reference if REFERENCE else Pktgen)(*args, **options)
