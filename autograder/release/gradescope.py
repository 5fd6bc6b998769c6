"""Gradescope: the zip that an autograder is uploaded as, and what it does in their container.

The layout: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Gradescope unpacks the
zip into /autograder/source, runs setup.sh once, and for every submission run_autograder, which is
to write /autograder/results/results.json. Only instructors see what run_autograder prints.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from autograder import course as courses
from autograder import isolation, submission
from autograder.course import Course, CourseError, Unit
from autograder.grading import Grader, Options
from autograder.isolation import GraderError
from autograder.release import PACKAGE, filled, read_whole
from autograder.reports import Report, write
from autograder.reports.gradescope import results
from autograder.reports.language import Language
from autograder.reports.results import Student
from autograder.reports.table import number
from autograder.sandbox.host import Level
from autograder.supervisor import strongest

SCRIPTS = ("setup.sh", "run_autograder")
PROJECT = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "course/course.toml")
FOLDERS = ("solutions", "course/parameters")
ONE_DAY = (1980, 1, 1, 0, 0, 0)  # the same zip for the same files


def autograder_zip(
    course: Course, units: Sequence[Unit], language: Language, *, speed: bool
) -> bytes:
    """The zip for an assignment of these units. It holds all that is hidden: it is for no student.

    Raises CourseError where a file is missing.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(_files(course, units, language, speed=speed)):
            entry = zipfile.ZipInfo(name, ONE_DAY)
            entry.external_attr = (0o755 if name in SCRIPTS else 0o644) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _files(
    course: Course, units: Sequence[Unit], language: Language, *, speed: bool
) -> Iterator[tuple[str, bytes]]:
    root = course.root
    options = [f"--unit {unit.name}" for unit in units if len(units) < len(course.units)]
    options += [f"--lang {language}", "--speed" if speed else "--no-speed"]
    for name in SCRIPTS:
        yield name, filled(name, options=" ".join(options)).encode()
    for name in PROJECT:
        yield name, read_whole(root / name)
    for folder in FOLDERS:
        for path in _regular(root / folder):
            yield path.relative_to(root).as_posix(), path.read_bytes()
    for path in _regular(PACKAGE):
        yield f"autograder/{path.relative_to(PACKAGE).as_posix()}", path.read_bytes()


def _regular(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if "__pycache__" not in path.parts]


class _Assignment(msgspec.Struct):
    total_points: float | None = None


class _Metadata(msgspec.Struct):
    assignment: _Assignment


def grade(root: Path, units: Sequence[str], language: Language, *, speed: bool) -> None:
    """Grade root/submission and write root/results/results.json.

    Raises GraderError or CourseError where that cannot be done: then there is no results.json, and
    Gradescope shows no mark instead of a zero.
    """
    course = courses.load(root / "source")
    asked = [course.unit(name) for name in units] or course.units
    level = strongest()
    warnings = [*_warnings(level, [PACKAGE, course.root]), *_other_total(root, asked, speed=speed)]
    print(f"Isolation: {level}", *warnings, sep="\n", flush=True)
    handed_in = submission.read(root, "submission", course)
    masks = [course.root, root / "submission", root / "results"]
    with Grader(course, Options(isolation=level, speed=speed), masks) as grader:
        reports = {unit.name: _graded(grader, handed_in, unit) for unit in asked}
    student = Student("submission", "submission", reports)
    write(root / "results" / "results.json", results(student, course, language, warnings))
    print(f"{number(student.score)} of {number(student.max_score)} points")


def _graded(grader: Grader, handed_in: submission.Submission, unit: Unit) -> Report:
    """A unit's report; what is incomplete is tried once more. Raises GraderError if it stays so."""
    report = grader.grade(handed_in, unit)
    if report.status == "incomplete":
        report = grader.grade(handed_in, unit)
    print(f"{unit.name}: {number(report.score)} of {number(report.max_score)}", report.message)
    if report.status == "incomplete":
        raise GraderError(
            f"{unit.name} could not be graded: {report.message} Where it is the clock that fails, "
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


def _other_total(root: Path, units: Sequence[Unit], *, speed: bool) -> Iterator[str]:
    """Say if the assignment counts other points than its tests, as submission_metadata.json has."""
    kinds = Options(speed=speed).kinds
    most = sum(unit.max_score(kinds) for unit in units)
    try:
        data = (root / "submission_metadata.json").read_bytes()
        metadata = msgspec.json.decode(data, type=_Metadata)
    except (OSError, msgspec.MsgspecError):
        return
    if metadata.assignment.total_points not in (None, most):
        yield (
            f"The assignment has {metadata.assignment.total_points:g} points, its tests count "
            f"{most}. Set the assignment's points to {most}."
        )


def _readable(folder: Path, level: Level) -> bool:
    """Whether a submission can read a folder: at `reduced`, whatever lies beside Python."""
    return level == "none" or any(
        folder.resolve().is_relative_to(path.resolve()) for path in isolation.readable_folders()
    )


def main(
    unit: Annotated[list[str] | None, typer.Option(help="Grade this unit only.")] = None,
    lang: Annotated[str, typer.Option(help="en or zh")] = "en",
    speed: Annotated[bool, typer.Option("--speed/--no-speed")] = True,
) -> None:
    """What run_autograder runs; AUTOGRADER_ROOT names another folder than /autograder."""
    root = Path(os.environ.get("AUTOGRADER_ROOT", "/autograder"))
    try:
        grade(root, unit or [], "zh" if lang == "zh" else "en", speed=speed)
    except (GraderError, CourseError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
