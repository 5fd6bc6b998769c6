"""For whoever adds a unit to the course."""

from __future__ import annotations

from typing import Annotated

import typer

from autograder.authoring import MISTAKES, RIGHT_ANSWERS, SHARE
from autograder.cli.grade import IsolationOption, level_of
from autograder.core.console import Commands, CourseOption, console, load

unit_app = Commands(no_args_is_help=True, help="Add a unit to the course; see what it lacks.")


@unit_app.command("new")
def new(
    name: Annotated[
        str, typer.Argument(help="The unit's name, and that of the file that students hand in.")
    ],
    exercise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A function that students write; may be repeated. By default one, with the "
            "unit's name.",
        ),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Lay out a new unit, complete and running, with a tiny example for each exercise.

    Written are solutions/NAME.py and the starter that is made of it, exercises/test_NAME.py with
    public tests, and the folder course/units/NAME with hidden tests, a known mistake, right
    answers, the lesson and the docstrings in Chinese. course/course.toml gets an entry at its end.
    Nothing that is there already is changed.

    What is yours to write is marked with TODO: `autograder unit check NAME` lists what is left.
    docs/writing-an-exercise.md goes through all of it.

    Exit status: 0; 2 where the name cannot be taken or a file is there already.
    """
    from autograder.authoring.scaffold import lay_out

    loaded, out = load(course), console()
    for path in lay_out(loaded, name, exercise or [name]):
        out.print(path.relative_to(loaded.root).as_posix(), markup=False)
    out.print("\nIt runs as it is. Write your own in place of every TODO, then:")
    out.print("  python -m autograder.release.starters")
    out.print(f"  autograder unit check {name}")


@unit_app.command("check")
def check(
    units: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Units; by default all.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Try one mutant in eight, evenly spread.")
    ] = False,
    mistakes: Annotated[
        int, typer.Option(min=0, help="Known mistakes that each exercise needs.")
    ] = MISTAKES,
    right_answers: Annotated[
        int, typer.Option(min=0, help="Right answers, written differently, that a unit needs.")
    ] = RIGHT_ANSWERS,
    jobs: Annotated[int, typer.Option(min=1, help="How many programs at once.")] = 2,
    isolation: IsolationOption = "full",
    course: CourseOption = None,
) -> None:
    """List all that a unit lacks, a line for each thing, with the remedy.

    What is missing: a file, a test, a title or help in one of the languages. What is weak: a
    starter that its solution does not make, a mistake or a mutant that no hidden test catches, a
    right answer that loses marks, a test that the starter passes, a docstring that leaves a
    parameter or a shape out, a TODO. A note is no failure. Speed is not measured: `autograder
    grade` does that.

    Takes some ten seconds a unit, for the larger ones a minute or more.

    Exit status: 0 when nothing is missing or weak; 1 when something is; 2 on wrong use; 3 when
    nothing can be graded here.
    """
    from autograder.authoring.check import check
    from autograder.authoring.draft import Bar

    loaded = load(course)
    asked = loaded.named(units or [])
    bar = Bar(mistakes, right_answers, SHARE if quick else 1)
    raise typer.Exit(not check(loaded, asked, bar, level_of(isolation), jobs, console()))
