"""What all commands share: the terminal, the options, and how a command ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from autograder import __version__
from autograder.core import course as courses
from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.core.language import Language

CourseOption = Annotated[
    Path | None,
    typer.Option("--course", metavar="DIR", help="A clone of the course; by default this one."),
]
UNCHECKED = (
    "course/course.toml does not say which versions of autograder the course is for, so that is "
    f"not checked. This version is {__version__}; [course] may say, for instance: needs = "
    f'"=={__version__}"'
)
OwnLanguageOption = Annotated[
    Language | None,
    typer.Option("--lang", help="By default AUTOGRADER_LANG, or the language of your system."),
]


def fail(message: str, code: int = 2) -> NoReturn:
    """End the command with a message and an exit status: by default 2, for wrong use."""
    console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(code)


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that wraps lines for people only: what reads a pipe finds every path whole."""
    made = Console(stderr=stderr, quiet=quiet, highlight=False)
    made.soft_wrap = not made.is_terminal
    return made


def load(root: Path | None, *, warns: bool = True) -> Course:
    """Read the course, or end the command.

    warns: whether to tell what its manifest leaves out. A student was given it, and cannot mend it.
    """
    try:
        course = courses.load(root)
    except CourseError as error:
        fail(str(error))
    if warns and course.about.needs is None:
        console(stderr=True).print(UNCHECKED, style="yellow", markup=False)
    return course


def named_units(course: Course, names: list[str]) -> list[Unit]:
    """The units of these names, or all where none are given; or end the command."""
    try:
        return [course.unit(name) for name in names] or course.units
    except CourseError as error:
        fail(str(error))


LanguageOption = Annotated[
    Language, typer.Option("--lang", help="The language of what is written.")
]
