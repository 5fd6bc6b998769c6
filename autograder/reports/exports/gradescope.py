"""Gradescope's results.json, one for each student.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from autograder.core.assignments import Feedback
from autograder.core.course import Course, Exercise, Unit
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult
from autograder.reports.states import STATES
from autograder.reports.wording import Language, help_for, message, reason


def results(
    student: StudentReports, course: Course, language: Language, warnings: Sequence[str] = ()
) -> bytes:
    """A student's results.json. What is incomplete cannot be in it: it would be a zero there.

    What is missing or not read is said, beside the zero that Gradescope has in place of a blank:
    the student may hand in again. warnings: what only instructors are to see.
    """
    if any(report.status == "incomplete" for report in student.reports.values()):
        raise ValueError(f"{student.name} has an incomplete report, which is no mark")
    found = [(u, student.reports[u.name]) for u in course.units if u.name in student.reports]
    shown = [(unit, report) for unit, report in found if STATES[report.status].counts]
    levels = sorted({report.isolation for _, report in shown} - {"full"})
    content: dict[str, Any] = {
        "score": math.fsum(report.mark or 0.0 for _, report in shown),
        "output": f"Advisory: graded with isolation {', '.join(levels)}." if levels else "",
        "output_format": "text",
        "visibility": _visibility(course.feedback),
        "tests": [
            test
            for unit, report in shown
            for test in _unit(unit, report, unit.title.in_(language), language, course.feedback)
        ],
    }
    if told := [text for account in student.accounts.values() for text in account.told(language)]:
        content["output"] = "\n".join(filter(None, [content["output"], *told]))
    if warnings:
        content["tests"].append(_for_instructors("\n".join(warnings)))
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def _for_instructors(text: str) -> dict[str, Any]:
    """A test that counts nothing and that students never see."""
    shown = {"visibility": "hidden", "output_format": "text", "output": text}
    return {"name": "For instructors"} | _points(0.0, 0.0) | {"status": "failed"} | shown


def _visibility(feedback: Feedback) -> str:
    """When points are seen: Gradescope has a due date of its own, and waits for it."""
    if feedback.before_due != "nothing":
        return "visible"
    return "hidden" if feedback.after_due == "nothing" else "after_due_date"


def _unit(
    unit: Unit, report: Report, title: str, language: Language, feedback: Feedback
) -> Iterator[dict[str, Any]]:
    """A test for each exercise; one for the unit where there is no mark."""
    if report.mark is None:
        shown = {"visibility": "visible", "output_format": "text", "status": "failed"}
        said = {"output": message(report, language)}
        yield {"name": title} | _points(0.0, report.max_score) | shown | said
        return
    by_exercise, before = _tests(report), feedback.before_due
    beside = feedback.after_due if before == "nothing" else before  # points wait for the due date
    for exercise in unit.exercises:
        if tests := by_exercise.get(exercise.name):
            found = _exercise(tests, exercise, title) | {"visibility": _visibility(feedback)}
            words = {"output": _output(tests, language)}
            yield found | (words if beside == "reasons" else {"output": ""})
            if before == "points" and feedback.after_due == "reasons":
                yield _later(found["name"]) | words


def _later(name: str) -> dict[str, Any]:
    """Reasons without points, which are seen once the assignment is due."""
    return {"name": name, "visibility": "after_due_date", "output_format": "text"}


def _points(score: float, most: float) -> dict[str, float]:
    return {"score": round(score, 6), "max_score": round(most, 6)}


def _exercise(tests: Sequence[TestResult], exercise: Exercise, title: str) -> dict[str, Any]:
    passed = all(test.status == "passed" for test in tests)
    points = _points(sum(t.points for t in tests), sum(t.max_points for t in tests))
    shown = {"status": "passed" if passed else "failed", "visibility": "visible"}
    return {"name": f"{title}: {exercise.name}"} | points | shown | {"output_format": "text"}


def _tests(report: Report) -> dict[str, list[TestResult]]:
    """By exercise the tests that count: not those for a GPU where none was asked for."""
    found: dict[str, list[TestResult]] = {}
    for test in report.tests:
        if test.max_points:
            found.setdefault(test.exercise, []).append(test)
    return found


def _output(tests: Sequence[TestResult], language: Language) -> str:
    """Each different reason once, with its help."""
    failed = [test for test in tests if test.status != "passed"]
    said = [
        "\n".join(filter(None, [reason(test, language), help_for(test, language)]))
        for test in failed
    ]
    return "\n\n".join(dict.fromkeys(said))
