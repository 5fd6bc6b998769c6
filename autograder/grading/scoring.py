"""From the tests' outcomes to a report with its points counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from autograder.core.course import Course, Kind, Unit
from autograder.core.language import _, restate, say
from autograder.grading.keys import basis, key, versions
from autograder.grading.protocol import Options, UnitOutcome
from autograder.grading.submission import Submission
from autograder.reports.schema import Report, Status, TestResult, score


def needs_gpu(unit: Unit, options: Options) -> bool:
    """Whether a unit is to be graded on a GPU, besides the CPU."""
    return options.cuda and any(exercise.gpu for exercise in unit.exercises)


def report_of(
    submission: Submission,
    unit: Unit,
    options: Options,
    course: Course,
    seed: str,
    outcome: UnitOutcome,
) -> Report:
    """What came of the hidden tests, with its points counted."""
    file = submission.file(unit.name)
    tests = count_points(unit, outcome.tests, options.kinds)
    status: Status = "graded" if options.isolation == "full" else "advisory"
    problem = _problem(submission, unit)
    reason = str(restate(problem)) if problem else _common(tests)
    found = basis(submission, unit, options, course)
    return Report(
        student=submission.student,
        unit=unit.name,
        status="incomplete" if outcome.error or outcome.unmeasured else status,
        isolation=options.isolation,
        device=options.device,
        score=score(tests),
        max_score=unit.max_score(options.kinds),
        tests=tests,
        message=outcome.error or outcome.unmeasured or reason,
        file=file.name if file else "",
        key=key(found),
        seed=seed,
        basis=found,
        versions=versions(),
        figures=outcome.figures,
    )


def count_points(
    unit: Unit, tests: Sequence[TestResult], kinds: frozenset[Kind]
) -> list[TestResult]:
    """Share each exercise's points, kind by kind, equally over its tests of that kind."""
    shares = Counter((test.exercise, test.kind) for test in tests)
    counted = []
    for test in tests:
        points = unit.exercise(test.exercise).points.get(test.kind, 0)
        most = points / shares[test.exercise, test.kind] if test.kind in kinds else 0.0
        earned = most if test.status == "passed" else 0.0
        counted.append(msgspec.structs.replace(test, points=earned, max_points=most))
    return counted


def _problem(submission: Submission, unit: Unit) -> dict[str, Any]:
    """Why the unit's file cannot be run at all, as facts; empty where it can be tried."""
    if file := submission.file(unit.name):
        return file.facts
    files = ", ".join(file.name for file in submission.files) or _("nothing")
    told = _("No %(unit)s.py or %(unit)s.ipynb was handed in (handed in: %(files)s).")
    return say(told, unit=unit.name, files=files).facts


def _common(tests: Sequence[TestResult]) -> str:
    """The reason that all failed tests share, if they share one: it then stands for the unit."""
    messages = {test.message for test in tests if test.status == "failed"}
    failed = [test for test in tests if test.status == "failed"]
    return messages.pop() if len(messages) == 1 and len(failed) > 1 else ""
