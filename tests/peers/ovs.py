# SPDX-License-Identifier: LGPL-2.1-or-later
"""Open vSwitch with DPDK, an instance of its own: its dpdkvhostuserclient ports are the back-ends of our front-ends, as a
guest has them; its virtio_user port is the front-end of our back-end. Our generator's packets cross it from port to port, in
both directions, and every byte is looked at where they arrive."""
from ends import generator
from openvswitch import Switch
from peers import listening, processes_end, suite, test, unique, wait_for

COUNT = 20000


def crossed(ours):
    return " and ".join(f"{port[0]} packets" for port in ours.finish())


def between_guests(switch, words, length):
    """Two of our front-ends."""
    paths = [unique("guest") for _ in range(2)]
    switch.connect(*(switch.add("dpdkvhostuserclient", f"vhost-server-path={path}") for path in paths))
    uris = [f"vhost-user:{path},frontend,server{words}" for path in paths]
    return crossed(generator("txonly", *uris, wanted=COUNT, length=length))


def to_backend(switch, ring):
    """A front-end and a back-end of ours: Open vSwitch is the driver of the latter's queues."""
    front, back = unique("guest"), unique("socket")
    uris = f"vhost-user:{front},frontend,server", f"vhost-user:{back},server"
    port = switch.add("dpdkvhostuserclient", f"vhost-server-path={front}")
    ours = generator("txonly", *uris, wanted=COUNT)
    wait_for(lambda: listening(back), 10, "our socket", ours)
    vdev = f"net_virtio_user{switch.number},path={back},{ring}"
    switch.connect(port, switch.add("dpdk", f'dpdk-devargs="vdev:{vdev}"'))
    return crossed(ours)


def with_ports(function, switch, *args):
    try:
        with processes_end():
            return function(switch, *args)
    finally:
        switch.clear()


def main():
    switch = Switch()
    for ring, words in ("split", ",without=ring_packed"), ("packed", ""):
        for length in 64, 1518:
            test(f"between two of our front-ends: {ring}, {length} bytes", with_ports, between_guests, switch, words, length)
    for ring, words in ("split", "packed_vq=0"), ("packed", "packed_vq=1"):
        test(f"between our front-end and our back-end: {ring}", with_ports, to_backend, switch, words)


with suite(150, "ovs-vswitchd-dpdk", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl"):
    main()
