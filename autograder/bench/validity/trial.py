"""Many submissions against the same tests, in one warm process: only whether they pass is asked.

Tests and submission share a process here, as in a student's own pytest, so this is for programs
of our own: the mutants of `mutation`. Started as `python -m autograder.bench.validity.trial`;
see `attempt`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, cast

import msgspec
import pytest

from autograder.core.errors import CourseError
from autograder.core.processes import python, testing_environment
from autograder.grading import outcomes
from autograder.grading.tester import collecting
from autograder.sandbox import worker
from autograder.sandbox.evaluate import CallResult
from autograder.sandbox.loader import SubmissionFinder
from autograder.sandbox.wire import Source
from autograder.testing import plugin
from autograder.testing.calls import Backend, Failure, Invocation
from autograder.testing.direct import LocalBackend

TrialVerdict = Literal["passed", "wrong", "raised", "ended"]
CPU_SECONDS = 4.0  # of one case: some mutants never end
VERDICTS: tuple[TrialVerdict, ...] = ("passed", "wrong", "raised")  # by exit status


class Case(msgspec.Struct, frozen=True):
    """A submission, as texts by module, and the exercises of a unit that it is tried on.

    about: where it has no reason to fail, what to call it in the lines that say how it did.
    """

    unit: str
    exercises: list[str]
    modules: dict[str, str]
    about: str = ""


class Trial(msgspec.Struct, frozen=True):
    """Cases for some files of tests, of the course whose root is given."""

    root: str
    tests: list[str]
    seeds: list[str]
    cases: list[Case]
    jobs: int


class Values(LocalBackend):
    """Direct calls. What is measured needs large inputs, and no memory is looked at here."""

    def measure(self, asked: Invocation) -> CallResult:
        """See Backend."""
        pytest.skip("memory is not looked at")


def attempt(
    root: Path,
    tests: Sequence[Path],
    cases: Sequence[Case],
    jobs: int,
    seeds: Sequence[str] = ("validity",),
) -> list[TrialVerdict]:
    """Try each case until its first failed test: "wrong" for a value, "raised" for an error.

    "ended": it crashed, or took too long. seeds: of the inputs, one after the other; a case that
    has no reason to fail is tried on all, and each failed test is told.
    Raises CourseError if the tests do not run.
    """
    trial = Trial(str(root), [str(path) for path in tests], list(seeds), list(cases), jobs)
    done = subprocess.run(
        python("-m", "autograder.bench.validity.trial"),
        input=msgspec.msgpack.encode(trial),
        stdout=subprocess.PIPE,
        env=testing_environment(),
        check=False,
    )
    if done.returncode:
        names = ", ".join(path.relative_to(root).as_posix() for path in tests)
        raise CourseError(f"The tests could not be run; see the messages above: {names}")
    return msgspec.msgpack.decode(done.stdout, type=list[TrialVerdict])


class _Session:
    """The pytest plugin: one session, collected once and forked for each case."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._error: BaseException | None = None
        self.verdicts: list[TrialVerdict] = ["ended"] * len(trial.cases)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests: fork for each case, a few at a time."""
        running: dict[int, int] = {}
        for number, case in enumerate(self._trial.cases):
            items = list(_items(session, case))
            if not items:
                raise RuntimeError(f"There are no tests for {case.exercises} in {case.unit}.")
            if len(running) == self._trial.jobs:
                self._wait(running)
            child = os.fork()
            if child == 0:
                self._run_and_leave(case, items)
            running[child] = number
        while running:
            self._wait(running)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Keep the error in place of pytest's own report, which is slow."""
        self._error = self._error or (call.excinfo.value if call.excinfo else None)
        when = cast(Literal["setup", "call", "teardown"], call.when)
        return pytest.TestReport(item.nodeid, item.location, {}, "passed", None, when)

    def _wait(self, running: dict[int, int]) -> None:
        child, status = os.wait()
        number = running.pop(child)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) < len(VERDICTS):
            self.verdicts[number] = VERDICTS[os.WEXITSTATUS(status)]

    def _run_and_leave(self, case: Case, items: Sequence[pytest.Item]) -> None:
        told = os.dup(2)
        os.dup2(1, 2)  # nobody reads a mutant's warnings
        status = len(VERDICTS)
        try:
            status = VERDICTS.index(self._run(case, items, told))
        finally:
            os._exit(status)

    def _run(self, case: Case, items: Sequence[pytest.Item], told: int) -> TrialVerdict:
        sources = [Source(name, f"{name}.py", [t], False, []) for name, t in case.modules.items()]
        SubmissionFinder(sources).install()
        config = items[0].config
        config.stash[plugin.BACKEND] = backend = Values(Path(self._trial.root) / "nowhere")
        verdict: TrialVerdict = "passed"
        for seed in self._trial.seeds:
            config.stash[plugin.SEED] = seed
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # then a signal ends it
            for item in items:
                error = self._try(item, backend)
                if error is None or isinstance(error, pytest.skip.Exception):
                    continue
                if verdict == "passed":
                    verdict = "wrong" if isinstance(error, Failure) else "raised"
                if not case.about:
                    return verdict
                os.write(told, f"{case.about}, {seed}: {item.name}: {error}\n".encode())
        return verdict

    def _try(self, item: pytest.Item, backend: Backend) -> BaseException | None:
        if outcomes.is_ours(item):
            return outcomes.run_at_once(item, backend)
        self._error = None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return self._error


def _items(session: pytest.Session, case: Case) -> Iterator[pytest.Item]:
    for item in session.items:
        mark = item.get_closest_marker("exercise")
        if item.path.stem != f"test_{case.unit}" or not mark:
            continue
        if mark.args[0] in case.exercises and mark.kwargs.get("kind") not in ("speed", "device"):
            yield item


def main() -> int:
    """Read a trial from the standard input, write the verdicts to the standard output."""
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    trial = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Trial)
    worker.warm()
    session = _Session(trial)
    code = pytest.main(collecting(Path(trial.root), map(Path, trial.tests)), [session])
    if code == pytest.ExitCode.OK:
        os.write(output, msgspec.msgpack.encode(session.verdicts))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
