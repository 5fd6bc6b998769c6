"""The fork that runs the hidden tests, one submission after another."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import psutil
import pytest

from autograder.batch.workers import Graders
from autograder.core.course import Course, Limits
from autograder.grading.outcomes import Recorder, Whereabouts
from autograder.grading.protocol import UnitOutcome, UnitTask
from autograder.grading.tester import OUR_MEMORY, SPOILED, Fork, Server
from autograder.intake.submission import File, Submission
from autograder.reports import schema

TASK = UnitTask("rnn", [], Limits(), "a seed", cuda=False)
EARLY = "The tests' process ended early."


@pytest.fixture
def fork() -> Iterator[Callable[..., Fork]]:
    """Make a fork that runs a function on its tasks."""
    made: list[Fork] = []
    above, other = socket.socketpair()

    def make(run: Callable[[UnitTask], UnitOutcome]) -> Fork:
        made.append(Fork(run, above))
        return made[-1]

    with above, other:
        yield make
        for each in made:
            each.close()


def test_it_runs_one_task_after_another(fork: Callable[..., Fork]) -> None:
    each = fork(lambda task: UnitOutcome(error=f"{os.getpid()} {task.seed}"))
    told = {each.run(TASK, 60).error for _ in range(3)}
    assert len(told) == 1
    process, _, seed = told.pop().partition(" ")
    assert seed == "a seed"
    assert psutil.pid_exists(int(process))
    assert each.done == 3


@pytest.mark.parametrize(
    "run",
    [
        lambda _: os._exit(3),
        lambda _: os.kill(os.getpid(), signal.SIGKILL),
        lambda _: 1 / 0,
        lambda _: time.sleep(60),
    ],
)
def test_one_that_does_not_tell_is_an_error(
    run: Callable[[UnitTask], UnitOutcome], fork: Callable[..., Fork]
) -> None:
    each = fork(run)
    assert each.run(TASK, 0.5).error == EARLY
    assert each.run(TASK, 0.5).error == EARLY, "and it stays one"


@pytest.mark.parametrize(
    ("end", "blamed"),
    [
        (lambda: os._exit(3), True),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), True),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), False),  # somebody else's doing
    ],
)
def test_a_test_fails_whose_process_a_reply_ended(end: Callable[[], None], blamed: bool) -> None:
    """The first is left out of what is run again; after the second nothing is run any more."""
    server = Server.__new__(Server)
    server._fork, server._at, server.broken = None, Whereabouts(), {}
    ours, theirs = socket.socketpair()
    server._connection = theirs
    server._hosts = MagicMock()

    def run(task: UnitTask, _: object) -> UnitOutcome:
        left = [name for name in ("one", "two", "three") if name not in task.spoiled]
        if len(task.spoiled) < SPOILED:
            server._at.test = left[0]
            end()
        return UnitOutcome([schema.TestResult(name, "e", "correctness", "failed") for name in left])

    server._run = run  # type: ignore[method-assign]
    session: Any = SimpleNamespace(items=[])
    with ours, theirs:
        outcome = server._outcome(TASK, session)
        server._end_fork()
    assert bool(outcome.error) is not blamed
    assert [test.id for test in outcome.tests] == (["three"] if blamed else [])


def test_whereabouts_are_seen_from_another_process() -> None:
    at = Whereabouts()
    child = os.fork()
    if child == 0:
        at.test = "x" * 5000
        at.test = "test_softmax[cuda]"
        os._exit(0)
    os.waitpid(child, 0)
    assert at.test == "test_softmax[cuda]"
    at.test = ""
    assert not at.test


def test_its_memory_is_bounded(fork: Callable[..., Fork]) -> None:
    def run(_: UnitTask) -> UnitOutcome:
        try:
            bytearray(2 * OUR_MEMORY)
        except MemoryError:
            return UnitOutcome(error="no more")
        return UnitOutcome(error="as much as it liked")

    assert fork(run).run(TASK, 60).error == "no more"


def test_nothing_of_a_submission_is_in_the_next_ones_report(
    course: Course, graders: Graders
) -> None:
    unit = course.unit("vanishing_gradient")
    right = (course.root / "solutions" / "vanishing_gradient.py").read_text("utf-8")
    handed_in = {
        name: Submission(name, [File(unit.name, f"{unit.name}.py", [text])], name)
        for name, text in (("ann", right), ("bob", "# nothing yet\n"))
    }
    with graders.borrow() as grader:
        first, empty, again = (
            grader.grade(handed_in[name], unit, "a seed") for name in ("ann", "bob", "ann")
        )
    assert first.figures == again.figures
    assert "gradient_norms" in first.figures
    assert first.tests == again.tests
    assert empty.score == 0
    assert not empty.figures


def test_what_fails_while_help_is_looked_for_costs_no_mark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = MagicMock()
    backend.diagnose.side_effect = ValueError("boom\n::error::x")
    recorder = Recorder(backend, Whereabouts(), MagicMock(side_effect=ValueError("boom")))
    kept = schema.TestResult("test_values", "softmax", "correctness", "passed")
    recorder._results["test_values"] = kept
    assert recorder.results == [kept]
    said = capsys.readouterr().err
    assert "| ValueError: boom" in said
    assert all(line.startswith("| ") for line in said.splitlines())
