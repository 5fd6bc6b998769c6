"""What grading and its warm tester say to each other. Both ends are trusted."""

from __future__ import annotations

import socket
import struct
from typing import Any

import msgspec

from autograder.core.course import KINDS, Kind, Limits
from autograder.intake.submission import File
from autograder.reports.schema import TestResult
from autograder.sandbox.host import Level
from autograder.sandbox.pretend import can_pretend, rehearses

TESTER = "autograder.grading.tester_start"  # the module that its process runs


class Options(msgspec.Struct, frozen=True):
    """What a grading was asked for, the same for every submission of it.

    pretend: whether there is a pretend accelerator, for what a GPU demands of a program. rehearsed:
    whether it stands for CUDA, too.
    """

    cuda: bool = False
    isolation: Level = "full"
    speed: bool = True
    pretend: bool = msgspec.field(default_factory=can_pretend)
    rehearsed: bool = msgspec.field(default_factory=rehearses)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of points that count."""
        asked: dict[Kind, bool] = {"gpu": self.cuda, "speed": self.speed, "device": self.pretend}
        return frozenset(kind for kind in KINDS if asked.get(kind, True))

    @property
    def device(self) -> str:
        """The kind of device, for the report."""
        cuda = "pretend cuda" if self.rehearsed else "cuda"
        return cuda if self.cuda else "cpu"

    @property
    def binding(self) -> bool:
        """Whether marks that are come to so are more than advice."""
        return self.isolation == "full" and not (self.cuda and self.rehearsed)


_LENGTH = struct.Struct("!I")


class TesterSetup(msgspec.Struct, frozen=True):
    """Sent once.

    level: how students' programs are isolated. masks: folders that the sandbox must not see.
    functions: the names that each unit asks for. gpu: those of them that are tested on a GPU too.
    root: of the course, whose hidden tests and references are used. built_on: by unit and exercise,
    the earlier ones that it builds on.
    """

    level: Level
    masks: list[str]
    functions: dict[str, list[str]]
    gpu: dict[str, list[str]]
    root: str
    built_on: dict[str, dict[str, list[str]]] = {}


class UnitTask(msgspec.Struct, frozen=True):
    """One unit of one submission.

    spoiled: the tests that have failed already, since what they were given ended their process.
    """

    unit: str
    files: list[File]
    limits: Limits
    seed: str
    cuda: bool
    speed: bool = True
    pretend: bool = True
    spoiled: list[str] = []


class UnitOutcome(msgspec.Struct, frozen=True):
    """The tests' results, their points not counted yet.

    figures: small arrays for plots, by name. error: what failed on our side; hopeless: it would
    fail for every other submission too. unmeasured: why a speed could not be measured this time.
    killed: a process of the student's was ended by SIGKILL, which was not ours. uncompiled: it
    asked for `torch.compile`.
    """

    tests: list[TestResult] = []
    figures: dict[str, Any] = {}
    error: str = ""
    hopeless: bool = False
    unmeasured: str = ""
    killed: bool = False
    uncompiled: bool = False


def send(connection: socket.socket, message: TesterSetup | UnitTask | bytes) -> None:
    """Send a message, or one that is encoded already, with its length before it."""
    data = message if isinstance(message, bytes) else msgspec.msgpack.encode(message)
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> bytes | None:
    """Receive a message; None at the end of the connection."""
    length = _exactly(connection, _LENGTH.size)
    return None if length is None else _exactly(connection, _LENGTH.unpack(length)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return bytes(data)
