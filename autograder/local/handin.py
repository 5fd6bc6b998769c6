"""What a student hands in: every file looked at, and packed in one zip that the course can read.

The zip holds the units' files by their names, the modules among the student's own that these
import, and handin.json, which lists them. It is the same bytes for the same work.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import Course, Unit
from autograder.core.language import (
    Language,
    Sentence,
    _,
    render,
    say,
    translations,
)
from autograder.core.manifest import MANIFEST, HandinManifest, listed
from autograder.core.text import printable
from autograder.intake.content import content
from autograder.intake.decode import NOTEBOOK_FACTOR, read_file
from autograder.intake.names import UPLOADED_AGAIN, is_noise, plain
from autograder.local.own_process import Begins

ZIP = "handin.zip"
SUFFIXES = (".py", ".ipynb")
MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w, ]+=\s*[%!].*|[^#'\"]*\?\s*)$")
DEEPEST = 3
RENAME = _("%(found)s looks like your work for %(unit)s: rename it to %(file)s.")
BOTH = _("%(first)s and %(second)s both hold work. Move the one elsewhere that does not count.")
NOT_BEGUN = _("Nothing is written yet in %(files)s: left out.")
NOT_SEEN = _("%(file)s: no function `%(name)s` was seen in its code cells. Was it renamed?")
NO_ZIP = _("No zip was packed: mend what is said above, and run this again.")
PACKED = _("%(zip)s is packed (%(units)s). Hand in this one file.")
MISSING = _("There is no %(file)s in %(folder)s.")
LINK = _("%(file)s is a link, not a file. Hand in the file itself.")
LARGE = _(
    "%(file)s is too large: %(size)s MiB, at most %(most)s MiB. Clear outputs and leave data out."
)
WHEN = (1980, 1, 1, 0, 0, 0)  # of every file: the zip says nothing of when it was made


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


def pack(course: Course, looks: Iterable[UnitLook]) -> bytes:
    """The zip: the units' files, the student's own modules that they import, and the manifest."""
    folder = course.root / "exercises"
    works = {one.unit.name: one.file for one in looks if one.file}
    helpers = [path for path in _imported(folder, works.values()) if path not in works.values()]
    files = {path: path.read_bytes() for path in [*works.values(), *helpers]}
    entries = {path: listed(path.relative_to(folder).as_posix(), files[path]) for path in files}
    manifest = HandinManifest(
        course.title.en,
        {name: entries[path] for name, path in works.items()},
        [entries[path] for path in helpers],
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        whole = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        _add(archive, MANIFEST, whole + b"\n")
        for path in sorted(files):
            _add(archive, entries[path].file, files[path])
    return packed.getvalue()


def left(one: UnitLook) -> list[str]:
    """The functions of a unit that are still to be written."""
    if one.unsure:  # it lies under another name, or twice
        return []
    written = content(_cells(one.file)).written(_names(one.unit)) if one.file else set()
    return [name for name in _names(one.unit) if name not in written]


def report(looks: Sequence[UnitLook], console: Console, language: Language) -> None:
    """Print a table of the units, and below it what is to be mended."""
    said = translations(language).gettext
    table = Table(box=None, pad_edge=False)
    for heading in ("", said("unit"), said("file"), said("not written yet")):
        table.add_column(heading)
    for one in looks:
        fine = one.file and not one.told and not one.unwritten
        mark = Text(said("ok"), "green") if fine else Text(said("no"), "red")
        file = printable(one.file.name) if one.file else "–"
        table.add_row(mark, one.unit.name, Text(file), ", ".join(one.unwritten))
    console.print(table)
    told = [sentence for one in looks for sentence in one.told]
    if files := [one.untouched.name for one in looks if one.untouched]:
        told.append(say(NOT_BEGUN, files=", ".join(files)))
    for sentence in told:
        console.print(render(sentence.facts, language), markup=False)


def modules(looks: Iterable[UnitLook]) -> list[Unit]:
    """The units whose files Python can import; notebooks are looked at, and not run."""
    return [one.unit for one in looks if one.file and one.file.suffix == ".py"]


def load(folder: Path, units: Sequence[Unit], language: Language, begins: Begins) -> int:
    """Import files of a student's, in a process for it alone; print what is wrong, and return 1."""
    from autograder.testing.direct import LocalBackend

    console, backend, status = Console(highlight=False), LocalBackend(folder), 0
    for unit in units:
        begins(f"{unit.name}.py")
        for name in _names(unit):
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    backend.function(unit.name, name)
            except (Exception, SystemExit) as error:
                from autograder.local.explain import explain  # with torch

                status = 1
                console.print(explain(error, backend, "", language).text, markup=False)
                if getattr(error, "help_id", "") != "missing_function":
                    break  # it would fail at each function in the same way
    return status


