"""What a class handed in, from a platform's download or from repositories."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from autograder.core.console import CourseOption, console, fail, load
from autograder.core.github import warning
from autograder.core.text import one_line, several

if TYPE_CHECKING:
    from autograder.intake.collect.run import Summary

MOST = 30  # names and notes that are printed
COUNTS = {  # what the table has, and what it is called there
    "students": "students",
    "new": "  new",
    "later": "  later than before",
    "older": "  older than what is there",
    "unchanged": "  unchanged",
    "files": "files",
    "late": "late",
    "earlier": "earlier attempts, in .earlier/",
    "groups": "groups",
}


def collect(
    download: Annotated[
        Path | None,
        typer.Argument(help="What the platform gave: a folder or a zip.", exists=True),
    ] = None,
    into: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the work goes.", file_okay=False)
    ] = Path("submissions"),
    platform: Annotated[
        Literal[
            "canvas",
            "moodle",
            "blackboard",
            "brightspace",
            "sakai",
            "gradescope",
            "nbgrader",
            "zips",
            "drive",
            "folders",
        ]
        | None,
        typer.Option("--from", help="The platform, where its download is not recognised."),
    ] = None,
    github: Annotated[
        str | None,
        typer.Option(
            metavar="ORG/PREFIX|FILE",
            help="Fetch repositories instead: an organisation's whose names begin so, or those in "
            "a file, a URL or owner/name a line.",
        ),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="All of it is for this unit: an assignment of its own.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Turn a platform's download into a folder a student, ready for `autograder grade`.

    Writes DIR/<student>/… and DIR/people.csv. Of several attempts the latest counts; earlier ones
    go to DIR/.earlier. Run it again on a newer download: it says what is new, and deletes nothing.
    docs/collecting.md tells for each platform where to click.
    """
    from autograder.intake.collect import run

    loaded = load(course)
    name = loaded.named([unit])[0].name if unit else ""
    if (download is None) == (github is None):
        fail("Name a download, or --github ORG/PREFIX or FILE.")
    if download:
        summary = run.collect(loaded, download, into, platform, name)
    else:
        summary = run.fetch(loaded, str(github), into, name)
    _print(summary, into, console())
    asked = f" --unit {name}" if name else ""
    console().print(f"Next: autograder grade {shlex.quote(str(into))}{asked}", markup=False)


def _print(summary: Summary, into: Path, console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    table.add_column(summary.platform)
    table.add_column("", justify="right")
    for key, title in COUNTS.items():
        if key in ("students", "files") or summary.counts[key]:
            table.add_row(title, str(summary.counts[key]))
    for title, names in (("not in it any more", summary.gone), ("unknown files", summary.unknown)):
        if names:
            table.add_row(title, str(len(names)))
    console.print(table)
    _list("Not in this download, and kept as they are:", summary.gone, console)
    _list("Unknown, and left where they are:", summary.unknown, console)
    for note in summary.notes[:MOST]:
        if "GITHUB_ACTIONS" in os.environ:
            print(warning(note))
        else:
            console.print(one_line(note), style="yellow", markup=False)
    if len(summary.notes) > MOST:
        console.print(f"… and {len(summary.notes) - MOST} more such notes.")
    console.print(f"People: {into / 'people.csv'}", markup=False)


def _list(title: str, names: list[str], console: Console) -> None:
    if names:
        console.print(f"{title} {several(names, MOST)}.", markup=False)
