"""Small pictures as geometry; templates/figures.html draws them as SVG.

The numbers of `Report.figures` come from a student's program. A figure is one of these; anything
else is left out:
    a list of numbers: a line over the positions 0, 1, 2, …
    a mapping of names to such lists: several lines, over the numbers named "x" if there are any
    a matrix: a heat map
    a list of matrices: a heat map a head
    {"values": a matrix, "rows": words, "columns": words}: a heat map with words at its sides
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
PLACES = "x"  # of lines: the numbers that they are drawn over
DECADES = 2  # from here on an axis is logarithmic
Matrix = list[list[float]]


@dataclass(frozen=True)
class HeatMap:
    """A matrix as squares, each as dark as its share of the largest magnitude.

    row_names, column_names: a word for each, or none at all.
    """

    name: str
    values: Matrix
    shades: Matrix
    low: float
    high: float
    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()

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
    """Lines over `places`; `ticks` are values of the vertical axis and heights."""

    name: str
    lines: list[Line]
    ticks: list[tuple[float, float]]
    places: list[float]
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
    """A share of a loop's time, on a logarithmic scale from sequential, 0, to parallel, 100.

    counted: operations in a call with few of what a loop would walk along, and with twice as many.
    """

    share: float
    gate: float
    position: float
    gate_position: float
    counted: tuple[int, int] | None = None


Figure = HeatMap | Plot


def figures(given: Mapping[str, Any]) -> list[Figure]:
    """The figures of a report, those that can be drawn."""
    found: list[Figure] = []
    for name, value in given.items():
        if matrix := _matrix(value):
            found.append(heat_map(name, matrix))
        elif isinstance(value, dict) and (matrix := _matrix(value.get("values"))):
            rows, columns = _words(value.get("rows")), _words(value.get("columns"))
            found.append(heat_map(name, matrix, rows, columns))
        elif isinstance(value, list) and value and all(map(_matrix, value)):
            panels = [_matrix(panel) or [] for panel in value[:MOST_PANELS]]
            found += [heat_map(f"{name} {i}", panel) for i, panel in enumerate(panels)]
        elif lines := _lines(value):
            found.append(plot(name, lines))
    return found


def heat_map(
    name: str, values: Matrix, rows: Sequence[str] = (), columns: Sequence[str] = ()
) -> HeatMap:
    """A matrix as a heat map; words are left out unless there is one for each row or column."""
    numbers = [number for row in values for number in row]
    largest = max(map(abs, numbers)) or 1.0
    shades = [[round(abs(number) / largest, 3) for number in row] for row in values]
    rows = rows if len(rows) == len(values) else ()
    columns = columns if len(columns) == len(values[0]) else ()
    return HeatMap(name, values, shades, min(numbers), max(numbers), rows, columns)


def plot(name: str, lines: Mapping[str, list[float]]) -> Plot:
    """Lines over their positions; the axis is logarithmic where they span decades, else from 0."""
    drawn = {label: values for label, values in lines.items() if label != PLACES}
    places = lines.get(PLACES, [])
    if len(places) < (length := max(map(len, drawn.values()))):
        places = [float(i) for i in range(length)]
    numbers = [number for values in drawn.values() for number in values]
    low, high = min(numbers), max(numbers)
    logarithmic = low > 0 and high / low > 10**DECADES
    transform = math.log10 if logarithmic else float
    low = low if logarithmic else min(low, 0.0)

    def place(x: float, y: float) -> tuple[float, float]:
        across = _share(x, min(places), max(places))
        up = _share(transform(y), transform(low), transform(high))
        return round(WIDTH * across, 2), round(HEIGHT * (1 - up), 2)

    found = [
        Line(label, list(map(place, places, values)), values) for label, values in drawn.items()
    ]
    ticks = [(high, 0.0), (low, HEIGHT)] if high > low else [(high, HEIGHT)]
    return Plot(name, found, ticks, places, logarithmic)


def _share(value: float, low: float, high: float) -> float:
    """How far a value lies on the way from low to high."""
    return (value - low) / (high - low) if high > low else 0.0


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
    """A speed test's `share` (the program's time over a loop's) and `gate` as a picture."""
    share, gate = _number(facts.get("share")), _number(facts.get("gate"))
    if not share or not gate or share < 0 or gate < 0:
        return None
    once, twice = _number(facts.get("operations")), _number(facts.get("operations_doubled"))
    counted = None if once is None or twice is None else (round(once), round(twice))
    return Scale(share, gate, _position(share), _position(gate), counted)


def _position(share: float, slowest: float = 2.0, fastest: float = 0.002) -> float:
    way = math.log(share / slowest) / math.log(fastest / slowest)
    return round(100 * min(max(way, 0.0), 1.0), 1)


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


def _words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else []


def _lines(value: object) -> dict[str, list[float]]:
    """Lines by their names; none where there is nothing but the places to draw them over."""
    given = value if isinstance(value, dict) else {"": value}
    lines = {str(name): _numbers(numbers, MOST_POINTS) for name, numbers in given.items()}
    found = {name: numbers for name, numbers in lines.items() if numbers}
    return found if found.keys() - {PLACES} else {}
