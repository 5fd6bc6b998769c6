"""What was handed in, told before anything is graded: counts for all, and a row a unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import Unit
from autograder.core.language import restate
from autograder.core.text import one_line, several
from autograder.intake.decisions import FILE
from autograder.intake.submission import How, State, Submission

MANY = 60  # rows that still fit a terminal's patience
OTHER_NAME: tuple[How, ...] = ("renamed", "content")
HOW: dict[How, str] = {
    "": "",
    "asked": "as asked",
    "renamed": "another name",
    "placed": "the unit's folder",
    "content": "its functions",
    "decided": f"by {FILE}",
}


class Row(NamedTuple):
    """A unit of a student. file: its path in their folder. files: those that it may be, if any."""

    student: str
    unit: str
    file: str
    found: How
    state: State
    message: str
    files: list[str]


@dataclass
class Seen:
    """What a class has handed in. noted: the rows that somebody should look at.

    unknown: by student the files that may be work and belong to no unit. beside: what lies beside
    the students' folders, and may be somebody's work.
    """

    counts: Counter[str] = field(default_factory=Counter)
    noted: list[Row] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, int]:
        """The counts: students, those who handed in nothing, and files by what became of them."""
        names = ("students", "empty", "read", "renamed", "unread", "unknown")
        return {name: self.counts[name] for name in names}

    def add(self, handed_in: Submission, units: Sequence[Unit]) -> list[Row]:
        """Count what a student handed in; return their rows."""
        found = rows(handed_in, units)
        self.counts["students"] += 1
        self.counts["empty"] += handed_in.empty
        self.counts["unknown"] += len(handed_in.unknown)
        if handed_in.unknown:
            self.unknown[handed_in.student] = handed_in.unknown
        for row in found:
            renamed = row.state == "read" and row.found in OTHER_NAME
            self.counts[row.state] += 1
            self.counts["renamed"] += renamed
            if renamed or row.state == "unread":
                self.noted.append(row)
        return found


def rows(handed_in: Submission, units: Sequence[Unit]) -> list[Row]:
    """A row for each unit of a student."""
    found = []
    for unit in units:
        work, file = handed_in.work(unit.name), handed_in.file(unit.name)
        said = str(restate(work.facts)) if work.facts else ""
        name = file.name if file else ""
        row = Row(handed_in.student, unit.name, name, work.how, work.state, said, work.files)
        found.append(row)
    return found


def print_seen(console: Console, seen: Seen) -> None:
    """Print the counts, and what was found under another name or is of no unit."""
    count = seen.counts
    console.print(
        f"Students: {count['students']} · with nothing: {count['empty']} · files read: "
        f"{count['read']}, under another name: {count['renamed']} · not read: {count['unread']} · "
        f"of no unit: {count['unknown']}"
    )
    if seen.beside:
        told = f"In no student's folder, and not read: {several(seen.beside)}."
        console.print(Text(told, "yellow"))
    lines = [
        Text.assemble((f"{row.student}, {row.unit}: ", "bold"), "found as ", row.file)
        for row in seen.noted
        if row.state == "read"
    ]
    for student, names in seen.unknown.items():
        lines.append(Text.assemble((f"{student}: ", "bold"), "of no unit: ", ", ".join(names)))
    for line in lines[:MANY]:
        console.print(line)
    if len(lines) > MANY:
        console.print(f"… and {len(lines) - MANY} more: --dry-run lists all.")


def print_rows(console: Console, found: Iterable[Row]) -> None:
    """Print a row a student and unit; units that nobody handed in only by their names."""
    every = list(found)
    seen = {row.unit for row in every if row.state != "missing"}
    table = Table(title="Handed in", title_justify="left", box=SIMPLE_HEAD)
    for column in ("student", "unit", "file", "found by", "state"):
        table.add_column(column, overflow="fold")
    for row in every:
        if row.unit in seen:
            file = row.file or ", ".join(row.files)
            table.add_row(*map(Text, (row.student, row.unit, file, HOW[row.found], row.state)))
    console.print(table)
    if missing := dict.fromkeys(row.unit for row in every if row.unit not in seen):
        console.print(f"Handed in by nobody: {', '.join(missing)}.")


def undecided(seen: Seen, submissions: Path) -> Iterator[str]:
    """What could not be read, and what whoever grades may write into intake.toml."""
    unread = [row for row in seen.noted if row.state == "unread"]
    yield f"Not read, and no zeros ({len(unread)}):"
    alike: dict[tuple[str, str], list[Row]] = {}  # one reason may stand for many units
    for row in unread:
        alike.setdefault((row.student, row.message.replace(row.unit, "")), []).append(row)
    for (student, _reason), rows_ in islice(alike.items(), MANY):
        yield f"{student}, {', '.join(row.unit for row in rows_)}: {one_line(rows_[0].message)}"
    if len(alike) > MANY:
        yield f"… and {len(alike) - MANY} more: --dry-run lists all."
    if open_ := [row for row in unread if row.files]:
        yield f"Where you know which file counts, write it into {submissions / FILE}, such as:"
        likely = next((row for row in open_ if len(row.files) > 1), open_[0])
        yield from _proposal(likely.student, open_)
        yield "and run the same command again."


def _proposal(student: str, unread: Sequence[Row]) -> Iterator[str]:
    yield f"[{_quoted(student)}]"
    for row in unread:
        if row.student == student:
            yield f"{row.unit} = {_quoted(row.files[0])}"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()  # as TOML has it, too
