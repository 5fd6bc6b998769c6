"""The warm host: an interpreter with torch in it that forks an isolated child per submission.

It talks to the supervisor over a control socket and never runs student code itself. It runs no
tensor operation either, nor starts CUDA: neither survives a fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import msgspec

from autograder.sandbox import isolate
from autograder.sandbox.pretend import PRETEND

CONTROL_BYTES = 1 << 17
MANY = 16  # forks: by now joined pages would have saved what it costs to join them
FORKS_MANY = "tests"  # whoever needs this forks as many at once


Level = Literal["full", "reduced", "none"]
LEVELS: tuple[Level, ...] = get_args(Level)  # the strongest first


class HostSetup(msgspec.Struct, frozen=True, tag="setup"):
    """Sent once.

    level: how a child is isolated. filter: the seccomp program. readable: without a root of its
    own, the folders and files that a child may read. listed: those that it may only list. devices:
    those that it may write to as well.
    """

    level: Level
    filter: bytes
    readable: list[str]
    listed: list[str]
    devices: list[str] = []


class Spawn(msgspec.Struct, frozen=True, tag="spawn"):
    """Fork a child that serves the connection sent along.

    place: several children may live side by side, one in each; the one before it there is ended.
    needs: what the host imports before, once: see _LATER.
    """

    device: str
    memory: int
    cpu_seconds: int
    place: str
    needs: list[str] = []


class Reap(msgspec.Struct, frozen=True, tag="reap"):
    """End the child in a place and tell how it had ended."""

    place: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The host is warm, or a child is forked (its pidfd comes along)."""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """How a child ended: its exit status, or the signal that ended it."""

    status: int | None = None
    signal: int | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """What the kernel would not give."""

    reason: str


Command = HostSetup | Spawn | Reap
Answer = Ready | Ended | Refused

_commands = msgspec.msgpack.Decoder(Command)
_encode = msgspec.msgpack.Encoder().encode


class _Child(NamedTuple):
    pidfd: int
    scratch: str


class Host:
    """One control socket, at most one child in a place."""

    def __init__(self, control: socket.socket, setup: HostSetup) -> None:
        self._control = control
        self._setup = setup
        self._children: dict[str, _Child] = {}
        self._forks = 0
        self._joined = False
        self._warm: set[str] = set()  # what some children need, and is imported by now

    def serve(self) -> None:
        """Answer commands until the supervisor hangs up; then leave nothing behind."""
        try:
            while True:
                data, descriptors, _, _ = socket.recv_fds(self._control, CONTROL_BYTES, 1)
                if not data:
                    return
                command = _commands.decode(data)
                if isinstance(command, Spawn):
                    self._spawn(command, descriptors[0])
                else:
                    assert isinstance(command, Reap)
                    self._control.send(_encode(self._end(command.place)))
        finally:
            for place in list(self._children):
                self._end(place)

    def _spawn(self, command: Spawn, connection: int) -> None:
        self._end(command.place)
        self._forks += 1
        for what in command.needs:
            self._import(what)
        if not self._joined and (self._forks >= MANY or FORKS_MANY in command.needs):
            self._joined = True
            isolate.join_pages()
        scratch = ""
        full = self._setup.level == "full"
        if not full:  # a folder of the machine's own, with a name that no program can foresee
            scratch = tempfile.mkdtemp(prefix="grader-")
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = isolate.fork_bare() if full else os.fork()
        if child == 0:
            if full:
                _isolated(command, self._setup, connection, there)
            _reduced(command, self._setup, connection, there, scratch)
        os.close(connection)
        there.close()
        descriptors, answer = _introduction(here)
        if full:
            os.waitpid(child, 0)
        here.close()
        if descriptors:
            self._children[command.place] = _Child(descriptors[0], scratch)
        else:
            _remove(scratch)
        socket.send_fds(self._control, [answer], descriptors)

    def _import(self, what: str) -> None:
        """Import once what some children need, so that no child has to."""
        if what in self._warm:
            return
        self._warm.add(what)
        _LATER[what]()
        gc.collect()
        gc.freeze()
        isolate.refuse_shared_memory()

    def _end(self, place: str) -> Ended:
        """Kill a child and everything it started, wait for it, and say how it ended."""
        child = self._children.pop(place, None)
        if child is None:
            return Ended()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        try:
            result = os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED)
        except ChildProcessError:
            result = None
        os.close(child.pidfd)
        _remove(child.scratch)
        if result is None:
            return Ended()
        if result.si_code == os.CLD_EXITED:
            return Ended(status=result.si_status)
        return Ended(signal=result.si_status)


def _remove(scratch: str) -> None:
    """Remove a child's folder, if it has one."""
    if scratch:
        with contextlib.suppress(OSError):
            isolate.remove(Path(scratch))


