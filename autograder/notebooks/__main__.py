"""python -m autograder.notebooks DIR              every unit's notebook, in English
python -m autograder.notebooks DIR --lang zh    in Chinese
python -m autograder.notebooks DIR --assignment week1
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autograder.core.console import AssignmentOption, CourseOption, LanguageOption, program
from autograder.core.course import load
from autograder.grading.protocol import Options
from autograder.notebooks.build import UNGUARDED, build


def main(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The nbgrader course's folder.")],
    cuda: Annotated[bool, typer.Option("--cuda", help="Count the points for a GPU too.")] = False,
    speed: Annotated[bool, typer.Option("--speed/--no-speed", help="Whether speed counts.")] = True,
    assignment: AssignmentOption = None,
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Build the lessons into DIR/source, for `nbgrader generate_assignment`."""
    loaded = load(course)
    build(loaded, folder.resolve(), lang, Options(cuda, speed=speed), assignment or [])
    built = loaded.only(assignment or []).unit_names
    print(f"{folder}/source holds: {', '.join(built)}.")
    print(f"Next, in {folder}: nbgrader generate_assignment {built[0]}")
    print(UNGUARDED)


app = program(main)
if __name__ == "__main__":
    app()
