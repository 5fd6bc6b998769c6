"""A class's marks on a terminal, and as summary.csv."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import Unit
from autograder.core.text import one_line
from autograder.reports.schema import AnyReport
from autograder.reports.states import STATES, is_open, most, total, worst

Marks = Mapping[str, Mapping[str, AnyReport]]  # by student, then by unit
NOT_GRADED, OPEN = STATES["missing"].sign, STATES["unread"].sign
# What a cell begins with that is more than text, in every width; the minus sign, too.
SIGNS = "%+-;=@|\u037e⁺⁻⁼₊₋₌−⩵⩶﬩︔﹔﹢﹣﹦﹪﹫％＋－；＝＠｜"
BEGINS = rf"['\"\s]*[{re.escape(SIGNS)}]"
FORMULA = re.compile(rf"(^|[,;\t|\r\n])(?={BEGINS})")
QUOTED_FORMULA = re.compile(rf"(^|[,;\t|\r\n])'(?={BEGINS})")
NO_MARK = "-"  # as Moodle has it; alone it is no formula
NOTHING: Mapping[str, Mapping[str, str]] = {}
NAME, COLUMN, TOTAL = 20, 7, 9  # characters: of a name at most, of a mark, of the total
MANY = 60  # rows that still fit a terminal's patience


def number(value: float) -> str:
    """A mark with at most two decimals, and none that are zero."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def blank(value: float | None) -> str:
    """The same; blank where there is none, which is no zero."""
    return "" if value is None else number(value)


def moment(when: datetime) -> str:
    """A moment for people to read."""
    return when.isoformat(" ", "minutes")


def mark(report: AnyReport | None) -> str:
    """A unit's score for a table that machines read; blank where there is none."""
    return "" if report is None else blank(report.mark)


def sign(report: AnyReport | None) -> str:
    """A unit's score for a table that people read, or the sign that stands for it."""
    return mark(report) or (NOT_GRADED if report is None else STATES[report.status].sign)


def sign_of_total(reports: Sequence[AnyReport]) -> str:
    """The same for the sum of some reports."""
    return blank(total(reports)) or (OPEN if any(map(is_open, reports)) else NOT_GRADED)


def print_class(console: Console, marks: Marks, units: Sequence[Unit]) -> None:
    """Print a row a student: each unit's score and the total; then the reasons for whole units.

    Where a terminal is too narrow for all units, some stand in a table below.
    """
    found = [report for by_unit in marks.values() for report in by_unit.values()]
    possible = {report.unit: report.max_score for report in found}
    handed_in = {report.unit for report in found if report.status != "missing"}
    shown = [unit.name for unit in units if unit.name in handed_in]
    rows = sorted(marks.items())
    columns = [(n, name, number(possible[name])) for n, name in enumerate(shown, start=1)]
    best = number(sum(possible.values()))
    room = console.width - min(max((cell_len(name) for name in marks), default=0), NAME) - TOTAL
    parts = max(1, math.ceil(len(columns) * COLUMN / max(room, COLUMN)))
    for part in range(parts):
        some = columns[part * len(columns) // parts : (part + 1) * len(columns) // parts]
        console.print(_table("Marks" if part == 0 else None, rows[:MANY], some, best))
    console.print(" · ".join(f"{n} {name}" for n, name in enumerate(shown, start=1)))
    if missing := [name for name in possible if name not in handed_in]:
        console.print(f"Handed in by nobody: {', '.join(missing)}.", style="yellow")
    if len(rows) > MANY:
        console.print(f"… and {len(rows) - MANY} more students: see summary.csv.")
    _print_reasons(console, found)


def _table(
    title: str | None,
    rows: Sequence[tuple[str, Mapping[str, AnyReport]]],
    columns: Sequence[tuple[int, str, str]],
    best: str,
) -> Table:
    """A row a student. columns: a unit's number, its name and its points; best: all the points."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("student", overflow="fold")
    for position, _, points in columns:
        table.add_column(f"{position}\n/{points}", justify="right", no_wrap=True)
    table.add_column(f"total\n/{best}", justify="right", style="bold", no_wrap=True)
    for student, by_unit in rows:
        cells = (_cell(by_unit.get(name)) for _, name, _ in columns)
        table.add_row(Text(student), *cells, sign_of_total([*by_unit.values()]))
    return table


def _print_reasons(console: Console, found: Sequence[AnyReport]) -> None:
    """Print the reasons that explain all that failed in a unit: zero rarely explains itself."""
    reasons = [report for report in found if report.message and report.mark is not None]
    if reasons:
        console.print("\nOne reason for all that failed in a unit:")
    for report in reasons[:MANY]:
        whose = f"{report.student}, {report.unit}: "
        console.print(Text.assemble((whose, "bold"), one_line(report.message)))


def _cell(report: AnyReport | None) -> str:
    """A mark, or the sign that stands for it, in its colour."""
    if report is None or report.mark is None:
        return f"[yellow]{sign(report)}[/]" if report and is_open(report) else sign(report)
    color = "green" if report.mark == report.max_score else "red" if not report.mark else ""
    return f"[{color}]{mark(report)}[/]" if color else mark(report)


def summary_csv(
    marks: Marks, units: Sequence[Unit], beside: Mapping[str, Mapping[str, str]] = NOTHING
) -> bytes:
    """summary.csv: a row a student, in UTF-8 with a mark that lets spreadsheets know it.

    What is no mark is left blank, and so is a total that is still open. beside: more columns, the
    same for each student.
    """
    names = [unit.name for unit in units]
    more = list(next(iter(beside.values()), {}))
    rows = [["student", *names, "score", "max_score", "status", *more]]
    for student, by_unit in sorted(marks.items()):
        found = [by_unit[name] for name in names if name in by_unit]
        scores = [mark(by_unit.get(name)) for name in names]
        sums = [blank(total(found)), number(most(found))]
        rows.append([student, *scores, *sums, worst(found), *beside.get(student, {}).values()])
    return csv_of(rows).encode("utf-8-sig", "replace")


def csv_of(rows: Iterable[Iterable[str]], end: str = "\n") -> str:
    """Rows as CSV: every cell quoted, and none that a spreadsheet runs."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerows(map(no_formula, row) for row in rows)
    return text.getvalue()


def no_formula(text: str) -> str:
    """A spreadsheet runs a cell that starts like a formula; a quote before that makes it text.

    Some skip what is blank there, some take wide signs for narrow ones, and each has a separator of
    its own, after which a cell begins. See formula for the way back.
    """
    return text if text == NO_MARK else FORMULA.sub(r"\1'", text)


def formula(cell: str) -> str:
    """What no_formula made a cell of."""
    return QUOTED_FORMULA.sub(r"\1", cell)
