"""What people and machines are told while a class is graded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from autograder.batch.run import Event
from autograder.reports.changes import Changed
from autograder.reports.schema import Brief, Report
from autograder.reports.store import unwritable

MOST_REASONS = 20  # why something is incomplete, of a class
OPEN = ("incomplete", "unread")  # statuses that somebody has to do something about


class Follower:
    """Follows a batch: a bar for people, a log beside the results, and lines for machines.

    seen: counts of what was handed in, for the log, which is a file to append to. lines: where a
    line for every report goes, and one for the end.
    What it remembers does not grow with the class, but for the marks that changed.
    """

    def __init__(
        self,
        count: int,
        seen: Mapping[str, int],
        console: Console,
        log: Path,
        lines: BinaryIO | None,
        *,
        quiet: bool,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.changed: list[Changed] = []
        self.reasons: dict[str, None] = {}  # why something is incomplete, each reason once
        self._started = {"reports": count, **seen}
        self._lines = lines
        self._path = log
        self._troubled = 0
        self._stack = ExitStack()
        self._bar = Progress(*_columns(), console=console, transient=True, disable=quiet)
        self._task = self._bar.add_task("grading", total=count, student="", troubled="")

    def __enter__(self) -> Self:
        try:
            self._log = self._stack.enter_context(self._path.open("a+b", buffering=0))
            if _ends_in_mid_line(self._log):  # its writer was killed
                self._log.write(b"\n")
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._append("started", **self._started)
        self._stack.enter_context(self._bar)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, event: Event) -> None:
        """Take note of an event. Raises ResultsError where the log cannot be written."""
        what, report = event
        if what != "kept":
            self._append(what, **_about(report))
        if what == "again":
            self._troubled += 1
            self._bar.update(self._task, troubled=f"· {self._troubled} to try again")
            return
        self.counts[what] += 1
        self.counts[report.status] += report.status in OPEN
        if report.status == "incomplete" and len(self.reasons) < MOST_REASONS:
            self.reasons[report.message] = None
        if what == "graded":
            self.changed += [Changed(report.student, report.unit, c) for c in report.changes]
        self._bar.update(self._task, advance=1, student=report.student)
        self._print(what, **_about(report))

    def finish(self) -> None:
        """Write the last line, with the counts."""
        counts = {name: self.counts[name] for name in ("graded", "kept", *OPEN)}
        self._append("finished", **counts)
        self._print("finished", **counts)

    def _append(self, what: str, **facts: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._log.write(line({"time": now, "event": what} | facts))
        except OSError as error:
            raise unwritable(self._path, error) from error

    def _print(self, what: str, **facts: Any) -> None:
        if self._lines:
            self._lines.write(line({"event": what} | facts))
            self._lines.flush()


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "")


def _columns() -> list[ProgressColumn]:
    return [
        TextColumn("Grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("reports"),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("· left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[troubled]}", style="yellow"),
        TextColumn("{task.fields[student]}", markup=False),
    ]


def _about(report: Report | Brief) -> dict[str, Any]:
    facts = {
        "student": report.student,
        "unit": report.unit,
        "status": report.status,
        "file": report.file,
        "found": report.found,
        "score": report.mark,
        "max_score": report.max_score,
        "message": report.message,
        "changes": report.changes,
    }
    return {name: value for name, value in facts.items() if value not in ("", [], None)}


def line(facts: dict[str, Any]) -> bytes:
    """JSON on a line of its own, which a CI job prints without a command in it; see text.inert."""
    return msgspec.json.encode(facts).replace(b"##", b"#\\u0023") + b"\n"


def _ends_in_mid_line(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"
