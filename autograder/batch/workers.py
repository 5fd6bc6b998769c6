"""Where submissions are graded: warm graders of this machine, driven by threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol, Self, TypeVar

from autograder.core.course import Course, Unit
from autograder.core.lending import Lender
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.submission import Submission
from autograder.reports import store


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
        self._lender = Lender(lambda: Grader(course, options, masks))
        self._stack = ExitStack()
        self.pool = self._stack.enter_context(ThreadPoolExecutor(jobs))
        self._stack.callback(self._lender.close)

    def submit(self, handed_in: Submission, unit: Unit, seed: str) -> Future[bytes]:
        """See Workers."""
        return self.pool.submit(self._encoded, handed_in, unit, seed)

    def borrow(self) -> AbstractContextManager[Grader]:
        """A grader that nobody else drives meanwhile."""
        return self._lender.borrow()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()  # the graders first: a thread may still wait for one

    def _encoded(self, handed_in: Submission, unit: Unit, seed: str) -> bytes:
        with self.borrow() as grader:
            return store.encode(grader.grade(handed_in, unit, seed))


Item = TypeVar("Item")
Came = TypeVar("Came")


def windowed(
    submit: Callable[[Item], Future[Came]], items: Iterable[Item], width: int
) -> Iterator[list[tuple[Item, Came]]]:
    """Submit items, at most `width` of them in flight; each with its result.

    What has come in meanwhile comes together: the slower whoever takes it, the more at once.
    """
    waiting: dict[Future[Came], Item] = {}
    for item in items:
        waiting[submit(item)] = item
        if len(waiting) >= width:
            yield _finished(waiting)
    while waiting:
        yield _finished(waiting)


def _finished(waiting: dict[Future[Came], Item]) -> list[tuple[Item, Came]]:
    """Wait for some, and take them out."""
    done = wait(waiting, return_when=FIRST_COMPLETED).done
    return [(waiting.pop(future), future.result()) for future in done]
