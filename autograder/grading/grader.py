"""One submission in, one report out."""

from __future__ import annotations

import atexit
import contextlib
import functools
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec

from autograder.core import course as courses
from autograder.core.course import Course, Unit
from autograder.core.errors import GraderError, IsolationError
from autograder.core.lending import Lender
from autograder.core.processes import python, testing_environment
from autograder.grading.protocol import (
    TESTER,
    Options,
    TesterSetup,
    UnitOutcome,
    UnitTask,
    receive,
    send,
)
from autograder.grading.scoring import needs_gpu, report_of
from autograder.grading.seeds import seed_of
from autograder.intake.submission import Submission
from autograder.reports.schema import Report

WAIT_SECONDS = 7200.0  # longer than any unit may take: only a lost tester is this late
IDLE_SECONDS = 60.0  # a worker, or formgrader's server, lives on: without graders, and old tests


class Grader:
    """Grades one unit at a time with a warm tester of its own, made anew if it is lost."""

    def __init__(self, course: Course, options: Options, masks: Sequence[Path]) -> None:
        self._course = course
        self._options = options
        self._setup = setup_of(course, options, masks)
        self._tester: _Tester | None = None
        self._lock = threading.Lock()  # over which tester it is, and whether there may be one
        self._closed = False

    def grade(self, submission: Submission, unit: Unit, seed: str = "") -> Report:
        """Run the unit's hidden tests; what fails on our side makes the report incomplete.

        Where there is nothing to be graded, the report says so, and nothing is run.

        seed: what the inputs are drawn from; by default made from the course's secret.
        Raises IsolationError where no submission at all could be graded here, and GraderError where
        a file that marks depend on is missing.
        """
        seed = seed or seed_of(submission, unit, self._course)
        options = self._options
        if submission.work(unit.name).state != "read":
            return report_of(submission, unit, options, self._course, seed, UnitOutcome())
        task = UnitTask(
            unit.name,
            submission.files_of(unit.name),
            self._course.limits,
            seed,
            needs_gpu(unit, options),
            options.speed,
            options.pretend,
        )
        try:
            outcome = self._run(task)
            if outcome.killed:  # by somebody outside; killed again, it was its own doing
                outcome = self._run(task)
        except GraderError as error:
            outcome = UnitOutcome(error=str(error))
        if outcome.hopeless:
            raise IsolationError(outcome.error)
        return report_of(submission, unit, options, self._course, seed, outcome)

    def close(self) -> None:
        """End the tester and with it every process that it started, also in mid-grading."""
        with self._lock:
            self._closed = True
            self._lose()

    def _lose(self) -> None:
        if self._tester:
            self._tester.close()
            self._tester = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, task: UnitTask) -> UnitOutcome:
        """Hand the task to the tester; a tester that is lost is replaced once."""
        for _attempt in range(2):
            tester = self._warm()
            outcome = tester.run(task)
            if outcome is not None:
                return outcome
            with self._lock:
                self._lose()
        raise GraderError("The process that runs the hidden tests ended twice; see its messages.")

    def _warm(self) -> _Tester:
        with self._lock:
            if self._closed:
                raise GraderError("Grading was stopped.")
            if self._tester is None:
                self._tester = _Tester(self._setup, self._course.root)
            return self._tester


def setup_of(course: Course, options: Options, masks: Sequence[Path]) -> TesterSetup:
    """What a tester is told once."""
    return TesterSetup(
        options.isolation,
        [str(mask) for mask in masks],
        {unit.name: [e.name for e in unit.exercises] for unit in course.units},
        {unit.name: [e.name for e in unit.exercises if e.gpu] for unit in course.units},
        str(course.root),
        {unit.name: {e.name: unit.built_on(e) for e in unit.exercises} for unit in course.units},
    )


@functools.cache
def warm(root: Path, options: Options, masks: tuple[Path, ...]) -> Lender[Grader]:
    """Graders for the course in `root` that stay warm from one submission to the next."""
    lender = Lender(lambda: Grader(courses.load(root), options, masks), IDLE_SECONDS)
    atexit.register(lender.close)
    return lender


class _Tester:
    """The tester's process (see tester.py), and the connection to it."""

    def __init__(self, setup: TesterSetup, root: Path) -> None:
        self._connection, theirs = socket.socketpair()
        self._connection.settimeout(WAIT_SECONDS)
        try:
            with theirs:
                self._process = subprocess.Popen(
                    python("-m", TESTER, str(theirs.fileno())),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    cwd=root,
                    env=testing_environment(),
                    start_new_session=True,  # Ctrl-C is for the one who started the grading
                )
        except OSError as error:
            self._connection.close()
            raise GraderError(f"No process could be started: {error.strerror}.") from error
        with contextlib.suppress(OSError):  # it has ended, as `run` will tell
            send(self._connection, setup)

    def run(self, task: UnitTask) -> UnitOutcome | None:
        """The task's outcome, or None if the tester is lost."""
        try:
            send(self._connection, task)
            data = receive(self._connection)
            return None if data is None else msgspec.msgpack.decode(data, type=UnitOutcome)
        except (OSError, msgspec.MsgspecError):
            return None

    def close(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()
