"""The warm host of the hidden tests: trusted, and apart from the student's.

It holds torch, pytest and the collected tests, and forks for each unit graded. The fork runs
pytest; the tests' calls go to the sandbox. Grading starts it with a connection's descriptor as its
argument.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import select
import signal
import socket
import sys
import time
import traceback
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import numpy as np
import pytest
import torch

from autograder import diagnosis, plugin
from autograder.clock import PATIENCE_SECONDS, Unmeasured
from autograder.course import Kind
from autograder.isolation import GraderError, IsolationError
from autograder.reports import TestResult, TestStatus
from autograder.sandbox import evaluate, worker
from autograder.sandbox.evaluate import Outcome as Evaluated
from autograder.sandbox.host import Level
from autograder.sandbox.wire import Source
from autograder.speed import Event
from autograder.student import Backend, Failure, Invocation
from autograder.supervisor import WarmHost
from autograder.tasks import Outcome, Setup, Task, receive, send
from autograder.timing import STALL_SECONDS, RacingBackend

CACHED = (
    "This is exactly the result of an earlier call with other numbers. A constant, such as a mask "
    "by its length, may be kept between calls; a result may not."
)
RACE_SECONDS = PATIENCE_SECONDS + 2 * STALL_SECONDS[1]  # more than one race may take
MESSAGE = 4000  # characters of a test's message that are kept
HIDDEN = Path(__file__).parent / "hidden"
QUIET = (
    "-c /dev/null --import-mode=importlib --assert=plain -p autograder.plugin -p no:terminal "
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

    @property
    def killed(self) -> bool:
        """Whether a student's process was ended by SIGKILL, which was not ours."""
        return any(host.killed for host in self._hosts.values())

    def close(self) -> None:
        """End them all."""
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()


class Recording:
    """A backend that remembers a test's calls; the last is the one that a failed check is about.

    Of the tests that passed it remembers what went in and came out, as digests.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._calls: list[_Call] = []  # of this test
        self._answered = False
        self._recognised: list[diagnosis.Mistake] = []  # in the last test that had any
        self.facts: dict[str, Any] = {}  # of this test's slowest race
        self._passed: dict[tuple[str, int], int] = {}  # what went in, by what came out

    def call(self, asked: Invocation) -> Evaluated:
        """See student.Backend."""
        self._answered = False
        outcome = self._backend.call(asked)
        self._calls.append(_Call(asked, outcome.value))
        self._answered = True
        return outcome

    def measure(self, asked: Invocation) -> Evaluated:
        """See student.Backend. Not remembered: its inputs are too large to try mistakes on."""
        self._answered = False
        return self._backend.measure(asked)

    def race(self, unit: str, function: str, device: str, event: Event) -> dict[str, Any]:
        """See student.Backend. Its calls are not remembered: other tests look at values."""
        self._answered = False
        facts = self._backend.race(unit, function, device, event)
        if facts.get("ratio", 0.0) <= self.facts.get("ratio", math.inf):
            self.facts = facts
        return facts

    def end_test(self, passed: bool) -> None:
        """Forget a test's calls, but for the digests of those that were right."""
        if passed:
            self._passed = _digests(self._calls) | self._passed
        self._calls.clear()
        self._answered = False
        self.facts = {}

    def diagnose(self, failure: Failure) -> tuple[str, str]:
        """The help for a failure and its names: its own, or those of the mistakes recognised."""
        if not (failure.unexplained and self._answered):
            return failure.help, failure.help_id
        *earlier, last = self._calls
        asked = last.asked
        found = diagnosis.recognise(
            asked.unit, asked.function, asked.args, asked.kwargs, last.value, self._recognised
        )
        self._recognised = found or self._recognised
        if not found and self._is_old(last, earlier):
            return CACHED, "cached"
        advice = dict.fromkeys(mistake.help["en"] for mistake in found)
        names = dict.fromkeys(mistake.id for mistake in found)
        return " Or: ".join(advice) or failure.help, ",".join(names)

    def _is_old(self, last: _Call, earlier: Sequence[_Call]) -> bool:
        """Whether a call gave what was right for an earlier one with other numbers."""
        known = _digests(earlier) | self._passed
        given = known.get((last.form, last.came_out), last.went_in)
        return given != last.went_in and _telling(last.value)


@dataclass
class _Call:
    """A call that was answered, with digests that outlive a change of its arguments."""

    asked: Invocation
    value: object

    def __post_init__(self) -> None:
        given = [self.asked.args, self.asked.kwargs]
        self.form = f"{self.asked.unit}.{self.asked.function} {_form(given)}"
        self.went_in = _digest(given)
        self.came_out = _digest(self.value)


