"""One submission in, one report out."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import platform
import secrets
import socket
import subprocess
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Self

import msgspec

from autograder.course import KINDS, Course, CourseError, Kind, Unit
from autograder.isolation import GraderError, IsolationError
from autograder.processes import python, testing_environment
from autograder.reports import Report, Status, TestResult, score
from autograder.sandbox.host import Level
from autograder.submission import Submission, printable
from autograder.tasks import Outcome, Setup, Task, receive, send

PACKAGES = ("torch", "numpy", "pytest", "msgspec")
SECRET_BYTES = 32
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
        self._secret = secret(course.root)
        self._tester: _Tester | None = None
        self.closed = False

    def grade(self, submission: Submission, unit: Unit) -> Report:
        """Run the unit's hidden tests; what fails on our side makes the report incomplete.

        Raises IsolationError where no submission at all could be graded here.
        """
        file = submission.file(unit.name)
        problem = file.problem if file else _missing(unit.name, submission)
        seed = self._seed(submission, unit)
        options = self._options
        limits = self._course.limits
        task = Task(unit.name, submission.files, limits, seed, problem, options.cuda, options.speed)
        try:
            outcome = self._run(task)
        except GraderError as error:
            outcome = Outcome(error=str(error))
        if outcome.hopeless:
            raise IsolationError(outcome.error)
        tests = count_points(unit, outcome.tests, options.kinds)
        status: Status = "graded" if options.isolation == "full" else "advisory"
        return Report(
            student=printable(submission.student),
            unit=unit.name,
            status="incomplete" if outcome.error or outcome.unmeasured else status,
            isolation=options.isolation,
            device=options.device,
            score=score(tests),
            max_score=unit.max_score(options.kinds),
            tests=tests,
            message=outcome.error or outcome.unmeasured or problem or _common(tests),
            file=file.name if file else "",
            key=key(submission, unit, options, self._course),
            seed=seed,
            versions=versions(),
            figures=outcome.figures,
        )

    def close(self) -> None:
        """End the tester and with it every process that it started, also in mid-grading."""
        self.closed = True
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
        for _ in range(2):
            if self._tester is None:
                self._tester = _Tester(self._setup)
            outcome = self._tester.run(task)
            if outcome is not None:
                return outcome
            if self.closed:
                raise GraderError("Grading was stopped.")
            self._lose()
        raise GraderError("The process that runs the hidden tests ended twice; see its messages.")

    def _seed(self, submission: Submission, unit: Unit) -> str:
        """Another seed for every submission, so that no input ever comes back."""
        text = f"{submission.digest}\n{unit.name}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


class _Tester:
    """The tester's process (see tester.py), and the connection to it."""

    def __init__(self, setup: Setup) -> None:
        self._connection, theirs = socket.socketpair()
        self._connection.settimeout(WAIT_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                python("-m", "autograder.tester", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=testing_environment(),
                start_new_session=True,  # Ctrl-C is for the one who started the grading
            )
        send(self._connection, setup)

    def run(self, task: Task) -> Outcome | None:
        """The task's outcome, or None if the tester is lost."""
        try:
            send(self._connection, task)
            data = receive(self._connection)
        except OSError:
            return None
        return None if data is None else msgspec.msgpack.decode(data, type=Outcome)

    def close(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()


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


def key(submission: Submission, unit: Unit, options: Options, course: Course) -> str:
    """A hash of all that a unit's marks depend on."""
    parts = [
        submission.digest,
        unit.name,
        repr(unit),
        repr(course.limits),
        options.device,
        options.isolation,
        repr(sorted(options.kinds)),
        _code_digest(unit.name, course.root),
        repr(sorted(versions().items())),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """The versions that a mark may depend on."""
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in PACKAGES}


@functools.cache
def _code_digest(unit: str, root: Path) -> str:
    """A hash of the unit's tests, of the code that judges, and of what speed is compared to."""
    package = Path(__file__).parent
    names = "checks clock diagnosis draw grading isolation plugin remote speed student".split()
    names += ["supervisor", "tester", "timing", f"hidden/test_{unit}", "hidden/decoding"]
    names += [f"misconceptions/{unit}", f"sequential/{unit}"]
    files = [
        *(package / f"{name}.py" for name in names),
        *sorted((package / "sandbox").glob("*.py")),
    ]
    files += sorted((root / "solutions").glob("*.py"))
    files += sorted((root / "course" / "parameters").glob("*"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()


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


def _missing(unit: str, submission: Submission) -> str:
    handed_in = ", ".join(file.name for file in submission.files) or "nothing"
    return f"No {unit}.py or {unit}.ipynb was handed in (handed in: {handed_in})."


def _common(tests: Sequence[TestResult]) -> str:
    """The reason that all failed tests share, if they share one: it then stands for the unit."""
    messages = {test.message for test in tests if test.status == "failed"}
    failed = [test for test in tests if test.status == "failed"]
    return messages.pop() if len(messages) == 1 and len(failed) > 1 else ""
