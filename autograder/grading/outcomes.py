"""What came of each hidden test."""

from __future__ import annotations

import functools
import mmap
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeGuard, TypeVar, cast

import msgspec
import pytest

from autograder.core.course import Kind
from autograder.core.errors import GraderError
from autograder.core.language import _, say
from autograder.core.text import quoted
from autograder.grading.protocol import UnitTask
from autograder.mistakes.diagnose import CACHED, Recording
from autograder.reports.schema import TestResult, TestStatus
from autograder.sandbox.pretend import PRETEND
from autograder.speed.clock import Unmeasured
from autograder.testing import plugin
from autograder.testing.calls import UNUSABLE, Backend, Failure
from autograder.testing.exceptions import in_words
from autograder.testing.pictures import keeper
from autograder.testing.student import Student

Told = TypeVar("Told")
FollowOns = Callable[
    [Mapping[str, TestResult], Callable[[str, Backend], bool]], Iterator[tuple[str, list[str]]]
]
# Fixtures, and what they ask for in their turn.
OURS = {"student", "draw", "device", "figure", "request"}
ENDED = _("The result could not be used: the process that compares results ended over it.")


class Whereabouts:
    """Which test looks at a student's reply, kept where another process sees it if this one ends.

    Only processes of ours share this memory.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def test(self) -> str:
        """The test's name, or nothing."""
        return self._memory[:].rstrip(b"\0").decode()

    @test.setter
    def test(self, name: str) -> None:
        self._memory[:] = name.encode()[: mmap.PAGESIZE].ljust(mmap.PAGESIZE, b"\0")


def is_ours(item: pytest.Item) -> TypeGuard[pytest.Function]:
    """Whether a test asks for nothing but OURS, and for its own parameters."""
    if not isinstance(item, pytest.Function):
        return False
    return set(item.fixturenames) <= OURS | _parameters(item).keys()


def run_at_once(item: pytest.Function, backend: Backend) -> BaseException | None:
    """Run a test of ours without what pytest does around it; what it raised, if anything."""
    device = _device(item)
    student, draw = Student(backend, device), plugin.inputs_of(item)
    figure = keeper(item)
    item.funcargs |= _parameters(item) | {
        "student": student,
        "draw": draw,
        "device": device,
        "figure": figure,
    }
    try:
        item.runtest()
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as raised:
        return raised
    return None


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return getattr(getattr(item, "callspec", None), "params", {})


class Recorder:
    """The pytest plugin of one task: what came of each test."""

    def __init__(self, backend: Recording, at: Whereabouts, follow_ons: FollowOns) -> None:
        """follow_ons: see carried.follow_ons."""
        self._backend = backend
        self._at = at
        self._follow_ons = follow_ons
        self._results: dict[str, TestResult] = {}
        self._failed: dict[str, pytest.Item] = {}
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
        """Run a test: at once if it can be, for what pytest does takes longer than most tests."""
        item.user_properties.clear()  # another submission's figures
        self._backend.heard = functools.partial(setattr, self._at, "test", item.name)
        if not is_ours(item):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            return
        self._record(item, run_at_once(item, self._backend))

    def spoil(self, item: pytest.Item) -> None:
        """Let a test fail that is not run, as what it was given ended its process."""
        ended = Failure(say(ENDED), help_id="unusable_result")
        self._results[item.nodeid] = self._result(item, ended)

    def _record(self, item: pytest.Item, error: BaseException | None) -> None:
        self._results.setdefault(item.nodeid, self._result(item, error))
        if error:
            self._failed[item.nodeid] = item
        failure = error if isinstance(error, Failure) else None
        self._backend.end_test(item.nodeid, failure, passed=error is None)
        self.figures |= dict(item.user_properties)
        if error:
            _let_go(error)
        self._at.test = ""

    @property
    def results(self) -> list[TestResult]:
        """The results, in the tests' order, with the mistakes that all of them together show.

        Then with what follows from an earlier mistake.
        """
        for name, advice, names, facts in _all_of(self._backend.diagnose):
            told = {"help": advice, "help_id": names, "facts": self._results[name].facts | facts}
            self._results[name] = msgspec.structs.replace(self._results[name], **told)
        for name, earlier in _all_of(lambda: self._follow_ons(self._results, self._again)):
            self._results[name] = msgspec.structs.replace(self._results[name], follows=earlier)
        return list(self._results.values())

    def _again(self, name: str, backend: Backend) -> bool:
        """Run a test once more, with another backend, and keep nothing of it; whether it passes."""
        item = self._failed[name]
        if not is_ours(item):
            return False
        self._at.test = item.name  # whoever ends this process over it has failed it already
        error = run_at_once(item, backend)
        _let_go(error)
        self._at.test = ""
        return error is None

    def _result(self, item: pytest.Item, error: BaseException | None) -> TestResult:
        name, exercise, kind = _identity(item)
        status, message, advice, help_id, facts = self._judge(error)
        return TestResult(name, exercise, kind, status, 0, 0, message, advice, help_id, facts)

    def _judge(
        self, error: BaseException | None
    ) -> tuple[TestStatus, str, str, str, dict[str, Any]]:
        if error is None:
            return "passed", "", "", "", self._backend.facts
        if isinstance(error, Failure):
            if self._backend.cached(error):
                return "failed", error.message, CACHED, "cached", error.facts
            return "failed", error.message, error.help, error.help_id, error.facts
        if isinstance(error, Unmeasured):
            self.unmeasured = str(error)
            return "not_run", f"Not measured this time: {error}", "", "unmeasured", {}
        if isinstance(error, GraderError):
            self.error = str(error)
            return "error", str(error), "", "", {}
        # A result of a form that no test foresaw: the student's side caused it, so it is a failure.
        last = traceback.extract_tb(error.__traceback__)[-1]
        facts = {"exception": repr(error)[:500], "at": f"{Path(last.filename).name}:{last.lineno}"}
        told = say(UNUSABLE, error=in_words(type(error).__name__, str(error)[:300]))
        return "failed", told, "", "unusable_result", told.facts | facts