def _digests(calls: Sequence[_Call]) -> dict[tuple[str, int], int]:
    """What went in, by what came out; where that came out twice, what went in first."""
    return {(call.form, call.came_out): call.went_in for call in reversed(calls)}


def _form(value: object) -> object:
    """A value with the kinds of its arrays in place of their numbers."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return str(value.dtype), tuple(value.shape)
    if isinstance(value, Mapping):
        return {key: _form(item) for key, item in value.items()}
    return [_form(item) for item in value] if isinstance(value, (list, tuple)) else value


def _digest(value: object) -> int:
    """A hash of all the numbers in a value's arrays, or of a single number."""
    arrays = [_as_array(array).tobytes() for array in evaluate.arrays(value)]
    return hash((*arrays, value if isinstance(value, float) else None))


def _telling(value: object) -> bool:
    """Whether two results with these numbers are hardly the same by chance."""
    if isinstance(value, float):
        return not value.is_integer()
    return any(len(np.unique(_as_array(array))) > 2 for array in evaluate.arrays(value))


def _as_array(value: torch.Tensor | np.ndarray) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return value


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
            self._results.setdefault(item.nodeid, self._result(item, error))
            self._backend.end_test(passed=error is None)
            self.figures |= dict(item.user_properties)
        outcome: Literal["passed", "failed"] = "failed" if error else "passed"
        when = cast(Literal["setup", "call", "teardown"], call.when)
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)

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


class Server:
    """The pytest plugin of the host: one session, collected once and forked for each task."""

    def __init__(self, connection: socket.socket, setup: Setup) -> None:
        self._connection = connection
        self._setup = setup
        self._hosts = Hosts([Path(mask) for mask in setup.masks], setup.level)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Have an exercise's tests on a GPU too, where the manifest gives points for it."""
        mark = metafunc.definition.get_closest_marker("exercise")
        unit = metafunc.definition.path.stem.removeprefix("test_")
        gpu = self._setup.gpu.get(unit, [])
        if mark and mark.args[0] in gpu and "device" in metafunc.fixturenames:
            metafunc.parametrize("device", ["cpu", "cuda"])

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests: fork for each task until the other side hangs up."""
        gc.collect()
        gc.freeze()
        gc.enable()
        try:
            while (data := receive(self._connection)) is not None:
                task = msgspec.msgpack.decode(data, type=Task)
                send(self._connection, self._in_fork(task, session))
        finally:
            self._hosts.close()
        return True

    def _in_fork(self, task: Task, session: pytest.Session) -> bytes:
        """Run a task in a fork of this process, so that nothing of it stays."""
        try:
            for device in ["cpu", "cuda"] if task.cuda else ["cpu"]:
                self._hosts(device)
        except IsolationError as error:
            return msgspec.msgpack.encode(Outcome(error=str(error), hopeless=True))
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._connection.close()  # if the tester dies, the other side is to hear of it
            self._run_and_leave(task, session, writer)
        os.close(writer)
        races = sum(_is_race(i) for i in session.items if i.path.stem == f"test_{task.unit}")
        data = _read_all(reader, task.limits.unit_seconds * 2 + 60 + races * RACE_SECONDS)
        if data is None:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if status:
            self._hosts.close()  # whatever state the fork left them in
        if os.WIFSIGNALED(status):  # perhaps in mid-sentence
            data = None
        return data or msgspec.msgpack.encode(Outcome(error="The tests' process ended early."))

    def _run_and_leave(self, task: Task, session: pytest.Session, writer: int) -> None:
        status = 1
        try:
            outcome = self._run(task, session)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(msgspec.msgpack.encode(outcome))
            status = 1 if outcome.error else 0
        except BrokenPipeError:  # the tester was ended: nobody asks any more
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

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
        session.config.stash[plugin.BACKEND] = recording
        session.config.stash[plugin.SEED] = task.seed
        session.config.pluginmanager.register(recorder)
        try:
            for item, following in zip(asked, [*asked[1:], None], strict=True):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        finally:
            backend.close()
        left_out = [_not_run(item, task) for item in every if item not in asked]
        results = recorder.results + left_out
        return Outcome(
            results,
            recorder.figures,
            recorder.error,
            unmeasured=recorder.unmeasured,
            killed=self._hosts.killed,
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


def _read_all(descriptor: int, seconds: float) -> bytes | None:
    """Everything until the end of a pipe; None if it does not end in time."""
    deadline = time.monotonic() + seconds
    chunks: list[bytes] = []
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while True:
            ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            chunk = pipe.read(1 << 16)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)


if __name__ == "__main__":
    sys.exit(serve(socket.socket(fileno=int(sys.argv[1]))))
