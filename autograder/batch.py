"""Many submissions over a pool of graders.

A thread drives each grader, which is a process of its own (see tester.py): the threads only wait,
so nothing is pickled, and a grader that dies is replaced without breaking the pool.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self, TypeVar

from autograder import reports, submission
from autograder.course import Course, Unit
from autograder.grading import Grader, Options, key
from autograder.reports import Report

Found = tuple[Report, bool]  # a report, and whether it is new
Graded = tuple[str, list[Found]]  # by student


class Graders:
    """A few warm graders, and as many threads to drive them: one borrows one at a time."""

    def __init__(self, course: Course, options: Options, masks: Sequence[Path], jobs: int) -> None:
        self._free: queue.SimpleQueue[Grader] = queue.SimpleQueue()
        self._stack = ExitStack()
        self.pool = self._stack.enter_context(ThreadPoolExecutor(jobs))
        for _ in range(jobs):
            self._free.put(self._stack.enter_context(Grader(course, options, masks)))

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

    def run(self, jobs: int, done: Callable[[Report, bool], None]) -> None:
        """Grade everything; call `done(report, was_new)` for each report, in this thread.

        A report is on the disk before `done` hears of it. What comes out incomplete is tried once
        more at the end. On an interrupt the graders are ended at once; what is done stays done,
        and the next run goes on from there.
        """
        masks = [path.resolve() for path in (self.course.root, self.submissions, self.results)]
        stop = threading.Event()
        with Graders(self.course, self.options, masks, jobs) as graders, ExitStack() as stack:
            stack.callback(stop.set)

            def work(task: tuple[str, Sequence[Unit]]) -> Graded:
                student, units = task
                if stop.is_set():
                    return student, []
                with graders.borrow() as grader:
                    graded = self._grade(student, units, grader)
                    return student, [found for found in graded if not stop.is_set()]

            tasks = [(student, self.units) for student in self.students]
            again: list[tuple[str, Sequence[Unit]]] = []
            for student, found in windowed(graders.pool, work, tasks, 2 * jobs):
                missing = [r.unit for r, _ in found if r.status == "incomplete"]
                if missing:
                    again.append((student, [u for u in self.units if u.name in missing]))
                for report, new in found:
                    if report.unit not in missing:
                        done(report, new)
            for _, found in windowed(graders.pool, work, again, 2 * jobs):
                for report, new in found:
                    done(report, new)

    def _grade(self, student: str, units: Sequence[Unit], grader: Grader) -> Iterator[Found]:
        """Grade a student's units, except those whose report already says it all."""
        handed_in = submission.read(self.submissions, student, self.course)
        for unit in units:
            path = reports.path_for(self.results, student, unit.name)
            wanted = key(handed_in, unit, self.options, self.course)
            old = None if self.fresh else reports.read(path)
            if old is not None and old.key == wanted and old.status != "incomplete":
                yield old, False
                continue
            report = grader.grade(handed_in, unit)
            if grader.closed:
                return
            reports.write(path, reports.encode(report))
            yield report, True


Item = TypeVar("Item")
Result = TypeVar("Result")


def windowed(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item], width: int
) -> Iterator[Result]:
    """Map over a pool with at most `width` items in flight; results as they come."""
    waiting: set[Future[Result]] = set()
    for item in items:
        waiting.add(pool.submit(function, item))
        if len(waiting) >= width:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in finished)
    while waiting:
        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in finished)
