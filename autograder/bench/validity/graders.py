"""Programs of our own, graded as a class is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from autograder.batch import workers
from autograder.core.course import Course, Unit
from autograder.core.units import unit_folder
from autograder.grading.protocol import Options
from autograder.intake.submission import File, Submission
from autograder.reports.schema import Report
from autograder.sandbox.host import Level

About = TypeVar("About")
Job = tuple[About, Unit, dict[str, str]]  # about what, the unit to grade, and the files' texts


def building_on_nothing(course: Course) -> Course:
    """The course without what its exercises build on: to carry errors forward takes seconds."""
    units = [
        replace(unit, exercises=[replace(e, builds_on=[]) for e in unit.exercises])
        for unit in course.units
    ]
    return replace(course, units=units)


class CorrectnessGraders(workers.Graders):
    """The very graders that a class is graded with. Speed is not asked, and nothing is carried."""

    def __init__(
        self, course: Course, jobs: int, level: Level = "full", *, cuda: bool = False
    ) -> None:
        options = Options(cuda=cuda, isolation=level, speed=False)
        super().__init__(building_on_nothing(course), options, [course.root], jobs)
        self.course = course

    def grade(self, todo: Sequence[Job[About]], seed: str = "") -> Iterator[tuple[About, Report]]:
        """Grade each, and return what it was about with its report, in the same order.

        seed: what the inputs are drawn from; by default made from the course's secret.
        """
        return self.pool.map(lambda job: self._grade(job, seed), todo)

    def _grade(self, job: Job[About], seed: str) -> tuple[About, Report]:
        about, unit, texts = job
        with self.borrow() as grader:
            return about, grader.grade(submission(texts), unit, seed)


def submission(texts: dict[str, str]) -> Submission:
    """What somebody hands in whose files have these texts, by module."""
    files = [File(name, f"{name}.py", [text]) for name, text in texts.items()]
    digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()
    return Submission("validity", files, digest)


def files(course: Course, unit: Unit, folder: str) -> list[Path]:
    """The programs in a folder of a unit's hidden ones, such as right/."""
    return sorted((unit_folder(course.root, unit.name) / "hidden" / folder).glob("*.py"))


def solutions(course: Course) -> dict[str, str]:
    """The texts of the solutions, by unit."""
    folder = course.root / "solutions"
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.py"))}
