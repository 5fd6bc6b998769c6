"""The report of one student's unit, `report.json`: the truth that every rendering is made from."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, Literal

import msgspec

from autograder.core.course import Kind
from autograder.core.text import clean_all

SCHEMA = 1
MOST = 4000  # characters of any text in a report that are kept
MOST_FACTS = 8000  # characters and numbers in a test's facts, else there are none
TestStatus = Literal["passed", "failed", "error", "not_run"]
Status = Literal["graded", "advisory", "incomplete", "missing", "unread", "excused"]
MARKS: tuple[Status, ...] = ("graded", "advisory")  # whose score is a number


class _Decoding(threading.local):
    clean = False


_decoding = _Decoding()


@contextmanager
def decoding(*, clean: bool) -> Iterator[None]:
    """Make records of this thread from what is known to be clean: to look again takes ten times
    as long as all else of reading a report.
    """
    _decoding.clean = clean
    try:
        yield
    finally:
        _decoding.clean = False


class _Shown(msgspec.Struct, frozen=True, gc=False):
    """A record whose texts a student may have written: however it is made, they may be shown.

    None is part of itself, so Python need not look for any that is (gc=False), which took a third
    of reading a class.
    """

    def __post_init__(self) -> None:
        if _decoding.clean:
            return
        for name in self.__struct_fields__:
            if isinstance(value := getattr(self, name), (str, dict, list)):
                msgspec.structs.force_setattr(self, name, clean_all(value, MOST))


def size(value: Any) -> int:
    """How many characters and numbers there are in plain data."""
    if isinstance(value, dict):
        return sum(size(key) + size(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(map(size, value))
    return len(value) if isinstance(value, str) else 1


class TestResult(_Shown, frozen=True):
    """One hidden test. `facts` are plain data: shapes, worst index, expected, got, tolerance.

    follows: of a failed test, the student's own earlier functions, such as `attention.score`, on
    whose results it is right: what it fails by is their mistake.
    """

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
    follows: list[str] = []

    def __post_init__(self) -> None:
        if _decoding.clean:
            return
        super().__post_init__()
        if size(self.facts) > MOST_FACTS:
            msgspec.structs.force_setattr(self, "facts", {})


class Change(_Shown, frozen=True):
    """An exercise's points in two gradings, null where there was no mark; and the reason."""

    exercise: str
    before: float | None
    after: float | None
    reason: str


class Report(_Shown, frozen=True, kw_only=True):
    """One student's unit, graded.

    status: incomplete (something could not be done on our side), missing (nothing was handed in),
        unread (it could not be read, or not be told which file it is), excused; else advisory
        (weaker isolation than full) or graded.
    score: null unless it is graded or advisory. A zero is a mark: of a file that was read.
    message: what stands for the whole unit; facts: of that sentence, for other languages.
    file: its path in the student's folder. found: how it was known, see intake/submission.py.
    unknown: the student's other files that may be work, and belong to no unit.
    key: a hash of all that the marks depend on; work with the same key is never redone.
    seed: what the inputs were drawn from, for whoever wants to reproduce them.
    basis: what the key is made from, so that one can tell what changed.
    uncompiled: whether the program asked for `torch.compile`: it was run, and timed, uncompiled.
    changes: how the marks differ from those of the grading before, if they do.
    """

    schema: int = SCHEMA
    student: str
    unit: str
    status: Status
    isolation: str
    device: str
    score: float | None
    max_score: float
    tests: list[TestResult]
    message: str = ""
    facts: dict[str, Any] = {}
    file: str = ""
    found: str = ""
    unknown: list[str] = []
    key: str = ""
    seed: str = ""
    basis: dict[str, str] = {}
    changes: list[Change] = []
    versions: dict[str, str] = {}
    figures: dict[str, Any] = {}
    uncompiled: bool = False

    @property
    def mark(self) -> float | None:
        """The score, if that is a mark; None for what is no mark, which is no zero.

        What is missing has one only where an instructor's policy has made it a zero.
        """
        return _mark(self.status, self.score)


def _mark(status: Status, score: float | None) -> float | None:
    return score if status in (*MARKS, "missing") else None


class Brief(_Shown, frozen=True, kw_only=True, omit_defaults=True):
    """Of a report what is told of it where it stays as it is; the names are a report's."""

    student: str
    unit: str
    status: Status
    score: float | None
    max_score: float
    message: str = ""
    file: str = ""
    found: str = ""
    key: str = ""
    changes: list[Change] = []

    @property
    def mark(self) -> float | None:
        """See Report."""
        return _mark(self.status, self.score)


AnyReport = Report | Brief


def brief(report: Report) -> Brief:
    """The little of a report."""
    return Brief(**{name: getattr(report, name) for name in Brief.__struct_fields__})


def remarked(report: Report, **fields: Any) -> Report:
    """A report with other marks, in memory only. Its texts are clean, and not looked at again."""
    made = copy(report)
    for name, value in fields.items():
        msgspec.structs.force_setattr(made, name, value)
    return made


def current(report: Report) -> Report:
    """A report in today's terms: before there were all of these states, zeros stood for some."""
    if report.status in MARKS and not report.file:
        return msgspec.structs.replace(report, status="missing", score=None, tests=[])
    if report.status not in MARKS and report.score is not None:
        return msgspec.structs.replace(report, score=None)
    return report


def score(tests: Sequence[TestResult]) -> float:
    """The sum of the points, free of binary dust."""
    return round(math.fsum(test.points for test in tests), 6) + 0.0
