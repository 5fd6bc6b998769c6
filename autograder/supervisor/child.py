"""One process of a student's, seen from outside."""

from __future__ import annotations

import contextlib
import math
import os
import re
import resource
import secrets
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from autograder.core.errors import GraderError
from autograder.core.language import _
from autograder.sandbox import host, wire
from autograder.sandbox.isolate import TMPFS_BYTES

POLL_SECONDS = 0.05
CLOSE_SECONDS = 0.005  # between two looks at memory that is measured: a table takes longer to use
FREEZE_SECONDS = 30.0  # a process that waits for a cold disk cannot be stopped sooner
CHUNK = 1 << 18
SCRATCH_FILES = 1000
CORES = os.cpu_count() or 1  # CPU time passes at most so many times as fast as the wall clock's
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h


class ChildDied(Exception):  # noqa: N818 - an outcome, not an error of ours
    """The student's process ended during a call; the message says how, for the student."""


class ChildTimedOut(Exception):  # noqa: N818
    """The student's process did not answer in time."""


class ChildOutOfCpu(ChildTimedOut):
    """It had used up its CPU time, whether it answered or not.

    seconds: how many it may use at once, where that is less than the exchange may.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds


Answer = Callable[[wire.Asked, bytearray], Sequence[bytes]]  # returns a frame to be sent


class Deadline(NamedTuple):
    """When an exchange has taken too long. wall: on the monotonic clock; cpu: on the process's."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class ProcessLimits:
    """Of one child. memory: bytes beyond torch itself; cpu_seconds: for its whole life.

    reply: bytes of all arrays of one reply.
    """

    memory: int
    cpu_seconds: int
    reply: int = wire.MAX_REPLY_PAYLOAD


