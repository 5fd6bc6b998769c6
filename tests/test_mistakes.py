"""Known mistakes made from slots: what is entered, and the pairs that follow."""

from __future__ import annotations

import warnings

import pytest
import torch
from conftest import ROOT

from autograder.mistakes.catalogue import common, pairs
from autograder.mistakes.entry import Mistake, mistake, wrong
from autograder.mistakes.match import gives, same
from autograder.testing.calls import Invocation, as_written

KNOWN: list[Mistake] = []  # where this module's are entered


def line(x: float, *, slope: float = 2.0, offset: float = 1.0) -> float:
    return slope * x + offset


def double(x: float, *, slope: float = 2.0) -> float:
    return slope * x


def test_each_wrong_value_is_entered_for_each_function() -> None:
    """In order; a help can be told again. Catches: a list taken for a value, values mixed up."""
    help_ = wrong("slope", line, double, slope=[3.0, 5.0])(en="Which slope?", zh="斜率？")
    wrong("offset", line, slope=3.0, offset=7.0)(**help_)

    @mistake("line", "squared", en="A line?", zh="直线？")
    def parabola(x: float) -> float:
        return x * x

    told = [(made.function, made.id, made.variant(10.0)) for made in KNOWN]
    assert told == [
        ("line", "slope", 31.0),
        ("double", "slope", 30.0),
        ("line", "slope", 51.0),
        ("double", "slope", 50.0),
        ("line", "offset", 37.0),
        ("line", "squared", 100.0),
    ]
    assert {made.help["en"] for made in KNOWN[:5]} == {"Which slope?"}
    assert not list(pairs(KNOWN)), "one slot cannot be wrong in two ways, nor a whole with a slot"


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture
def inputs() -> dict[str, list[torch.Tensor]]:
    """Random arguments of the exercises of `gates`, every size another."""
    torch.manual_seed(0)
    n, t, d, h = 3, 7, 5, 4
    gru = [normal(d, 3 * h), normal(h, 3 * h), normal(3 * h), normal(3 * h)]
    lstm = [normal(d, 4 * h), normal(h, 4 * h), normal(4 * h)]
    return {
        "cell_gradient": [normal(t, h).sigmoid()],
        "gru_step": [normal(n, d), normal(n, h), *gru],
        "lstm_step": [normal(n, d), normal(n, h), normal(n, h), *lstm],
    }


def test_a_pair_gives_what_neither_of_its_mistakes_does(
    inputs: dict[str, list[torch.Tensor]],
) -> None:
    """But for one that hides the other. Catches: a pair that makes one of its two alone."""
    every, hidden = set(), set()
    for a, b, both in pairs(common(ROOT, "gates")):
        asked = Invocation("gates", a.function, inputs[a.function])
        every.add(a.function)
        made, *alone = (gives(variant, asked) for variant in (both, a.variant, b.variant))
        if any(made and one and same(made, one) for one in alone):
            hidden.add((a.id, b.id))
    assert every == inputs.keys()
    assert hidden == {("bias_outside_reset", "no_bias")}  # one that is missing is not outside


def test_nothing_is_heard_of_what_a_mistake_warns_of() -> None:
    """Whoever grades would read it, and it is about no submission."""

    def warns(x: torch.Tensor) -> torch.Tensor:
        warnings.warn("deprecated", stacklevel=1)
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gives(warns, Invocation("unit", "f", [torch.ones(1)]))
    assert found and not found.error


def test_a_quoted_call_is_the_same_in_every_process() -> None:
    """Catches: parameters in the order in which their file is read, another each time."""
    params = {name: torch.zeros(2, 3) for name in ("out_w", "embed")}
    asked = [Invocation("order", "loss", [params | other]) for other in ({}, {"embed": 1})]
    reordered = Invocation("order", "loss", [dict(reversed(params.items()))])
    assert as_written(asked[0]) == as_written(reordered)
    assert as_written(asked[1]) == "loss({'embed': 1, 'out_w': float32[2, 3]})"
