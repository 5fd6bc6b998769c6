"""Finds submissions in a folder and reads them, trusting neither names nor contents.

Layouts: `<student>/<unit>.py`, `<student>/<unit>.ipynb`, nbgrader's `<student>/<unit>/<any one
file>`, and a clone of the student's repository: `<student>/exercises/<unit>.py`. Links are not
followed, only regular files are opened, sizes are capped, and what cannot be read becomes a problem
in words instead of an exception.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import stat
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autograder.core.course import Course, Unit
from autograder.core.digest import digest
from autograder.core.errors import SubmissionsError
from autograder.core.language import _, restate, say
from autograder.core.text import printable

NOTEBOOK_FACTOR = 16  # a notebook carries pictures
SUFFIXES = (".py", ".ipynb")
MAX_FILES = 64  # of one student
# Encodings that only map bytes to characters; Python has others, which compute for minutes or fail
# in ways of their own.
ENCODINGS = re.compile(
    r"utf-8(-sig)?|ascii|latin-1|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|gb2312|gbk|gb18030|big5(hkscs)?"
    r"|euc_\w+|shift_jis\w*"
)
NO_FILE = _("%(file)s is not a regular file.")
LINK = _("%(file)s is a link, not a file. Hand in the file itself.")
CLOSED = _("%(file)s cannot be read: %(error)s.")
LARGE = _(
    "%(file)s is too large: %(size)s MiB, at most %(most)s MiB. Clear outputs and leave data out."
)
NOT_UTF8 = _("%(file)s is not text in UTF-8. Save it with the encoding UTF-8 in your editor.")
NO_NOTEBOOK = _(
    "%(file)s is not a Jupyter notebook (%(error)s). Open it in Jupyter, save it, and hand in the "
    "saved file."
)


class File(msgspec.Struct, frozen=True):
    """One file of a submission: its cells (one, for a .py file), or what is wrong with it.

    facts: those of the sentence that says what is wrong; see wording.py. unrun: of a notebook, the
    cells of other kinds that define functions all the same, places and texts.
    """

    module: str
    name: str
    cells: list[str] = []
    notebook: bool = False
    facts: dict[str, Any] = {}
    unrun: list[tuple[str, str]] = []

    @property
    def problem(self) -> str:
        """What is wrong with it, in English; empty where nothing is."""
        return str(restate(self.facts)) if self.facts else ""


class Submission(msgspec.Struct, frozen=True):
    """All that one student handed in, the name made printable, and a digest of it.

    digest: of each file's unit, role, path and bytes, so that work which was moved is other work.
    """

    student: str
    files: list[File]
    digest: str

    def file(self, unit: str) -> File | None:
        """The file that was handed in for a unit, if any was."""
        return next((file for file in self.files if file.module == unit), None)


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


def find_students(folder: Path, course: Course) -> list[str]:
    """The names of the students' folders, sorted. Raises SubmissionsError where there are none."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise SubmissionsError(f"{folder} cannot be read: {error.strerror}.") from error
    students = [
        entry.name
        for entry in entries
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith((".", "__pycache__"))
    ]
    if students:
        return students
    names = {entry.name for entry in entries}
    own = [unit + suffix for unit in course.unit_names for suffix in SUFFIXES]
    if found := [name for name in own if name in names]:
        raise SubmissionsError(
            f"{folder} holds {found[0]} itself. Name the folder above it: one folder a student, "
            f"as in {folder.parent}/<student>/{found[0]}."
        )
    raise SubmissionsError(
        f"{folder} holds no submissions. Expected one folder a student, "
        f"as in {folder}/<student>/{own[0]}."
    )


def read(folder: Path, student: str, course: Course, *, notebooks: bool = False) -> Submission:
    """Read everything that one student handed in; of the units, where asked, only notebooks."""
    files: list[File] = []
    parts = [os.fsencode(student)]
    roles = {unit.name: ", ".join(e.name for e in unit.exercises) for unit in course.units}
    suffixes = SUFFIXES[1:] if notebooks else SUFFIXES
    for module, path in _candidates(_home(folder / student, course), course, suffixes):
        file, data = _read_file(module, path, course.limits.source_kib << 10)
        files.append(file)
        # What is asked of it: nothing of a helper. Of a notebook no more than that is run.
        role, place = roles.get(module, ""), path.relative_to(folder / student)
        parts += [module.encode(), role.encode(), os.fsencode(place), data, file.problem.encode()]
    return Submission(printable(student), files, digest(parts))


