"""The warm host of the hidden tests: trusted, and apart from the student's.

It holds torch, pytest and the collected tests, and forks for each unit graded. The fork runs
pytest; the tests' calls go to the sandbox. Started by grading as `python -m autograder.tester FD`.
"""

from __future__ import annotations

import gc
import os
import select
import socket
import sys
import time
import traceback
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from autograder import diagnosis, plugin
from autograder.course import Kind
from autograder.isolation import GraderError, IsolationError
from autograder.remote import SandboxBackend
from autograder.reports import TestResult, TestStatus
from autograder.sandbox import worker
from autograder.sandbox.evaluate import Outcome as Evaluated
from autograder.sandbox.wire import Source
from autograder.student import Backend, Failure
from autograder.supervisor import WarmHost
from autograder.tasks import Outcome, Setup, Task, receive, send

HIDDEN = Path(__file__).parent / "hidden"
QUIET = (
    "-c /dev/null --import-mode=importlib --assert=plain -p autograder.plugin -p no:terminal "
    "-p no:unraisableexception -p no:threadexception -p no:logging -p no:cacheprovider "
    "-p no:faulthandler -p no:junitxml -p no:pastebin -p no:doctest"
).split()


class Hosts:
    """The warm hosts of this tester, started when first needed and again after a loss."""

    def __init__(self, masks: list[Path]) -> None:
        self._masks = masks
        self._hosts: dict[str, WarmHost] = {}

    def __call__(self, device: str) -> WarmHost:
        """The warm host of a device. Raises IsolationError where it cannot be had."""
        if device not in self._hosts:
            self._hosts[device] = WarmHost(self._masks, device)
        return self._hosts[device]

    def close(self) -> None:
        """End them all."""
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()


class Recording:
    """A backend that remembers the last call, which is the one that a failed check is about."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._last: tuple[str, str, Sequence[Any], Mapping[str, Any], object] | None = None

    def call(
        self,
        unit: str,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        device: str,
        cotangents: Sequence[torch.Tensor | None] | None,
    ) -> Evaluated:
        """See student.Backend."""
        self._last = None
        outcome = self._backend.call(unit, function, args, kwargs, device, cotangents)
        self._last = (unit, function, args, kwargs, outcome.value)
        return outcome

    def diagnose(self, failure: Failure) -> tuple[str, str]:
        """The help for a failure and its names: its own, or those of the mistakes recognised."""
        about = failure.facts.get("name", "the gradient")
        if failure.help_id or self._last is None or about.startswith("the gradient"):
            return failure.help, failure.help_id
        found = diagnosis.recognise(*self._last)
        advice = dict.fromkeys(mistake.help["en"] for mistake in found)
        names = dict.fromkeys(mistake.id for mistake in found)
        return " Or: ".join(advice) or failure.help, ",".join(names)


class Recorder:
    """The pytest plugin of one run: which devices, and what came of each test."""

    def __init__(self, backend: Recording, gpu: list[str], cuda: bool) -> None:
        self._backend = backend
        self._gpu = gpu
        self._cuda = cuda
        self._results: dict[str, TestResult] = {}
        self.error = ""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run an exercise's tests on a GPU too, where the manifest gives points for it."""
        mark = metafunc.definition.get_closest_marker("exercise")
        if self._cuda and mark and mark.args[0] in self._gpu and "device" in metafunc.fixturenames:
            metafunc.parametrize("device", ["cpu", "cuda"])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep what each test came to."""
        report = yield
        if call.when == "call" or call.excinfo:
            error = call.excinfo.value if call.excinfo else None
            self._results.setdefault(item.nodeid, self._result(item, error))
        return report

    @property
    def results(self) -> list[TestResult]:
        """What came of each test; on a machine's CPU alone, the GPU's tests are not run."""
        ran = list(self._results.values())
        if self._cuda:
            return ran
        return ran + [_not_run(result) for result in ran if result.exercise in self._gpu]

    def _result(self, item: pytest.Item, error: BaseException | None) -> TestResult:
        mark = item.get_closest_marker("exercise")
        assert mark, f"{item.nodeid} belongs to no exercise"
        kind: Kind = "gpu" if _on_gpu(item) else mark.kwargs.get("kind", "correctness")
        name = getattr(item, "originalname", item.name) + "[cuda]" * (kind == "gpu")
        status, message, advice, help_id, facts = self._judge(error)
        return TestResult(name, mark.args[0], kind, status, 0, 0, message, advice, help_id, facts)

    def _judge(
        self, error: BaseException | None
    ) -> tuple[TestStatus, str, str, str, dict[str, Any]]:
        if error is None:
            return "passed", "", "", "", {}
        if isinstance(error, Failure):
            advice, names = self._backend.diagnose(error)
            return "failed", error.message, advice, names, error.facts
        if isinstance(error, GraderError):
            self.error = str(error)
            return "error", str(error), "", "", {}
        # A result of a form that no test foresaw: the student's side caused it, so it is a failure.
        last = traceback.extract_tb(error.__traceback__)[-1]
        facts = {"exception": repr(error)[:500], "at": f"{Path(last.filename).name}:{last.lineno}"}
        message = f"The result could not be used: {type(error).__name__}: {str(error)[:300]}"
        return "failed", message, "", "unusable_result", facts


def _not_run(result: TestResult) -> TestResult:
    """The GPU's twin of a test that ran on the CPU alone."""
    why = "It runs on a GPU, and this grading was on the CPU alone."
    return TestResult(f"{result.id}[cuda]", result.exercise, "gpu", "not_run", message=why)


