"""What the tests of the grader share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder import course as courses
from autograder import grading
from autograder.course import Course
from autograder.grading import Grader, Options
from autograder.reports import Report
from autograder.submission import read

if TYPE_CHECKING:
    from autograder.bench.validity import Graders

ROOT = Path(__file__).parent.parent

# Where a test runs, by how its name begins: the first line that fits counts, and a test that none
# fits is quick. docs/testing.md says what each group is for.
GROUPS = {
    "tests/attacks/": "attacks",
    "tests/test_batch.py": "sandbox",
    "tests/test_ci.py::test_a_class_is_fetched_and_graded": "sandbox",
    "tests/test_cli.py": "sandbox",
    "tests/test_clock.py": "clock",
    "tests/test_cluster.py::test_marks_are_the_same_when_two_of_four_workers": "long",
    "tests/test_cluster.py": "sandbox",
    "tests/test_figures.py": "sandbox",
    "tests/test_gradescope.py": "sandbox",
    "tests/test_grading.py": "sandbox",
    "tests/test_isolation_levels.py": "sandbox",
    "tests/test_lessons.py::test_notebooks_run_with_the_solutions": "notebooks",
    "tests/test_nbgrader.py": "notebooks",
    "tests/test_pages_in_chromium.py": "notebooks",
    "tests/test_sample_class.py": "sandbox",
    "tests/test_tester.py": "sandbox",
    "tests/test_validity.py::test_the_hidden_tests_kill_every_mutant": "long",
    "tests/test_validity.py::test_right_answers_get_full_marks_whatever": "long",
    "tests/test_validity.py::test_the_hidden_tests_kill": "mutation",
    "tests/test_validity.py::test_what_is_listed_as_equivalent": "mutation",
    "tests/test_watch.py": "sandbox",
    "tests/test_wire_fuzz.py::test_mutated_frames_are_read_or_refused[120000]": "long",
    "tests/test_writing_an_exercise.py": "sandbox",
}
BY_UNIT = {"test_exercises.py", "test_validity.py"}  # files that two processes may share


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its group, and say what runs in one process: a file, or a unit of it."""
    for item in items:
        fits = (group for start, group in GROUPS.items() if item.nodeid.startswith(start))
        if group := next(fits, None):
            item.add_marker(group)
        apart = item.path.name in BY_UNIT and hasattr(item, "callspec")
        unit = item.callspec.params.get("unit", "") if apart else ""
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem} {unit}".rstrip()))


@pytest.fixture(scope="session", autouse=True)
def known_circumstances() -> Iterator[None]:
    """The same inputs at every run, so that a failure comes back; and English, wherever we are.

    Benches draw fresh inputs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "secret", lambda root: bytes(grading.SECRET_BYTES))
        patch.setenv("AUTOGRADER_LANG", "en")
        yield


@pytest.fixture(scope="session")
def course() -> Course:
    """The course of this repository."""
    return courses.load(ROOT)


@pytest.fixture(scope="session")
def grader(course: Course) -> Iterator[Grader]:
    """A warm grader."""
    with Grader(course, Options(), [course.root]) as warm:
        yield warm


@pytest.fixture(scope="session")
def graders(course: Course) -> Iterator[Graders]:
    """A warm grader that measures no speed; `borrow` lends it."""
    from autograder.bench import validity  # with torch, which not every test needs

    with validity.Graders(course, jobs=1) as warm:
        yield warm


GradeText = Callable[..., Report]


@pytest.fixture
def grade_text(course: Course, grader: Grader, tmp_path: Path) -> GradeText:
    """Grade one unit of a submission given as text."""

    def grade(unit: str, text: str, **others: str) -> Report:
        folder = tmp_path / "submissions" / "student"
        folder.mkdir(parents=True, exist_ok=True)
        for module, source in {unit: text, **others}.items():
            (folder / f"{module}.py").write_text(source, "utf-8")
        return grader.grade(read(folder.parent, "student", course), course.unit(unit))

    return grade


def autograder(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [str(Path(sys.executable).parent / "autograder"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)
