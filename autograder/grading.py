"""One submission in, one report out."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from autograder.course import KINDS, Course, CourseError, Kind, Unit
from autograder.isolation import GraderError, IsolationError
from autograder.keys import course_basis, key, versions
from autograder.processes import python, testing_environment
from autograder.reports import Report, Status, TestResult, score
from autograder.sandbox.host import Level
from autograder.submission import Submission
from autograder.tasks import Outcome, Setup, Task, receive, send
from autograder.wording import _, restate, say

SECRET_BYTES = 32
# Imports make little garbage, and to look for it takes a tenth of the time that torch's take.
START = "import gc, runpy; gc.disable(); runpy.run_module('autograder.tester', None, '__main__')"
WAIT_SECONDS = 1800.0  # longer than any unit may take: only a lost tester is this late


class Options(msgspec.Struct, frozen=True):
    """What a grading was asked for, the same for every submission of it."""

    cuda: bool = False
    isolation: Level = "full"
    speed: bool = True

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of points that count."""
        asked: dict[Kind, bool] = {"gpu": self.cuda, "speed": self.speed}
        return frozenset(kind for kind in KINDS if asked.get(kind, True))

    @property
    def device(self) -> str:
        """The kind of device, for the report."""
        return "cuda" if self.cuda else "cpu"


class Grader:
    """Grades one unit at a time with a warm tester of its own, made anew if it is lost."""

    def __init__(self, course: Course, options: Options, masks: Sequence[Path]) -> None:
        self._course = course
        self._options = options
        self._setup = Setup(
            options.isolation,
            [str(mask) for mask in masks],
            {unit.name: [e.name for e in unit.exercises] for unit in course.units},
            {unit.name: [e.name for e in unit.exercises if e.gpu] for unit in course.units},
            str(course.root / "solutions"),
        )
        self._tester: _Tester | None = None
        self._lock = threading.Lock()  # over which tester it is, and whether there may be one
        self._closed = False

    def grade(self, submission: Submission, unit: Unit, seed: str = "") -> Report:
        """Run the unit's hidden tests; what fails on our side makes the report incomplete.

        seed: what the inputs are drawn from; by default made from the course's secret.
        Raises IsolationError where no submission at all could be graded here, and GraderError where
        a file that marks depend on is missing.
        """
        seed = seed or seed_of(submission, unit, self._course)
        options = self._options
        task = Task(
            unit.name,
            submission.files,
            self._course.limits,
            seed,
            _problem(submission, unit),
            needs_gpu(unit, options),
            options.speed,
        )
        try:
            outcome = self._run(task)
            if outcome.killed:  # by somebody outside; killed again, it was its own doing
                outcome = self._run(task)
        except GraderError as error:
            outcome = Outcome(error=str(error))
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

    def _run(self, task: Task) -> Outcome:
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


