"""What all commands share: the terminal, the options, and how a command ends."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO, cast

import typer

from autograder import __version__
from autograder.core.errors import CourseError, GraderError, SubmissionsError
from autograder.core.language import Language, Sentence, language_here, render
from autograder.core.text import inert

if TYPE_CHECKING:  # what `--help` does without is imported where it is used
    from rich.console import Console

    from autograder.core.course import Course

CourseOption = Annotated[
    Path | None,
    typer.Option(
        "--course", metavar="DIR", help="The course's folder; by default the one that you are in."
    ),
]
AssignmentOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="The units of this assignment only; may be repeated."),
]
UNCHECKED = (
    "course/course.toml does not say which versions of autograder the course is for, so that is "
    f"not checked. This version is {__version__}; [course] may say, for instance: needs = "
    f'"=={__version__}"'
)
LanguageOption = Annotated[
    Language, typer.Option("--lang", help="The language of what is written.")
]
MARKS = {True: "[green]ok[/]", False: "[red]no[/]", None: "–"}  # fine, missing, merely told
OwnLanguageOption = Annotated[
    Language | None,
    typer.Option("--lang", help="By default AUTOGRADER_LANG, or the language of your system."),
]


def fail(message: str, code: int = 2) -> NoReturn:
    """End the command with a message and an exit status: by default 2, for wrong use."""
    console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(code)


class _Inert:
    """A stream on which no text is a command to a CI job, wherever a line or a cell is folded."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, with commands broken."""
        return self._stream.write(inert(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that wraps lines for people only: what reads a pipe finds every path whole.

    `:x:` in somebody's file or its name stays what it is, and becomes no picture.
    """
    from rich.console import Console

    stream = cast(TextIO, _Inert(sys.stderr if stderr else sys.stdout))
    made = Console(file=stream, stderr=stderr, quiet=quiet, highlight=False, emoji=False)
    made.soft_wrap = not made.is_terminal
    return made


class Commands(typer.Typer):
    """Commands that end with a message, and no traceback, where an error of ours is raised.

    The exit status is then 2 for what their user can mend, and 3 for a reason on our side.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,  # help in plain text takes a third of the time
            **options,
        )

    def command(self, *name: Any, **options: Any) -> Callable[..., Any]:
        """See typer.Typer."""
        enter = super().command(*name, **options)
        return lambda function: enter(_telling(function))


def _telling(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def told(**options: Any) -> None:
        try:
            function(**options)
        except (CourseError, SubmissionsError) as error:
            fail(_in_words(error, options.get("lang", "en") or language_here()))
        except GraderError as error:
            fail(str(error), 3)
        except OSError as error:  # of a file that cannot be written, say: its name is told
            if error.filename is None:
                raise
            fail(f"{error.filename}: {error.strerror}", 3)

    return told


def _in_words(error: Exception, language: Language) -> str:
    told = error.args[0]
    return render(told.facts, language) if isinstance(told, Sentence) else str(error)


def program(main: Callable[..., None]) -> Commands:
    """The command line of a module that is a program of its own."""
    app = Commands()
    app.command()(main)
    return app


def load(root: Path | None, *, warns: bool = True) -> Course:
    """Read the course. Raises CourseError.

    warns: whether to tell what its manifest leaves out. A student was given it, and cannot mend it.
    """
    from autograder.core import course as courses

    course = courses.load(root)
    if warns and course.about.needs is None:
        console(stderr=True).print(UNCHECKED, style="yellow", markup=False)
    return course
