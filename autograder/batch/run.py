"""Many submissions over workers: threads that drive graders of this machine, or a cluster.

A bounded window of work is under way at any time, and reports that have come in are on the disk
before the next ones are looked at, so that memory does not grow with the class and a stop loses
nothing that was told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from autograder.batch import looked
from autograder.batch.workers import Workers, windowed
from autograder.core.course import Course, Unit
from autograder.grading.keys import course_basis, key, work_basis
from autograder.grading.protocol import Options
from autograder.grading.seeds import seed_of
from autograder.intake import decisions
from autograder.intake.reading import beside, find_students, read
from autograder.intake.seen import Row, Seen
from autograder.intake.submission import Submission
from autograder.release.supplied import complete, supplied
from autograder.reports import store
from autograder.reports.changes import changes
from autograder.reports.schema import Brief, Report


class Event(NamedTuple):
    """Something that became of a student's unit.

    what: "kept": it was up to date. "graded": the report is new, and on the disk. "again": it
        could not be graded for a reason on our side, and will be tried once more.
    """

    what: Literal["kept", "graded", "again"]
    report: Report | Brief


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
        self._looked: looked.Looked | None = None

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

    def outline(self, student: str) -> Submission:
        """The same without the programs: as it was found before, where nothing has changed."""
        if self._looked is None:
            return self.read(student)
        decided = self._decisions.get(student, {})
        return self._looked.at(self.submissions / student, decided, partial(self.read, student))

    def look(self, note: Callable[[list[Row]], None] = lambda rows: None) -> Seen:
        """What all have handed in; note is given a student's rows. Raises SubmissionsError."""
        seen = Seen(
            beside=[name for name in beside(self.submissions) if name not in store.RESERVED]
        )
        self._looked = looked.load(self.results, self.course, self._supplied, fresh=self.fresh)
        for name in self.asked:
            note(seen.add(self.outline(name), self.units))
        return seen

    def remember(self) -> None:
        """Keep for the next run what look() has found, and not here. Raises ResultsError."""
        if self._looked:
            self._looked.save(self.results, self.students)
            self._looked = None

    def run(self, workers: Workers, tell: Callable[[Event], None]) -> None:
        """Grade everything; tell of each report, in this thread, once it is on the disk.

        What comes out incomplete is tried once more at the end. What is done stays done, whatever
        happens: the next run goes on from there. Raises GraderError, before anything is graded,
        where a file that marks depend on is missing.
        """
        # Made once, at the start: what a tester loads is no older than its key.
        bases = {unit.name: course_basis(unit, self.course) for unit in self.units}
        again: list[tuple[str, Unit]] = []
        every = ((student, unit) for student in self.asked for unit in self.units)
        for group in self._graded(workers, self._tasks(every, bases, tell)):
            lost = [(task, report) for task, report in group if report.status == "incomplete"]
            again += [(task.student, task.unit) for task, _report in lost]
            for _task, report in lost:
                tell(Event("again", report))
            self._keep([one for one in group if one[1].status != "incomplete"], tell)
        for group in self._graded(workers, self._tasks(again, bases, tell)):
            self._keep(group, tell)

    def _tasks(
        self,
        wanted: Iterable[tuple[str, Unit]],
        bases: Mapping[str, dict[str, str]],
        tell: Callable[[Event], None],
    ) -> Iterator[Job]:
        """What is to be graded; of the rest it is told that it is up to date."""
        outlined, outline, whole = "", None, None
        for name, unit in wanted:
            if outline is None or name != outlined:
                outlined, outline, whole = name, self.outline(name), None
            path = self.path(name, unit)
            before = None if self.fresh else store.brief(path)
            now = key(work_basis(outline, unit, self.options) | bases[unit.name])
            if before and before.key == now and before.status != "incomplete":
                tell(Event("kept", before))
            else:
                whole = whole or self.read(name)
                yield Job(name, unit, whole, store.read(path))

    def _graded(self, workers: Workers, tasks: Iterable[Job]) -> Iterator[list[tuple[Job, Report]]]:
        def submit(task: Job) -> Future[bytes]:
            seed = seed_of(task.handed_in, task.unit, self.course)
            return workers.submit(task.handed_in, task.unit, seed)

        for group in windowed(submit, tasks, workers.width):
            yield [(task, msgspec.json.decode(data, type=Report)) for task, data in group]

    def _keep(self, group: Sequence[tuple[Job, Report]], tell: Callable[[Event], None]) -> None:
        """Write reports, and into each how the marks differ from those that there were."""
        made: dict[Path, Report] = {}
        for task, report in group:
            if task.before:
                report = msgspec.structs.replace(report, changes=changes(task.before, report))
            made[self.path(task.student, task.unit)] = report
        store.write_all({path: store.encode(report) for path, report in made.items()})
        for report in made.values():
            tell(Event("graded", report))