class Child:
    """One student's process: requests out, replies in, each before its deadline."""

    def __init__(
        self,
        connection: socket.socket,
        pidfd: int,
        limits: ProcessLimits,
        reap: Callable[[], host.Ended],
        watches_files: bool = False,
    ) -> None:
        """reap: has the process ended, and says how it had ended.

        watches_files: its scratch folder is one of the machine's, which nothing else bounds.
        """
        self._reap = reap
        self._connection = connection
        self._connection.setblocking(False)
        self._poller = select.poll()
        self._poller.register(connection)
        self._inbox = bytearray()
        self._pidfd = pidfd
        self._limits = limits
        self._pid = _pid_of(pidfd)
        self._proc = Path(f"/proc/{self._pid}")
        self._looked = 0.0
        self._born = time.monotonic()
        self._cpu, self._cpu_read = 0.0, self._born  # its clock, and when that was read
        self._watches_files = watches_files
        self._watch: Callable[[], None] | None = None
        self._base = self._resident()
        self._first = _peaks_of(self._proc)
        self._pause = POLL_SECONDS
        self._held_first = self._held_most = 0  # see watch_closely

    def request(
        self,
        message: wire.Request,
        payload: Sequence[bytes],
        wall: float,
        cpu: float = math.inf,
        watch: Callable[[], None] | None = None,
        answer: Answer | None = None,
    ) -> tuple[wire.Reply, bytearray]:
        """Send a request and return its reply with its payload.

        wall: on the monotonic clock, for the whole exchange, however slowly it drips; a process for
        which the machine has no core gets longer. cpu: on the process's own clock (see
        cpu_seconds); an answer that comes later counts for nothing.
        watch: called twenty times a second meanwhile; it may raise what ends the exchange.
        answer: makes the answer to what the process asks meanwhile; without it, it may ask nothing.
        Raises ChildTimedOut, ChildDied, or WireError for a reply that is none.
        """
        deadline = Deadline(wall, cpu)
        self._watch = watch
        self._send(b"".join(wire.pack(message, payload)), deadline)
        while True:
            reply, body = self._reply(message, deadline)
            if not isinstance(reply, wire.Asked):
                return reply, body
            if answer is None:
                raise wire.WireError("a question in place of a reply")
            self._send(b"".join(answer(reply, body)), deadline)

    def _reply(self, message: wire.Request, deadline: Deadline) -> tuple[wire.Reply, bytearray]:
        start = wire.LENGTHS.size
        self._fill(start, deadline)
        header_size, payload_size = wire.LENGTHS.unpack_from(self._inbox)
        if header_size > wire.MAX_REPLY_HEADER:
            raise wire.WireError("a result with too many parts")
        self._fill(start + header_size, deadline)
        reply = wire.parse_reply(bytes(self._inbox[start : start + header_size]))
        if payload_size != wire.reply_payload_size(reply, self._limits.reply):
            raise wire.WireError("a result of another size than it says")
        told = isinstance(reply, wire.Loaded)
        if reply.nonce != message.nonce or (told and isinstance(message, wire.Call)):
            raise wire.WireError("a reply to another question")
        start, end = start + header_size, start + header_size + payload_size
        self._fill(end, deadline)
        self._check_cpu(deadline)
        body = self._inbox[start:end]
        del self._inbox[:end]
        return reply, body

    def watch_closely(self) -> None:
        """Look from here on so often at the memory it holds that `peak` can tell what it hides."""
        self._pause = CLOSE_SECONDS
        self._held_first = self._held_most = _held_by(self._proc)

    def has_started(self) -> None:
        """Count memory from here on: what a device holds once it is started is nobody's."""
        self._base = self._resident() or self._base

    def close(self) -> host.Ended:
        """End the process, whatever it is doing, and say how it had ended."""
        self._connection.close()
        ended = self._reap()
        os.close(self._pidfd)
        return ended

    def _send(self, data: bytes, deadline: Deadline) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._connection.send(view) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
            except (BrokenPipeError, ConnectionResetError):
                raise ChildDied("ended") from None

    def _fill(self, size: int, deadline: Deadline) -> None:
        """Receive until the inbox holds so many bytes."""
        while len(self._inbox) < size:
            self._wait(select.POLLIN, deadline)
            with contextlib.suppress(BlockingIOError):
                try:
                    chunk = self._connection.recv(CHUNK)
                except ConnectionResetError:
                    chunk = b""
                if not chunk:
                    raise ChildDied("ended")
                self._inbox += chunk

    def _wait(self, event: int, deadline: Deadline) -> None:
        """Wait until the connection is ready; watch the clocks and the memory meanwhile."""
        self._poller.modify(self._connection, event)
        while True:
            self._check_cpu(deadline)
            now = time.monotonic()
            left = deadline.wall - now
            if left <= 0 and not self._starved():
                raise ChildTimedOut
            if now >= self._looked + self._pause:  # also while it sends byte by byte
                self._looked = now
                if self._pause < POLL_SECONDS:
                    self._held_most = max(self._held_most, _held_by(self._proc))
                if self._watch:
                    self._watch()
                resident = self._resident()
                if self._base and not resident:  # its first thread has ended, and hides the others
                    self.kill()
                if resident - self._base > self._limits.memory:
                    self.kill()
                    raise ChildDied(_("took more memory than it may"))
                if self._watches_files and holds_too_much(self._proc / "cwd"):
                    self.kill()
                    raise ChildDied(_("wrote more files than it may"))
            if self._poller.poll((min(left, self._pause) if left > 0 else self._pause) * 1000):
                return

    def _check_cpu(self, deadline: Deadline) -> None:
        """Look at the process's clock if it can be that late. Raises ChildOutOfCpu."""
        possible = self._cpu + (time.monotonic() - self._cpu_read) * CORES
        if possible >= deadline.cpu and self.cpu_seconds() >= deadline.cpu:
            raise ChildOutOfCpu

    def peak(self) -> int:
        """The most bytes that were taken at once, beyond what the process was forked with.

        Not beyond what it held before some call: a program could hold much then, and free it.
        Of two counts of the kernel's the lesser: what was resident, with those pages of
        libraries that were touched for the first time (20 to 80 MiB, as the kernel read them), and
        the address space, with what was only reserved.

        A program keeps the second low by giving back pages of torch's libraries that it does not
        need, some 300 MiB. So it is no less than what was seen by watch_closely, in other pages.
        """
        if _peaks_of(Path("/proc/self")) is None:
            raise GraderError("the kernel does not tell a process's peak memory (VmHWM, VmPeak)")
        peaks = _peaks_of(self._proc)
        if peaks is None or self._first is None:
            raise ChildDied("ended")
        counts = (now - first for now, first in zip(peaks, self._first, strict=True))
        return max(0, min(counts), self._held_most - self._held_first)

    def at(self) -> wire.Position | None:
        """Which statement it says that it is at, while it loads a submission or has ended doing so.

        That is in its name, where any program may write what it likes.
        """
        try:
            name = (self._proc / "comm").read_text("ascii", "replace")
        except OSError:
            return None
        found = re.fullmatch(wire.POSITION.format(r"(\d{1,4})", r"(\d{1,5})\n?"), name)
        return (int(found[1]), int(found[2])) if found else None

    def cpu_seconds(self) -> float:
        """The time that the kernel has charged to the process, all its threads together.

        Source: clock_getcpuclockid(3). Raises ChildDied.
        """
        self._cpu_read = time.monotonic()
        try:
            self._cpu = time.clock_gettime((~self._pid << 3) | _PROCESS_CLOCK)
        except OSError:
            raise ChildDied("ended") from None
        return self._cpu

    def _starved(self) -> bool:
        """Whether most of its life it was ready to compute, and the machine had no core for it.

        Its threads also wait for one another, but no longer than they compute, all together.
        Raises ChildDied.
        """
        ready = ready_seconds(self._proc)
        return ready - self.cpu_seconds() > (time.monotonic() - self._born) / 2

    def ready_seconds(self) -> float:
        """How long it was ready to compute and had no core: that of its threads that had to most.

        Nothing where the kernel keeps no account.
        """
        return ready_seconds(self._proc)

    def freeze(self) -> None:
        """Stop every thread of the process. Raises ChildDied, or ChildTimedOut if one runs on.

        Asked for again and again: a SIGCONT that a thread sends to itself takes back a stop of
        which not every thread has heard.
        """
        deadline = time.monotonic() + FREEZE_SECONDS
        while True:
            self._signal(signal.SIGSTOP)
            if self._is_frozen():
                return
            if time.monotonic() > deadline:
                raise ChildTimedOut
            time.sleep(0.0005)

    def thaw(self) -> None:
        """Let a frozen process go on. Raises ChildDied."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        try:
            signal.pidfd_send_signal(self._pidfd, number)
        except ProcessLookupError:
            raise ChildDied("ended") from None

    def _is_frozen(self) -> bool:
        """Whether the kernel says of every thread that it is stopped, or has ended."""
        try:
            stats = [task.read_text() for task in self._proc.glob("task/*/stat")]
        except OSError:  # a thread ended meanwhile
            return False
        # The state follows the name, which may hold anything.
        states = [stat.rpartition(")")[2].split()[0] for stat in stats]
        if not states or states == ["Z"]:
            raise ChildDied("ended")
        return all(state in "TZX" for state in states)

    def kill(self) -> None:
        """End the process and everything it started."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _resident(self) -> int:
        """Resident bytes, also of files and shared pages; 0 once its first thread is gone."""
        try:
            return int((self._proc / "statm").read_text().split()[1]) * resource.getpagesize()
        except (OSError, IndexError):
            return 0


