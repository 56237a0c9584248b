# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a vector: what README says of its lines."""
import time
import zlib

from rings import RING_PACKED

PAGE = 4096
LINE = 128


class Vector:
    def __init__(self):
        self.lines = []

    def snapshot(self, name, device, queue, limit):
        """A queue as it is now, with the chains that are out, and no more than limit of those available. Returns these."""
        ring, memory = device.ring(queue), device.back_end.memory
        out, chains, image = device.out[queue], [], None
        # The driver may still be busy with what came before.
        while not chains or image != self.image(ring, memory, out + chains):
            chains = ring.peek(limit)
            image = self.image(ring, memory, out + chains)
            time.sleep(0.1)
        avail, used = ring.position()
        self.lines += [
            "",
            f"snapshot {name}",
            f"size {ring.size}",
            f"rings {ring.desc:x} {ring.driver:x} {ring.device:x}",
            f"avail {' '.join(map(str, avail))}",
            f"used {' '.join(map(str, used))}",
            f"waiting {len(ring.peek(ring.size))}",
        ]
        self.regions(ring, out + chains)
        for addr, data in sorted(image.items()):
            self.bytes(addr, data)
        for kind, chain in [("out", chain) for chain in out] + [("chain", chain) for chain in chains]:
            parts = [f"r:{addr:x}:{size}" for addr, size in chain.readable]
            parts += [f"w:{addr:x}:{size}" for addr, size in chain.writable]
            self.lines.append(f"{kind} {chain.head} {zlib.crc32(chain.read(memory)):08x} {' '.join(parts)}")
        return chains

    def returned(self, notes):
        """What was written into the ring when the snapshot's chains were used, in this order."""
        self.lines += [f"returned {' '.join(map(str, note))}" for note in notes]

    @staticmethod
    def image(ring, memory, chains):
        parts = list(ring.areas)
        for chain in chains:
            parts += chain.tables + chain.readable
        return {addr: memory.read(addr, size) for addr, size in parts}

    def regions(self, ring, chains):
        pages = set()
        for addr, size in ring.areas + [part for chain in chains
                                        for part in chain.tables + chain.readable + chain.writable]:
            pages.update(range(addr // PAGE, (addr + size - 1) // PAGE + 1))
        first = last = None
        for page in sorted(pages) + [None]:
            if last is not None and page != last + 1:
                self.lines.append(f"region {first * PAGE:x} {(last - first + 1) * PAGE:x}")
                first = None
            first = page if first is None else first
            last = page

    def bytes(self, addr, data):
        for at in range(0, len(data), LINE):
            line = data[at:at + LINE]
            start = len(line) - len(line.lstrip(b"\0"))
            line = line.strip(b"\0")
            if line:
                self.lines.append(f"bytes {addr + at + start:x} {line.hex()}")

    def save(self, path, peer, features, content):
        # What the transport and the device's type have negotiated is the test's to leave out.
        head = [f"peer {peer}", f"features {features:x}", f"layout {'packed' if features >> RING_PACKED & 1 else 'split'}",
                f"content {content}"]
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(head + self.lines) + "\n")
