# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network behind a guest: a switch with the guest's socket and a tap, and what is done over it."""
import hashlib
import json
import random
import re
import select
import signal
import socket
import sys
import threading

import ends
import peers
from peers import OUR_CPU, REFERENCE, Failure, Process, listening, our, run, top_srcdir, wait_for

HERE, GUEST = "10.9.0.1", "10.9.0.2"
# Bytes of an Echo that may be on the way.
WINDOW = 1 << 18


class Switch(Process):
    """dpu-switch between a guest and a tap, with as many workers as the guest has queues to send to. They sleep when
    there is nothing to do, unless they are to poll. With a path for updates it takes over from the one before."""

    def __init__(self, path, tap, queues=2, poll=False, update=None):
        super().__init__("dpu-switch", [our("dpu-switch"), "--json", "--create", "--normal", "--workers", queues,
                                        *([] if poll else ["--interrupt"]), *(["--update", update] if update else []), "sim:",
                                        f"en3f0pf0sf1=vhost-user:{path},server,queues={queues}",
                                        f"en3f0pf0sf2=tap:{tap},queues={queues}"])

    def queues(self):
        """Packets of each pair of queues: from the guest, to it."""
        offset = self.path.stat().st_size
        self.process.send_signal(signal.SIGUSR1)
        queues = json.loads(self.says("^{.*}$", 5, offset)[0])["ports"][0]["queues"]
        return [[queue[f"{way}_packets"] for queue in queues] for way in ("rx", "tx")]


class Reference(ends.Testpmd):
    """testpmd with the same task; its tap knows no offloads."""

    def __init__(self, path, tap, queues=2, poll=True):
        del poll
        super().__init__(f"net_vhost0,iface={path},queues={queues}", f"net_tap0,iface={tap}", queues=queues, cpu=OUR_CPU)
        self.command("start")

    def queues(self):
        """Packets of each pair of queues: from the guest, to it."""
        text = self.command("show port xstats 0")
        return [list(map(int, re.findall(rf"^{way}_q\d+_packets: (\d+)", text, re.M))) for way in ("rx", "tx")]


def switch(path, tap, queues=2, poll=False):
    """A running one."""
    it = (Reference if REFERENCE else Switch)(path, tap, queues, poll)
    wait_for(lambda: listening(path), 10, "the switch's socket", it)
    wait_for(lambda: tap in run("ip", "-br", "link"), 10, "the switch's tap", it)
    return it


def up(device, *more):
    run("ip", "link", "set", device, "up", *more)


def guest_up(guest):
    guest.run(f"ip addr add {GUEST}/24 dev eth0; ip link set eth0 up")


def ping(guest):
    """From both sides."""
    guest.run(f"ping -c 3 -i 0.2 -W 5 {HERE}")
    run("ping", "-q", "-c", 3, "-i", 0.2, "-W", 5, GUEST)


def traffic(device):
    """Packets and bytes that a network device has received and sent."""
    stats = json.loads(run("ip", "-j", "-s", "link", "show", device))[0]["stats64"]
    return [stats[way][unit] for way in ("rx", "tx") for unit in ("packets", "bytes")]


class Server:
    """Takes one TCP connection, for a function of it; result() is what that returns."""

    def __init__(self, function):
        self.listener = socket.create_server((HERE, 0))
        self.port = self.listener.getsockname()[1]
        self.done = None
        self.thread = threading.Thread(target=self.serve, args=[function], daemon=True)
        self.thread.start()

    def serve(self, function):
        with self.listener, self.listener.accept()[0] as connection:
            self.done = function(connection)

    def result(self, seconds=60):
        self.thread.join(seconds)
        if self.done is None:
            raise Failure("the TCP connection has not ended well")
        return self.done


def hash_all(connection):
    hashed, octets = hashlib.sha256(), 0
    while True:
        data = connection.recv(1 << 20)
        if not data:
            return hashed.hexdigest(), octets
        hashed.update(data)
        octets += len(data)


def from_guest(guest, megabytes):
    """The guest sends over TCP; what arrived must be what it sent. It writes much at once: what nc itself writes, a kilobyte
    at a time, TCP may well send in packets that need no segmentation."""
    guest.run(f"dd if=/dev/urandom of=/tmp/data bs=1M count={megabytes} 2> /dev/null")
    sent = guest.run("sha256sum < /tmp/data").split()[0]
    server = Server(hash_all)
    guest.run(f"nc {HERE} {server.port} -e /bin/dd if=/tmp/data bs=1M 2> /dev/null; rm /tmp/data", 60)
    arrived, octets = server.result()
    if arrived != sent:
        raise Failure(f"{octets} bytes arrived, and not as they were sent")
    return octets


def to_guest(guest, megabytes, seed):
    """The same the other way."""
    data = random.Random(seed).randbytes(megabytes << 20)

    def send(connection):
        connection.sendall(data)
        return True
    server = Server(send)
    arrived = guest.run(f"nc {HERE} {server.port} < /dev/null | sha256sum", 60).split()[0]
    if arrived != hashlib.sha256(data).hexdigest():
        raise Failure(f"other bytes arrived than were sent (seed {seed})")
    return len(data)


class Echo:
    """A TCP connection on which the guest sends back what it is sent."""

    def __init__(self, guest, seed):
        self.octets = 0
        self.seed = seed
        self.stop = threading.Event()
        self.server = Server(self.talk)
        guest.run(f"nc {HERE} {self.server.port} -e /bin/cat > /dev/null 2>&1 &")
        self.more(1)

    def talk(self, connection):
        rng = random.Random(self.seed)
        out, expected = bytearray(), bytearray()
        while True:
            if not self.stop.is_set() and len(expected) < WINDOW:
                block = rng.randbytes(8192)
                out += block
                expected += block
            if self.stop.is_set() and not expected:
                return True
            readable, writable, _ = select.select([connection], [connection] if out else [], [], 1)
            if writable:
                del out[:connection.send(out)]
            if readable:
                try:
                    data = connection.recv(1 << 16)
                except ConnectionError:
                    return None
                if not data or expected[:len(data)] != data:
                    return None
                del expected[:len(data)]
                self.octets += len(data)

    def more(self, octets):
        """Waits until so many more have come back."""
        wanted = self.octets + octets
        wait_for(lambda: self.octets >= wanted or not self.server.thread.is_alive(), 30, "bytes come back over TCP")
        if self.octets < wanted:
            raise Failure("the TCP connection has broken, or other bytes came back than were sent")

    def end(self):
        self.stop.set()
        self.server.result()
        return f"{self.octets} bytes came back"


def pinger():
    """Asks the guest for an echo all the time; see gap()."""
    stream = Process("stream", [sys.executable, top_srcdir / "tests/peers/stream.py", GUEST])
    stream.says("answered")
    return stream


def gap(stream):
    """For how long the guest did not answer."""
    stream.end(signal.SIGTERM)
    return "outside: " + stream.says("sent .*?pause [0-9.]+ ms")[0]
