# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks: qemu-storage-daemon's vhost-user-blk under vhost-blk-bench, and vhost-blk under a QEMU guest, whose kernel's
virtio_blk drives it. Back-ends are killed in the middle of writes; nothing may be lost."""
import hashlib
import random
import re
import resource
import shlex
import signal
import time

import guest as vm
import peers
from disks import disk_device, empty_disk, example, started, vhost_blk
from peers import Failure, Process, group, processes_end, suite, test, unique, wait_for

MEGABYTE = 1 << 20
DISK = 8 * MEGABYTE
BLOCK = 4096
SEED = random.randrange(1 << 32)
KILLS = 4
# Each writer of the guest has a part of the disk, of this many bytes, and puts pieces of the same file into it.
WRITERS = 4
PART = MEGABYTE // 2
PIECES = 7


def storage_daemon(socket, disk, queues=1):
    """qemu-storage-daemon with a file."""
    return started("qemu-storage-daemon", socket, [
        "qemu-storage-daemon", "--blockdev", f"driver=file,node-name=disk,filename={disk}",
        "--export", f"type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path={socket},writable=on,"
        f"num-queues={queues}"])


def bench(socket, words, *options):
    return Process("vhost-blk-bench", [example("vhost-blk-bench"), f"vhost-user:{socket}{words}", "--verify", SEED, *options])


def verified(driver, disk, how=None):
    """The driver has read what it wrote; and each block in the file says its number, and that it was written."""
    code = driver.end(how, 60)
    found = re.search(r"^verified: (\d+) blocks written, (\d+) read as written, (\d+) flushes$", driver.log(), re.M)
    if code != 0 or not found or int(found[2]) == 0:
        raise Failure(f"vhost-blk-bench ends with {code}: {driver.log()}")
    data = disk.read_bytes()
    wrong = count = 0
    for at in range(0, len(data), BLOCK):
        number, generation = (int.from_bytes(data[at + offset:at + offset + 8], "little") for offset in (0, 8))
        count += generation != 0
        wrong += generation != 0 and number != at // BLOCK
    if wrong or not count:
        raise Failure(f"in the file {wrong} of {count} blocks are not where they belong")
    return f"{found[1]} blocks written, {found[2]} read as written"


def verify(socket, disk, words, *options):
    return verified(bench(socket, words, *options), disk)


def killed(socket, disk, words, queues):
    """The back-end, again and again."""
    back = storage_daemon(socket, disk, queues)
    driver = bench(socket, words, "--seconds", 60)
    for number in range(1, KILLS + 1):
        there(driver, number)
        back.end(signal.SIGKILL)
        back = storage_daemon(socket, disk, queues)
    there(driver, KILLS + 1)
    text = verified(driver, disk, signal.SIGTERM)
    gone = re.search(r"^the back-end was gone (\d+) times, with (\d+) requests out$", driver.log(), re.M)
    if int(gone[1]) != KILLS or int(gone[2]) == 0:
        raise Failure(gone[0])
    return f"{text}, {gone[2]} requests out at {KILLS} kills"


def there(driver, number):
    """The driver has met so many back-ends, and works with the last one."""
    driver.says(rf"(a back-end is there.*?){{{number}}}", 30)
    time.sleep(0.3)


def storage_daemon_tests():
    for queues, words, options in (1, "", ()), (1, "", ("--depth", 1, "--count", 1000)), (2, ",queues=2", ()), \
            (1, ",without=indirect_desc", ()), (1, ",without=event_idx", ()):
        with processes_end():
            socket, disk = unique("socket"), empty_disk(DISK)
            storage_daemon(socket, disk, queues)
            name = f"qemu-storage-daemon{words}{''.join(f' {word}' for word in options[:2])}"
            test(name, verify, socket, disk, words, *(options or ("--count", 10000)))
    for queues, words in (1, ""), (2, ",queues=2"):
        with processes_end():
            test(f"qemu-storage-daemon{words} is killed", killed, unique("socket"), empty_disk(DISK), words, queues)


# Puts one piece after the other into its part, and reads it back each time, until it is told to stop.
WRITER = f"""
disk=$1 part=$2 pass=0
while [ ! -e /tmp/stop ]; do
	piece=$(((pass * 3 + part) % {PIECES}))
	dd if=/tmp/data skip=$((piece * {PART // 65536})) of=/dev/$disk seek=$((part * {PART // 65536})) bs=64k \\
		count={PART // 65536} conv=notrunc oflag=direct || echo "$disk $part: write" >> /tmp/failed
	dd if=/tmp/data skip=$piece bs={PART} count=1 of=/tmp/want.$disk.$part
	dd if=/dev/$disk skip=$((part * {PART // 65536})) bs=64k count={PART // 65536} iflag=direct |
		cmp - /tmp/want.$disk.$part >> /tmp/failed 2>&1 || echo "$disk $part: piece $piece" >> /tmp/failed
	pass=$((pass + 1))
	echo $piece $pass > /tmp/done.$disk.$part
done
touch /tmp/ended.$disk.$part
"""


def writers(guest, disks):
    """They start; each file gets some of what they write."""
    guest.run(f"dd if=/dev/urandom of=/tmp/data bs={MEGABYTE} count={PART * PIECES // MEGABYTE + 1}", 60)
    for line in WRITER.strip().splitlines():
        guest.run(f"printf '%s\\n' {shlex.quote(line)} >> /tmp/writer")
    guest.run("touch /tmp/failed")
    for disk in disks:
        for part in range(WRITERS):
            guest.run(f"sh /tmp/writer {disk} {part} > /tmp/log.{disk}.{part} 2>&1 &")


def passes(guest, disks):
    """What each writer has come to: the last piece, and how many."""
    result = {}
    for disk in disks:
        for part in range(WRITERS):
            words = guest.run(f"cat /tmp/done.{disk}.{part} 2>&1 || echo 0 0").split()
            result[disk, part] = [int(word) for word in words[-2:]]
    return result


def kill_writing(guest, disks):
    """Each file's back-end is killed when the guest is writing to it, and followed by another one."""
    for number in range(KILLS):
        for disk in disks.values():
            disk.wait_written(guest)
        for disk in disks.values():
            disk.kill(in_write=number % 2 == 0)
        for disk in disks.values():
            disk.back = vhost_blk(disk.socket, disk.path)
    for disk in disks.values():
        disk.wait_written(guest)
    guest.run("touch /tmp/stop")
    for name in disks:
        for part in range(WRITERS):
            guest.run(f"while [ ! -e /tmp/ended.{name}.{part} ]; do sleep 0.1; done", 60)
    failed = guest.run("cat /tmp/failed")
    if failed.strip():
        raise Failure(f"in the guest: {failed}")
    text = ", ".join(f"{name} {sum(count for (which, _), (_, count) in passes(guest, disks).items() if which == name)}"
                     for name in disks)
    return f"{KILLS} kills; parts written, and read as written: {text}"


def same_data(guest, disks, name):
    """The file has what the guest's writers wrote last, and what the guest reads."""
    last = passes(guest, disks)
    data = disks[name].path.read_bytes()
    for part in range(WRITERS):
        piece, count = last[name, part]
        if count == 0:
            raise Failure(f"part {part} was never written")
        want = guest.run(f"dd if=/tmp/data bs={PART} skip={piece} count=1 2> /dev/null | sha256sum").split()[0]
        got = hashlib.sha256(data[part * PART:(part + 1) * PART]).hexdigest()
        if got != want:
            raise Failure(f"part {part} is not piece {piece}")
    guest.run("echo 3 > /proc/sys/vm/drop_caches")
    read = guest.run(f"sha256sum /dev/{name}", 60).split()[0]
    if read != hashlib.sha256(data).hexdigest():
        raise Failure("the guest reads something else")
    return ""


def no_errors(guest):
    log = guest.run("dmesg")
    wrong = [line for line in log.splitlines() if re.search(r"error|blk_update|reset|timed? ?out|hung", line, re.I)
             and re.search(r"\bvd[ab]\b|virtio|blk", line)]
    if wrong or "vdb" not in log:
        raise Failure("\n".join(wrong) or log)


class Disk:
    """A file and its back-end."""

    def __init__(self):
        self.socket, self.path = unique("socket"), empty_disk(DISK)
        self.back = vhost_blk(self.socket, self.path)

    def wait_written(self, guest):
        """Somebody writes to the file."""
        before = self.path.stat().st_mtime_ns
        wait_for(lambda: self.path.stat().st_mtime_ns != before, 30, "the guest writes", guest, self.back)

    def kill(self, in_write):
        """Either the kernel kills the back-end in the write that goes beyond a limit, or we do at any time."""
        if in_write:
            resource.prlimit(self.back.process.pid, resource.RLIMIT_FSIZE, (PART * 2 + BLOCK, PART * 2 + BLOCK))
        code = self.back.end(None if in_write else signal.SIGKILL, 30)
        if code != -(signal.SIGXFSZ if in_write else signal.SIGKILL):
            raise Failure(f"vhost-blk has ended with {code}: {self.back.log()}")


def guest_tests():
    with processes_end():
        disks = {"vda": Disk(), "vdb": Disk()}
        guest = vm.Guest([*disk_device(0, disks["vda"].socket), *disk_device(1, disks["vdb"].socket, ",packed=on")])
        guest.booted()
        writers(guest, disks)
        test("a guest's back-ends are killed while it writes, split and packed", kill_writing, guest, disks)
        test("split: guest and file have the same data", same_data, guest, disks, "vda")
        test("packed: guest and file have the same data", same_data, guest, disks, "vdb")
        test("the guest's kernel has seen no error", no_errors, guest)


if peers.REFERENCE:
    peers.skip_all("testpmd has no disks")
# A write beyond the limit would leave one.
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
with suite(120, "qemu-storage-daemon", *vm.PROGRAMS):
    vm.prepare()
    group("qemu-storage-daemon", storage_daemon_tests)
    group("a guest", guest_tests)
