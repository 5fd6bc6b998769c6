"""The course tests itself: every solution passes the hidden tests, what is none gets nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

from autograder.authoring.measured import EMPTY
from autograder.core import course as courses
from autograder.core.course import Course
from autograder.grading.grader import Grader
from autograder.intake.reading import read
from autograder.reports.schema import Report

UNITS = courses.load(ROOT).unit_names


@pytest.fixture(scope="module")
def begun(course: Course, grader: Grader) -> Callable[[str], Report]:
    """The report of a unit's starter, which is graded once."""
    return functools.cache(
        lambda unit: grader.grade(read(ROOT, "exercises", course), course.unit(unit))
    )


@pytest.mark.parametrize("unit", UNITS)
def test_solution_gets_full_marks(unit: str, course: Course, grader: Grader) -> None:
    report = grader.grade(read(ROOT, "solutions", course), course.unit(unit))
    failed = [f"{t.id}: {t.message}" for t in report.tests if t.status in ("failed", "error")]
    assert not failed
    assert report.status == "graded", report.message
    assert report.score == report.max_score > 0


@pytest.mark.parametrize("unit", UNITS)
def test_starter_gets_nothing(unit: str, begun: Callable[[str], Report]) -> None:
    report = begun(unit)
    assert report.score == 0
    assert {t.status for t in report.tests} <= {"failed", "not_run"}
    assert all(t.help_id == "not_started" for t in report.tests if t.status == "failed")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("body", EMPTY)
def test_a_program_that_computes_nothing_gets_nothing(
    unit: str, body: str, course: Course, grader: Grader, tmp_path: Path
) -> None:
    text = "".join(
        f"def {exercise.name}(*args, **kwargs):\n    {body}\n"
        for exercise in course.unit(unit).exercises
    )
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / f"{unit}.py").write_text(text)
    report = grader.grade(read(tmp_path, "empty", course), course.unit(unit))
    assert [t.id for t in report.tests if t.status == "passed"] == []


@pytest.mark.parametrize("unit", UNITS)
def test_every_exercise_has_tests_of_each_kind_it_gives_points_for(
    unit: str, course: Course, begun: Callable[[str], Report]
) -> None:
    tested = {(test.exercise, test.kind) for test in begun(unit).tests}
    promised = {(e.name, kind) for e in course.unit(unit).exercises for kind in e.points}
    assert tested == promised
