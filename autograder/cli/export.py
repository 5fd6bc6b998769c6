"""Marks as other systems read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from autograder.core.console import (
    AssignmentOption,
    CourseOption,
    LanguageOption,
    console,
    fail,
    load,
)
from autograder.core.text import one_line

if TYPE_CHECKING:
    from autograder.core.course import Course
    from autograder.reports.reading import StudentReports
    from autograder.reports.wording import Language


def export(
    results: Annotated[
        Path, typer.Argument(help="A folder of reports.", exists=True, file_okay=False)
    ],
    to: Annotated[
        Literal[
            "canvas",
            "csv",
            "feedback",
            "github",
            "gradescope",
            "html",
            "junit",
            "moodle",
            "nbgrader",
        ],
        typer.Option(help="What the marks are for."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write, or the folder for several; by default in RESULTS."),
    ] = None,
    assignment: AssignmentOption = None,
    db: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --to nbgrader: a gradebook's database, such as postgresql://…; "
            "by default the SQLite file OUTPUT, or gradebook.db in RESULTS.",
        ),
    ] = None,
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Turn a folder of reports into what others read.

    What is incomplete is left blank or left out, never exported as a zero. Where course/ has a
    roster.csv, extensions.csv or adjustments.csv, or the manifest assignments, the marks follow
    them: docs/marks.md.
    """
    from autograder.marks import ledger
    from autograder.reports import reading
    from autograder.reports.exports.render import ONE_FILE, graded_at, render
    from autograder.reports.pages.feedback import write_feedback
    from autograder.reports.pages.html import PAGE, write_pages
    from autograder.reports.store import write

    terminal = console()
    loaded = load(course).only(assignment or [])
    book = ledger.load(loaded, results, datetime.now(UTC))
    everybody = book.over(reading.each(results, loaded.units, book.notes))
    if to == "feedback":
        for path in write_feedback(output or results / "feedback", everybody, loaded, lang):
            terminal.print(str(path), markup=False, soft_wrap=True)
        _tell(book.notes, terminal)
        return
    if next(reading.each(results, loaded.units), None) is None:
        fail(f"{results} holds no reports (<student>/<unit>.json) of this course's units.")
    if to == "nbgrader":
        url = db or f"sqlite:///{(output or results / 'gradebook.db').resolve()}"
        _into_gradebook(everybody, loaded, url, lang, terminal)
        _tell(book.notes, terminal)
        return
    folder = (output.parent if to in ONE_FILE else output) if output else results
    if to == "html":
        write_pages(folder, everybody, loaded, lang)
        terminal.print(f"{folder / PAGE}", markup=False)
        _tell(book.notes, terminal)
        return
    rendered = render(to, everybody, loaded, lang, graded_at(results))
    for name, data in rendered.files:
        path = output if output and name == ONE_FILE.get(to) else folder / name
        write(path, data, lasting=False)
        terminal.print(str(path), markup=False, soft_wrap=True)
    _tell([*rendered.notes, *book.notes], terminal)


def _into_gradebook(
    students: Iterable[StudentReports],
    course: Course,
    url: str,
    lang: Language,
    console: Console,
) -> None:
    from autograder.notebooks.gradebook import save

    left_out = save(students, course, url, lang)
    console.print(f"{url} holds the marks.", markup=False, soft_wrap=True)
    _tell(left_out, console)


def _tell(notes: Iterable[str], console: Console) -> None:
    for note in notes:
        console.print(one_line(note), style="yellow", markup=False)
