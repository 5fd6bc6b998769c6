"""From the tests' outcomes to a report with its points counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from autograder.core.course import Course, Kind, Unit
from autograder.core.language import restate
from autograder.grading.keys import basis, key, versions
from autograder.grading.protocol import Options, UnitOutcome
from autograder.intake.submission import Submission
from autograder.reports.schema import MARKS, Report, Status, TestResult, score
from autograder.reports.store import fitted


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
    file, work = submission.file(unit.name), submission.work(unit.name)
    tests = count_points(unit, outcome.tests, options.kinds)
    status: Status = "graded" if options.binding else "advisory"
    if outcome.error or outcome.unmeasured:
        status = "incomplete"
    if work.state != "read":
        status = work.state
    reason = str(restate(work.facts)) if work.facts else _common(tests)
    found = basis(submission, unit, options, course)
    report = Report(
        student=submission.student,
        unit=unit.name,
        status=status,
        isolation=options.isolation,
        device=options.device,
        score=score(tests) if status in MARKS else None,
        max_score=unit.max_score(options.kinds),
        tests=tests,
        message=outcome.error or outcome.unmeasured or reason,
        facts=work.facts,
        file=file.name if file else "",
        found=work.how,
        unknown=submission.unknown,
        key=key(found),
        seed=seed,
        basis=found,
        versions=versions(),
        figures=outcome.figures,
        uncompiled=outcome.uncompiled,
    )
    return fitted(report)


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


def _common(tests: Sequence[TestResult]) -> str:
    """The reason that all failed tests share, if they share one: it then stands for the unit."""
    messages = {test.message for test in tests if test.status == "failed"}
    failed = [test for test in tests if test.status == "failed"]
    return messages.pop() if len(messages) == 1 and len(failed) > 1 else ""