def write(
    course: Course, looks: Sequence[UnitLook], path: Path, console: Console, language: Language
) -> bool:
    """Write the zip and say so, or say why there is none."""
    works = [one for one in looks if one.file]
    if not works or any(one.unsure for one in looks):
        console.print(render(say(NO_ZIP).facts, language), style="red")
        return False
    path.write_bytes(pack(course, works))
    told = say(PACKED, zip=str(path), units=", ".join(one.unit.name for one in works))
    console.print(render(told.facts, language), markup=False)
    return True


def _look(unit: Unit, folder: Path, others: Sequence[Path], limit: int) -> UnitLook:
    seen = UnitLook(unit)
    there = [path for path in (folder / f"{unit.name}{s}" for s in SUFFIXES) if path.is_file()]
    begun = [path for path in there if _unwritten(path, unit) != _names(unit)]
    if not begun:
        alike = [p for p in others if p not in there and _is_for(unit, p)]
        begun_alike = [path for path in alike if _unwritten(path, unit) != _names(unit)]
        if begun_alike:
            file = unit.name + plain(begun_alike[0].name)[1]
            found = printable(begun_alike[0].relative_to(folder.parent).as_posix())
            seen.told = [say(RENAME, found=found, unit=unit.name, file=f"{folder.name}/{file}")]
            seen.unsure = True
        elif there:
            seen.unwritten, seen.untouched = _names(unit), there[0]
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
    if path.suffix == ".ipynb":
        names = _names(seen.unit)
        defined = content(_cells(path)).defines(names)
        lacking = [name for name in names if name not in defined]
        seen.told += [say(NOT_SEEN, file=path.name, name=name) for name in lacking]


def _names(unit: Unit) -> list[str]:
    return [exercise.name for exercise in unit.exercises]


def _is_for(unit: Unit, path: Path) -> bool:
    """Whether a file has a unit's name but for what browsers, systems and platforms add."""
    stem, suffix = plain(path.name)
    return UPLOADED_AGAIN.sub("", stem).casefold() == unit.name and suffix in SUFFIXES


def _unwritten(path: Path, unit: Unit) -> list[str]:
    """The functions that are there and only raise NotImplementedError."""
    found, names = content(_cells(path)), _names(unit)
    lacking = found.defines(names) - found.written(names)
    return [name for name in names if name in lacking]


def _cells(path: Path) -> list[str]:
    """A file's program, or that of each cell, as far as the course would read it."""
    kib = path.stat().st_size // 1024 + 1  # what is too large is told in another place
    try:
        return read_file(path.name, _is_notebook(path), kib, lambda _: path.read_bytes()).cells
    except OSError:
        return []


def _is_notebook(path: Path) -> bool:
    return path.name.lower().endswith(".ipynb")


def _trees(path: Path) -> Iterator[ast.Module]:
    """The same parsed, magics left out, as far as Python reads it."""
    for cell in _cells(path):
        text = "\n".join(MAGIC.sub(r"\1pass", line) for line in cell.splitlines())
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            yield ast.parse(text if _is_notebook(path) else cell)


def _imported(folder: Path, files: Iterable[Path]) -> list[Path]:
    """The modules in a folder that files import, directly or not; theirs too."""
    waiting = list(files)
    roots = len(waiting)
    for path in waiting:  # which grows
        for name in _imports(path, folder):
            waiting += [p for p in dict.fromkeys(_modules(name, folder)) if p not in waiting]
    return waiting[roots:]


def _imports(path: Path, folder: Path) -> Iterator[list[str]]:
    """The modules that a file names, in parts; `a.b` of `from a import b`, which may be one."""
    package = list(path.relative_to(folder).parent.parts)
    for node in (node for tree in _trees(path) for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = [*above, *(node.module or "").split(".")]
            yield from ([*filter(None, origin), alias.name] for alias in node.names)


def _modules(parts: Sequence[str], folder: Path) -> Iterator[Path]:
    """The files of a module and of the packages around it, as far as they lie in the folder."""
    for end in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:end])
        files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
        yield from (path for path in files if path.is_file())


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


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = 3, 0o644 << 16  # as on Unix, wherever it was packed
    archive.writestr(info, data)
