"""Marks as other systems read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from autograder.core.console import (
    AssignmentOption,
    CourseOption,
    LanguageOption,
    console,
    fail,
    load,
)
from autograder.core.text import one_line

DAMAGED = 3  # the exit status where a report was left out


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

    Exit status: 0 when everything that is graded is exported; 2 on wrong use; 3 when a report
    cannot be read, which is named and left out, or for another reason on our side.
    """
    from autograder.marks import ledger
    from autograder.reports import reading
    from autograder.reports.exports.render import ONE_FILE, graded_at, render
    from autograder.reports.pages.feedback import write_feedback
    from autograder.reports.pages.html import PAGE, write_pages
    from autograder.reports.store import write

    terminal = console()
    loaded = load(course).only(assignment or [])
    book, damaged = ledger.load(loaded, results, datetime.now(UTC)), list[str]()
    everybody = book.over(reading.each(results, loaded.units, damaged))
    notes: Iterable[str] = ()
    if to == "feedback":
        for path in write_feedback(output or results / "feedback", everybody, loaded, lang):
            terminal.print(str(path), markup=False, soft_wrap=True)
    elif next(reading.each(results, loaded.units, damaged), None) is None:
        none = f"{results} holds no reports (<student>/<unit>.json) of this course's units."
        fail("\n".join([none, *map(one_line, damaged)]), DAMAGED if damaged else 2)
    elif to == "nbgrader":
        from autograder.notebooks.gradebook import save

        url = db or f"sqlite:///{(output or results / 'gradebook.db').resolve()}"
        notes = save(everybody, loaded, url, lang)
        terminal.print(f"{url} holds the marks.", markup=False, soft_wrap=True)
    elif to == "html":
        folder = output or results
        write_pages(folder, everybody, loaded, lang)
        terminal.print(f"{folder / PAGE}", markup=False)
    else:
        folder = (output.parent if to in ONE_FILE else output) if output else results
        rendered = render(to, everybody, loaded, lang, graded_at(results))
        for name, data in rendered.files:
            path = output if output and name == ONE_FILE.get(to) else folder / name
            write(path, data, lasting=False)
            terminal.print(str(path), markup=False, soft_wrap=True)
        notes = rendered.notes
    for note in dict.fromkeys([*notes, *damaged, *book.notes]):
        terminal.print(one_line(note), style="yellow", markup=False)
    if damaged:
        raise typer.Exit(DAMAGED)
