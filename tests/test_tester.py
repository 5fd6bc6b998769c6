"""The fork that runs the hidden tests, one submission after another."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from autograder.batch.workers import Graders
from autograder.core.course import Course, Limits
from autograder.grading.protocol import UnitOutcome, UnitTask
from autograder.grading.tester import Fork
from autograder.intake.submission import File, Submission

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
