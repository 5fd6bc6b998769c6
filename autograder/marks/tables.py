"""CSV files that people and platforms write, as rows of plain text; see docs/marks.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from autograder.core.errors import SubmissionsError
from autograder.core.files import read_regular
from autograder.core.text import printable
from autograder.reports.table import formula

MOST_BYTES = 16 << 20
LONGEST = 300  # characters of a cell
SEPARATORS = ",;\t"  # of spreadsheets here and there


class Row(NamedTuple):
    """A line of a file: where it stands, and its cells by their columns' names in lower case."""

    where: str
    cells: Mapping[str, str]

    def first(self, names: Iterable[str]) -> str:
        """The first cell that is not blank, of the columns with these names."""
        return next((cell for name in names if (cell := self.cells.get(name, ""))), "")


def read(path: Path, needed: Collection[str] = ()) -> list[Row] | None:
    """The rows of a file; None where there is none. Raises SubmissionsError.

    needed: the columns that it has to have.
    """
    try:
        text = read_regular(path, MOST_BYTES).decode("utf-8-sig")
        head = text.partition("\n")[0]
        separator = max(SEPARATORS, key=head.count)
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, csv.Error) as error:
        raise SubmissionsError(
            f"{path} cannot be read: {error}. Save it as CSV in UTF-8."
        ) from error
    columns = [_cell(name).casefold() for name in lines[0]] if lines else []
    if lacking := [name for name in needed if name not in columns]:
        raise SubmissionsError(
            f"{path} has no column {lacking[0]!r}. Its first line names the columns: "
            f"{', '.join(needed)}."
        )
    return [
        Row(f"{path}, line {number}", dict(zip(columns, map(_cell, line), strict=False)))
        for number, line in enumerate(lines[1:], 2)
        if any(line)
    ]


def _cell(text: str) -> str:
    """A cell on one line, without the quote that keeps a spreadsheet from running it."""
    return printable(formula(text).strip()[:LONGEST])
