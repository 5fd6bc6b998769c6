"""The sample class, graded by the command that an instructor types, against written-down marks."""

from __future__ import annotations

import csv
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, UNITS, autograder

from autograder.core.course import Course
from autograder.grading.protocol import Options
from autograder.reports import store
from autograder.reports.schema import Report

EXPECTED = tomllib.loads((ROOT / "tests" / "sample_class.toml").read_text("utf-8"))
CLASS = ROOT / "course" / "sample_class"
FEW = ["li_na", "张伟", "Seán O'Brien", "trudy", "eve_s", "liu_yang"]
FIRST = ["rnn", "vanishing_gradient", "attention", "self_attention"]  # what all were asked for
MISSING = {"status": "missing"}
HOSTILE = ["eve_s", "mallory", "trudy"]  # wrong programs that try to be marked as right ones


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((FEW, FIRST), id="a few"),
        pytest.param((list(EXPECTED), UNITS), id="all", marks=pytest.mark.long),
    ],
)
def asked(request: pytest.FixtureRequest) -> tuple[list[str], list[str]]:
    """Who is graded, and in which units."""
    both: tuple[list[str], list[str]] = request.param
    return both


@pytest.fixture(scope="module")
def students(asked: tuple[list[str], list[str]]) -> list[str]:
    """Who is graded."""
    return asked[0]


@pytest.fixture(scope="module")
def units(asked: tuple[list[str], list[str]]) -> list[str]:
    """What they are graded in: a solution of every unit is graded in test_exercises.py."""
    return asked[1]


@pytest.fixture(scope="module")
def command(submissions: Path, units: list[str]) -> list[object]:
    """What an instructor types, but for where the results go."""
    chosen = [] if units == UNITS else [f"--unit={unit}" for unit in units]
    return ["grade", submissions, *chosen]


@pytest.fixture(scope="module")
def submissions(students: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole class where it lies, or a copy of some of it."""
    if len(students) == len(EXPECTED):
        return CLASS
    folder = tmp_path_factory.mktemp("a few")
    for student in students:
        shutil.copytree(CLASS / student, folder / student)
    return folder


@pytest.fixture(scope="module")
def results(command: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The class's results, in a folder whose name has a space and Chinese letters."""
    folder = tmp_path_factory.mktemp("results") / "成绩 2026"
    done = autograder(*command, "--results", folder, cwd=ROOT)
    assert done.returncode == 3, done.stderr
    assert "Not read, and no zeros (2)" in done.stderr
    assert "Marks" in done.stdout
    assert "\x1b[" not in done.stdout, "colours are for terminals"
    return folder


def report(results: Path, student: str, unit: str) -> Report:
    found = store.read(store.path_for(results, student, unit))
    assert found is not None, f"{student} has no report for {unit}"
    return found


def came_to(found: Report, exercise: str, kind: str) -> str:
    tests = [t for t in found.tests if (t.exercise, t.kind) == (exercise, kind)]
    passed = [t for t in tests if t.status == "passed"]
    assert tests
    return "all" if len(passed) == len(tests) else "some" if passed else "none"


def unexpected(student: str, unit: str, found: Report) -> Iterator[tuple[str, ...]]:
    """Whatever is not as it was written down: what, what came and what was wanted."""
    for exercise, kinds in EXPECTED[student][unit].items():
        if exercise in ("why", "status"):
            continue
        for kind, wanted in kinds.items():
            if (came := came_to(found, exercise, kind)) != wanted:
                yield student, unit, exercise, kind, came, wanted


def test_marks_are_the_expected_ones(results: Path, students: list[str], units: list[str]) -> None:
    other = []
    for student in students:
        for unit in EXPECTED[student].keys() & set(units):
            exercises = EXPECTED[student][unit]
            found = report(results, student, unit)
            assert found.status == exercises.get("status", "graded")
            other += unexpected(student, unit, found)
    assert not other


def test_what_stands_beside_the_students_is_no_students_name(
    results: Path, submissions: Path
) -> None:
    folders = set(store.folders(results, [path.name for path in submissions.iterdir()]).values())
    beside = {path.name for path in results.iterdir() if not path.name.startswith(".")} - folders
    assert {"summary.csv", "log.jsonl"} <= beside <= store.RESERVED


def test_hostile_students_gain_nothing(results: Path, students: list[str]) -> None:
    hostile = [student for student in HOSTILE if student in students]
    assert len(hostile) >= 2
    for student in hostile:
        for unit in EXPECTED[student]:
            assert report(results, student, unit).score == 0


def test_every_failed_test_gives_its_reason(
    results: Path, students: list[str], units: list[str]
) -> None:
    for student in students:
        for unit in units:
            for test in report(results, student, unit).tests:
                assert bool(test.message) == (test.status != "passed"), (student, unit, test.id)


def test_no_reason_shows_the_source_of_a_hidden_test(
    results: Path, students: list[str], units: list[str]
) -> None:
    for student in students:
        for unit in units:
            text = store.path_for(results, student, unit).read_text("utf-8")
            assert "/hidden" not in text
            assert "assert_close(" not in text


def test_scores_add_up(
    results: Path, students: list[str], units: list[str], course: Course
) -> None:
    for student in students:
        for unit in course.named(units):
            found = report(results, student, unit.name)
            assert found.max_score == unit.max_score(Options().kinds)
            wanted = EXPECTED[student].get(unit.name, MISSING)
            if "status" in wanted:
                assert (found.status, found.score, found.tests) == (wanted["status"], None, [])
            else:
                assert found.score == pytest.approx(sum(test.points for test in found.tests))
                assert sum(t.max_points for t in found.tests) == pytest.approx(found.max_score)


def test_summary_has_a_row_a_student(results: Path, students: list[str], units: list[str]) -> None:
    with (results / "summary.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student"] for row in rows} == set(students)
    best = next(row for row in rows if row["student"] == "li_na")
    assert best["score"] == best["max_score"]
    assert best["status"] == "graded"
    worst = next(row for row in rows if row["student"] == "liu_yang")
    unmarked = [unit for unit in units if "status" in EXPECTED["liu_yang"].get(unit, MISSING)]
    assert {worst[unit] for unit in unmarked} == {""}
    assert (worst["score"], worst["status"]) == ("", "unread")


def test_a_second_run_does_nothing_twice(results: Path, command: list[object]) -> None:
    before = {path: path.stat().st_mtime_ns for path in results.glob("*/*.json")}
    done = autograder(*command, "--results", results, cwd=ROOT)
    assert done.returncode == 3
    assert f"{len(before)} of {len(before)} reports were up to date" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in results.glob("*/*.json")} == before
