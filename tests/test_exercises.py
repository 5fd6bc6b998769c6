"""The course tests itself: every solution passes the hidden tests, what is none gets nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT

from autograder.authoring.measured import EMPTY
from autograder.core import course as courses
from autograder.core.course import Course
from autograder.grading.grader import Grader
from autograder.intake.reading import read

UNITS = courses.load(ROOT).unit_names


@pytest.mark.parametrize("unit", UNITS)
def test_solution_gets_full_marks(unit: str, course: Course, grader: Grader) -> None:
    report = grader.grade(read(ROOT, "solutions", course), course.unit(unit))
    failed = [f"{t.id}: {t.message}" for t in report.tests if t.status in ("failed", "error")]
    assert not failed
    assert report.status == "graded"
    assert report.score == report.max_score > 0


@pytest.mark.parametrize("unit", UNITS)
def test_starter_gets_nothing(unit: str, course: Course, grader: Grader) -> None:
    report = grader.grade(read(ROOT, "exercises", course), course.unit(unit))
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


def test_every_exercise_has_tests_of_each_kind_it_gives_points_for(
    course: Course, grader: Grader
) -> None:
    for unit in course.units:
        report = grader.grade(read(ROOT, "exercises", course), unit)
        tested = {(test.exercise, test.kind) for test in report.tests}
        promised = {(e.name, kind) for e in unit.exercises for kind in e.points}
        assert tested == promised
