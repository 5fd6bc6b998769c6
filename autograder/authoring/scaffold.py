"""Lay out a new unit: every file of it, with a tiny example in them, and its manifest entry.

templates/ is a clone in small, where UNIT stands for the unit's name: a file that is put there
belongs to every new unit.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from autograder.core.course import Course
from autograder.core.errors import CourseError, ResultsError
from autograder.release.starters import starter
from autograder.release.templating import filled
from autograder.reports.store import write

TEMPLATES = Path(__file__).with_name("templates")
MANIFEST = "course/course.toml"
LEFT = "TODO"  # marks what the templates leave to the author
NAME = re.compile("[a-z][a-z0-9_]*")
# Modules that stand beside a unit's, or in it, and the table of tests in docstrings.zh.toml.
OURS = {"course", "conftest", "torch", "tests"}
OURS |= {"known_mistakes", "mistakes_entry", "generic_mistakes"}


def layout(unit: str) -> dict[str, str]:
    """The templates, by the paths in the clone of what they become."""
    names = sorted(p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*.jinja"))
    return {name.replace("UNIT", unit).removesuffix(".jinja"): name for name in names}


def lay_out(course: Course, unit: str, exercises: Sequence[str]) -> list[Path]:
    """Write a new unit, and return its files; the manifest comes last, with an entry more.

    Raises CourseError where a name cannot be taken or a file is there already: then nothing is
    written.
    """
    _check_names(course, unit, exercises)
    texts = {
        place: filled(template, TEMPLATES, unit=unit, exercises=exercises)
        for place, template in layout(unit).items()
    }
    manifest = {MANIFEST: _longer(course.root / MANIFEST, texts.pop(MANIFEST))}
    texts[f"exercises/{unit}.py"] = starter(texts[f"solutions/{unit}.py"])
    if there := [place for place in texts if (course.root / place).exists()]:
        raise CourseError(
            f"There already: {', '.join(there)}. Nothing was written. Take another name, or move "
            "away what is there."
        )
    written = {place: text.encode() for place, text in texts.items()}
    done: list[Path] = []
    try:
        for place, data in (written | manifest).items():
            write(course.root / place, data)
            done.append(course.root / place)
    except ResultsError:
        for path in done:
            path.unlink()
        raise
    return done


def _check_names(course: Course, unit: str, exercises: Sequence[str]) -> None:
    for name in (unit, *exercises):
        if not NAME.fullmatch(name) or keyword.iskeyword(name):
            raise CourseError(
                f"{name!r} can be no name here: take small letters, digits and _, a letter first, "
                "and no keyword of Python."
            )
        if name in OURS or name.startswith("test_"):
            raise CourseError(f"The course keeps the name {name!r} for itself. Take another.")
    if twice := [name for name in exercises if exercises.count(name) > 1]:
        raise CourseError(f"--exercise {twice[0]} was given twice. Every exercise needs its own.")
    if taken := _taken(course, unit):
        raise CourseError(
            f"{taken}: a student's {unit}.py would hide it, or be hidden. Take another name."
        )


def _taken(course: Course, name: str) -> str:
    """What module has a name already; empty where none has."""
    shared = course.root / "course" / "shared" / f"{name}.py"
    if name in course.unit_names:
        return f"The course has a unit {name!r} already"
    if shared.exists():
        return f"The course has {shared} already"
    found = importlib.util.find_spec(name)
    return f"Python finds a module {name!r} already, {found.origin or 'a folder'}" if found else ""


def _longer(path: Path, entry: str) -> bytes:
    """A manifest with an entry more; what stands in it stays as it is, to the letter."""
    old = path.read_bytes()
    new = old + (b"" if old.endswith(b"\n") else b"\n") + entry.encode()
    try:
        tomllib.loads(new.decode())
    except tomllib.TOMLDecodeError as error:
        raise CourseError(
            f"{path} would not be read with an entry more: {error}. Write its units as tables, "
            "[[units]], at the end."
        ) from error
    return new
