"""A class's marks on a terminal, and as summary.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import Unit
from autograder.reports.schema import Report

Marks = Mapping[str, Mapping[str, Report]]  # by student, then by unit
MANY = 60  # rows that still fit a terminal's patience


def number(value: float) -> str:
    """A mark with at most two decimals, and none that are zero."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def print_class(console: Console, marks: Marks, units: Sequence[Unit]) -> None:
    """Print a row a student: each unit's score and the total; then the reasons for whole units."""
    found = [report for by_unit in marks.values() for report in by_unit.values()]
    most = {report.unit: report.max_score for report in found}
    handed_in = {report.unit for report in found if report.file}
    shown = [unit.name for unit in units if unit.name in handed_in]
    table = Table(title="Marks", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("student", overflow="fold")
    for position, name in enumerate(shown, start=1):
        table.add_column(f"{position}\n/{number(most[name])}", justify="right")
    table.add_column(f"total\n/{number(sum(most.values()))}", justify="right", style="bold")
    rows = list(marks.items())
    for student, by_unit in rows[:MANY]:
        total = number(sum(report.score for report in by_unit.values()))
        table.add_row(Text(student), *(_cell(by_unit.get(name)) for name in shown), total)
    console.print(table)
    console.print(" · ".join(f"{n} {name}" for n, name in enumerate(shown, start=1)))
    if missing := [name for name in most if name not in handed_in]:
        console.print(f"Handed in by nobody: {', '.join(missing)}.")
    if len(rows) > MANY:
        console.print(f"… and {len(rows) - MANY} more students: see summary.csv.")
    _print_reasons(console, found)


def _print_reasons(console: Console, found: Sequence[Report]) -> None:
    """Print the reasons that explain all that failed in a unit: zero rarely explains itself."""
    reasons = [r for r in found if r.message and r.file and r.status != "incomplete"]
    if reasons:
        console.print("\nOne reason for all that failed in a unit:")
    for report in reasons[:MANY]:
        line = Text.assemble((f"{report.student}, {report.unit}: ", "bold"), report.message)
        console.print(line)


def _cell(report: Report | None) -> str:
    """A mark; – for what was not handed in, ? for what could not be graded."""
    if report is None or not report.file:
        return "–"
    if report.status == "incomplete":
        return "[yellow]?[/]"
    color = "green" if report.score == report.max_score else "red" if not report.score else ""
    return f"[{color}]{number(report.score)}[/]" if color else number(report.score)


def summary_csv(marks: Marks, units: Sequence[Unit]) -> bytes:
    """summary.csv: a row a student, in UTF-8 with a mark that lets spreadsheets know it.

    An incomplete report is no mark: its cell and the student's total are left blank.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [unit.name for unit in units]
    writer.writerow(["student", *names, "score", "max_score", "status"])
    for student, by_unit in sorted(marks.items()):
        found = [by_unit[name] for name in names if name in by_unit]
        scores = [mark(by_unit.get(name)) for name in names]
        total = number(sum(report.score for report in found)) if "" not in map(mark, found) else ""
        most = number(sum(report.max_score for report in found))
        writer.writerow([no_formula(student), *scores, total, most, worst(found)])
    return text.getvalue().encode("utf-8-sig")


def mark(report: Report | None) -> str:
    """A unit's score for a table; blank where there is none, which is no zero."""
    return "" if report is None or report.status == "incomplete" else number(report.score)


def no_formula(text: str) -> str:
    """A spreadsheet runs a cell that starts like a formula; a leading quote makes it text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def worst(found: Sequence[Report]) -> str:
    """The worst status: incomplete before advisory before graded."""
    statuses = {report.status for report in found}
    return next((s for s in ("incomplete", "advisory", "graded") if s in statuses), "")
