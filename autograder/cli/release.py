"""What is given out, and what this machine can do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

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
from autograder.core.course import Course


def release(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A new or empty folder.", file_okay=False)
    ] = None,
    gradescope: Annotated[
        Path | None,
        typer.Option(metavar="FILE.zip", help="Make the zip for Gradescope; for instructors only."),
    ] = None,
    classroom50: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Make an assignment's folder for Classroom 50."),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(help="With --gradescope or --solutions: this unit only; may be repeated."),
    ] = None,
    solutions: Annotated[
        bool,
        typer.Option(
            "--solutions", help="What comes afterwards: the solution and two more right answers."
        ),
    ] = False,
    assignment: AssignmentOption = None,
    speed: Annotated[
        bool, typer.Option("--speed/--no-speed", help="With --gradescope: whether speed counts.")
    ] = True,
    repository: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where students' repository will lie, for Colab."),
    ] = None,
    on_submit: Annotated[
        bool,
        typer.Option(
            "--on-submit", help="Its CI runs for a tag submit/… alone, not at every push."
        ),
    ] = False,
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Make the repository that students get: exercises, public tests, and nothing hidden.

    With --assignment: for its units alone. Where the manifest has assignments, units that those
    import and that nobody is asked for are supplied.

    With --gradescope: make the autograder for an assignment there, hidden tests and all.
    With --classroom50: make the folder of an assignment there, with the public tests alone.
    With --solutions: once a unit is over, its solution and two right answers that are written
    differently, with what differs and why all are right.
    """
    from autograder.release.answers import release_answers
    from autograder.release.students import release
    from autograder.reports.store import write

    if not (folder or gradescope or classroom50):
        fail(
            "Name a folder for the students' repository, --gradescope FILE.zip or "
            "--classroom50 DIR."
        )
    loaded = load(course)
    console = Console(highlight=False, soft_wrap=True)
    if folder and solutions:
        for one in loaded.asked(unit or [], assignment or []):
            _tell_if_early(loaded, one.name)
            for path in release_answers(loaded, folder, one, lang):
                console.print(str(path), markup=False)
        return
    if folder:
        asked = assignment or []
        files = release(loaded, folder, lang, repository, asked, on_submit=on_submit)
        console.print(f"{len(files)} files in {folder}", markup=False)
    if classroom50:
        from autograder.release.classroom50 import assignment_folder

        assignment_folder(loaded, classroom50, lang, assignment or [])
        console.print(f"{classroom50} is an assignment's folder.", markup=False)
    if gradescope:
        from autograder.release.gradescope_zip import autograder_zip

        units = loaded.asked(unit or [], assignment or [])
        write(gradescope, autograder_zip(loaded, units, lang, speed=speed))
        console.print(f"{gradescope} holds the hidden tests: keep it from students.")


def _tell_if_early(course: Course, unit: str) -> None:
    """Say so where somebody may still hand the unit in."""
    from autograder.reports.table import moment

    name, assignment = course.assignment_of(unit) or ("", None)
    if assignment and assignment.due and datetime.now(UTC) < assignment.due:
        told = f"{unit} is part of {name}, which is due {moment(assignment.due)}."
        console(stderr=True).print(told, style="yellow", markup=False)


def doctor(
    gpu: Annotated[
        bool, typer.Option("--gpu", help="Try what only a GPU can show, too; it must be there.")
    ] = False,
) -> None:
    """Tell what this machine can do, and how to mend what it cannot.

    Exit status: 0 when it can grade with full isolation (with --gpu: and on its GPU), else 1.
    """
    from autograder.supervisor.doctor import diagnose

    raise typer.Exit(diagnose(console(), gpu))
