"""The commands of a student's release, and what they share with an instructor's."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.core.console import Commands, CourseOption, OwnLanguageOption, load
from autograder.core.course import Course, Unit
from autograder.core.language import Language, _, language_here, render, say
from autograder.local.limit import SECONDS
from autograder.local.own_process import Begins, in_own_process

LimitOption = Annotated[
    float,
    typer.Option("--limit", min=0, help="Seconds of computing that one test may take; 0: any."),
]

app = Commands(
    no_args_is_help=True,
    help="The public tests of the course's exercises, run on your files.",
)


BEGINS = _("Running the public tests: %(units)s")


def _named(course: Course, word: str) -> Unit:
    """A unit by its name, its file's path, its tests' file's, or the name of an exercise of it."""
    path = Path(word)
    name = path.stem.removeprefix("test_") if path.suffix in (".py", ".ipynb") else word
    if name in course.unit_names:
        return course.unit(name)
    owners = (u for u in course.units if any(exercise.name == name for exercise in u.exercises))
    return next(owners, None) or course.unit(name)


@app.callback()
def _main() -> None:
    """Print `?` for a letter that a pipe lacks, as on Windows: here and in processes of ours."""
    os.environ["PYTHONIOENCODING"] = f"{sys.stdout.encoding}:replace"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@app.command()
def check(
    unit: Annotated[
        str | None, typer.Argument(help="One unit, or its file; by default all.")
    ] = None,
    limit: LimitOption = SECONDS,
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Run the public tests on your files and show what to fix first."""
    loaded, language = load(course, warns=False), lang or language_here()
    units = [_named(loaded, unit)] if unit else loaded.units
    console = Console(highlight=False)
    names = ", ".join(unit.name for unit in units)
    console.print(render(say(BEGINS, units=names).facts, language), style="dim")  # before torch
    given = (loaded, units, language, limit)
    code = in_own_process(_check, *given, console=console, language=language)
    raise typer.Exit(code)


def _check(
    course: Course, units: Sequence[Unit], language: Language, limit: float, begins: Begins
) -> int:
    from autograder.local.check import check_folder

    return check_folder(course, units, Console(highlight=False), language, begins, limit)


@app.command()
def watch(
    unit: Annotated[str | None, typer.Argument(help="One unit; by default the one saved.")] = None,
    limit: LimitOption = SECONDS,
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Run a unit's public tests again whenever you save it. Ctrl-C ends."""
    from autograder.local.watch import Watch

    loaded = load(course, warns=False)
    chosen = _named(loaded, unit) if unit else None
    language = lang or language_here()
    Watch(loaded, chosen, _check, Console(highlight=False), language, limit).run()


@app.command()
def hint(
    exercise: Annotated[str, typer.Argument(help="The function that you write.")],
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Give a hint for an exercise: at each call one more, and never the answer."""
    from autograder.local.hints import hint as next_hint

    for told in next_hint(load(course, warns=False), exercise, language := lang or language_here()):
        Console(highlight=False).print(render(told.facts, language), markup=False)


@app.command()
def reset(
    exercise: Annotated[str, typer.Argument(help="The function to be written anew.")],
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Empty an exercise's function again; your file as it was is kept beside."""
    from autograder.local.reset import reset as empty

    language = lang or language_here()
    told = empty(load(course, warns=False), exercise, language)
    Console(highlight=False).print(render(told.facts, language), markup=False)


@app.command()
def handin(
    unit: Annotated[list[str] | None, typer.Argument(help="Units; by default all.")] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.zip", help="By default handin.zip, here.")
    ] = None,
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Check that everything is there, and pack one zip to hand in.

    Exit status: 0 when every file is there, loads, and has its functions written, else 1.
    """
    from autograder.local import handin
    from autograder.local.looks import look

    loaded, language = load(course, warns=False), lang or language_here()
    console = Console(highlight=False)
    looks = look(loaded, loaded.named(unit or []))
    handin.report(looks, console, language)
    given = (loaded.root / "exercises", handin.modules(looks), language)
    status = in_own_process(handin.load, *given, console=console, language=language)
    packed = handin.write(loaded, looks, output or Path(handin.ZIP), console, language)
    raise typer.Exit(bool(status) or not packed or any(one.told or one.unwritten for one in looks))


@app.command()
def update(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A newer edition.")],
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Take over a newer edition of the course; what you have written stays as it is."""
    from autograder.local.update import update as take_over

    language = lang or language_here()
    for told in take_over(load(course, warns=False), file, language):
        Console(highlight=False).print(render(told.facts, language), markup=False)


@app.command()
def ci(
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE.xml", help="Write a JUnit report too.")
    ] = None,
    points: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write each exercise's points too.")
    ] = None,
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Run the public tests in a CI job: GitHub and GitLab then show what came of them."""
    loaded, language = load(course, warns=False), lang or language_here()
    console = Console(highlight=False)
    files = junit, points
    code = in_own_process(_ci, loaded, language, files, console=console, language=language)
    raise typer.Exit(code)


def _ci(
    course: Course, language: Language, files: tuple[Path | None, Path | None], begins: Begins
) -> int:
    from autograder.local.ci import run

    return run(course, course.units, Console(highlight=False), language, *files, begins)
