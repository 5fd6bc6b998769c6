"""Grading on a running Dask cluster: the workers' side, and this one's.

A task is bytes: a submission, what it is graded for, what its inputs are drawn from, and digests of
the course, with which the worker's own clone must agree. Its result is the encoded report. So no
disk is shared, the course's secret stays here, and nothing that a student wrote is ever pickled.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from autograder.core import course as courses
from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError, GraderError
from autograder.grading.grader import warm
from autograder.grading.keys import course_basis
from autograder.grading.protocol import Options, UnitOutcome
from autograder.grading.scoring import needs_gpu, report_of
from autograder.intake.submission import Submission
from autograder.reports import store

if TYPE_CHECKING:
    from concurrent.futures import Executor


CONNECT_SECONDS = 30
LEAST_WIDTH = 32  # so that a cluster that grows with its work sees that there is some
REMEDY = (
    "Bring every worker to the same commit of the course, Python and packages as this machine, "
    "and start the workers again."
)


class Order(msgspec.Struct, frozen=True):
    """A unit of a submission to grade. basis: see keys.course_basis; the worker's must agree."""

    submission: Submission
    unit: str
    options: Options
    masks: list[str]
    seed: str
    basis: dict[str, str]


class Cluster:
    """The workers of a cluster, as workers.Workers."""

    def __init__(self, address: str, course: Course, options: Options, masks: list[Path]) -> None:
        """Connect to the scheduler at an address. Raises GraderError."""
        from distributed import Client

        self._course = course
        self._options = options
        self._masks = [str(mask) for mask in masks]
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise GraderError(f"No Dask scheduler answers at {address}: {error}") from error
        self._anywhere: Executor = self._client.get_executor()
        self._on_gpu: Executor = self._client.get_executor(resources={"GPU": 1})
        self.width = max(LEAST_WIDTH, 2 * sum(self._client.nthreads().values()))

    def submit(self, handed_in: Submission, unit: Unit, seed: str) -> Future[bytes]:
        """See workers.Workers. A worker that dies is of no concern here: its tasks go to others."""
        basis = course_basis(unit, self._course)
        order = Order(handed_in, unit.name, self._options, self._masks, seed, basis)
        executor = self._on_gpu if needs_gpu(unit, self._options) else self._anywhere
        answer: Future[bytes] = Future()

        def pass_on(future: Future[bytes]) -> None:
            try:
                answer.set_result(self._result(future, handed_in, unit, seed))
            except BaseException as error:
                answer.set_exception(error)

        executor.submit(grade, msgspec.msgpack.encode(order)).add_done_callback(pass_on)
        return answer

    def _result(self, future: Future[bytes], handed_in: Submission, unit: Unit, seed: str) -> bytes:
        """A task's report; incomplete if one worker after another died over it."""
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            outcome = UnitOutcome(error=f"Several workers ended while they graded this: {error}")
            graded = report_of(handed_in, unit, self._options, self._course, seed, outcome)
            return store.encode(graded)
        except CancelledError as error:
            raise GraderError("The cluster's scheduler is gone, or gave the work up.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


def has_gpu(address: str) -> bool:
    """Whether some worker offers the resource GPU. Raises GraderError."""
    from distributed import Client

    try:
        with Client(address, timeout=CONNECT_SECONDS, set_as_default=False) as client:
            workers: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    except (OSError, ValueError) as error:
        raise GraderError(f"No Dask scheduler answers at {address}: {error}") from error
    return any(worker["resources"].get("GPU", 0) >= 1 for worker in workers.values())


def grade(data: bytes) -> bytes:
    """On a worker: grade an order. Raises GraderError where this worker is not fit for it."""
    order = msgspec.msgpack.decode(data, type=Order)
    course = _course()
    unit = course.unit(order.unit)
    _check(order.basis, course_basis(unit, course))
    masks = (course.root, *map(Path, order.masks))
    with warm(course.root, order.options, masks).borrow() as grader:
        return store.encode(grader.grade(order.submission, unit, order.seed))


@functools.cache
def _course() -> Course:
    """The clone of the course that the worker was started in."""
    try:
        return courses.load()
    except CourseError as error:
        raise GraderError(
            f"The worker on {platform.node()} was not started inside a clone of the course: {error}"
        ) from error


def _check(theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    other = [name for name in theirs if theirs[name] != ours.get(name)]
    if not other:
        return
    said = [
        f"versions ({ours.get(name)} there; {theirs[name]} here)" if name == "versions" else name
        for name in other
    ]
    raise GraderError(
        f"The worker on {platform.node()} has another course than this machine; what differs: "
        f"{', '.join(said)}. {REMEDY}"
    )
