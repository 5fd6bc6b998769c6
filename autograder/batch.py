"""Many submissions over workers: threads that drive graders of this machine, or a cluster.

A bounded window of work is under way at any time, and each report is on the disk before the next
one is looked at, so that memory does not grow with the class and a stop loses nothing.
"""

from __future__ import annotations

import fcntl
import os
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, Self, TypeVar

import msgspec

from autograder import reports, submission
from autograder.course import Course, Unit
from autograder.grading import Grader, Options, basis, seed_of
from autograder.keys import course_basis, key
from autograder.reports import Report, ResultsError
from autograder.reports.changes import changes
from autograder.submission import Submission


class Event(NamedTuple):
    """Something that became of a student's unit.

    what: "kept": it was up to date. "graded": the report is new, and on the disk. "again": it
        could not be graded for a reason on our side, and will be tried once more.
    """

    what: Literal["kept", "graded", "again"]
    report: Report


class Workers(Protocol):
    """Where submissions are graded. width: how many may be on their way there at once."""

    width: int

    def submit(self, handed_in: Submission, unit: Unit, seed: str) -> Future[bytes]:
        """Have a unit graded; what comes back is the encoded report."""
        ...


class Graders:
    """A few warm graders, and as many threads to drive them: one borrows one at a time.

    A grader is a process of its own (see tester.py): the threads only wait, so nothing is pickled,
    and a grader that dies is replaced without breaking the pool.
    """

    def __init__(self, course: Course, options: Options, masks: Sequence[Path], jobs: int) -> None:
        self.width = 2 * jobs
        self._free: queue.SimpleQueue[Grader] = queue.SimpleQueue()
        self._stack = ExitStack()
        self.pool = self._stack.enter_context(ThreadPoolExecutor(jobs))
        for _ in range(jobs):
            self._free.put(self._stack.enter_context(Grader(course, options, masks)))

    def submit(self, handed_in: Submission, unit: Unit, seed: str) -> Future[bytes]:
        """See Workers."""
        return self.pool.submit(self._encoded, handed_in, unit, seed)

    @contextmanager
    def borrow(self) -> Iterator[Grader]:
        """A grader that nobody else drives meanwhile."""
        grader = self._free.get()
        try:
            yield grader
        finally:
            self._free.put(grader)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()  # the graders first: a thread may still wait for one

    def _encoded(self, handed_in: Submission, unit: Unit, seed: str) -> bytes:
        with self.borrow() as grader:
            return reports.encode(grader.grade(handed_in, unit, seed))


class Task(NamedTuple):
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
        self.students = submission.find_students(submissions, course)

    @property
    def count(self) -> int:
        """How many reports there will be."""
        return len(self.students) * len(self.units)

    @property
    def masks(self) -> list[Path]:
        """The folders that no student's program may see."""
        return [path.resolve() for path in (self.course.root, self.submissions, self.results)]

    def run(self, workers: Workers, tell: Callable[[Event], None]) -> None:
        """Grade everything; tell of each report, in this thread, once it is on the disk.

        What comes out incomplete is tried once more at the end. What is done stays done, whatever
        happens: the next run goes on from there. Raises GraderError, before anything is graded,
        where a file that marks depend on is missing.
        """
        for unit in self.units:
            course_basis(unit, self.course)  # kept: what a tester loads is no older than its key
        again: list[tuple[str, Unit]] = []
        every = ((student, unit) for student in self.students for unit in self.units)
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
    ) -> Iterator[Task]:
        """What is to be graded; of the rest it is told that it is up to date."""
        student, handed_in = None, None
        for name, unit in wanted:
            if handed_in is None or name != student:
                student, handed_in = name, submission.read(self.submissions, name, self.course)
            before = reports.read(reports.path_for(self.results, name, unit.name))
            if before and not self.fresh and self._up_to_date(before, handed_in, unit):
                tell(Event("kept", before))
            else:
                yield Task(name, unit, handed_in, before)

    def _up_to_date(self, before: Report, handed_in: Submission, unit: Unit) -> bool:
        wanted = key(basis(handed_in, unit, self.options, self.course))
        return before.key == wanted and before.status != "incomplete"

    def _graded(self, workers: Workers, tasks: Iterable[Task]) -> Iterator[tuple[Task, Report]]:
        def submit(task: Task) -> Future[bytes]:
            seed = seed_of(task.handed_in, task.unit, self.course)
            return workers.submit(task.handed_in, task.unit, seed)

        for task, data in windowed(submit, tasks, workers.width):
            yield task, msgspec.json.decode(data, type=Report)

    def _keep(self, task: Task, report: Report) -> Report:
        """Write a report, and into it how the marks differ from those that there were."""
        if task.before:
            report = msgspec.structs.replace(report, changes=changes(task.before, report))
        path = reports.path_for(self.results, task.student, task.unit.name)
        reports.write(path, reports.encode(report))
        return report


Item = TypeVar("Item")
Result = TypeVar("Result")


def windowed(
    submit: Callable[[Item], Future[Result]], items: Iterable[Item], width: int
) -> Iterator[tuple[Item, Result]]:
    """Submit items, at most `width` of them in flight; each with its result, as they come."""
    waiting: dict[Future[Result], Item] = {}
    for item in items:
        waiting[submit(item)] = item
        if len(waiting) >= width:
            yield from _finished(waiting)
    while waiting:
        yield from _finished(waiting)


def _finished(waiting: dict[Future[Result], Item]) -> Iterator[tuple[Item, Result]]:
    """Wait for some, and take them out."""
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()


@contextmanager
def sole_writer(results: Path) -> Iterator[None]:
    """Hold a folder of results: nobody else grades into it meanwhile. Raises ResultsError.

    The kernel lets go of it when its holder dies. What a killed one left half-written goes.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(results / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ResultsError(f"{results} cannot be written to: {error.strerror}.") from error
    try:
        _lock(descriptor, results)
        for left in results.rglob(f"{reports.WRITING}*"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, results: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ResultsError(
            f"Another `autograder grade` is writing to {results}. Wait until it has ended, or name "
            "another folder with --results."
        ) from None
    except OSError:
        return  # some network folders know no locks; a report is written whole all the same
