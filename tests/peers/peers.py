# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests with real peers share: TAP, processes that end with the test, waiting for what they do.

begin() puts the test into namespaces of its own (processes, network, mounts): what it starts, and the network devices it
makes, are gone when it is, however it ended."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
top_srcdir = pathlib.Path(os.environ.get("top_srcdir") or pathlib.Path(__file__).resolve().parents[2]).resolve()
HERE = "." if os.path.exists("config.status") else top_srcdir
top_builddir = pathlib.Path(os.environ.get("top_builddir") or HERE).resolve()
# testpmd takes the place of libdpu's programs: to see whether it is these that are at fault.
REFERENCE = os.environ.get("PEERS_OURS") == "testpmd"
# Where the peer runs, and where we do.
THEIR_CPU, OUR_CPU = (sorted(os.sched_getaffinity(0)) * 2)[:2]
work = None
processes = []
last_words = []
count = failed = 0


class Failure(Exception):
    """The reason is its text."""


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(77)


def begin(limit, *programs):
    """Skips without the programs; ends the test after limit seconds."""
    global work
    os.environ["PATH"] += ":/usr/sbin:/sbin:/usr/lib/openvswitch-switch-dpdk"
    for program in ("unshare", "ip", *programs):
        if not shutil.which(program):
            skip_all(f"{program} is not there (./quickstart installs what is needed)")
    if os.environ.get("PEERS_INSIDE") != str(os.getppid()):
        isolate()
    signal.signal(signal.SIGALRM, lambda *_: overdue(limit))
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda *_: sys.exit(1))
    signal.alarm(limit)
    work = pathlib.Path(tempfile.mkdtemp(prefix="peers."))
    # DPDK's and Open vSwitch's own.
    os.environ["RUNTIME_DIRECTORY"] = str(work)
    run("ip", "link", "set", "lo", "up")


def isolate():
    """Starts this script again, in its namespaces."""
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.getuid() != 0:
        command += ["--map-root-user"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        skip_all("namespaces of its own are refused")
    # The parent of process 1 has no number in there.
    os.environ["PEERS_INSIDE"] = "0"
    sys.stdout.flush()
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


def overdue(limit):
    print(f"Bail out! ended after {limit} seconds")
    show_logs()
    sys.exit(1)


def our(name):
    """One of the programs that this build has made."""
    program = top_builddir / "examples" / name / name
    if not REFERENCE and not program.exists():
        skip_all(f"{name} was not built")
    return str(program)


def run(*command, **options):
    """Its output, when it succeeds."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done.stdout


def wait_for(condition, seconds, what, *alive):
    """Until the condition gives something, which is returned; not when one of those that must live has ended."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        for process in alive:
            if not process.running():
                raise Failure(f"{what}: {process.name} has ended with {process.process.returncode}")
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} seconds")
        time.sleep(0.01)


def listening(path):
    """Somebody accepts connections at this Unix socket: flags are the fourth word."""
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as sockets:
        words = [line.split() for line in sockets]
    return any(line[-1] == str(path) and int(line[3], 16) & 0x10000 for line in words[1:])


def unique(name):
    """A path in the work folder that nobody has used yet."""
    unique.number += 1
    return work / f"{name}{unique.number}"


unique.number = 0


class Process:
    """A program in the background; what it says is in a file."""

    def __init__(self, name, command, **options):
        self.name = name
        self.path = unique(name)
        self.argv = [str(word) for word in command]
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=log, stderr=log, **options)
        processes.append(self)

    def log(self, offset=0):
        return self.path.read_bytes()[offset:].decode(errors="replace")

    def running(self):
        return self.process.poll() is None

    def says(self, pattern, seconds=20, offset=0):
        """Waits for it; the match."""
        def look():
            return re.search(pattern, self.log(offset), re.M | re.S)
        try:
            return wait_for(look, seconds, f'{self.name} says "{pattern}"', self)
        except Failure:
            # Its last words.
            found = look()
            if not found:
                raise
            return found

    def end(self, how=signal.SIGTERM, seconds=10):
        """Its exit code; it is told to end first, unless how is None."""
        if how is not None and self.running():
            self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} seconds") from None

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()


def remember(those):
    """Their last words, for show_logs()."""
    for process in those:
        last_words.append(f"{process.name}: {' '.join(process.argv)}")
        if not process.running():
            last_words.append(f"{process.name} has ended with {process.process.returncode}")
        last_words.extend(f"{process.name}: {line}" for line in process.log().splitlines()[-25:])


def show_logs():
    remember(processes)
    for line in last_words:
        print(f"# {line}")
    last_words.clear()


@contextlib.contextmanager
def processes_end():
    """What is started inside has ended afterwards."""
    before = len(processes)
    try:
        yield
    except (Failure, OSError):
        remember(processes[before:])
        raise
    finally:
        for process in reversed(processes[before:]):
            process.kill()
        del processes[before:]


def report(passed, name, comment=""):
    global count, failed
    count += 1
    failed += not passed
    print(f"{'' if passed else 'not '}ok {count} - {name}")
    for line in str(comment).splitlines():
        print(f"# {line}")
    if not passed:
        show_logs()
    last_words.clear()
    sys.stdout.flush()
    return passed


def skip(name, reason):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {reason}", flush=True)


def test(name, function, *args):
    """One test: passes unless a Failure is raised; what the function returns is added to its name. The script's first
    argument is a pattern for the names of those that are run."""
    if len(sys.argv) > 1 and not re.search(sys.argv[1], name):
        return False
    try:
        more = function(*args)
        return report(True, f"{name}: {more}" if more else name)
    except (Failure, OSError) as error:
        return report(False, name, error)


def group(name, function, *args):
    """Several tests that share something. One more has failed if that cannot be had."""
    try:
        function(*args)
    except (Failure, OSError) as error:
        report(False, name, error)


def done():
    """The last line of every test."""
    signal.alarm(0)
    print(f"1..{count}", flush=True)
    sys.exit(1 if failed else 0)


@contextlib.contextmanager
def suite(limit, *programs):
    """Around a whole test script."""
    begin(limit, *programs)
    try:
        with processes_end():
            try:
                yield
            except Failure as error:
                report(False, "what all tests need", error)
            done()
    finally:
        shutil.rmtree(work, ignore_errors=True)
