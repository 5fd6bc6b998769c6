"""The warm host of the hidden tests: trusted, and apart from the student's.

It holds torch, pytest and the collected tests. A fork of it runs pytest for some units, one after
another; the tests' calls go to the sandbox. Grading starts it with a connection's descriptor as its
argument.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
import traceback
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

import msgspec
import pytest

from autograder import diagnosis, fixtures
from autograder.clock import PATIENCE_SECONDS, Unmeasured
from autograder.course import Kind
from autograder.hidden.pictures import keeper
from autograder.isolation import GraderError, IsolationError
from autograder.recording import Recording
from autograder.reports import TestResult, TestStatus
from autograder.sandbox import worker
from autograder.sandbox.host import Level
from autograder.sandbox.wire import Source
from autograder.student import Failure, Student
from autograder.supervisor import WarmHost
from autograder.tasks import Outcome, Setup, Task, receive, send
from autograder.timing import STALL_SECONDS, RacingBackend

# Fixtures, and what they ask for in their turn.
OURS = {"student", "draw", "device", "figure", "request"}
TASKS_A_FORK = 100  # then what pytest and torch keep goes with it
RACE_SECONDS = PATIENCE_SECONDS + 2 * STALL_SECONDS[1]  # more than one race may take
MESSAGE = 4000  # characters of a test's message that are kept
HIDDEN = Path(__file__).parent / "hidden"
QUIET = (
    "-c /dev/null --import-mode=importlib --assert=plain -p autograder.fixtures -p no:terminal "
    "-p no:unraisableexception -p no:threadexception -p no:logging -p no:cacheprovider "
    "-p no:faulthandler -p no:junitxml -p no:pastebin -p no:doctest -p no:warnings -p no:skipping "
    "-p no:tmpdir --capture=no --continue-on-collection-errors"
).split()


class Hosts:
    """The warm hosts of this tester, started when first needed and again after a loss."""

    def __init__(self, masks: list[Path], level: Level) -> None:
        self._masks = masks
        self._level = level
        self._hosts: dict[str, WarmHost] = {}

    def __call__(self, device: str) -> WarmHost:
        """The warm host of a device. Raises IsolationError where it cannot be had."""
        if device not in self._hosts:
            self._hosts[device] = WarmHost(self._masks, device, self._level)
        return self._hosts[device]

    def ready(self, devices: Sequence[str]) -> bool:
        """Whether the warm hosts of these devices are there."""
        return self._hosts.keys() >= set(devices)

    @property
    def killed(self) -> int:
        """How many of the students' processes were ended by SIGKILL, which was not ours."""
        return sum(host.killed for host in self._hosts.values())

    def close(self) -> None:
        """End them all."""
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()


class Recorder:
    """The pytest plugin of one task: what came of each test."""

    def __init__(self, backend: Recording) -> None:
        self._backend = backend
        self._results: dict[str, TestResult] = {}
        self.figures: dict[str, Any] = {}
        self.error = ""
        self.unmeasured = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Keep what each test came to, in place of pytest's own report.

        That one would quote the test's source and cost 30 ms a failure.
        """
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" or error:
            self._record(item, error)
        outcome: Literal["passed", "failed"] = "failed" if error else "passed"
        when = cast(Literal["setup", "call", "teardown"], call.when)
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)

    def run(self, item: pytest.Item) -> None:
        """Run a test: by pytest, or at once if it asks for nothing but OURS.

        What pytest does around a test takes longer than most of the tests.
        """
        item.user_properties.clear()  # another submission's figures
        if not isinstance(item, pytest.Function) or not OURS.issuperset(item.fixturenames):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            return
        device = "cuda" if _on_gpu(item) else "cpu"
        student, draw = Student(self._backend, device), fixtures.inputs_of(item)
        figure = keeper(item)
        item.funcargs |= {"student": student, "draw": draw, "device": device, "figure": figure}
        error: BaseException | None = None
        try:
            item.runtest()
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as raised:
            error = raised
        self._record(item, error)

    def _record(self, item: pytest.Item, error: BaseException | None) -> None:
        self._results.setdefault(item.nodeid, self._result(item, error))
        self._backend.end_test(passed=error is None)
        self.figures |= dict(item.user_properties)

    @property
    def results(self) -> list[TestResult]:
        """The results so far, in the tests' order."""
        return list(self._results.values())

    def _result(self, item: pytest.Item, error: BaseException | None) -> TestResult:
        name, exercise, kind = _identity(item)
        status, message, advice, help_id, facts = self._judge(error)
        message, advice, facts = _legible(message), _legible(advice), _legible(facts)
        return TestResult(name, exercise, kind, status, 0, 0, message, advice, help_id, facts)

    def _judge(
        self, error: BaseException | None
    ) -> tuple[TestStatus, str, str, str, dict[str, Any]]:
        if error is None:
            return "passed", "", "", "", self._backend.facts
        if isinstance(error, Failure):
            advice, names = self._backend.diagnose(error)
            return "failed", error.message, advice, names, error.facts
        if isinstance(error, Unmeasured):
            self.unmeasured = str(error)
            return "not_run", f"Not measured this time: {error}", "", "unmeasured", {}
        if isinstance(error, GraderError):
            self.error = str(error)
            return "error", str(error), "", "", {}
        # A result of a form that no test foresaw: the student's side caused it, so it is a failure.
        last = traceback.extract_tb(error.__traceback__)[-1]
        facts = {"exception": repr(error)[:500], "at": f"{Path(last.filename).name}:{last.lineno}"}
        message = f"The result could not be used: {type(error).__name__}: {str(error)[:300]}"
        return "failed", message, "", "unusable_result", facts