def _on_gpu(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("device") == "cuda"


def run(task: Task, hosts: Hosts, setup: Setup) -> Outcome:
    """Run a unit's hidden tests against a submission."""
    sources = [
        Source(
            file.module, file.name, file.cells, file.notebook, setup.functions.get(file.module, [])
        )
        for file in task.files
        if not file.problem
    ]
    backend = SandboxBackend(hosts, task.unit, sources, task.limits, task.problem)
    recording = Recording(backend)
    recorder = Recorder(recording, setup.gpu.get(task.unit, []), task.cuda)

    class Connect:
        """Give the tests their backend and their seed."""

        def pytest_configure(self, config: pytest.Config) -> None:
            config.stash[plugin.BACKEND] = recording
            config.stash[plugin.SEED] = task.seed

    path = HIDDEN / f"test_{task.unit}.py"
    try:
        code = pytest.main([*QUIET, f"--rootdir={HIDDEN}", str(path)], [recorder, Connect()])
    finally:
        backend.close()
    if not recorder.results or code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return Outcome(error=f"pytest ended with {code!r} on the tests of {task.unit}")
    return Outcome(recorder.results, recorder.error)


def serve(connection: socket.socket) -> None:
    """Warm up, then fork for each task until the other side hangs up."""
    worker.warm()
    data = receive(connection)
    if data is None:
        return
    setup = msgspec.msgpack.decode(data, type=Setup)
    # In the host's own process, so that every fork finds the tests' modules imported.
    pytest.main([*QUIET, f"--rootdir={HIDDEN}", "--collect-only", str(HIDDEN)])
    for unit in setup.functions:
        diagnosis.known(unit)
    hosts = Hosts([Path(mask) for mask in setup.masks])
    gc.collect()
    gc.freeze()
    try:
        while (data := receive(connection)) is not None:
            task = msgspec.msgpack.decode(data, type=Task)
            send(connection, _in_fork(task, hosts, setup))
    finally:
        hosts.close()


def _in_fork(task: Task, hosts: Hosts, setup: Setup) -> bytes:
    """Run a task in a fork of this process, so that nothing of it stays."""
    try:
        hosts("cpu")
        if task.cuda:
            hosts("cuda")
    except IsolationError as error:
        return msgspec.msgpack.encode(Outcome(error=str(error)))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_and_leave(task, hosts, setup, writer)
    os.close(writer)
    data = _read_all(reader, task.limits.unit_seconds * 2 + 60)
    if data is None:
        os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    if status:
        hosts.close()  # whatever state the fork left them in
    if not data:
        return msgspec.msgpack.encode(Outcome(error="the tests' process ended early"))
    return data


def _run_and_leave(task: Task, hosts: Hosts, setup: Setup, writer: int) -> None:
    status = 1
    try:
        outcome = run(task, hosts, setup)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(outcome))
        status = 1 if outcome.error else 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


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
    serve(socket.socket(fileno=int(sys.argv[1])))
