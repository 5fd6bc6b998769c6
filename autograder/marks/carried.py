"""Error carried forward: which of the points that an earlier mistake cost count all the same.

A report says of a failed test which earlier functions it follows from. Its points count where each
of these fails a test itself, and has at least half of its points, what counts so among them, or a
mistake that is known by name: so a chain of empty functions carries nothing.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping, Sequence

import msgspec

from autograder.core.language import _, say
from autograder.reports.people import Step
from autograder.reports.schema import Report, TestResult
from autograder.reports.table import number

CARRIED = _("Checks that fail only by an earlier mistake, in %(earlier)s, count: %(count)s.")
NOT_CARRIED = _(
    "Were errors carried forward, it would be %(points)s points more: checks that fail only by an "
    "earlier mistake, in %(earlier)s: %(count)s."
)


def carried(report: Report, others: Mapping[str, Report]) -> set[str]:
    """The tests of a report whose points are carried forward.

    others: the same person's reports, by unit; what is not there carries nothing.
    """
    if not any(test.follows for test in report.tests):  # nearly always
        return set()
    reports = {**others, report.unit: report}

    @functools.cache
    def counted(unit: str, exercise: str) -> set[str]:
        """The tests of an exercise that count. What builds on another comes after it: no circle."""
        return {
            test.id
            for test in _tests(reports.get(unit), exercise)
            if test.follows and all(is_sound(*name.split(".")) for name in test.follows)
        }

    def is_sound(unit: str, exercise: str) -> bool:
        return _is_sound(_tests(reports.get(unit), exercise), counted(unit, exercise))

    exercises = {test.exercise for test in report.tests}
    return set().union(*(counted(report.unit, exercise) for exercise in exercises))


def _tests(report: Report | None, exercise: str) -> list[TestResult]:
    if report is None or report.mark is None:
        return []
    return [test for test in report.tests if test.exercise == exercise]


def _is_sound(tests: Sequence[TestResult], counted: Collection[str]) -> bool:
    """Whether an exercise fails, but has half of its points, or a mistake that has a name."""
    most = math.fsum(test.max_points for test in tests)
    had = math.fsum(test.max_points if test.id in counted else test.points for test in tests)
    failed = [test for test in tests if test.status == "failed"]
    named = any("help" in test.facts for test in failed)  # see Recording.diagnose
    return bool(failed) and (named or had >= most / 2)


def given(
    tests: Sequence[TestResult], counted: Collection[str], *, counts: bool
) -> tuple[list[TestResult], Step | None]:
    """The tests with all points of those counted, and the step that this is, or would be, if any.

    counts: whether it does, by the manifest; the step says so.
    """
    if not counted:
        return [*tests], None
    full, found = [], []
    for test in tests:
        if test.id in counted and test.points < test.max_points:
            found.append(test)
            test = msgspec.structs.replace(test, points=test.max_points)
        full.append(test)
    if not found:
        return full, None
    points = math.fsum(test.max_points - test.points for test in found)
    earlier = ", ".join(f"`{name}`" for name in sorted({n for test in found for n in test.follows}))
    told = {"count": len(found), "points": number(points), "earlier": earlier}
    return full, Step(points, say(CARRIED if counts else NOT_CARRIED, **told))
