"""Many submissions over workers: threads that drive graders of this machine, or a cluster.

A bounded window of work is under way at any time, and each report is on the disk before the next
one is looked at, so that memory does not grow with the class and a stop loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from autograder.batch.workers import Workers, windowed
from autograder.core.course import Course, Unit
from autograder.grading.keys import basis, course_basis, key
from autograder.grading.protocol import Options
from autograder.grading.seeds import seed_of
from autograder.intake import decisions
from autograder.intake.reading import find_students, read
from autograder.intake.seen import Row, Seen
from autograder.intake.submission import Submission
from autograder.release.supplied import complete, supplied
from autograder.reports import store
from autograder.reports.changes import changes
from autograder.reports.schema import Report


class Event(NamedTuple):
    """Something that became of a student's unit.

    what: "kept": it was up to date. "graded": the report is new, and on the disk. "again": it
        could not be graded for a reason on our side, and will be tried once more.
    """

    what: Literal["kept", "graded", "again"]
    report: Report


class Job(NamedTuple):
    """A unit to grade. student: the folder's name. before: the report that there was."""

    student: str
    unit: Unit
    handed_in: Submission
    before: Report | None


class Batch:
    """A folder of submissions, the units asked for, and where the reports go."""

    def __init__(
        self,
        course: Course,
        submissions: Path,
        results: Path,
        units: Sequence[Unit],
        options: Options,
        *,
        fresh: bool = False,
    ) -> None:
        self.course = course
        self.submissions = submissions
        self.results = results
        self.units = units
        self.options = options
        self.fresh = fresh
        self.students = find_students(submissions, course)
        self.folders = store.folders(results, self.students)
        self.asked = self.students  # those of them that are to be graded
        self._supplied = supplied(course)
        self._decisions = decisions.load(submissions, self.students, course)

    @property
    def count(self) -> int:
        """How many reports there will be."""
        return len(self.asked) * len(self.units)

    @property
    def masks(self) -> list[Path]:
        """The folders that no student's program may see."""
        return [path.resolve() for path in (self.course.root, self.submissions, self.results)]

    def path(self, student: str, unit: Unit) -> Path:
        """Where the report of a student's unit lies."""
        return self.results / self.folders[student] / f"{unit.name}.json"

    def read(self, student: str) -> Submission:
        """What a student has handed in, by the name of their folder. Raises SubmissionsError."""
        decided = self._decisions.get(student)
        handed_in = read(self.submissions, student, self.course, decided=decided)
        return complete(handed_in, self._supplied)

    def look(self) -> tuple[Seen, list[Row]]:
        """What all have handed in, with a row a student and unit. Raises SubmissionsError."""
        seen = Seen()
        found = [row for name in self.asked for row in seen.add(self.read(name), self.units)]
        return seen, found

    def run(self, workers: Workers, tell: Callable[[Event], None]) -> None:
        """Grade everything; tell of each report, in this thread, once it is on the disk.

        What comes out incomplete is tried once more at the end. What is done stays done, whatever
        happens: the next run goes on from there. Raises GraderError, before anything is graded,
        where a file that marks depend on is missing.
        """
        for unit in self.units:
            course_basis(unit, self.course)  # kept: what a tester loads is no older than its key
        again: list[tuple[str, Unit]] = []
        every = ((student, unit) for student in self.asked for unit in self.units)
        for task, report in self._graded(workers, self._tasks(every, tell)):
            if report.status == "incomplete":
                again.append((task.student, task.unit))
                tell(Event("again", report))
            else:
                tell(Event("graded", self._keep(task, report)))
        for task, report in self._graded(workers, self._tasks(again, tell)):
            tell(Event("graded", self._keep(task, report)))

    def _tasks(
        self, wanted: Iterable[tuple[str, Unit]], tell: Callable[[Event], None]
    ) -> Iterator[Job]:
        """What is to be graded; of the rest it is told that it is up to date."""
        student, handed_in = None, None
        for name, unit in wanted:
            if handed_in is None or name != student:
                student, handed_in = name, self.read(name)
            before = store.read(self.path(name, unit))
            if before and not self.fresh and self._up_to_date(before, handed_in, unit):
                tell(Event("kept", before))
            else:
                yield Job(name, unit, handed_in, before)

    def _up_to_date(self, before: Report, handed_in: Submission, unit: Unit) -> bool:
        wanted = key(self.basis(handed_in, unit))
        return before.key == wanted and before.status != "incomplete"

    def basis(self, handed_in: Submission, unit: Unit) -> dict[str, str]:
        """What a unit's marks depend on, as it is now."""
        return basis(handed_in, unit, self.options, self.course)

    def _graded(self, workers: Workers, tasks: Iterable[Job]) -> Iterator[tuple[Job, Report]]:
        def submit(task: Job) -> Future[bytes]:
            seed = seed_of(task.handed_in, task.unit, self.course)
            return workers.submit(task.handed_in, task.unit, seed)

        for task, data in windowed(submit, tasks, workers.width):
            yield task, msgspec.json.decode(data, type=Report)

    def _keep(self, task: Job, report: Report) -> Report:
        """Write a report, and into it how the marks differ from those that there were."""
        if task.before:
            report = msgspec.structs.replace(report, changes=changes(task.before, report))
        store.write(self.path(task.student, task.unit), store.encode(report))
        return report
