"""Which programs of a class are alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.core.console import CourseOption, LanguageOption, console, fail, load
from autograder.core.text import one_line

NO_PYGMENTS = (
    "Programs are compared with pygments, which is not installed. Run: pip install "
    "'attention-autograder[instructor]'"
)


def similar(
    submissions: Annotated[
        Path, typer.Argument(help="A folder a student.", exists=True, file_okay=False)
    ],
    archive: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Submissions of an earlier year, to compare with (repeat for more).",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="Only this unit (repeat for more).")
    ] = None,
    output: Annotated[Path, typer.Option(metavar="FILE", help="The page.")] = Path("similar.html"),
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Write a page of the programs that are alike, side by side, for you to look at.

    Compared are all that `grade` would run, notebooks too, with one another, with the solutions
    and the right answers, and with the archives. It gives no points and changes no report.
    """
    try:
        from autograder.similar.gather import similar as alike
        from autograder.similar.gather import too_short
    except ModuleNotFoundError as error:
        if error.name != "pygments":
            raise
        fail(NO_PYGMENTS)
    from autograder.reports.pages.similar import similar_page
    from autograder.reports.store import write

    loaded, terminal = load(course), console()
    units = loaded.named(unit or [])
    tell = lambda said: terminal.print(one_line(said), style="yellow", markup=False)  # noqa: E731
    pairs = alike(loaded, units, submissions, archive or [], tell)
    short = {one.name: too_short(loaded, one) for one in units}
    write(output, similar_page(pairs, units, short, loaded, lang).encode("utf-8", "replace"))
    terminal.print(f"Pairs: {len(pairs)}    Page: {output}", markup=False)