def _home(folder: Path, course: Course) -> Path:
    """Where the files lie: in the folder, or in exercises/ as in a clone of the student's."""
    inside = folder / "exercises"
    handed_in = any(_unit_file(folder, unit, SUFFIXES) for unit in course.units)
    return inside if not handed_in and _listing(inside) else folder


def _candidates(
    folder: Path, course: Course, suffixes: Sequence[str]
) -> Iterator[tuple[str, Path]]:
    """The units' files, then the student's own helper modules."""
    units = {unit.name for unit in course.units}
    for unit in course.units:
        if path := _unit_file(folder, unit, suffixes):
            yield unit.name, path
    helpers = [
        path
        for path in _listing(folder)
        if path.suffix == ".py" and path.stem.isidentifier() and path.stem not in units
    ]
    for path in helpers[:MAX_FILES]:
        yield path.stem, path


def _unit_file(folder: Path, unit: Unit, suffixes: Sequence[str]) -> Path | None:
    """A unit's file; where there are several, .py comes before .ipynb."""
    for suffix in suffixes:
        path = folder / f"{unit.name}{suffix}"
        if os.path.lexists(path):
            return path
    inside = [path for path in _listing(folder / unit.name) if path.suffix in suffixes]
    named = [path for path in inside if path.stem == unit.name]
    chosen = sorted(named or inside, key=lambda path: (suffixes.index(path.suffix), path.name))
    return chosen[0] if chosen else None


def _listing(folder: Path) -> list[Path]:
    """The entries of a real folder that are not folders, by name."""
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return []
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if not e.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def _read_file(module: str, path: Path, limit: int) -> tuple[File, bytes]:
    notebook = path.suffix == ".ipynb"
    limit *= NOTEBOOK_FACTOR if notebook else 1
    name = printable(path.name)
    unrun: list[tuple[str, str]] = []
    try:
        data = _read_bytes(path, limit)
        if notebook:
            cells, unrun = _notebook_cells(data, name)
        else:
            cells = [_source(data)]
    except _Unreadable as error:
        told, data = say(error.template, file=name, **error.facts), b""
    except (SyntaxError, UnicodeError, LookupError):
        told = say(NOT_UTF8, file=name)
    except msgspec.MsgspecError as error:
        told = say(NO_NOTEBOOK, file=name, error=str(error))
    else:
        return File(module, name, [_encodable(c) for c in cells], notebook, unrun=unrun), data
    return File(module, name, notebook=notebook, facts=told.facts), data


class _Unreadable(Exception):  # noqa: N818 - ends as words in a report
    def __init__(self, template: str, **facts: str) -> None:
        super().__init__(template)
        self.template = template
        self.facts = facts


def _read_bytes(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes, without following links or blocking."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode) and not path.is_symlink():
            raise _Unreadable(NO_FILE)  # opening a device may do something
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise _Unreadable(LINK) from error
        raise _Unreadable(CLOSED, error=str(error.strerror)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable(NO_FILE)
        if status.st_size > limit:
            size, most = f"{status.st_size / 2**20:,.1f}", f"{limit / 2**20:,.0f}"
            raise _Unreadable(LARGE, size=size, most=most)
        return file.read(limit)


def _notebook_cells(data: bytes, name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The code cells' texts, and of the others those that define functions; see File."""
    try:
        notebook = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Notebook)
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deep") from error
    texts: dict[str, list[str]] = {"code": [], "markdown": [], "raw": []}
    for cell in notebook.cells:
        text = cell.source if isinstance(cell.source, str) else "".join(cell.source)
        texts.setdefault(cell.cell_type, []).append(text)
    unrun = [
        (f"{name}, {kind} cell {number}", _encodable(text))
        for kind in ("markdown", "raw")
        for number, text in enumerate(texts[kind], start=1)
        if "def " in text
    ]
    return texts["code"], unrun


def _source(data: bytes) -> str:
    """A .py file's text, in the encoding that it declares. Raises SyntaxError or LookupError."""
    declared, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if not ENCODINGS.fullmatch(codecs.lookup(declared).name):
        raise LookupError(declared)
    return io.IncrementalNewlineDecoder(None, True).decode(data.decode(declared))


def _encodable(text: str) -> str:
    """A notebook's JSON may hold half a character (a lone surrogate), which UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")
