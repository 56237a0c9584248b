# SPDX-License-Identifier: LGPL-2.1-or-later
"""DPDK's testpmd as the peer: virtio_user drives our back-end, net_vhost serves our front-end. Our generator sends packets
with a payload that it knows again, testpmd sends them back, and every byte is looked at."""
from ends import LAYOUTS, Testpmd, generator
from peers import Failure, listening, processes_end, suite, test, unique, wait_for

COUNT = 100000
FEATURES = {"ring_packed": 1 << 34, "mrg_rxbuf": 1 << 15, "in_order": 1 << 35}
# Buffers of 384 bytes: most packets need several, and testpmd sends them back as it has received them.
SMALL = ["--mbuf-size=512", "--tx-offloads=0x8000"]
SCATTER = ["--rx-offloads=0x2000"]


def came_back(ours, **options):
    received, _, sent = ours.finish(**options)[0]
    return f"{received} of {sent} packets came back"


def virtio_user(layout, path, more="", **options):
    words, way = layout
    peer = Testpmd(f"net_virtio_user0,path={path},queues={options.get('queues', 1)},{words}{more}",
                   eal=["--log-level=pmd.net.virtio.*:debug", "--force-max-simd-bitwidth=512"], **options)
    if f"using {way} Rx path" not in peer.log():
        raise Failure(f"virtio_user does not receive in its {way} way")
    peer.command("start")
    return peer


def net_vhost(path, queues=1, client=0, **options):
    peer = Testpmd(f"net_vhost0,iface={path},queues={queues},client={client}", queues=queues, **options)
    peer.command("start")
    return peer


def backend_loop(layout, queues=1, length=64, args=(), words=""):
    path = unique("socket")
    with processes_end():
        ours = generator("txonly", f"vhost-user:{path},server{words}", wanted=COUNT, queues=queues, length=length)
        wait_for(lambda: listening(path), 10, "our socket", ours)
        virtio_user(layout, path, queues=queues, args=args)
        return came_back(ours)


def frontend_loop(have, queues=1, length=64, args=()):
    """Our front-end with these of the features that choose a way through the driver."""
    path = unique("socket")
    without = [name for name in FEATURES if name not in have]
    words = f",without={'+'.join(without)}" if without else ""
    with processes_end():
        peer = net_vhost(path, queues, args=args)
        text = came_back(generator("txonly", f"vhost-user:{path},frontend{words}", wanted=COUNT, queues=queues,
                                   length=length))
        negotiated = int(peer.says("negotiated Virtio features: (0x[0-9a-f]+)")[1], 16)
        if any(bool(negotiated & bit) != (name in have) for name, bit in FEATURES.items()):
            raise Failure(f"the features are {negotiated:#x}")
        return text


def backend_connects():
    """virtio_user listens, and sees two of our back-ends, one after the other."""
    path = unique("socket")
    with processes_end():
        first = generator("txonly", f"vhost-user:{path}", wanted=COUNT)
        virtio_user(LAYOUTS["split"], path, ",server=1")
        came_back(first)
        first.kill()
        # Which finds packets of the first one's.
        return came_back(generator("txonly", f"vhost-user:{path}", wanted=COUNT), alone=False)


def frontends_come(client):
    """net_vhost sees two of our front-ends, one after the other."""
    path = unique("socket")
    uri = f"vhost-user:{path},frontend{',server' if client else ''}"
    with processes_end():
        net_vhost(path, client=client)
        first = generator("txonly", uri, wanted=COUNT)
        came_back(first)
        first.kill()
        return came_back(generator("txonly", uri, wanted=COUNT))


def segments(layout, words):
    """testpmd sends packets of two segments, we receive them."""
    path = unique("socket")
    with processes_end():
        ours = generator("rxonly", f"vhost-user:{path},server{words}", wanted=COUNT, check=False)
        wait_for(lambda: listening(path), 10, "our socket", ours)
        virtio_user(layout, path, mode="txonly", args=["--txpkts=64,64", "--tx-offloads=0x8000"])
        packets, octets, _ = ours.finish()[0]
        if octets != 128 * packets:
            raise Failure(f"{packets} packets of 64 + 64 bytes were {octets} bytes")
        return f"{packets} packets"


def loops():
    for queues in 1, 4:
        for name, layout in LAYOUTS.items():
            test(f"virtio_user, our back-end: {name}, {queues} queue pairs", backend_loop, layout, queues)
        for number in range(2 ** len(FEATURES)):
            have = [name for bit, name in enumerate(FEATURES) if number >> bit & 1]
            test(f"net_vhost, our front-end: {' '.join(have) or 'split'}, {queues} queue pairs", frontend_loop, have, queues)


def large():
    for name in "split", "split, mergeable", "packed", "packed, mergeable":
        test(f"virtio_user, our back-end: {name}, 1518 bytes", backend_loop, LAYOUTS[name], 1, 1518)
    for words, how in ("", ""), (",without=indirect_desc", " without indirect descriptors"):
        for name in "split", "packed":
            test(f"virtio_user, our back-end: {name}, 1518 bytes in small buffers{how}", backend_loop,
                 LAYOUTS[f"{name}, mergeable"], 1, 1518, SMALL + SCATTER, words)
            test(f"virtio_user, our back-end: {name}, packets of two segments{how}", segments, LAYOUTS[name], words)
    for have in [], ["ring_packed"], ["mrg_rxbuf"], ["ring_packed", "mrg_rxbuf"]:
        name = f"net_vhost, our front-end: {' '.join(have) or 'split'}, 1518 bytes"
        test(name, frontend_loop, have, 1, 1518)
        test(f"{name} from small buffers", frontend_loop, have, 1, 1518, SMALL)


def main():
    loops()
    large()
    test("virtio_user listens: two of our back-ends, one after the other", backend_connects)
    test("net_vhost listens: two of our front-ends, one after the other", frontends_come, 0)
    test("net_vhost connects: two of our front-ends, one after the other", frontends_come, 1)


with suite(300, "dpdk-testpmd", "stdbuf"):
    main()
