"""Reports in nbgrader's gradebook: points, and reasons as comments."""

from __future__ import annotations

import math
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.notebooks.build import QUESTION, TEST
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult
from autograder.reports.states import is_open
from autograder.reports.wording import Language, help_for, reason

WIDTH = 88
WORDS = {
    "en": ("All {count} tests passed.", "{passed} of {count} tests passed.", "What to look at:"),
    "zh": ("{count} 个测试全部通过。", "{count} 个测试中通过了 {passed} 个。", "请看这里："),
}


def save(
    students: Iterable[StudentReports], course: Course, url: str, language: Language
) -> list[str]:
    """Write reports into the gradebook at `url`; return what is left out, in words.

    Writing the same reports again changes nothing, and marks given by hand stay. A unit that the
    gradebook does not know yet becomes an assignment with one notebook, as the lessons have it.
    """
    try:
        from nbgrader.api import Gradebook  # type: ignore[import-untyped]
        from sqlalchemy.exc import ArgumentError, DBAPIError
    except ModuleNotFoundError as error:
        raise CourseError(
            "The gradebook is nbgrader's, and the package nbgrader is not installed. "
            "Run: pip install -e '.[course]'"
        ) from error
    # nbgrader calls alembic by its name: let it be found where the environment is not activated.
    os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)
    try:
        with Gradebook(url) as gradebook:
            return _fill(gradebook, students, course, language)
    except ModuleNotFoundError as error:  # the driver of this kind of database
        raise CourseError(
            f"The gradebook's database needs the package {error.name}, which is not installed. "
            "For PostgreSQL run: pip install -e '.[postgresql]'"
        ) from error
    except (ArgumentError, DBAPIError) as error:
        reason = str(error).splitlines()[0]
        raise CourseError(f"The gradebook's database cannot be used: {reason}") from error


def _fill(
    gradebook: Any, students: Iterable[StudentReports], course: Course, language: Language
) -> list[str]:
    """Write the reports; return what is left out."""
    left_out = []
    for student in students:
        person = student.person
        who = person.login or person.id or student.name  # as nbgrader's own folders have it
        gradebook.update_or_create_student(who, **({"email": person.email} if person.email else {}))
        for name, report in student.reports.items():
            if is_open(report):
                left_out.append(
                    f"{student.name}: {name} {report.status}; left out, not exported as a zero."
                )
            if report.mark is None or not report.tests:  # nbgrader says itself what is missing
                continue
            _know(gradebook, course.unit(name), report)
            gradebook.update_or_create_submission(name, who)
            notebook = gradebook.find_submission_notebook(name, name, who)
            for grade in notebook.grades:
                if grade.name != QUESTION:  # of which no test knows
                    mark(grade, results_of(report, grade.name))
            if by_hand := [one.name for one in notebook.grades if one.manual_score is not None]:
                left_out.append(
                    f"{student.name}: {name} keeps what was given by hand in the gradebook for "
                    f"{', '.join(by_hand)}."
                )
            for comment in notebook.comments:
                if tests := results_of(report, comment.name):
                    comment.auto_comment = reasons(tests, language)
            gradebook.db.commit()
    return left_out


def _know(gradebook: Any, unit: Unit, report: Report) -> None:
    """Make the unit's assignment where the gradebook has none."""
    from nbgrader.api import MissingEntry

    try:
        gradebook.find_notebook(unit.name, unit.name)
    except MissingEntry:
        gradebook.update_or_create_assignment(unit.name)
        gradebook.add_notebook(unit.name, unit.name)
        for exercise in unit.exercises:
            most = math.fsum(test.max_points for test in results_of(report, exercise.name))
            cell = {"max_score": round(most, 6), "cell_type": "code"}
            gradebook.add_grade_cell(TEST + exercise.name, unit.name, unit.name, **cell)
            gradebook.add_solution_cell(exercise.name, unit.name, unit.name)


def mark(grade: Any, tests: Sequence[TestResult]) -> None:
    """Set a grade of the gradebook; one that was given by hand stays, and is to be looked at."""
    grade.auto_score = earned(tests, grade.max_score)
    grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None


def results_of(report: Report, cell: str) -> list[TestResult]:
    """The tests of an answer's or test's cell, without those that grading was not asked for."""
    name = cell.removeprefix(TEST)
    asked = (test for test in report.tests if test.max_points or test.status != "not_run")
    return [test for test in asked if test.exercise == name]


def earned(tests: Sequence[TestResult], most: float) -> float | None:
    """The share of the tests' points that was earned, out of `most`; None where there is none."""
    possible = math.fsum(test.max_points for test in tests)
    share = math.fsum(test.points for test in tests)
    return round(most * share / possible, 6) if possible else None


def reasons(tests: Sequence[TestResult], language: Language) -> str:
    """What failed and why, as Markdown: each reason as code, which no program's words can leave."""
    everything, some, look = WORDS[language]
    failed = [test for test in tests if test.status != "passed"]
    if not failed:
        return everything.format(count=len(tests))
    lines = [some.format(passed=len(tests) - len(failed), count=len(tests))]
    told: dict[str, list[str]] = {}
    for test in failed:
        told.setdefault(reason(test, language), []).append(f"`{test.id}`")
    for message, names in told.items():
        lines += ["", ", ".join(names) + ":", "", *_as_code(message)]
    helps = (help_for(test, language) for test in failed)
    if advice := dict.fromkeys(filter(None, helps)):
        lines += ["", look, "", *_as_code("\n".join(advice))]
    return "\n".join(lines)


def _as_code(text: str) -> list[str]:
    parts = (part for line in text.splitlines() for part in textwrap.wrap(line, WIDTH) or [""])
    return [f"    {part}" for part in parts]
