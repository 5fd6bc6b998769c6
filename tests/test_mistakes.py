"""Known mistakes made from slots."""

from __future__ import annotations

from autograder.mistakes.entry import Mistake, mistake, wrong

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
