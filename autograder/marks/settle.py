"""One person's reports in, the same with the marks that count out: a pure function."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from autograder.core.assignments import Assignment, Shown
from autograder.core.course import Course, Unit
from autograder.core.language import Sentence, _, say
from autograder.marks import adjustments, lateness
from autograder.marks.adjustments import Adjustment
from autograder.marks.lateness import Extension, Handed
from autograder.reports.people import Account, Step
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult, remarked, score

UNIT_EXCUSED = _("Excused: %(why)s")
UNKNOWN = _("Handed in late, and nobody knows by how much: nothing is taken off.")
EXTENDED = _("Due %(due)s, by an extension.")
ZERO = _("Not handed in: a zero, by the course's rule.")
NO_TEST = _("%(what)s, changed by hand, is no test of this report: %(why)s")
BEST = _("Of several attempts the best counts: %(attempt)s.")
NO_ASSIGNMENT = Assignment([])


class Known(NamedTuple):
    """What is known of a person beside their reports."""

    handed: Mapping[str, Handed] = {}  # by unit, or "" for all
    extensions: Mapping[str, Extension] = {}  # by assignment or unit, or "" for all
    adjusted: Sequence[Adjustment] = ()

    def extension(self, unit: str, assignment: str) -> Extension | None:
        """The nearest one."""
        return next(filter(None, map(self.extensions.get, (unit, assignment, ""))), None)


class Attempt(NamedTuple):
    """One of several, with its report. name: "" for the last."""

    name: str
    report: Report
    handed: Handed


class Came(NamedTuple):
    """What a report came to."""

    report: Report
    steps: list[Step]
    notes: list[Sentence]


def settle(
    student: StudentReports,
    known: Known,
    earlier: Mapping[str, Sequence[Attempt]],
    course: Course,
    now: datetime,
) -> StudentReports:
    """The reports with the marks that count, and the account of each."""
    reports, accounts, extra = {}, {}, set()
    for unit, report in student.reports.items():
        name, assignment = course.assignment_of(unit) or ("", NO_ASSIGNMENT)
        due = lateness.due_for(assignment, known.extension(unit, name))
        handed = known.handed.get(unit) or known.handed.get("") or Handed()
        attempts = [Attempt("", report, handed)]
        if assignment.attempts == "best":
            attempts += earlier.get(unit, [])
        rows = [row for row in known.adjusted if row.unit == unit]
        counts, came = _best(attempts, assignment, due, rows, course)
        if due and assignment.due and due > assignment.due:
            came.notes.append(say(EXTENDED, due=lateness.shown(due)))
        reports[unit] = came.report
        accounts[unit] = Account(
            counts.report.mark,
            counts.report.max_score,
            came.steps,
            came.notes,
            counts.handed.time,
            due,
            counts.name,
            shown(course, due, now),
        )
        if unit in assignment.bonus:
            extra.add(unit)
    kept = {unit: [(one.name, one.report) for one in some] for unit, some in earlier.items()}
    return replace(
        student, reports=reports, accounts=accounts, attempts=kept, extra=frozenset(extra)
    )


def shown(course: Course, due: datetime | None, now: datetime) -> Shown:
    """What the student is to see of a unit by now."""
    early = due is not None and now < due
    return course.feedback.before_due if early else course.feedback.after_due


def _best(
    attempts: Sequence[Attempt],
    assignment: Assignment,
    due: datetime | None,
    rows: Sequence[Adjustment],
    course: Course,
) -> tuple[Attempt, Came]:
    """The attempt that counts, and what it came to. One that is open hides none that has a mark."""
    came = [(one, _came_to(one, assignment, due, rows, course)) for one in attempts]
    best = max(came, key=lambda pair: -1.0 if (m := pair[1].report.mark) is None else m)
    if best[0].name:
        best[1].notes.append(say(BEST, attempt=best[0].name))
    return best


def _came_to(
    attempt: Attempt,
    assignment: Assignment,
    due: datetime | None,
    rows: Sequence[Adjustment],
    course: Course,
) -> Came:
    """Waived tests, what was done by hand, lateness: in this order."""
    report, notes = attempt.report, list[Sentence]()
    if excused := [row for row in rows if not row.what and row.points is None]:
        notes.append(say(UNIT_EXCUSED, why=excused[0].why))
        return Came(remarked(report, status="excused", score=None), [], notes)
    if report.status == "missing" and assignment.missing == "zero":
        report = remarked(report, score=0.0)
        notes.append(say(ZERO))
    waive = course.waive.get(report.unit, {})
    named = [row for row in rows if adjustments.names_tests(row, report)]
    tests, steps = report.tests, list[Step]()
    if waive or named:
        tests, steps = adjustments.waived(tests, waive if report.mark is not None else {})
        tests, more = adjustments.by_test(tests, named)
        steps += more
    days = lateness.days_late(attempt.handed, due, assignment)
    if days is None:
        notes.append(say(UNKNOWN))
    rest = [row for row in rows if row not in named and row.points is not None]
    lines = [row for row in rest if not row.what.startswith("test_")]
    notes += [say(NO_TEST, what=row.what, why=row.why) for row in rest if row not in lines]
    whole = [row for row in lines if not row.what]
    if report.mark is None and not whole:
        return Came(report, [], notes)
    most = report.max_score + _most(tests) - _most(report.tests)
    points = (report.mark or 0.0) + score(tests) - score(report.tests)
    left = lateness.after(points, most, days or 0, assignment)
    if due and left != points:
        steps.append(lateness.step(left - points, days or 0, due))
    for row in [*whole[-1:], *(row for row in lines if row.what)]:
        steps.append(adjustments.added(row, left))
        left += steps[-1].points
    if not steps:
        return Came(report, [], notes)
    status = report.status if report.mark is not None else "graded"
    made = remarked(
        report,
        tests=tests,
        score=max(round(left, 6), 0.0),
        max_score=round(most, 6),
        status=status,
    )
    return Came(made, steps, notes)


def _most(tests: Sequence[TestResult]) -> float:
    return math.fsum(test.max_points for test in tests)


def missing(student: str, unit: Unit, most: float) -> Report:
    """A report of nothing, for who is in the class and handed nothing in."""
    return Report(
        student=student,
        unit=unit.name,
        status="missing",
        isolation="full",
        device="cpu",
        score=None,
        max_score=most,
        tests=[],
    )
