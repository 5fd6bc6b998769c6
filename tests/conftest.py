"""What the tests of the grader share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder import course as courses
from autograder import grading
from autograder.course import Course
from autograder.grading import Grader, Options
from autograder.reports import Report
from autograder.submission import read

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def known_secret() -> Iterator[None]:
    """The same inputs at every run, so that a failure comes back; benches draw fresh ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "secret", lambda root: bytes(grading.SECRET_BYTES))
        yield


@pytest.fixture(scope="session")
def course() -> Course:
    """The course of this repository."""
    return courses.load(ROOT)


@pytest.fixture(scope="module")
def grader(course: Course) -> Iterator[Grader]:
    """A warm grader."""
    with Grader(course, Options(), [course.root]) as warm:
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
