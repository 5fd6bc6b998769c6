"""What is changed by hand, course/adjustments.csv, and tests that the manifest waives.

A row names a test, an exercise, a line of its own, or nothing, which is the unit. Of a test, an
exercise or the unit, `points` stand in place of what the tests gave; those of another line are
added. What is `excused` counts nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.language import _, say
from autograder.core.titles import Title
from autograder.marks.tables import Row, read
from autograder.reports.people import Step
from autograder.reports.schema import Report, TestResult

FILE = "adjustments.csv"
EXCUSED = "excused"
WAIVED = _("The test %(test)s is wrong, and everyone has its points: %(why)s")
BY_HAND = _("%(what)s, by hand: %(why)s")
NO_PART = _("%(what)s is excused: %(why)s")
THE_UNIT = _("the unit")


class Adjustment(NamedTuple):
    """A row. what: a test, an exercise, a line of its own, or "". points: None for excused."""

    student: str
    unit: str
    what: str
    points: float | None
    why: str


def load(path: Path, course: Course) -> list[tuple[str, Adjustment]]:
    """Read the rows, each with where it stands. Raises SubmissionsError."""
    rows = read(path, ["student", "unit", "points", "why"]) or []
    return [(row.where, _adjustment(row, course)) for row in rows]


def _adjustment(row: Row, course: Course) -> Adjustment:
    unit, points = row.first(["unit"]), row.first(["points"])
    if unit not in course.unit_names:
        raise SubmissionsError(f"{row.where}: there is no unit {unit!r}.")
    if not (why := row.first(["why"])):
        raise SubmissionsError(f"{row.where}: `why` is blank, and the student will ask.")
    what = row.first(["test", "line", "test or line"])
    try:
        amount = None if points.casefold() == EXCUSED else float(points.replace(",", "."))
        if amount is not None and not math.isfinite(amount):
            raise ValueError
    except ValueError:
        raise SubmissionsError(
            f"{row.where}: points are a number or `{EXCUSED}`, not {points!r}."
        ) from None
    return Adjustment(row.first(["student"]), unit, what, amount, why)


def waived(
    tests: Sequence[TestResult], waive: Mapping[str, Title]
) -> tuple[list[TestResult], list[Step]]:
    """The tests with the points of those that are waived, and what that gave."""
    if not waive:
        return [*tests], []
    given, steps = [], []
    for test in tests:
        why = waive.get(test.id) or waive.get(test.id.partition("[")[0])
        if why and test.points < test.max_points:
            told = {"en": why.en, "zh": why.zh}
            steps.append(Step(test.max_points - test.points, say(WAIVED, test=test.id, why=told)))
            test = msgspec.structs.replace(test, points=test.max_points)
        given.append(test)
    return given, steps


def by_test(
    tests: Sequence[TestResult], rows: Sequence[Adjustment]
) -> tuple[list[TestResult], list[Step]]:
    """The tests with what was said of them, or of their exercise, by hand."""
    if not rows:
        return [*tests], []
    steps, changed = [], {test.id: test for test in tests}
    for row in rows:
        meant = [t for t in changed.values() if row.what in (t.id, t.exercise)]
        had, most = math.fsum(t.points for t in meant), math.fsum(t.max_points for t in meant)
        if row.points is None:
            new = [msgspec.structs.replace(t, points=0.0, max_points=0.0) for t in meant]
            told = say(NO_PART, what=row.what, why=row.why)
        else:
            new = [_share(t, row.points, most, len(meant)) for t in meant]
            told = say(BY_HAND, what=row.what, why=row.why)
        changed |= {test.id: test for test in new}
        steps.append(Step((row.points or 0.0) - had, told))
    return list(changed.values()), steps


def _share(test: TestResult, points: float, most: float, count: int) -> TestResult:
    """A test with its part of the points that were given to all of an exercise."""
    part = test.max_points / most if most else 1 / count
    return msgspec.structs.replace(test, points=points * part)


Rows = list[Adjustment]


def sorted_by_kind(rows: Sequence[Adjustment], report: Report) -> tuple[Rows, Rows, Rows]:
    """Those of a test or an exercise; those of the unit, the last one, and of lines; the lost ones.

    Lost is what names a test that is none, or excuses what is neither a test nor an exercise.
    """
    if not rows:
        return [], [], []
    known = {name for test in report.tests for name in (test.id, test.exercise)}
    named = [row for row in rows if row.what in known]
    others = [row for row in rows if row.what not in known]
    lost = [row for row in others if row.what.startswith("test_") or row.points is None]
    lines = [row for row in others if row not in lost]
    return named, [*[r for r in lines if not r.what][-1:], *(r for r in lines if r.what)], lost


def added(row: Adjustment, had: float) -> Step:
    """A line of its own; or, where the row names none, what the unit has in place of its mark."""
    points = row.points or 0.0
    told = say(BY_HAND, what=row.what or THE_UNIT, why=row.why)
    return Step(points if row.what else points - had, told)
