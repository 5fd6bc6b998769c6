"""What Gradescope's container runs: one submission to results.json."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from autograder.core import course as courses
from autograder.core.console import LanguageOption, console, program
from autograder.core.course import Unit
from autograder.core.errors import GraderError
from autograder.core.processes import PACKAGE
from autograder.core.text import one_line
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.reading import read
from autograder.intake.submission import Submission
from autograder.release import gradescope_metadata
from autograder.reports.exports.gradescope import results
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report
from autograder.reports.store import write
from autograder.reports.table import number, sign, sign_of_total
from autograder.reports.wording import Language
from autograder.sandbox.host import Level
from autograder.supervisor import bubblewrap
from autograder.supervisor.warm_host import strongest


def grade(root: Path, units: Sequence[str], language: Language, *, speed: bool) -> None:
    """Grade root/submission and write root/results/results.json.

    Raises GraderError or CourseError where that cannot be done: then there is no results.json, and
    Gradescope shows no mark instead of a zero.
    """
    course = courses.load(root / "source")
    asked = course.named(units)
    level = strongest()
    metadata, unread = gradescope_metadata.read(root)
    warnings = [*_warnings(level, [PACKAGE, course.root]), *unread]
    warnings += gradescope_metadata.warnings(metadata, course, asked, speed=speed)
    print(f"Isolation: {level}", *warnings, sep="\n", flush=True)
    handed_in = read(root, "submission", course)
    masks = [course.root, root / "submission", root / "results"]
    with Grader(course, Options(isolation=level, speed=speed), masks) as grader:
        reports = {unit.name: _graded(grader, handed_in, unit) for unit in asked}
    student = StudentReports("submission", "submission", reports)
    content = results(student, course, language, warnings)
    content = gradescope_metadata.counted(content, metadata, course, asked, language)
    write(root / "results" / "results.json", content)
    print(f"{sign_of_total([*reports.values()])} of {number(student.max_score)} points")


def _graded(grader: Grader, handed_in: Submission, unit: Unit) -> Report:
    """A unit's report; what is incomplete is tried once more. Raises GraderError if it stays so."""
    report = grader.grade(handed_in, unit)
    if report.status == "incomplete":
        report = grader.grade(handed_in, unit)
    message = one_line(report.message)
    console().print(
        f"{unit.name}: {sign(report)} of {number(report.max_score)} {message}", markup=False
    )
    if report.status == "incomplete":
        raise GraderError(
            f"{unit.name} could not be graded: {message} Where it is the clock that fails, "
            "give the container more CPU, or release the autograder with --no-speed."
        )
    return report


def _warnings(level: Level, folders: Sequence[Path]) -> Iterator[str]:
    """What instructors have to know of a level that is less than full."""
    if level == "full":
        return
    yield f"This container allows no more than isolation {level!r}: the marks are advisory."
    if any(_readable(folder, level) for folder in folders):
        yield (
            "A submission can read the hidden tests and the solutions here. Look at the programs "
            "themselves, or grade the submissions again where `autograder doctor` finds full "
            "isolation: Assignment settings, Download submissions, then `autograder grade`."
        )
    if level == "none":
        yield "A submission can also change its own marks here."


def _readable(folder: Path, level: Level) -> bool:
    """Whether a submission can read a folder: at `reduced`, whatever lies beside Python."""
    readable, _listed = bubblewrap.readable_folders("cpu")
    return level == "none" or any(
        folder.resolve().is_relative_to(path.resolve()) for path in readable
    )


def main(
    unit: Annotated[list[str] | None, typer.Option(help="Grade this unit only.")] = None,
    lang: LanguageOption = "en",
    speed: Annotated[bool, typer.Option("--speed/--no-speed", help="Whether speed counts.")] = True,
) -> None:
    """What run_autograder runs; AUTOGRADER_ROOT names another folder than /autograder."""
    root = Path(os.environ.get("AUTOGRADER_ROOT", "/autograder"))
    grade(root, unit or [], lang, speed=speed)


app = program(main)
if __name__ == "__main__":
    app()
