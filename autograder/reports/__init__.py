"""The report of one student's unit, `report.json`: the truth that every rendering is made from."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from autograder.course import Kind

SCHEMA = 1
RESERVED = ("summary.csv", "index.html")
UNSAFE = '%~/\\:*?"<>|'
NAME_BYTES = 200
WRITING = ".writing-"  # how a file's name begins that is not whole yet

TestStatus = Literal["passed", "failed", "error", "not_run"]
Status = Literal["graded", "advisory", "incomplete"]


class ResultsError(Exception):
    """The folder of results cannot be written to; the message says why and the remedy."""


class TestResult(msgspec.Struct, frozen=True):
    """One hidden test. `facts` are plain data: shapes, worst index, expected, got, tolerance."""

    id: str
    exercise: str
    kind: Kind
    status: TestStatus
    points: float = 0.0
    max_points: float = 0.0
    message: str = ""
    help: str = ""
    help_id: str = ""
    facts: dict[str, Any] = {}


class Change(msgspec.Struct, frozen=True):
    """An exercise's points in two gradings, and why it was graded again."""

    exercise: str
    before: float
    after: float
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One student's unit, graded.

    status: the worst that applies: incomplete (something could not be done on our side) before
        advisory (weaker isolation than full) before graded.
    key: a hash of all that the marks depend on; work with the same key is never redone.
    seed: what the inputs were drawn from, for whoever wants to reproduce them.
    basis: what the key is made from, so that one can tell what changed.
    changes: how the marks differ from those of the grading before, if they do.
    """

    schema: int = SCHEMA
    student: str
    unit: str
    status: Status
    isolation: str
    device: str
    score: float
    max_score: float
    tests: list[TestResult]
    message: str = ""
    file: str = ""
    key: str = ""
    seed: str = ""
    basis: dict[str, str] = {}
    changes: list[Change] = []
    versions: dict[str, str] = {}
    figures: dict[str, Any] = {}


def score(tests: Sequence[TestResult]) -> float:
    """The sum of the points, free of binary dust."""
    return round(math.fsum(test.points for test in tests), 6) + 0.0


def path_for(results: Path, student: str, unit: str) -> Path:
    """Where a report lies: DIR/<student>/<unit>.json, the name made safe."""
    return results / safe_name(student) / f"{unit}.json"


def safe_name(student: str) -> str:
    """A student's name as a file name that every system takes; what is not safe is %-escaped.

    Two names never share one; none is hidden, reads as an option or is a name of our own.
    """
    escaped = "".join(c if c.isprintable() and c not in UNSAFE else _hex(c) for c in student)
    if not escaped or escaped[0] in ".-~ " or escaped.lower() in RESERVED:
        escaped = _hex(escaped[:1]) + escaped[1:]
    if escaped[-1:] in (".", " "):
        escaped = escaped[:-1] + _hex(escaped[-1])
    if len(escaped.encode()) <= NAME_BYTES:
        return escaped
    digest = hashlib.sha256(os.fsencode(student)).hexdigest()[:24]
    return escaped.encode()[: NAME_BYTES - 25].decode(errors="ignore") + "~" + digest


def _hex(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(character))


def encode(report: Report) -> bytes:
    """The report as JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def read(path: Path) -> Report | None:
    """Read a report; None where there is none, or none that is whole and of this schema."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return report if report.schema == SCHEMA else None


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises ResultsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=WRITING)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ResultsError:
    """What to say of a file that cannot be written."""
    return ResultsError(
        f"{path} cannot be written: {error.strerror}. Mend that and run the same command again: "
        "what is done is kept."
    )
