"""Small pictures as geometry; templates/figures.html draws them as SVG.

The numbers of `Report.figures` come from a student's program. A figure is a list of numbers (a
line), a mapping of names to such lists (several lines), a matrix (a heat map), or a list of
matrices (a heat map a head); anything else is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_CELLS = 64  # a side of a heat map
MOST_POINTS = 1024
MOST_PANELS = 16
WIDTH, HEIGHT = 320.0, 140.0  # of a plot's own area
GATE = 0.25  # the clock's: a quarter of the reference's speed
DECADES = 2  # from here on an axis is logarithmic

Matrix = list[list[float]]


@dataclass(frozen=True)
class HeatMap:
    """A matrix as squares, each as dark as its share of the largest magnitude."""

    name: str
    values: Matrix
    shades: Matrix
    low: float
    high: float

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.values)

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self.values[0])


@dataclass(frozen=True)
class Line:
    """One line: its points in the plot's units, and what they stand for."""

    name: str
    points: list[tuple[float, float]]
    values: list[float]


@dataclass(frozen=True)
class Plot:
    """Lines over the positions 0, 1, 2, …; `ticks` are values of the vertical axis and heights."""

    name: str
    lines: list[Line]
    ticks: list[tuple[float, float]]
    length: int
    logarithmic: bool
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: from `low` to `high` per cent."""

    low: int
    high: int
    count: int
    height: float


@dataclass(frozen=True)
class Scale:
    """A speed between sequential and parallel, on a logarithmic scale from 0 to 100."""

    ratio: float
    gate: float
    position: float
    gate_position: float


Figure = HeatMap | Plot


def figures(given: Mapping[str, Any]) -> list[Figure]:
    """The figures of a report, those that can be drawn."""
    found: list[Figure] = []
    for name, value in given.items():
        if matrix := _matrix(value):
            found.append(heat_map(name, matrix))
        elif isinstance(value, list) and value and all(map(_matrix, value)):
            panels = [_matrix(panel) or [] for panel in value[:MOST_PANELS]]
            found += [heat_map(f"{name} {i}", panel) for i, panel in enumerate(panels)]
        elif lines := _lines(value):
            found.append(plot(name, lines))
    return found


def heat_map(name: str, values: Matrix) -> HeatMap:
    """A matrix as a heat map."""
    numbers = [number for row in values for number in row]
    largest = max(map(abs, numbers)) or 1.0
    shades = [[round(abs(number) / largest, 3) for number in row] for row in values]
    return HeatMap(name, values, shades, min(numbers), max(numbers))


def plot(name: str, lines: Mapping[str, list[float]]) -> Plot:
    """Lines over their positions; the axis is logarithmic where magnitudes span decades."""
    numbers = [number for values in lines.values() for number in values]
    low, high = min(numbers), max(numbers)
    logarithmic = low > 0 and high / low > 10**DECADES
    transform = math.log10 if logarithmic else float
    bottom, top = transform(low), transform(high)
    span = (top - bottom) or 1.0
    length = max(map(len, lines.values()))

    def place(i: int, number: float) -> tuple[float, float]:
        across = WIDTH * i / max(length - 1, 1)
        return round(across, 2), round(HEIGHT * (top - transform(number)) / span, 2)

    drawn = [
        Line(label, [place(i, number) for i, number in enumerate(values)], values)
        for label, values in lines.items()
    ]
    ticks = [(high, 0.0), (low, HEIGHT)] if high > low else [(high, 0.0)]
    return Plot(name, drawn, ticks, length, logarithmic)


def histogram(shares: Sequence[float], bins: int = 10) -> list[Bar]:
    """How many of the shares, from 0 to 1, fall into each tenth; full marks are in the last."""
    counts = [0] * bins
    for share in shares:
        counts[min(int(share * bins + 1e-9), bins - 1)] += 1
    most = max(counts) or 1
    step = 100 // bins
    return [
        Bar(i * step, (i + 1) * step, count, round(HEIGHT * count / most, 2))
        for i, count in enumerate(counts)
    ]


def scale(facts: Mapping[str, Any]) -> Scale | None:
    """A speed test's `ratio` (the reference's time over the student's) and `gate` as a picture."""
    ratio, gate = _number(facts.get("ratio")), _number(facts.get("gate", GATE))
    if not ratio or not gate or ratio < 0 or gate < 0:
        return None
    return Scale(ratio, gate, _position(ratio), _position(gate))


def _position(ratio: float, slowest: float = 0.01, fastest: float = 2.0) -> float:
    share = math.log(ratio / slowest) / math.log(fastest / slowest)
    return round(100 * min(max(share, 0.0), 1.0), 1)


def _number(value: object) -> float | None:
    """A number that can be drawn, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e300 else None  # False for NaN too


def _numbers(value: object, most: int) -> list[float] | None:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        return None
    numbers = [number for number in map(_number, value) if number is not None]
    return numbers if len(numbers) == len(value) else None


def _matrix(value: object) -> Matrix | None:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_CELLS:
        return None
    rows = [row for row in (_numbers(row, MOST_CELLS) for row in value) if row]
    even = len(rows) == len(value) and len({len(row) for row in rows}) == 1
    return rows if even else None


def _lines(value: object) -> dict[str, list[float]]:
    given = value if isinstance(value, dict) else {"": value}
    lines = {str(name): _numbers(numbers, MOST_POINTS) for name, numbers in given.items()}
    return {name: numbers for name, numbers in lines.items() if numbers}
