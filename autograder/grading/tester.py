"""The warm host of the hidden tests: trusted, and apart from the student's.

It holds torch, pytest and the collected tests. A fork of it runs pytest for some units, one after
another; the tests' calls go to the sandbox. See tester_start.py for how it begins.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.util
import os
import signal
import socket
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from autograder.core import units
from autograder.core.course import Limits
from autograder.core.errors import IsolationError
from autograder.core.text import quoted
from autograder.grading.carried import follow_ons
from autograder.grading.outcomes import (
    Recorder,
    Whereabouts,
    _is_race,
    _left_out,
    _not_run,
    turn,
)
from autograder.grading.protocol import TesterSetup, UnitOutcome, UnitTask, receive, send
from autograder.mistakes import catalogue
from autograder.mistakes.diagnose import Recording
from autograder.sandbox import isolate, worker
from autograder.sandbox.wire import Source
from autograder.speed.race import RACE_SECONDS, RacingBackend
from autograder.supervisor.backend import SandboxBackend
from autograder.supervisor.warm_hosts import WarmHosts
from autograder.testing import plugin

OUR_MEMORY = 2 << 30  # bytes of a fork beyond torch and the tests; see docs/threat-model.md
SPOILED = 2  # tests that end their fork: then the unit's others fail, too
TASKS_A_FORK = 100  # then what pytest and torch keep goes with it
OUR_SECONDS = 300.0  # on the wall: more than a unit's tests take beside the calls they make
APART = "apart", "apart at first"  # where earlier functions are called; see carried.py
APART_SHARE = 0.25  # of a unit's CPU-seconds, for each of them in addition
NO_IPYTHON = (
    "Notebooks are read with IPython, which is not installed. Run: pip install "
    "'attention-autograder[instructor]'"
)
QUIET = (
    "-c /dev/null --import-mode=importlib --assert=plain -p autograder.testing.plugin "
    "-p no:terminal -p no:unraisableexception -p no:threadexception -p no:logging "
    "-p no:cacheprovider -p no:faulthandler -p no:junitxml -p no:pastebin -p no:doctest "
    "-p no:warnings -p no:skipping -p no:tmpdir --capture=no --continue-on-collection-errors"
).split()


def collecting(root: Path, tests: Iterable[Path]) -> list[str]:
    """The arguments with which pytest collects these tests, those of them that there are."""
    units.mount(root)
    return [*QUIET, f"--rootdir={root}", *(str(path) for path in tests if path.is_file())]


def _shorter(limits: Limits) -> Limits:
    """What a student's earlier functions may use where an error is carried forward."""
    return msgspec.structs.replace(limits, unit_seconds=limits.unit_seconds * APART_SHARE)


def _patience(limits: Limits, races: int) -> float:
    """Seconds on the wall that a unit's tests end in, whatever a student's program does."""
    calls = limits.unit_wall_seconds * (1 + APART_SHARE)
    return calls + OUR_SECONDS + races * RACE_SECONDS


class Fork:
    """A fork of this process that runs tasks, so that this one stays as it is.

    It runs many: the first touch of what it shares would be a third of what a small unit costs.
    """

    def __init__(self, run: Callable[[UnitTask], UnitOutcome], above: socket.socket) -> None:
        """Fork. above: a connection that the fork is not to keep open if this process dies."""
        self.done = 0
        self.ended = False  # by itself, and not by a SIGKILL, which comes from elsewhere
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._pid = os.fork()
            if self._pid == 0:
                self._connection.close()
                above.close()
                self._serve(run, theirs)

    def run(self, task: UnitTask, seconds: float) -> UnitOutcome:
        """What came of a task; with an error if the fork did not tell in time, or at all."""
        self.done += 1
        self._connection.settimeout(seconds)
        try:
            send(self._connection, task)
            data = receive(self._connection)
        except OSError:  # TimeoutError too
            data = None
        if data is None:
            return UnitOutcome(error="The tests' process ended early.")
        return msgspec.msgpack.decode(data, type=UnitOutcome)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._connection.close()
        os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        self.ended = not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)

    @staticmethod
    def _serve(run: Callable[[UnitTask], UnitOutcome], connection: socket.socket) -> NoReturn:
        try:
            isolate.limit_memory(OUR_MEMORY)
            # To pull a gradient back torch looks for GPUs here, too, and has too little memory to.
            warnings.filterwarnings("ignore", "CUDA initialization")
            while (data := receive(connection)) is not None:
                task = msgspec.msgpack.decode(data, type=UnitTask)
                send(connection, msgspec.msgpack.encode(run(task)))
        except (BrokenPipeError, ConnectionResetError):  # nobody asks any more
            pass
        except BaseException:  # in whose words a student's may be
            sys.stderr.write(quoted(traceback.format_exc()))
        finally:
            os._exit(0)


