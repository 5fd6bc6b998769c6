"""What a student hands in: every file looked at, and packed in one zip that the course can read.

The zip holds the units' files by their names, the modules among the student's own that these
import, and handin.json, which lists them. It is the same bytes for the same work.
"""

from __future__ import annotations

import ast
import contextlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import Course, Unit
from autograder.core.language import Language, _, render, say, translations
from autograder.core.manifest import MANIFEST, HandinManifest, listed
from autograder.core.text import printable
from autograder.local import places
from autograder.local.looks import EXPORTED, SUFFIXES, UnitLook, is_exported, runs, trees
from autograder.local.own_process import Begins

ZIP = "handin.zip"
NOT_BEGUN = _("Nothing is written yet in %(files)s: left out.")
NO_ZIP = _("No zip was packed: mend what is said above, and run this again.")
PACKED = _("%(zip)s is packed (%(units)s). Hand in this one file.")


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


def report(looks: Sequence[UnitLook], console: Console, language: Language) -> None:
    """Print a table of the units, and below it what is to be mended."""
    said = translations(language).gettext
    headings = ("", said("unit"), said("file"), said("not written yet"))
    table = Table(*headings, box=None, pad_edge=False)
    for one in looks:
        read = one.file and any(tree.body for tree in trees(one.file))
        fine = read and not one.told and not one.unwritten
        mark = Text(said("ok"), "green") if fine else Text(said("no"), "red")
        file = printable(one.file.name) if one.file else "–"
        table.add_row(mark, one.unit.name, Text(file), ", ".join(one.unwritten))
    console.print(table)
    told = [sentence for one in looks for sentence in one.told]
    told += [say(EXPORTED, file=f.name) for one in looks if (f := one.file) and is_exported(f)]
    if files := [one.untouched.name for one in looks if one.untouched]:
        told.append(say(NOT_BEGUN, files=", ".join(files)))
    for sentence in told:
        console.print(render(sentence.facts, language), markup=False)


def modules(looks: Iterable[UnitLook]) -> list[Unit]:
    """The units whose files Python may import; notebooks are looked at, and not run.

    Nor is what the course would not read, which is told already.
    """
    files = [(one.unit, one.file) for one in looks if one.file and not one.told]
    return [unit for unit, file in files if file.suffix == ".py" and not is_exported(file)]


def load(course: Course, units: Sequence[Unit], language: Language, begins: Begins) -> int:
    """Import files of a student's, in a process for it alone; print what is wrong, and return 1.

    They may import the notebooks of other units.
    """
    from autograder.local.notebooks import Notebooks, find
    from autograder.testing.direct import LocalBackend

    console, status = Console(highlight=False, emoji=False), 0
    backend = LocalBackend(course.root / "exercises")
    Notebooks(course, find(course, course.units).notebooks, lambda: None).install()
    for unit in units:
        begins(f"{unit.name}.py")
        for exercise in unit.exercises:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    if exercise.asks_for_tests:  # of whatever names
                        backend.names(unit.name)
                    else:
                        backend.function(unit.name, exercise.name)
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
    places.write(path, pack(course, works))
    told = say(PACKED, zip=str(path), units=", ".join(one.unit.name for one in works))
    console.print(render(told.facts, language), markup=False)
    return True


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
    yield from runs(path)
    for node in (node for tree in trees(path) for node in ast.walk(tree)):
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
        beside = (place.with_name(f"{place.name}{suffix}") for suffix in SUFFIXES)
        files = (place / "__init__.py", *beside)
        yield from (path for path in files if path.is_file())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name)  # the zip says nothing of when it was made
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system, info.external_attr = 3, 0o644 << 16  # as on Unix, wherever it was packed
    archive.writestr(info, data)
