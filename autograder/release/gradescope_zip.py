"""Gradescope: the zip that an autograder is uploaded as, and what it does in their container.

The layout: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Gradescope unpacks the
zip into /autograder/source, runs setup.sh once, and for every submission run_autograder, which is
to write /autograder/results/results.json. Only instructors see what run_autograder prints.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from autograder.core.course import Course, Unit
from autograder.core.processes import PACKAGE
from autograder.release.templating import filled, read_whole
from autograder.reports.wording import Language

SCRIPTS = ("setup.sh", "run_autograder")
PROJECT = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "course/course.toml")
FOLDERS = ("solutions", "course/parameters", "course/shared", "course/units")
BUILT = "lesson.*.[hi]*"  # pages and notebooks of lessons, which nobody reads there


def autograder_zip(
    course: Course, units: Sequence[Unit], language: Language, *, speed: bool
) -> bytes:
    """The zip for an assignment of these units. It holds all that is hidden: it is for no student.

    Raises CourseError where a file is missing.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(_files(course, units, language, speed=speed)):
            entry = zipfile.ZipInfo(name)  # of no day: the same zip for the same files
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
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] != "bench":  # nobody measures there
            yield f"autograder/{inside.as_posix()}", path.read_bytes()


def _regular(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [p for p in found if "__pycache__" not in p.parts and not fnmatch(p.name, BUILT)]
