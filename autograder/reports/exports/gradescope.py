"""Gradescope's results.json, one for each student.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from autograder.core.course import Course, Exercise
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult
from autograder.reports.wording import Language, help_for, reason


def results(
    student: StudentReports, course: Course, language: Language, warnings: Sequence[str] = ()
) -> bytes:
    """A student's results.json. The student has to be complete: a missing mark would be a zero.

    warnings: what only instructors are to see.
    """
    if not student.complete:
        raise ValueError(f"{student.name} has an incomplete report, which is no mark")
    graded = [(u, student.reports[u.name]) for u in course.units if u.name in student.reports]
    levels = sorted({report.isolation for _, report in graded} - {"full"})
    content: dict[str, Any] = {
        "score": student.score,
        "output": f"Advisory: graded with isolation {', '.join(levels)}." if levels else "",
        "output_format": "text",
        "visibility": "visible",
        "tests": [
            _exercise(report, exercise, unit.title.in_(language))
            | {"output": _output(_tests(report, exercise), report, language)}
            for unit, report in graded
            for exercise in unit.exercises
            if _tests(report, exercise)
        ],
    }
    if warnings:
        content["tests"].append(_for_instructors("\n".join(warnings)))
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def _for_instructors(text: str) -> dict[str, Any]:
    """A test that counts nothing and that students never see."""
    counted = {"score": 0.0, "max_score": 0.0, "status": "failed"}
    shown = {"visibility": "hidden", "output_format": "text", "output": text}
    return {"name": "For instructors"} | counted | shown


def _exercise(report: Report, exercise: Exercise, title: str) -> dict[str, Any]:
    tests = _tests(report, exercise)
    passed = all(test.status == "passed" for test in tests)
    return {
        "name": f"{title}: {exercise.name}",
        "score": round(sum(test.points for test in tests), 6),
        "max_score": round(sum(test.max_points for test in tests), 6),
        "status": "passed" if passed else "failed",
        "visibility": "visible",
        "output_format": "text",
    }


def _tests(report: Report, exercise: Exercise) -> list[TestResult]:
    """The tests that count: not those for a GPU where none was asked for."""
    return [test for test in report.tests if test.exercise == exercise.name and test.max_points]


def _output(tests: Sequence[TestResult], report: Report, language: Language) -> str:
    """Each different reason once, with its help."""
    failed = [test for test in tests if test.status != "passed"]
    said = [
        "\n".join(filter(None, [reason(test, language), help_for(test, language)]))
        for test in failed
    ]
    return "\n\n".join(dict.fromkeys(said))