def _introduction(report: socket.socket) -> tuple[list[int], bytes]:
    """A new child's pidfd, from its parent, and its own word: they come in any order."""
    descriptors: list[int] = []
    answer = _encode(Refused("it ended on the way in"))
    for _ in range(2):
        data, received, _, _ = socket.recv_fds(report, CONTROL_BYTES, 1)
        descriptors += received
        if data and not received:
            answer = data
    return descriptors, answer


def _isolated(command: Spawn, setup: HostSetup, connection: int, report: socket.socket) -> None:
    """In the fork: enter the namespaces, fork process 1 of the new table, pass it on, leave."""
    try:
        isolate.first_to_go()
        isolate.unshare()
        child = os.fork()
        if child == 0:
            _process_one(command, setup, connection, report)
        socket.send_fds(report, [b"child"], [os.pidfd_open(child)])
    except OSError as error:
        report.send(_encode(Refused(str(error))))
    finally:
        os._exit(0)


def _reduced(
    command: Spawn, setup: HostSetup, connection: int, report: socket.socket, scratch: str
) -> None:
    """In the fork, where the kernel gives no namespaces: give up what can be given up, and serve.

    With the level "none" only the limits remain: for one's own programs.
    """
    from autograder.sandbox import worker

    try:
        isolate.own_session()
        isolate.end_with_host()
        socket.send_fds(report, [b"child"], [os.pidfd_open(os.getpid())])
        isolate.keep_only([0, 1, 2, connection, report.fileno()])
        served = socket.socket(fileno=connection)
        isolate.limit(None if command.device == "cuda" else command.memory, command.cpu_seconds)
        if setup.level == "reduced":
            isolate.confine_files(setup.readable, scratch, setup.listed, setup.devices)
            isolate.drop_capabilities()
            isolate.filter_calls(setup.filter)
        report.send(_encode(Ready()))
        report.close()
        worker.main(served, scratch)
    except OSError as error:
        report.send(_encode(Refused(str(error))))
    finally:
        os._exit(70)


def _process_one(command: Spawn, setup: HostSetup, connection: int, report: socket.socket) -> None:
    """In process 1: give up what is left, then serve. The order matters: the filter is last."""
    from autograder.sandbox import worker

    try:
        isolate.own_session()
        isolate.keep_only([0, 1, 2, connection, report.fileno()])
        served = socket.socket(fileno=connection)
        cuda = command.device == "cuda"
        isolate.mount_private(cuda)
        isolate.limit(None if cuda else command.memory, command.cpu_seconds)
        isolate.drop_capabilities()
        if not cuda:  # whose driver reads files of its own process
            isolate.undumpable()
        isolate.filter_calls(setup.filter)
        report.send(_encode(Ready()))
        report.close()
        worker.main(served, isolate.SCRATCH)
    except OSError as error:
        report.send(_encode(Refused(str(error))))
    finally:
        os._exit(70)


def main() -> None:
    """Warm up, say so on the control socket (descriptor given as the argument), and serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    setup = _commands.decode(control.recv(CONTROL_BYTES))
    assert isinstance(setup, HostSetup)
    if setup.level == "full":
        isolate.drop_root()
        isolate.adopt_orphans()
    _warm()
    isolate.refuse_shared_memory()
    _fall_silent()
    control.send(_encode(Ready()))
    try:
        Host(control, setup).serve()
    finally:
        os._exit(0)


def _fall_silent() -> None:
    """From here on nothing is heard: a child inherits these, and what it says leads nowhere."""
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _warm() -> None:
    """Import what every submission needs, once."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
    from autograder.sandbox import alarm, worker

    gc.disable()  # imports make little garbage, and to look for it takes a tenth of their time
    worker.warm()
    # What touches much memory is done here: a child would have to copy it.
    worker.UNCOMPILED.install()
    alarm.install()
    gc.collect()
    gc.freeze()
    gc.enable()


def _read_notebooks() -> None:
    """Import what reads cells; without it each child says so by itself."""
    with contextlib.suppress(ImportError):
        importlib.import_module("IPython.core.inputtransformer2")
        importlib.import_module("IPython.display")  # what students import


def _optimize() -> None:
    """Import what torch's optimizers import when the first one is made: half of a compiler."""
    importlib.import_module("torch._dynamo")


def _plot() -> None:
    """Import what notebooks plot with: its 30 MiB and its second are no function's of a student."""
    with contextlib.suppress(Exception):
        importlib.import_module("matplotlib.pyplot")


def _pretend() -> None:
    """Import the pretend accelerator. Where that fails it fails in the child, whose word counts."""
    with contextlib.suppress(Exception):
        from autograder.sandbox import accelerator

        accelerator.warm()


def _try() -> None:
    """Import pytest, and compare two numbers: an operation of one thread, which survives a fork."""
    from autograder.sandbox import trying

    trying.warm()


_LATER = {
    "notebooks": _read_notebooks,
    "optimizers": _optimize,
    "plots": _plot,
    "tests": _try,
    PRETEND: _pretend,
}


if __name__ == "__main__":
    main()
