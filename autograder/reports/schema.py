"""The report of one student's unit, `report.json`: the truth that every rendering is made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from autograder.core.course import Kind
from autograder.core.text import clean_all

SCHEMA = 1
MOST = 4000  # characters of any text in a report that are kept
TestStatus = Literal["passed", "failed", "error", "not_run"]
Status = Literal["graded", "advisory", "incomplete"]


class _Shown(msgspec.Struct, frozen=True):
    """A record whose texts a student may have written: however it is made, they may be shown."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if isinstance(value := getattr(self, name), (str, dict)):
                msgspec.structs.force_setattr(self, name, clean_all(value, MOST))


class TestResult(_Shown, frozen=True):
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


class Report(_Shown, frozen=True, kw_only=True):
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