class Fork:
    """A fork of this process that runs tasks, so that this one stays as it is.

    It runs many: the first touch of what it shares would be a third of what a small unit costs.
    """

    def __init__(self, run: Callable[[Task], Outcome], above: socket.socket) -> None:
        """Fork. above: a connection that the fork is not to keep open if this process dies."""
        self.done = 0
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._pid = os.fork()
            if self._pid == 0:
                self._connection.close()
                above.close()
                self._serve(run, theirs)

    def run(self, task: Task, seconds: float) -> Outcome:
        """What came of a task; with an error if the fork did not tell in time, or at all."""
        self.done += 1
        self._connection.settimeout(seconds)
        try:
            send(self._connection, task)
            data = receive(self._connection)
        except OSError:  # TimeoutError too
            data = None
        if data is None:
            return Outcome(error="The tests' process ended early.")
        return msgspec.msgpack.decode(data, type=Outcome)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._connection.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    @staticmethod
    def _serve(run: Callable[[Task], Outcome], connection: socket.socket) -> NoReturn:
        try:
            while (data := receive(connection)) is not None:
                task = msgspec.msgpack.decode(data, type=Task)
                send(connection, msgspec.msgpack.encode(run(task)))
        except (BrokenPipeError, ConnectionResetError):  # nobody asks any more
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)


