"""What is timed, and what can be said of it without a clock: counts of operations.

The sizes are small, so that what a loop shows is the number of its steps and not its arithmetic;
see docs/clock.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from autograder.core.language import Sentence, say
from autograder.testing.compare import assert_close, assert_each_close
from autograder.testing.inputs import Draw
from autograder.testing.student import Function

CALLS = 6  # in one timed turn, each on inputs of its own
FEW = 2  # where one of the two is slow


@dataclass(frozen=True)
class Scaling:
    """Arguments of a function, and the size that a loop would walk along.

    sizes, on_gpu: every size by name. inputs: draws float32 arguments of these sizes. pieces: what
    a loop would take one by one, where that has another name than the size.
    """

    over: str
    sizes: Mapping[str, int]
    on_gpu: Mapping[str, int]
    inputs: Callable[..., list[Any]]
    pieces: str = ""

    def fresh(self, draw: Draw, device: str = "cpu", times: int = 1) -> list[Any]:
        """Draw arguments, `times` as many of them along `over`."""
        sizes = dict(self.on(device))
        sizes[self.over] *= times
        return self.inputs(draw, *sizes.values())

    @property
    def steps(self) -> str:
        """What a loop would take one by one, in a sentence."""
        return self.pieces or self.over

    def on(self, device: str) -> Mapping[str, int]:
        """The sizes on a device."""
        return self.on_gpu if device == "cuda" else self.sizes


@dataclass(frozen=True)
class TimedCase:
    """A scaling of a function that is to be timed.

    oracle: takes the arguments in float64 and returns a tensor, or one for each name.
    control: the function in the unit's hidden/sequential.py that does loop.
    """

    scaling: Scaling
    draw: Draw
    device: str
    oracle: Callable[..., torch.Tensor | Sequence[torch.Tensor]]
    control: str
    names: Sequence[str] = ("the result",)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Every size by name."""
        return self.scaling.on(self.device)

    @property
    def where(self) -> str:
        """`batch 256, length 4`."""
        return ", ".join(f"{name} {size}" for name, size in self.sizes.items())

    def fresh(self, times: int = 1) -> list[Any]:
        """Arguments that were never seen before, `times` as many of them along `over`."""
        return self.scaling.fresh(self.draw, self.device, times)

    def check(self, value: object, args: Sequence[Any]) -> None:
        """Raise Mismatch unless a value is what the oracle gives for the arguments."""
        __tracebackhide__ = True
        exact = [a.double() if isinstance(a, torch.Tensor) else a for a in args]
        expected = self.oracle(*exact)
        if isinstance(expected, torch.Tensor):
            assert_close(value, expected, dtype=torch.float32, name=self.names[0])
        else:
            assert_each_close(value, expected, self.names, dtype=torch.float32)


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
    function.race(TimedCase(scaling, draw, function.student.device, oracle, control, names))


def grows(scaling: Scaling, once: int, twice: int, device: str = "cpu") -> bool:
    """Whether operations, counted at one size and at twice that, follow the size."""
    return twice - once >= scaling.on(device)[scaling.over] // 2


def counts(scaling: Scaling, once: int, twice: int, device: str = "cpu") -> Sentence:
    """Say how often torch was called."""
    size = scaling.on(device)[scaling.over]
    return say(
        "torch was called %(once)s times at %(over)s %(size)s, %(twice)s at %(double)s",
        once=f"{once:,}",
        over=scaling.over,
        size=size,
        twice=f"{twice:,}",
        double=2 * size,
    )


def looped(scaling: Scaling, once: int, twice: int) -> Sentence | None:
    """Without a clock: what the counts tell a student, or nothing where all is well."""
    if not grows(scaling, once, twice):
        return None
    return say(
        "In one call %(counts)s: there is a Python loop over the %(steps)s. Grading measures the "
        "time that it costs.",
        counts=counts(scaling, once, twice),
        steps=scaling.steps,
    )