def _all_of(find: Callable[[], Iterator[Told]]) -> list[Told]:
    """All that is found; what fails there costs nobody a mark that the tests gave."""
    try:
        return list(find())
    except Exception:
        sys.stderr.write(quoted(traceback.format_exc()))
        return []


def _let_go(error: BaseException | None) -> None:
    """Drop the frames that a failure holds, and with them all that the student's program gave.

    Only the collector would, now and then: they are in circles, and big arrays look small to it.
    """
    while error:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
    for name in ("last_exc", "last_value", "last_traceback"):  # pytest's, for debuggers
        vars(sys).pop(name, None)


def _left_out(item: pytest.Item, task: UnitTask) -> str:
    """Why this grading was not asked to run a test; empty for those that it runs."""
    if _is_race(item) and not task.speed:
        return "Speed was not measured in this grading."
    if _device(item) == "cuda" and not task.cuda:
        return "It runs on a GPU, and this grading was on the CPU alone."
    if _device(item) == PRETEND and not task.pretend:
        return "It runs on a pretend GPU, which this version of PyTorch cannot have: 2.10 can."
    return ""


def _not_run(item: pytest.Item, task: UnitTask) -> TestResult:
    """A test that was not asked for. A GPU's points are then shared by the other tests there."""
    name, exercise, kind = _identity(item)
    if _is_race(item) and not task.speed:
        kind = "speed"
    return TestResult(name, exercise, kind, "not_run", message=_left_out(item, task))


def _is_race(item: pytest.Item) -> bool:
    return plugin.kind_of(item) == "speed"


def _identity(item: pytest.Item) -> tuple[str, str, Kind]:
    """A test's name in the report, its exercise and its kind of points."""
    mark = item.get_closest_marker("exercise")
    assert mark, f"{item.nodeid} belongs to no exercise"
    kind = mark.kwargs.get("kind", "correctness")
    name = item.name if kind == "tests" else getattr(item, "originalname", item.name)
    if _device(item) == "cuda":
        return f"{name}[cuda]", mark.args[0], "gpu"
    return name, mark.args[0], kind


def _device(item: pytest.Item) -> str:
    found: str = _parameters(item).get("device", "cpu")
    return found


def turn(item: pytest.Item) -> int:
    """When a test is run: what hangs on the CPU is not waited for on a GPU.

    Those on the pretend one come last, for they leave the others' program and limits alone.
    """
    return ("cpu", "cuda", PRETEND).index(_device(item))
