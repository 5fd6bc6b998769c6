"""The trusted side of the sandbox: starts the warm host, spawns children, enforces the limits.

Nothing that a child sends is believed beyond its form; time and memory are watched from here.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from autograder import isolation
from autograder.isolation import GraderError
from autograder.sandbox import host, wire
from autograder.wording import _, say

POLL_SECONDS = 0.05
LEAVE_SECONDS = 5.0
FREEZE_SECONDS = 30.0  # a process that waits for a cold disk cannot be stopped sooner
CHUNK = 1 << 18
START_SECONDS = 120.0  # an interpreter with torch, on a cold disk
SAID_BYTES = 1 << 14
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h
_answers: msgspec.msgpack.Decoder[host.Answer] = msgspec.msgpack.Decoder(host.Answer)
_encode = msgspec.msgpack.Encoder().encode


class ChildDied(Exception):  # noqa: N818 - an outcome, not an error of ours
    """The student's process ended during a call; the message says how, for the student."""


class ChildTimedOut(Exception):  # noqa: N818
    """The student's process did not answer in time and was ended."""


@dataclass(frozen=True)
class Limits:
    """Of one child. memory: bytes beyond torch itself; cpu_seconds: for its whole life."""

    memory: int
    cpu_seconds: int


class WarmHost:
    """The process behind the wall that forks children; restarted if it dies."""

    def __init__(
        self, masks: Sequence[Path], device: str = "cpu", level: host.Level = "full"
    ) -> None:
        self.device = device
        self.killed = 0  # children that were ended by SIGKILL, which was not ours
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = b"" if level == "none" else isolation.seccomp_program(device, level)
        readable: list[str] = []
        try:
            # Not a pipe, which nobody would read while the host warms up.
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise isolation.IsolationError(f"The sandbox could not start: {error}.") from error
        with theirs:
            if level == "full":
                command = isolation.bubblewrap_command(theirs.fileno(), masks, device)
                environment: dict[str, str] = {}
            else:
                command = isolation.plain_command(theirs.fileno())
                environment = isolation.plain_environment()
                readable = [str(path) for path in isolation.readable_folders()]
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                env=environment,
                start_new_session=True,
            )
        self._control.settimeout(START_SECONDS)
        try:
            self._control.send(_encode(host.Setup(level, program, readable)))
            ready = self._first_word()
        except TimeoutError as error:
            raise self._start_failure(f"it was not ready after {START_SECONDS:.0f} s") from error
        except OSError as error:
            raise self._start_failure(str(error)) from error
        if not ready:
            raise self._start_failure("it ended without a word")

    def _first_word(self) -> bytes:
        """What the warm host says; nothing once it has ended, though what it started may go on."""
        ended = os.pidfd_open(self._process.pid)
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        poller.register(ended, select.POLLIN)
        events = dict(poller.poll(START_SECONDS * 1000))
        os.close(ended)
        if not events:
            raise TimeoutError
        heard = self._control.fileno() in events
        return self._control.recv(host.CONTROL_BYTES) if heard else b""

    @property
    def said(self) -> str:
        """The end of what the host, or bubblewrap for it, wrote until it was warm."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - SAID_BYTES))
        return self._said.read().decode(errors="replace").strip()

    def _start_failure(self, reason: str) -> isolation.IsolationError:
        said = self.said
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # and what it started
        self.close()
        lines = said.splitlines()
        causes = [line for line in lines if re.match(r"bwrap: |[\w.]+(Error|Exception)\b", line)]
        last = (causes or lines or [reason])[-1][:300]
        cause = f"The sandbox could not start: {last.rstrip('.')}."
        return isolation.IsolationError(cause, isolation.remedy(last), said)

    def spawn(self, limits: Limits, place: str = "") -> Child:
        """Fork a fresh child; the one before it in that place, if any, is ended."""
        ours, theirs = socket.socketpair()
        command = host.Spawn(self.device, limits.memory, limits.cpu_seconds, place)
        with theirs:
            answer, descriptors = self._ask(command, [theirs.fileno()])
        if isinstance(answer, host.Ready) and descriptors:
            return Child(self, ours, descriptors[0], limits, place)
        ours.close()
        for descriptor in descriptors:
            os.close(descriptor)
        reason = answer.reason if isinstance(answer, host.Refused) else "no child came"
        cause = f"A sandboxed process could not be made: {reason}."
        raise isolation.IsolationError(cause, isolation.remedy(reason))

    def reap(self, place: str = "") -> host.Ended:
        """End the child in a place and learn how it had ended."""
        answer, _ = self._ask(host.Reap(place), [])
        return answer if isinstance(answer, host.Ended) else host.Ended()

    def close(self) -> None:
        """End the host and with it everything inside the wall."""
        self._control.close()  # it then cleans up and leaves
        try:
            self._process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, command: host.Command, descriptors: list[int]) -> tuple[host.Answer, list[int]]:
        try:
            socket.send_fds(self._control, [_encode(command)], descriptors)
            data, received, _, _ = socket.recv_fds(self._control, host.CONTROL_BYTES, 1)
            return _answers.decode(data), list(received)
        except (OSError, msgspec.MsgspecError) as error:
            raise GraderError(f"The sandbox's host is gone: {error}") from error


class Child:
    """One student's process: requests out, replies in, each before its deadline."""

    def __init__(
        self,
        owner: WarmHost,
        connection: socket.socket,
        pidfd: int,
        limits: Limits,
        place: str = "",
    ) -> None:
        self._host = owner
        self._place = place
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
        self._base = self._resident()
        self._first = _peaks_of(self._proc)

    def request(
        self, message: wire.Request, payload: Sequence[bytes], deadline: float
    ) -> tuple[wire.Reply, bytearray]:
        """Send a request and return its reply with its payload.

        deadline: on the monotonic clock, for the whole exchange, however slowly it drips.
        Raises ChildTimedOut, ChildDied, or WireError for a reply that is none.
        """
        self._send(b"".join(wire.pack(message, payload)), deadline)
        start = wire.LENGTHS.size
        self._fill(start, deadline)
        header_size, payload_size = wire.LENGTHS.unpack_from(self._inbox)
        if header_size > wire.MAX_REPLY_HEADER:
            raise wire.WireError("a result with too many parts")
        self._fill(start + header_size, deadline)
        reply = wire.parse_reply(bytes(self._inbox[start : start + header_size]))
        if payload_size != wire.reply_payload_size(reply):
            raise wire.WireError("a result of another size than it says")
        if reply.nonce != message.nonce:
            raise wire.WireError("a reply to another question")
        start, end = start + header_size, start + header_size + payload_size
        self._fill(end, deadline)
        body = self._inbox[start:end]
        del self._inbox[:end]
        return reply, body

    def close(self) -> host.Ended:
        """End the process, whatever it is doing, and say how it had ended."""
        self._connection.close()
        ended = self._host.reap(self._place)
        os.close(self._pidfd)
        return ended

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            self._wait(select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                try:
                    view = view[self._connection.send(view) :]
                except (BrokenPipeError, ConnectionResetError):
                    raise ChildDied("ended") from None

    def _fill(self, size: int, deadline: float) -> None:
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

    def _wait(self, event: int, deadline: float) -> None:
        """Wait until the connection is ready; watch the clock and the memory meanwhile."""
        self._poller.modify(self._connection, event)
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise ChildTimedOut
            if now >= self._looked + POLL_SECONDS:  # also while it sends byte by byte
                self._looked = now
                if self._resident() - self._base > self._limits.memory:
                    self.kill()
                    raise ChildDied(_("took more memory than it may"))
            if self._poller.poll(min(deadline - now, POLL_SECONDS) * 1000):
                return

    def peak(self) -> int:
        """The most bytes that were taken at once, beyond what the process was forked with.

        Not beyond what it held before some call: a program could hold much then, and free it.
        Of two counts that are never too low the lesser: what was resident, with those pages of
        libraries that were touched for the first time (20 to 80 MiB, as the kernel read them), and
        the address space, with what was only reserved.
        """
        if _peaks_of(Path("/proc/self")) is None:
            raise GraderError("the kernel does not tell a process's peak memory (VmHWM, VmPeak)")
        peaks = _peaks_of(self._proc)
        if peaks is None or self._first is None:
            raise ChildDied("ended")
        return max(0, min(now - first for now, first in zip(peaks, self._first, strict=True)))

    def pin(self, core: int) -> None:
        """Keep the process on one core, before it starts threads; a CPU's filter holds it there."""
        os.sched_setaffinity(self._pid, {core})

    def cpu_seconds(self) -> float:
        """The time that the kernel has charged to the process, all its threads together.

        Source: clock_getcpuclockid(3). Raises ChildDied.
        """
        try:
            return time.clock_gettime((~self._pid << 3) | _PROCESS_CLOCK)
        except OSError:
            raise ChildDied("ended") from None

    def freeze(self) -> None:
        """Stop every thread of the process. Raises ChildDied, or ChildTimedOut if one runs on."""
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + FREEZE_SECONDS
        while not self._is_frozen():
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
        """Resident bytes, file-backed and shared pages included; 0 once it is gone."""
        try:
            return int((self._proc / "statm").read_text().split()[1]) * resource.getpagesize()
        except (OSError, IndexError):
            return 0


def _peaks_of(process: Path) -> tuple[int, int] | None:
    """A process's peak bytes, resident and in all; None once it has ended, or if none are kept."""
    try:
        status = (process / "status").read_text()
    except OSError:
        return None
    found = dict(re.findall(r"^(VmHWM|VmPeak):\s+(\d+) kB$", status, re.MULTILINE))
    return (int(found["VmHWM"]) << 10, int(found["VmPeak"]) << 10) if len(found) == 2 else None


def nonce() -> int:
    """A number that a reply can carry only if it was made after the request was read."""
    return secrets.randbits(63)


def how(ended: host.Ended) -> str:
    """Say how a process ended, for a student."""
    if ended.signal is not None:
        names: dict[int, str] = {
            signal.SIGSEGV: _("crashed (segmentation fault)"),
            signal.SIGXCPU: _("used up its CPU time"),
            signal.SIGABRT: _("aborted"),
            signal.SIGFPE: _("crashed (arithmetic error)"),
            signal.SIGBUS: _("crashed (bus error)"),
            signal.SIGKILL: _("was ended by the system (too much memory or CPU time)"),
        }
        return names.get(ended.signal, say("was ended by signal %(signal)s", signal=ended.signal))
    return _("ended the Python process (as `exit()`, `quit()` and `os._exit()` do)")


def _pid_of(pidfd: int) -> int:
    """The process number in our own process table, which the kernel keeps in fdinfo."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise GraderError("the kernel does not tell a pidfd's process (Linux 5.4 or newer is needed)")


def strongest() -> host.Level:
    """The strongest level of isolation that works here, found by trying.

    Tells on the standard error why a stronger one does not work.
    """
    *real, none = host.LEVELS
    for level in real:
        try:
            with WarmHost([], level=level) as warm:
                warm.spawn(Limits(1 << 30, 10)).close()
        except GraderError as error:
            print(f"Isolation {level} does not work here: {error}", file=sys.stderr)
            continue
        return level
    return none
