"""Reports made by hand, for the tests of what is rendered from them."""

from __future__ import annotations

from typing import Any

from autograder.core.course import Course
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult, score
from autograder.reports.store import safe_name
from autograder.testing.compare import DIFFERENCE

HOSTILE = "<script>alert(1)</script>'\"&{{ 7 * 7 }}{% raw %}=1+1,|`\u202e\x1b[31m"


def result(exercise: str, status: Any = "passed", **others: Any) -> TestResult:
    """One hidden test's result; it is worth a point."""
    kept: dict[str, Any] = {"id": f"test_{exercise}_values", "kind": "correctness"} | others
    points = 1.0 if status == "passed" else 0.0
    return TestResult(exercise=exercise, status=status, points=points, max_points=1.0, **kept)


def student_of(reports: list[Report]) -> StudentReports:
    """One student's reports, without a folder that they were read from."""
    name = reports[0].student
    return StudentReports(name, safe_name(name), {report.unit: report for report in reports})


def report(course: Course, student: str, unit: str, *tests: TestResult, **others: Any) -> Report:
    """A graded report; the exercises without a given result are passed."""
    given = {test.exercise for test in tests}
    passed = [result(e.name) for e in course.unit(unit).exercises if e.name not in given]
    every = [*tests, *passed]
    facts: dict[str, Any] = {"status": "graded", "isolation": "full", "device": "cpu"}
    facts |= {"file": f"{unit}.py", "score": score(every), "max_score": float(len(every))} | others
    return Report(student=student, unit=unit, tests=every, **facts)


def sample(course: Course) -> list[StudentReports]:
    """A class of five: one perfect, one mistaken, one hostile, one incomplete, one not started."""
    scaled = {"help": "The scores are divided by the width itself.", "help_id": "scale_by_d"}
    facts = {"name": "the result", "worst_index": [1, 2], "expected": 0.5, "got": 2.0}
    facts |= {"allowed": 1e-8, "wrong": 3, "count": 6, "says": DIFFERENCE}
    facts |= {"help": {"en": [scaled["help"]], "zh": ["分数除以了宽度本身。"]}}
    wrong = result(
        "scale", "failed", message="the result[1, 2] is 2, expected 0.5.", facts=facts, **scaled
    )
    evil = result(
        "scale",
        "failed",
        id=f"test_scale_{HOSTILE}",
        message=f"`scale` raised {HOSTILE}\n::error::gained",
        help=HOSTILE,
        help_id=HOSTILE,
    )
    lost = result("scale", "not_run", message="The grader failed.")
    unwritten = [
        result(e.name, "failed", message="not implemented yet.", help_id="not_started")
        for e in course.unit("attention").exercises
    ]
    return [
        student_of([report(course, "Ann", "rnn"), report(course, "Ann", "attention")]),
        student_of([report(course, "李雷", "rnn"), report(course, "李雷", "attention", wrong)]),
        student_of([report(course, HOSTILE, "attention", evil, message=HOSTILE, file=HOSTILE)]),
        student_of(
            [
                report(course, "lost", "rnn"),
                report(course, "lost", "attention", lost, status="incomplete"),
            ]
        ),
        student_of([report(course, "=late", "attention", *unwritten)]),
    ]