class Server:
    """The pytest plugin of the host: one session, collected once."""

    def __init__(self, connection: socket.socket, setup: TesterSetup, hosts: WarmHosts) -> None:
        self._connection = connection
        self._setup = setup
        self._hosts = hosts
        self._fork: Fork | None = None
        self._at = Whereabouts()
        self.broken: dict[str, str] = {}  # why the course's own files of a unit do not load

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why a unit's hidden tests do not load."""
        if report.failed:
            *_, last = report.longreprtext.splitlines()
            self.not_loaded(Path(report.nodeid).stem.removeprefix("test_"), last)

    def not_loaded(self, unit: str, cause: str) -> None:
        """Have nobody graded in a unit whose own files do not load; the other units are."""
        self.broken.setdefault(unit, f"The course's own files of {unit} do not load: {cause}")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Have an exercise's tests on a GPU too, where the manifest gives points for it.

        Not those of devices, nor those of what can be seen on the CPU alone.
        """
        mark = metafunc.definition.get_closest_marker("exercise")
        unit = metafunc.definition.path.stem.removeprefix("test_")
        gpu = self._setup.gpu.get(unit, [])
        if not mark or mark.args[0] not in gpu or "device" not in metafunc.fixturenames:
            return
        if plugin.kind_of(metafunc.definition) != "device" and not mark.kwargs.get("cpu_only"):
            metafunc.parametrize("device", ["cpu", "cuda"])

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests: have tasks run until the other side hangs up."""
        gc.collect()
        gc.freeze()
        gc.enable()
        try:
            while (data := receive(self._connection)) is not None:
                task = msgspec.msgpack.decode(data, type=UnitTask)
                send(self._connection, msgspec.msgpack.encode(self._outcome(task, session)))
        finally:
            self._end_fork()
            self._hosts.close()
        return True

    def _outcome(self, task: UnitTask, session: pytest.Session) -> UnitOutcome:
        """What came of a task. A test fails whose process a student's reply has ended."""
        if task.unit in self.broken:  # no program is run
            return self._run(task, session)
        outcome, at = self._in_fork(task, session)
        while at and len(task.spoiled) < SPOILED:
            task = msgspec.structs.replace(task, spoiled=[*task.spoiled, at])
            outcome, at = self._in_fork(task, session)
        return outcome

    def _in_fork(self, task: UnitTask, session: pytest.Session) -> tuple[UnitOutcome, str]:
        """Run a task in a fork of this process; one that does not end well is replaced.

        Besides the outcome: the test that was looking at a reply when the fork ended by itself.
        """
        devices = ["cpu", "cuda"] if task.cuda else ["cpu"]
        if self._fork and (self._fork.done >= TASKS_A_FORK or not self._hosts.ready(devices)):
            self._end_fork()
        try:
            for device in devices:
                self._hosts(device)
        except IsolationError as error:
            return UnitOutcome(error=str(error), hopeless=True), ""
        self._fork = self._fork or Fork(lambda asked: self._run(asked, session), self._connection)
        races = sum(_is_race(i) for i in session.items if i.path.stem == f"test_{task.unit}")
        self._at.test = ""
        outcome = self._fork.run(task, _patience(task.limits, races))
        if not outcome.error:
            return outcome, ""
        ended = self._end_fork()
        self._hosts.close()  # whatever state the fork left them in
        return outcome, self._at.test if ended else ""

    def _end_fork(self) -> bool:
        """End the fork, if there is one; whether it had ended by itself."""
        fork, self._fork = self._fork, None
        if not fork:
            return False
        fork.close()
        return fork.ended

    def recording(self, *given: Any) -> Recording:
        """What remembers the calls of a task; see Recording."""
        return Recording(*given)

    def wants(self, item: pytest.Item, task: UnitTask) -> bool:
        """Whether a task asks for a test of its unit."""
        return not _left_out(item, task)

    def _run(self, task: UnitTask, session: pytest.Session) -> UnitOutcome:
        """Run a unit's hidden tests against a submission."""
        if cause := self.broken.get(task.unit):
            return UnitOutcome(error=cause)
        every = [item for item in session.items if item.path.stem == f"test_{task.unit}"]
        every.sort(key=turn)
        asked = [item for item in every if self.wants(item, task)]
        if not asked:
            return UnitOutcome(error=f"There are no hidden tests for {task.unit}.")
        if any(file.notebook for file in task.files) and not importlib.util.find_spec("IPython"):
            return UnitOutcome(error=NO_IPYTHON)
        functions = self._setup.functions
        sources = [
            Source(f.module, f.name, f.cells, f.notebook, functions.get(f.module, []), f.unrun)
            for f in task.files
            if not f.problem
        ]
        root = Path(self._setup.root)
        backend = RacingBackend(self._hosts, task.unit, sources, task.limits, root)
        recording = self.recording(
            backend,
            functools.partial(catalogue.known, root),
            functools.partial(catalogue.common, root),
            lambda unit, function: getattr(units.solution(root, unit), function),
        )
        apart, first = (
            SandboxBackend(self._hosts, task.unit, sources, _shorter(task.limits), place)
            for place in APART
        )
        follows = functools.partial(
            follow_ons,
            task.unit,
            built_on=self._setup.built_on.get(task.unit, {}),
            backend=backend,
            apart=apart.call,
            first=first.call,
            heard_of=recording.heard_of,
            solution=functools.partial(units.solution, root),
            seed=task.seed,
        )
        recorder = Recorder(recording, self._at, follows)
        session.config.stash[plugin.BACKEND] = recording
        session.config.stash[plugin.SEED] = task.seed
        session.config.pluginmanager.register(recorder)
        killed = self._hosts.killed
        try:
            for item in asked:
                if item.name in task.spoiled or len(task.spoiled) >= SPOILED:
                    recorder.spoil(item)
                else:
                    recorder.run(item)
            results = recorder.results  # to find mistakes may take some calls more
        finally:
            session.config.pluginmanager.unregister(recorder)
            backend.close()
            apart.close()
            first.close()
        left_out = [_not_run(item, task) for item in every if item not in asked]
        return UnitOutcome(
            results + left_out,
            recorder.figures,
            recorder.error,
            unmeasured=recorder.unmeasured,
            killed=self._hosts.killed > killed,
            uncompiled=backend.uncompiled,
        )


def serve(connection: socket.socket, setup: TesterSetup, hosts: WarmHosts) -> int:
    """Warm up, collect the hidden tests, and hand over to Server inside that session."""
    worker.warm()
    importlib.import_module("numpy.ma")  # the first np.median imports it
    return session_of(setup, Server(connection, setup, hosts))


def session_of(setup: TesterSetup, server: Server) -> int:
    """One pytest session with the hidden tests of these units in it, for a server to run."""
    root = Path(setup.root)
    for unit in setup.functions:
        try:
            catalogue.known(root, unit)
            units.solution(root, unit)
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            server.not_loaded(unit, f"{error!r} ({at.filename}, line {at.lineno})")
    tests = [units.hidden_tests(root, unit) for unit in setup.functions]
    return int(pytest.main(collecting(root, tests), [server]))