class Server:
    """The pytest plugin of the host: one session, collected once."""

    def __init__(self, connection: socket.socket, setup: Setup) -> None:
        self._connection = connection
        self._setup = setup
        self._hosts = Hosts([Path(mask) for mask in setup.masks], setup.level)
        self._fork: Fork | None = None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Have an exercise's tests on a GPU too, where the manifest gives points for it."""
        mark = metafunc.definition.get_closest_marker("exercise")
        unit = metafunc.definition.path.stem.removeprefix("test_")
        gpu = self._setup.gpu.get(unit, [])
        if mark and mark.args[0] in gpu and "device" in metafunc.fixturenames:
            metafunc.parametrize("device", ["cpu", "cuda"])

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests: have tasks run until the other side hangs up."""
        gc.collect()
        gc.freeze()
        gc.enable()
        try:
            while (data := receive(self._connection)) is not None:
                task = msgspec.msgpack.decode(data, type=Task)
                send(self._connection, self._in_fork(task, session))
        finally:
            self._end_fork()
            self._hosts.close()
        return True

    def _in_fork(self, task: Task, session: pytest.Session) -> bytes:
        """Run a task in a fork of this process; one that does not end well is replaced."""
        devices = ["cpu", "cuda"] if task.cuda else ["cpu"]
        if self._fork and (self._fork.done >= TASKS_A_FORK or not self._hosts.ready(devices)):
            self._end_fork()
        try:
            for device in devices:
                self._hosts(device)
        except IsolationError as error:
            return msgspec.msgpack.encode(Outcome(error=str(error), hopeless=True))
        self._fork = self._fork or Fork(lambda asked: self._run(asked, session), self._connection)
        races = sum(_is_race(i) for i in session.items if i.path.stem == f"test_{task.unit}")
        outcome = self._fork.run(task, task.limits.unit_seconds * 2 + 60 + races * RACE_SECONDS)
        if outcome.error:
            self._end_fork()
            self._hosts.close()  # whatever state the fork left them in
        return msgspec.msgpack.encode(outcome)

    def _end_fork(self) -> None:
        if self._fork:
            self._fork.close()
            self._fork = None

    def _run(self, task: Task, session: pytest.Session) -> Outcome:
        """Run a unit's hidden tests against a submission."""
        every = [item for item in session.items if item.path.stem == f"test_{task.unit}"]
        asked = [item for item in every if not _left_out(item, task)]
        if not asked:
            return Outcome(error=f"There are no hidden tests for {task.unit}, or they do not load.")
        functions = self._setup.functions
        sources = [
            Source(f.module, f.name, f.cells, f.notebook, functions.get(f.module, []))
            for f in task.files
            if not f.problem
        ]
        solutions = Path(self._setup.solutions)
        backend = RacingBackend(
            self._hosts, task.unit, sources, task.limits, task.problem, solutions
        )
        recording = Recording(backend)
        recorder = Recorder(recording)
        session.config.stash[fixtures.BACKEND] = recording
        session.config.stash[fixtures.SEED] = task.seed
        session.config.pluginmanager.register(recorder)
        killed = self._hosts.killed
        try:
            for item in asked:
                recorder.run(item)
        finally:
            session.config.pluginmanager.unregister(recorder)
            backend.close()
        left_out = [_not_run(item, task) for item in every if item not in asked]
        results = recorder.results + left_out
        return Outcome(
            results,
            recorder.figures,
            recorder.error,
            unmeasured=recorder.unmeasured,
            killed=self._hosts.killed > killed,
        )


def _legible(value: Any) -> Any:
    """Words that a student may have written, without what moves a cursor or turns writing round."""
    if isinstance(value, str):
        return "".join(map(_shown, value[:MESSAGE]))
    if isinstance(value, dict):
        return {_legible(key): _legible(item) for key, item in value.items()}
    return [_legible(item) for item in value] if isinstance(value, (list, tuple)) else value


def _shown(character: str) -> str:
    unseen = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "\N{REPLACEMENT CHARACTER}" if unseen and character not in "\n\t" else character


def _left_out(item: pytest.Item, task: Task) -> str:
    """Why this grading was not asked to run a test; empty for those that it runs."""
    if _is_race(item) and not task.speed:
        return "Speed was not measured in this grading."
    if _on_gpu(item) and not task.cuda:
        return "It runs on a GPU, and this grading was on the CPU alone."
    return ""


def _not_run(item: pytest.Item, task: Task) -> TestResult:
    """A test that was not asked for. A GPU's points are then shared by the other tests there."""
    name, exercise, kind = _identity(item)
    if _is_race(item) and not task.speed:
        kind = "speed"
    return TestResult(name, exercise, kind, "not_run", message=_left_out(item, task))


def _is_race(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("exercise")
    return mark is not None and mark.kwargs.get("kind") == "speed"


def _identity(item: pytest.Item) -> tuple[str, str, Kind]:
    """A test's name in the report, its exercise and its kind of points."""
    mark = item.get_closest_marker("exercise")
    assert mark, f"{item.nodeid} belongs to no exercise"
    name = getattr(item, "originalname", item.name)
    if _on_gpu(item):
        return f"{name}[cuda]", mark.args[0], "gpu"
    return name, mark.args[0], mark.kwargs.get("kind", "correctness")


def _on_gpu(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("device") == "cuda"


def serve(connection: socket.socket) -> int:
    """Warm up, collect the hidden tests, and hand over to Server inside that session."""
    worker.warm()
    importlib.import_module("numpy.ma")  # the first np.median imports it
    data = receive(connection)
    if data is None:
        return 0
    setup = msgspec.msgpack.decode(data, type=Setup)
    for unit in setup.functions:
        diagnosis.known(unit)
    arguments = [*QUIET, f"--rootdir={HIDDEN}", str(HIDDEN)]
    return int(pytest.main(arguments, [Server(connection, setup)]))


if __name__ == "__main__":
    sys.exit(serve(socket.socket(fileno=int(sys.argv[1]))))
