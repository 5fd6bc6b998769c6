"""What is timed, and what can be said of it without a clock: counts of operations.

There are many steps and little arithmetic in each, so that a loop shows; see docs/clock.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from autograder.core.language import Sentence, _, say
from autograder.sandbox import evaluate
from autograder.testing.compare import RELATIVE, assert_close, assert_each_close
from autograder.testing.inputs import Draw
from autograder.testing.student import Function

ASKED = _("torch was called %(once)s times at %(over)s %(size)s, %(twice)s at %(double)s")
LAUNCHED = _("a GPU would run %(once)s operations at %(over)s %(size)s, %(twice)s at %(double)s")


@dataclass(frozen=True)
class Scaling:
    """A walk: arguments of a function, and the size that a loop would walk along.

    sizes: every size by name. few: as many of `over` as show a loop by counts, and what one takes.
    gate: a program loops if it takes this share of a loop's time, or more. parallel: about what
    programs without one take. inputs: draws float32 arguments of these sizes. pieces: what a loop
    would take one by one, where that has another name than the size. calls: how many are timed
    together, where one is very short.
    """

    over: str
    sizes: Mapping[str, int]
    few: int
    gate: float
    parallel: float
    inputs: Callable[..., list[Any]]
    pieces: str = ""
    calls: int = 1

    def fresh(self, draw: Draw, size: int) -> list[Any]:
        """Draw arguments, so many of them along `over`."""
        return self.inputs(draw, *{**self.sizes, self.over: size}.values())

    @property
    def steps(self) -> str:
        """What a loop would take one by one, in a sentence."""
        return self.pieces or self.over


@dataclass(frozen=True)
class TimedCase:
    """A scaling of a function that is to be timed.

    oracle: takes the arguments, in float64 unless they are ids, and returns a tensor, or one for
        each name.
    control: the function in the unit's hidden/sequential.py that does loop.
    """

    scaling: Scaling
    draw: Draw
    oracle: Callable[..., torch.Tensor | Sequence[torch.Tensor]]
    control: str
    names: Sequence[str] = ("the result",)

    @property
    def size(self) -> int:
        """How many there are of what a loop would take one by one."""
        return self.scaling.sizes[self.scaling.over]

    def fresh(self, size: int) -> list[Any]:
        """Arguments that were never seen before, so many of them along the walk."""
        return self.scaling.fresh(self.draw, size)

    def check(self, value: object, args: Sequence[Any]) -> None:
        """Raise Mismatch unless a value is what the oracle gives for float32 arguments.

        In whatever dtype: that one is wrong is said, and costs points, elsewhere.
        """
        __tracebackhide__ = True
        tolerance: dict[str, Any] = {"dtype": None, "relative": RELATIVE[torch.float32]}
        expected = self.oracle(*evaluate.each(list(args), _exact))
        if isinstance(expected, torch.Tensor):
            assert_close(value, expected, name=self.names[0], **tolerance)
        else:
            assert_each_close(value, expected, self.names, **tolerance)


def _exact(array: torch.Tensor) -> torch.Tensor:
    """The same numbers in float64; ids stay ids."""
    return array.double() if array.is_floating_point() else array


def assert_parallel(
    function: Function,
    scaling: Scaling,
    draw: Draw,
    oracle: Callable[..., torch.Tensor | Sequence[torch.Tensor]],
    control: str,
    names: Sequence[str] = ("the result",),
) -> None:
    """Fail unless a function is right and takes all of it at once, not step by step.

    See TimedCase. Under grading a clock outside the student's process decides; a local run trusts
    no clock, and counts.
    """
    __tracebackhide__ = True
    function.race(TimedCase(scaling, draw.of(scaling.over), oracle, control, names))


class Counts(NamedTuple):
    """Operations in one call, with a few and with twice as many of what a loop would walk along.

    launched: as a GPU would run them, counted below the program, at torch's dispatcher; else as the
    program asked torch for them.
    """

    once: int
    twice: int
    launched: bool = False


def grows(scaling: Scaling, counted: Counts) -> bool:
    """Whether operations follow the size."""
    return counted.twice - counted.once >= scaling.few // 2


def counts(scaling: Scaling, counted: Counts) -> Sentence:
    """Say how many there were."""
    return say(
        LAUNCHED if counted.launched else ASKED,
        once=f"{counted.once:,}",
        over=scaling.over,
        size=scaling.few,
        twice=f"{counted.twice:,}",
        double=2 * scaling.few,
    )


def looped(scaling: Scaling, counted: Counts) -> Sentence | None:
    """Without a clock: what the counts tell a student, or nothing where all is well."""
    if not grows(scaling, counted):
        return None
    return say(
        "In one call %(counts)s: there is a loop over the %(steps)s. Grading measures the time "
        "that it costs.",
        counts=counts(scaling, counted),
        steps=scaling.steps,
    )
