"""Tables by unit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def by_unit(items: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The items of each unit, in the units' order."""
    for unit, group in itertools.groupby(items, key=lambda item: item.unit):
        yield unit, list(group)


def print_table(
    console: Console, title: str, headings: Sequence[str], rows: Mapping[str, Sequence[object]]
) -> None:
    """Print a row a unit."""
    table = Table(title=title)
    table.add_column("unit")
    for heading in headings:
        table.add_column(heading, justify="right")
    for unit, row in rows.items():
        table.add_row(unit, *map(str, row))
    console.print(table)