class _Tester:
    """The tester's process (see tester.py), and the connection to it."""

    def __init__(self, setup: Setup, root: Path) -> None:
        self._connection, theirs = socket.socketpair()
        self._connection.settimeout(WAIT_SECONDS)
        self._setup: Setup | None = setup
        try:
            with theirs:
                self._process = subprocess.Popen(
                    python("-c", START, str(theirs.fileno())),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    cwd=root,  # where hidden tests look for the course's files first
                    env=testing_environment(),
                    start_new_session=True,  # Ctrl-C is for the one who started the grading
                )
        except OSError as error:
            self._connection.close()
            raise GraderError(f"No process could be started: {error.strerror}.") from error

    def run(self, task: Task) -> Outcome | None:
        """The task's outcome, or None if the tester is lost."""
        try:
            if self._setup:
                send(self._connection, self._setup)
                self._setup = None
            send(self._connection, task)
            data = receive(self._connection)
            return None if data is None else msgspec.msgpack.decode(data, type=Outcome)
        except (OSError, msgspec.MsgspecError):
            return None

    def close(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()


def needs_gpu(unit: Unit, options: Options) -> bool:
    """Whether a unit is to be graded on a GPU, besides the CPU."""
    return options.cuda and any(exercise.gpu for exercise in unit.exercises)


def report_of(
    submission: Submission,
    unit: Unit,
    options: Options,
    course: Course,
    seed: str,
    outcome: Outcome,
) -> Report:
    """What came of the hidden tests, with its points counted."""
    file = submission.file(unit.name)
    tests = count_points(unit, outcome.tests, options.kinds)
    status: Status = "graded" if options.isolation == "full" else "advisory"
    problem = _problem(submission, unit)
    reason = str(restate(problem)) if problem else _common(tests)
    found = basis(submission, unit, options, course)
    return Report(
        student=submission.student,
        unit=unit.name,
        status="incomplete" if outcome.error or outcome.unmeasured else status,
        isolation=options.isolation,
        device=options.device,
        score=score(tests),
        max_score=unit.max_score(options.kinds),
        tests=tests,
        message=outcome.error or outcome.unmeasured or reason,
        file=file.name if file else "",
        key=key(found),
        seed=seed,
        basis=found,
        versions=versions(),
        figures=outcome.figures,
    )


def count_points(
    unit: Unit, tests: Sequence[TestResult], kinds: frozenset[Kind]
) -> list[TestResult]:
    """Share each exercise's points, kind by kind, equally over its tests of that kind."""
    shares = Counter((test.exercise, test.kind) for test in tests)
    counted = []
    for test in tests:
        points = unit.exercise(test.exercise).points.get(test.kind, 0)
        most = points / shares[test.exercise, test.kind] if test.kind in kinds else 0.0
        earned = most if test.status == "passed" else 0.0
        counted.append(msgspec.structs.replace(test, points=earned, max_points=most))
    return counted


def basis(submission: Submission, unit: Unit, options: Options, course: Course) -> dict[str, str]:
    """All that a unit's marks depend on, most of it as digests: what changed can be told apart."""
    asked = [options.device, options.isolation, *sorted(options.kinds)]
    return {
        "submission": submission.digest,
        "options": ", ".join(asked),
        **course_basis(unit, course),
    }


def seed_of(submission: Submission, unit: Unit, course: Course) -> str:
    """Another seed for every submission, so that no input ever comes back."""
    text = f"{submission.digest}\n{unit.name}"
    return hmac.new(secret(course.root), text.encode(), hashlib.sha256).hexdigest()


def secret(root: Path) -> bytes:
    """The course's secret, which every seed comes from; made at the first grading."""
    path = root / "course" / ".secret"
    try:
        return _whole(path)
    except FileNotFoundError:
        fresh = secrets.token_bytes(SECRET_BYTES)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _whole(path)
    except OSError as error:
        raise CourseError(
            f"{path}, which holds the course's secret, cannot be written: {error.strerror}."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(fresh)
    return fresh


def _whole(path: Path) -> bytes:
    """The secret, provided that its writer came to the end."""
    if len(found := path.read_bytes()) < SECRET_BYTES:
        raise CourseError(f"{path} is cut short. Delete it; the next grading makes a new one.")
    return found


def _problem(submission: Submission, unit: Unit) -> dict[str, Any]:
    """Why the unit's file cannot be run at all, as facts; empty where it can be tried."""
    if file := submission.file(unit.name):
        return file.facts
    files = ", ".join(file.name for file in submission.files) or _("nothing")
    told = _("No %(unit)s.py or %(unit)s.ipynb was handed in (handed in: %(files)s).")
    return say(told, unit=unit.name, files=files).facts


def _common(tests: Sequence[TestResult]) -> str:
    """The reason that all failed tests share, if they share one: it then stands for the unit."""
    messages = {test.message for test in tests if test.status == "failed"}
    failed = [test for test in tests if test.status == "failed"]
    return messages.pop() if len(messages) == 1 and len(failed) > 1 else ""
