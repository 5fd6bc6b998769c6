"""The commands of a student's release, and what they share with an instructor's."""

# Annotations are read at each start: as text, with the future import, they would be compiled there.
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autograder.core.console import Commands, CourseOption, OwnLanguageOption, load
from autograder.core.language import Language, Sentence, _, language_here, render, say
from autograder.local.limit import SECONDS

if TYPE_CHECKING:  # what `--help` does without is imported where it is used
    from rich.console import Console

    from autograder.core.course import Course, Unit
    from autograder.local.own_process import Begins

LimitOption = Annotated[
    float,
    typer.Option("--limit", min=0, help="Seconds of computing that one test may take; 0: any."),
]

app = Commands(
    no_args_is_help=True,
    help="The public tests of the course's exercises, run on your files.",
)


BEGINS = _("Running the public tests: %(units)s")


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False)


def _in_own_process(run: Callable[..., int], *given: Any, language: Language) -> int:
    from autograder.local.own_process import in_own_process

    return in_own_process(run, *given, console=_console(), language=language)


def _tell(sentences: Iterable[Sentence], language: Language) -> None:
    for told in sentences:
        _console().print(render(told.facts, language), markup=False)


def _named(course: "Course", word: str) -> "Unit":
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
    told = say(BEGINS, units=", ".join(unit.name for unit in units))
    _console().print(render(told.facts, language), style="dim")  # before torch is imported
    raise typer.Exit(_in_own_process(_check, loaded, units, language, limit, language=language))


def _check(
    course: "Course", units: Sequence["Unit"], language: Language, limit: float, begins: "Begins"
) -> int:
    from autograder.local.check import check_folder

    return check_folder(course, units, _console(), language, begins, limit)


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
    Watch(loaded, chosen, _check, _console(), language, limit).run()


@app.command()
def hint(
    exercise: Annotated[str, typer.Argument(help="The function that you write.")],
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Give a hint for an exercise; at each call one more."""
    from autograder.local.hints import hint as next_hint

    language = lang or language_here()
    _tell(next_hint(load(course, warns=False), exercise, language), language)


@app.command()
def reset(
    exercise: Annotated[str, typer.Argument(help="The function to be written anew.")],
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Empty an exercise's function again; your file is kept."""
    from autograder.local.reset import reset as empty

    language = lang or language_here()
    _tell([empty(load(course, warns=False), exercise, language)], language)


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
    from autograder.local.own_process import INTERRUPTED

    loaded, language = load(course, warns=False), lang or language_here()
    console = _console()
    looks = look(loaded, loaded.named(unit or []))
    handin.report(looks, console, language)
    given = (loaded, handin.modules(looks), language)
    status = _in_own_process(handin.load, *given, language=language)
    if status == INTERRUPTED:
        raise typer.Exit(status)
    packed = handin.write(loaded, looks, output or Path(handin.ZIP), console, language)
    raise typer.Exit(bool(status) or not packed or any(one.told or one.unwritten for one in looks))


@app.command()
def update(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A newer edition.")],
    lang: OwnLanguageOption = None,
    course: CourseOption = None,
) -> None:
    """Take over a newer edition; what you have written stays."""
    from autograder.local.update import update as take_over

    language = lang or language_here()
    _tell(take_over(load(course, warns=False), file, language), language)


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
    """Run the public tests in a CI job, which shows them."""
    loaded, language = load(course, warns=False), lang or language_here()
    files = junit, points
    raise typer.Exit(_in_own_process(_ci, loaded, language, files, language=language))


def _ci(
    course: "Course", language: Language, files: tuple[Path | None, Path | None], begins: "Begins"
) -> int:
    from autograder.local.ci import run

    return run(course, course.units, _console(), language, *files, begins)
