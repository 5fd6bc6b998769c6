"""Generate exercises/<unit>.py, what a student starts from, out of solutions/<unit>.py.

python -m autograder.release.starters            write the starters that have drifted
python -m autograder.release.starters --check    only name them, and exit with 1 where there are any
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from autograder.core.console import CourseOption, program
from autograder.core.course import Course, load
from autograder.core.errors import CourseError
from autograder.local.reset import STUB

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"


def starter(solution: str) -> str:
    """Return the text of a solution with nbgrader's stub in place of every solution region.

    nbgrader clears notebooks, so the whole file is one cell of one: a file that was cut into cells
    and joined again would not keep its blank lines. Raises RuntimeError where a region is not
    closed, or opens inside another.
    """
    try:
        from nbformat.v4 import new_code_cell, new_notebook
        from nbgrader.preprocessors import ClearSolutions  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise CourseError(
            f"Starters are made with nbgrader, and the package {error.name!r} is not installed. "
            "Run: pip install -e '.[course]'"
        ) from error
    clear = ClearSolutions(
        begin_solution_delimeter=BEGIN,  # nbgrader's own spelling
        end_solution_delimeter=END,
        code_stub={"python": STUB},
        enforce_metadata=False,
        log=logging.Logger("nbgrader", logging.CRITICAL),  # its errors quote the whole solution
    )
    cell = new_code_cell(solution)  # type: ignore[no-untyped-call]
    clear.preprocess(new_notebook(cells=[cell]), {})  # type: ignore[no-untyped-call]
    return str(cell.source)


def drifted(course: Course) -> dict[Path, str]:
    """Find the starters that are not what their solutions make: their paths and right texts.

    Raises CourseError where a unit has no solution, or one that no starter can be made of.
    """
    right = {
        course.root / "exercises" / f"{unit}.py": _starter_of(course, unit)
        for unit in course.unit_names
    }
    return {path: text for path, text in right.items() if _read(path) != text}


def _starter_of(course: Course, unit: str) -> str:
    path = course.root / "solutions" / f"{unit}.py"
    solution = _read(path)
    if solution is None:
        raise CourseError(f"{path} is missing: course.toml lists the unit {unit!r}.")
    try:
        text = starter(solution)
    except RuntimeError as error:
        raise CourseError(f"{path}: {error}.") from error
    if text == solution:
        raise CourseError(f"{path} has no {BEGIN!r}: its starter would give the solution away.")
    return text


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 for a drift.")
    ] = False,
    course: CourseOption = None,
) -> None:
    """Generate the starters in exercises/ from solutions/."""
    loaded = load(course)
    changes = drifted(loaded)
    for path, text in changes.items():
        starter_name = path.relative_to(loaded.root).as_posix()
        if check:
            print(f"{starter_name} is not what solutions/{path.name} makes.")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{starter_name} is written.")
    if check and changes:
        print("Run: python -m autograder.release.starters")
        raise typer.Exit(1)


app = program(main)
if __name__ == "__main__":
    app()
