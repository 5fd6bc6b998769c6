"""What lies at a student's desk for each unit: its file, what is not written, near misses."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.core.course import Course, Unit
from autograder.core.language import Sentence, _, restate, say
from autograder.core.text import printable
from autograder.intake.content import RUN, content
from autograder.intake.decode import NOTEBOOK_FACTOR, read_file
from autograder.intake.names import UPLOADED_AGAIN, is_noise, plain
from autograder.intake.submission import File

SUFFIXES = (".py", ".ipynb")
MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w, ]+=\s*[%!].*|[^#'\"]*\?\s*)$")
DEEPEST = 3
EXPORTED = _(
    "%(file)s is a notebook's text, with lines such as `!pip` or `get_ipython()` that run in one "
    "alone: it is read as a notebook, here and in grading."
)
RENAME = _("%(found)s looks like your work for %(unit)s: rename it to %(file)s.")
BOTH = _("%(first)s and %(second)s both hold work. Move the one elsewhere that does not count.")
NOT_SEEN = _("%(file)s: no function `%(name)s` was seen in its code cells. Was it renamed?")
MISSING = _("There is no %(file)s in %(folder)s.")
LINK = _("%(file)s is a link, not a file. Hand in the file itself.")
LARGE = _(
    "%(file)s is too large: %(size)s MiB, at most %(most)s MiB. Clear outputs and leave data out."
)


@dataclass
class UnitLook:
    """What was seen of a unit.

    file: what is handed in for it; untouched: the file where nothing is written; unsure: whether it
    is not clear which file counts.
    """

    unit: Unit
    file: Path | None = None
    untouched: Path | None = None
    unsure: bool = False
    unwritten: list[str] = field(default_factory=list)
    told: list[Sentence] = field(default_factory=list)


def look(course: Course, units: Sequence[Unit]) -> list[UnitLook]:
    """Find the units' files, and what is not written in them yet, without running anything."""
    folder = course.root / "exercises"
    others = [*_files_below(folder), *(path for path in _listing(course.root) if path.is_file())]
    return [_look(unit, folder, others, course.limits.source_kib << 10) for unit in units]


def left(one: UnitLook) -> list[str]:
    """The functions of a unit that are still to be written."""
    if one.unsure:  # it lies under another name, or twice
        return []
    written = content(_cells(one.file)).written(names_of(one.unit)) if one.file else set()
    return [name for name in names_of(one.unit) if name not in written]


def trees(path: Path) -> Iterator[ast.Module]:
    """A file's program, or that of each cell, parsed: without magics, as far as Python reads it."""
    file = _file(path)
    for cell in file.cells if file else []:
        text = "\n".join(MAGIC.sub(r"\1pass", line) for line in cell.splitlines())
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            yield ast.parse(text if file and file.notebook else cell)


def runs(path: Path) -> Iterator[list[str]]:
    """The files that a notebook runs with `%run`, by the parts of their paths, suffixes off."""
    for cell in _cells(path):
        for found in RUN.finditer(cell):
            yield [part for part in PurePosixPath(found[2]).parts if part.strip(".")]


def is_exported(path: Path) -> bool:
    """Whether a .py file is read as a notebook, since it is the text of one."""
    file = _file(path)
    return bool(file and file.notebook) and not _is_notebook(path)


def _look(unit: Unit, folder: Path, others: Sequence[Path], limit: int) -> UnitLook:
    seen = UnitLook(unit)
    there = [path for path in (folder / f"{unit.name}{s}" for s in SUFFIXES) if path.is_file()]
    begun = [path for path in there if _unwritten(path, unit) != names_of(unit)]
    if not begun:
        alike = [p for p in others if p not in there and _is_for(unit, p)]
        begun_alike = [path for path in alike if _unwritten(path, unit) != names_of(unit)]
        if begun_alike:
            file = unit.name + plain(begun_alike[0].name)[1]
            found = printable(begun_alike[0].relative_to(folder.parent).as_posix())
            seen.told = [say(RENAME, found=found, unit=unit.name, file=f"{folder.name}/{file}")]
            seen.unsure = True
        elif there:
            seen.unwritten, seen.untouched = names_of(unit), there[0]
        else:
            seen.told = [say(MISSING, file=f"{unit.name}.py", folder=str(folder))]
    elif len(begun) > 1:
        seen.told = [say(BOTH, first=begun[0].name, second=begun[1].name)]
        seen.unsure = True
    else:
        seen.file = begun[0]
        seen.unwritten = _unwritten(seen.file, unit)
        _check(seen, seen.file, limit)
    return seen


def _check(seen: UnitLook, path: Path, limit: int) -> None:
    """Say what the course would not read in a file, and which functions a notebook lacks."""
    limit *= NOTEBOOK_FACTOR if path.suffix == ".ipynb" else 1
    if path.is_symlink():
        seen.told.append(say(LINK, file=path.name))
    if (size := path.stat().st_size) > limit:
        shown, most = f"{size / 2**20:,.1f}", f"{limit / 2**20:,.0f}"
        seen.told.append(say(LARGE, file=path.name, size=shown, most=most))
    if (file := _file(path)) and file.facts:
        seen.told.append(restate(file.facts))
    elif file and file.notebook:
        names = names_of(seen.unit)
        defined = content(_cells(path)).defines(names)
        lacking = [name for name in names if name not in defined]
        seen.told += [say(NOT_SEEN, file=path.name, name=name) for name in lacking]


def names_of(unit: Unit) -> list[str]:
    """The functions that are to be written for a unit."""
    return [exercise.name for exercise in unit.exercises]


def _is_for(unit: Unit, path: Path) -> bool:
    """Whether a file has a unit's name but for what browsers, systems and platforms add."""
    stem, suffix = plain(path.name)
    return UPLOADED_AGAIN.sub("", stem).casefold() == unit.name and suffix in SUFFIXES


def _unwritten(path: Path, unit: Unit) -> list[str]:
    """The functions that are there and only raise NotImplementedError."""
    found, names = content(_cells(path)), names_of(unit)
    lacking = found.defines(names) - found.written(names)
    return [name for name in names if name in lacking]


def _cells(path: Path) -> list[str]:
    """A file's program, or that of each cell, as far as the course would read it."""
    file = _file(path)
    return file.cells if file else []


def _file(path: Path) -> File | None:
    """A file as the course would read it; None where it cannot be opened."""
    try:
        kib = path.stat().st_size // 1024 + 1  # what is too large is told in another place
        return read_file(path.name, _is_notebook(path), kib, lambda _: path.read_bytes())
    except OSError:
        return None


def _is_notebook(path: Path) -> bool:
    return path.name.lower().endswith(".ipynb")


def _files_below(folder: Path) -> list[Path]:
    """The files in a folder and in its folders, three deep, that are no tests and no tool's."""
    found, level = list[Path](), [folder]
    for _depth in range(DEEPEST):
        entries = [path for place in level for path in _listing(place)]
        found += [p for p in entries if p.is_file() and not p.name.startswith("test_")]
        level = [path for path in entries if path.is_dir() and not path.is_symlink()]
    return found


def _listing(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not is_noise(path.name))
