"""The trusted side of the sandbox: starts the warm host, spawns children, enforces the limits.

Nothing that a child sends is believed beyond its form; time and memory are watched from here.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from autograder.core import errors
from autograder.core.errors import GraderError
from autograder.core.text import clean
from autograder.sandbox import host
from autograder.supervisor import bubblewrap, seccomp

if TYPE_CHECKING:
    from autograder.supervisor.child import Child, ProcessLimits

_answers: msgspec.msgpack.Decoder[host.Answer] = msgspec.msgpack.Decoder(host.Answer)
_encode = msgspec.msgpack.Encoder().encode
LEAVE_SECONDS = 5.0
START_SECONDS = 120.0  # an interpreter with torch, on a cold disk
SAID_BYTES = 1 << 14


class WarmHost:
    """The process behind the wall that forks children.

    It warms up beside the one that starts it; who asks it for something waits until it is warm.
    """

    def __init__(
        self, masks: Sequence[Path], device: str = "cpu", level: host.Level = "full"
    ) -> None:
        self.device = device
        self._level = level
        self.killed = 0  # children that were ended by SIGKILL, which was not ours
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = b"" if level == "none" else seccomp.seccomp_program(device, level)
        readable: list[Path] = []
        listed: list[Path] = []
        devices: list[Path] = []
        with theirs:
            if level == "full":
                command = bubblewrap.bubblewrap_command(theirs.fileno(), masks, device)
                environment: dict[str, str] = {}
            else:
                command = bubblewrap.plain_command(theirs.fileno())
                environment = bubblewrap.plain_environment()
                readable, listed = bubblewrap.readable_folders(device)
                devices = bubblewrap.writable_devices(device)
            try:
                # Not a pipe, which nobody would read while the host warms up.
                self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
                self._process = subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._said,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:  # a full disk, or as many processes as there may be
                self._control.close()
                raise errors.IsolationError(f"The sandbox could not start: {error}.") from error
        self._control.settimeout(START_SECONDS)
        self._warm = False
        folders = [[str(path) for path in paths] for paths in (readable, listed, devices)]
        with contextlib.suppress(OSError):  # it has ended, as `ready` will tell
            self._control.send(_encode(host.HostSetup(level, program, *folders)))

    def ready(self) -> Self:
        """Wait until it is warm. Raises IsolationError where it cannot start."""
        if self._warm:
            return self
        try:
            self._warm = bool(self._first_word())
        except TimeoutError as error:
            raise self._start_failure(f"it was not ready after {START_SECONDS:.0f} s") from error
        except OSError as error:
            raise self._start_failure(str(error)) from error
        if not self._warm:
            raise self._start_failure("it ended without a word")
        return self

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
        return clean(self._said.read().decode(errors="replace")).strip()

    def _start_failure(self, reason: str) -> errors.IsolationError:
        said = self.said
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # and what it started
        self.close()
        lines = said.splitlines()
        causes = [line for line in lines if re.match(r"bwrap: |[\w.]+(Error|Exception)\b", line)]
        last = (causes or lines or [reason])[-1][:300]
        cause = f"The sandbox could not start: {last.rstrip('.')}."
        return errors.IsolationError(cause, bubblewrap.remedy(last), said)

    def spawn(
        self,
        limits: ProcessLimits,
        place: str = "",
        device: str = "",
        needs: Sequence[str] = (),
    ) -> Child:
        """Fork a fresh child; the one before it in that place, if any, is ended.

        device: the host's own, if nothing else is said. needs: see host.Spawn.
        """
        from autograder.supervisor.child import Child  # with torch, for which no host has to wait

        ours, theirs = socket.socketpair()
        memory, seconds = limits.memory, limits.cpu_seconds
        command = host.Spawn(device or self.device, memory, seconds, place, list(needs))
        with theirs:
            answer, descriptors = self._ask(command, [theirs.fileno()])
        if isinstance(answer, host.Ready) and descriptors:
            reap = functools.partial(self.reap, place)
            return Child(ours, descriptors[0], limits, reap, self._level == "reduced")
        ours.close()
        for descriptor in descriptors:
            os.close(descriptor)
        reason = answer.reason if isinstance(answer, host.Refused) else "no child came"
        cause = f"A sandboxed process could not be made: {reason}."
        raise errors.IsolationError(cause, bubblewrap.remedy(reason))

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
        return self.ready()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, command: host.Command, descriptors: list[int]) -> tuple[host.Answer, list[int]]:
        self.ready()
        try:
            socket.send_fds(self._control, [_encode(command)], descriptors)
            data, received, _, _ = socket.recv_fds(self._control, host.CONTROL_BYTES, 1)
            return _answers.decode(data), list(received)
        except (OSError, msgspec.MsgspecError) as error:
            raise GraderError(f"The sandbox's host is gone: {error}") from error


def strongest() -> host.Level:
    """The strongest level of isolation that works here, found by trying.

    Tells on the standard error why a stronger one does not work.
    """
    from autograder.supervisor.child import ProcessLimits

    *real, none = host.LEVELS
    for level in real:
        try:
            with WarmHost([], level=level) as warm:
                warm.spawn(ProcessLimits(1 << 30, 10)).close()
        except GraderError as error:
            print(f"Isolation {level} does not work here: {error}", file=sys.stderr)
            continue
        return level
    return none


if __name__ == "__main__":
    print(strongest())
