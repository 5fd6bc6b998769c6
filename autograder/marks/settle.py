"""One person's reports in, the same with the marks that count out: a pure function."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from autograder.core.assignments import Assignment
from autograder.core.course import Course, Unit
from autograder.core.language import Sentence, _, say
from autograder.core.titles import Title
from autograder.marks import adjustments, carried, lateness
from autograder.marks.adjustments import Adjustment
from autograder.marks.lateness import Extension, Handed
from autograder.reports.people import BEST, Account, Step
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult, remarked, score
from autograder.reports.table import moment

UNIT_EXCUSED = _("Excused: %(why)s")
UNKNOWN = _("Handed in late, and nobody knows by how much: nothing is taken off.")
EXTENDED = _("Due %(due)s, by an extension.")
ZERO = _("Not handed in: a zero, by the course's rule.")
NO_TEST = _("%(what)s, changed by hand, is no test of this report: %(why)s")
NO_ASSIGNMENT = Assignment([])


class Known(NamedTuple):
    """What is known of a person beside their reports."""

    handed: Mapping[str, Handed] = {}  # by unit, or "" for all
    extensions: Mapping[str, Extension] = {}  # by assignment or unit, or "" for all
    adjusted: Sequence[Adjustment] = ()
    others: Mapping[str, Report] = {}  # of units that are left out this time

    def extension(self, unit: str, assignment: str) -> Extension | None:
        """The nearest one."""
        return next(filter(None, map(self.extensions.get, (unit, assignment, ""))), None)


class Attempt(NamedTuple):
    """One of several, with its report. name: "" for the last.

    follows: the tests of it that fail only by an earlier mistake; see marks/carried.py.
    """

    name: str
    report: Report
    handed: Handed
    follows: Collection[str] = ()


class Rules(NamedTuple):
    """What a unit's mark is made by, for one person. over: whether it was due already.

    carry: whether errors are carried forward.
    """

    assignment: Assignment
    due: datetime | None
    over: bool
    rows: Sequence[Adjustment]
    waive: Mapping[str, Title]
    carry: bool


class Came(NamedTuple):
    """What a report came to. carried: what carrying errors forward gives, or would give."""

    report: Report
    steps: list[Step]
    notes: list[Sentence]
    carried: float = 0.0


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
        rules = _rules(unit, known, course, now)
        handed = known.handed.get(unit) or known.handed.get("") or Handed()
        best = rules.assignment.attempts == "best"
        attempts = [Attempt("", report, handed), *(earlier.get(unit, ()) if best else ())]
        others = {**known.others, **student.reports}
        attempts = [one._replace(follows=carried.carried(one.report, others)) for one in attempts]
        counts, came = _best(attempts, rules)
        reports[unit] = came.report
        accounts[unit] = Account(
            counts.report.mark,
            counts.report.max_score,
            came.steps,
            came.notes,
            counts.handed.time,
            rules.due,
            counts.name,
            course.feedback.after_due if rules.over else course.feedback.before_due,
            came.carried,
        )
        if unit in rules.assignment.bonus:
            extra.add(unit)
    kept = {unit: [(one.name, one.report) for one in some] for unit, some in earlier.items()}
    return replace(
        student, reports=reports, accounts=accounts, attempts=kept, extra=frozenset(extra)
    )


def _rules(unit: str, known: Known, course: Course, now: datetime) -> Rules:
    name, assignment = course.assignment_of(unit) or ("", NO_ASSIGNMENT)
    due = lateness.due_for(assignment, known.extension(unit, name))
    rows = [row for row in known.adjusted if row.unit == unit]
    over = due is None or now >= due
    waive, carry = course.waive.get(unit, {}), course.marks.carry_forward
    return Rules(assignment, due, over, rows, waive, carry)


def _best(attempts: Sequence[Attempt], rules: Rules) -> tuple[Attempt, Came]:
    """The attempt that counts, and what it came to. One that is open hides none that has a mark."""
    came = [(one, _came_to(one, rules)) for one in attempts]
    best = max(came, key=lambda pair: -1.0 if (m := pair[1].report.mark) is None else m)
    notes = best[1].notes
    if best[0].name:
        notes.append(say(BEST, attempt=best[0].name))
    if rules.due and rules.assignment.due and rules.due > rules.assignment.due:
        notes.append(say(EXTENDED, due=moment(rules.due)))
    return best


def _came_to(attempt: Attempt, rules: Rules) -> Came:
    """Waived tests, carried errors, what was changed by test, lateness, what was changed else."""
    report, notes = attempt.report, list[Sentence]()
    if excused := [row for row in rules.rows if not row.what and row.points is None]:
        notes.append(say(UNIT_EXCUSED, why=excused[0].why))
        return Came(remarked(report, status="excused", score=None), [], notes)
    if report.status == "missing" and rules.assignment.missing == "zero" and rules.over:
        report = remarked(report, score=0.0)
        notes.append(say(ZERO))
    named, lines, lost = adjustments.sorted_by_kind(rules.rows, report)
    notes += [say(NO_TEST, what=row.what, why=row.why) for row in lost]
    if report.mark is None and all(row.what for row in lines):
        return Came(report, [], notes)
    tests, steps = adjustments.waived(report.tests, rules.waive)
    full, follows = carried.given(tests, attempt.follows, counts=rules.carry)
    if follows and rules.carry:
        tests, steps = full, [*steps, follows]
    elif follows:
        notes.append(follows.why)
    tests, more = adjustments.by_test(tests, named)
    steps += more
    most, left = report.max_score, report.mark or 0.0
    if steps:
        most += _most(tests) - _most(report.tests)
        left += score(tests) - score(report.tests)
    if report.status != "missing":
        left = _lateness(left, most, attempt.handed, rules, steps, notes)
    for row in lines:
        steps.append(adjustments.added(row, left))
        left += steps[-1].points
    points = follows.points if follows else 0.0
    if not steps:
        return Came(report, [], notes, points)
    changed = {"tests": tests, "score": max(round(left, 6), 0.0), "max_score": round(most, 6)}
    status = report.status if report.mark is not None else "graded"
    return Came(remarked(report, status=status, **changed), steps, notes, points)


def _lateness(
    points: float,
    most: float,
    handed: Handed,
    rules: Rules,
    steps: list[Step],
    notes: list[Sentence],
) -> float:
    """What lateness leaves of points; it is said in a step, or in a note where nobody knows it."""
    days = lateness.days_late(handed, rules.due, rules.assignment)
    if days is None:
        notes.append(say(UNKNOWN))
    left = lateness.after(points, most, days or 0, rules.assignment)
    if rules.due and left != points:
        steps.append(Step(left - points, lateness.late(days or 0, rules.due)))
    return left


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