def holds_too_much(scratch: Path) -> bool:
    """Whether a process has filled its scratch folder beyond what it has in a namespace.

    What cannot be looked into counts as too much: its folders are its own to close.
    """
    files, size, waiting = 0, 0, [str(scratch)]
    for folder in waiting:  # which grows
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    files += 1
                    with contextlib.suppress(FileNotFoundError):  # it comes and goes
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if files > SCRATCH_FILES or size > TMPFS_BYTES:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:
            return folder != waiting[0]
    return False


def _peaks_of(process: Path) -> tuple[int, int] | None:
    """A process's peak bytes, resident and in all; None once it has ended, or if none are kept."""
    try:
        status = (process / "status").read_text()
    except OSError:
        return None
    found = dict(re.findall(r"^(VmHWM|VmPeak):\s+(\d+) kB$", status, re.MULTILINE))
    return (int(found["VmHWM"]) << 10, int(found["VmPeak"]) << 10) if len(found) == 2 else None


def _held_by(process: Path) -> int:
    """Bytes in pages of no library: its own, shared ones, swapped ones; 0 once it has ended."""
    try:
        status = (process / "status").read_text()
    except OSError:
        return 0
    found = re.findall(r"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$", status, re.MULTILINE)
    return sum(int(kib) << 10 for kib in found)


def ready_seconds(process: Path = Path("/proc/self")) -> float:
    """See Child.ready_seconds. Source: run_delay of the kernel's sched-stats."""
    try:
        stats = [task.read_text().split() for task in process.glob("task/*/schedstat")]
    except OSError:  # a thread ended meanwhile, or none are kept
        return 0.0
    return max((int(delay) / 1e9 for _, delay, *_ in stats), default=0.0)


def nonce() -> int:
    """A number that a reply can carry only if it was made after the request was read."""
    return secrets.randbits(63)


def _pid_of(pidfd: int) -> int:
    """The process number in our own process table, which the kernel keeps in fdinfo."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise GraderError("the kernel does not tell a pidfd's process (Linux 5.4 or newer is needed)")
