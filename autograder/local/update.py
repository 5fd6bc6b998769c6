"""A newer release, taken over into a student's folder: what is the course's, nothing of theirs.

The zip is untrusted: it is read within limits, and nothing is written but a release's own files,
each inside the folder. What was replaced is kept beside, so nothing is lost whatever the zip holds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from autograder.core.course import Course
from autograder.core.digest import digest
from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ
from autograder.core.language import Language, Sentence, _, render, say
from autograder.core.text import printable
from autograder.intake.archives import Budget, members
from autograder.intake.unreadable import Unreadable
from autograder.local.places import write
from autograder.local.reset import BACKUPS

GIVEN = "course/given.json"  # the digest of each file of a release, by its path
MANIFEST = "course/course.toml"
# What a release may hold. Nothing else is written: no hook of Git, no environment, no work.
PARTS = r"[\w-][\w .-]*(?<![ .])"
OURS = re.compile(
    rf"(autograder|course|lessons|\.devcontainer|\.github|\.vscode)(/{PARTS})+|exercises/\w+\.py|"
    r"LICENSE|README\.md|constraints\.txt|pyproject\.toml|\.gitignore|\.gitlab-ci\.yml"
)
SHOWN = ("exercises/", "lessons/", "README.md")  # what is listed by name
MOST_BYTES = 16 << 20  # of one file
NO_RELEASE = _("%(zip)s is no release of a course: it has no course/course.toml.")
UNUSABLE = _("Nothing was changed: %(why)s")
SAME = _("Nothing to change: this folder is at %(zip)s already.")
REPLACED = _("Replaced: %(files)s")
ADDED = _("New: %(files)s")
REMOVED = _("No longer in the course, and removed: %(files)s")
KEPT = _("Yours, and kept as it is: %(files)s")
STARTER = _("%(file)s has a newer starter, for you to compare: %(new)s")
REST = _("%(names)s, and %(count)s files of the course's programs")
BACKED_UP = _("What was replaced or removed lies in %(backup)s.")
INSTALL = _("Then run: pip install -c constraints.txt .")


def digest_of(data: bytes) -> str:
    """A digest of a file of a release: the same whichever ends of line Git or an editor gave it."""
    return digest([data.replace(b"\r\n", b"\n")])


def update(course: Course, path: Path, language: Language) -> list[Sentence]:
    """Take over a release's zip, and say what changed. Raises CourseError."""
    if (course.root / "solutions").is_dir():
        raise CourseError(f"{course.root} is the course itself: `git pull` brings it up to date.")
    new = _release(path, language)
    old = _given(course.root)
    here = {name: _here(course.root, name) for name in {**new, **old}}
    kept = {name for name in here if _is_theirs(course.root, name, here[name], old.get(name))}
    changed = {n for n, data in new.items() if n not in kept and not _is(here[n], digest_of(data))}
    gone = {n for n in old.keys() - new.keys() - kept if _is(here[n], old[n])}
    if not changed | gone:
        return [say(SAME, zip=path.name)]
    lost = {name: data for name in changed | gone if (data := here[name]) is not None}
    backup = course.root / BACKUPS / time.strftime("update-%Y%m%d-%H%M%S")
    for name, data in lost.items():
        _write(course.root, backup / name, data)
    for name in sorted(changed, key=lambda name: name == GIVEN):  # an update cut short begins anew
        _write(course.root, course.root / name, new[name])
    for name in gone:
        (course.root / name).unlink()
    told = [
        say(template, files=_listed(names, language))
        for template, names in [
            (REPLACED, changed & lost.keys()), (ADDED, changed - lost.keys()), (REMOVED, gone),
        ] if names
    ]  # fmt: skip
    if theirs := sorted(name for name in kept if here[name] is not None):
        told.append(say(KEPT, files=", ".join(theirs)))
    told += _starters(course.root, kept & new.keys(), new, old)
    if lost:
        told.append(say(BACKED_UP, backup=backup.relative_to(course.root).as_posix()))
    if any(name.startswith(("autograder/", "pyproject")) for name in changed):
        told.append(say(INSTALL))
    return told


def _release(path: Path, language: Language) -> dict[str, bytes]:
    """The files of a release in a zip, by their paths."""
    try:
        found = dict(members(path.name, lambda most: _read(path, most), Budget()))
        if isinstance(whole := found.pop(path.name, None), Unreadable):
            raise whole
        manifests = [name for name in found if name.endswith(f"/{MANIFEST}")]
        if not manifests:
            raise CourseError(render(say(NO_RELEASE, zip=path.name).facts, language))
        top = min(manifests, key=len).removesuffix(MANIFEST)
        return {
            name: read(MOST_BYTES)
            for place, read in found.items()
            if place.startswith(top) and OURS.fullmatch(name := place.removeprefix(top))
            if not isinstance(read, Unreadable)
        }
    except Unreadable as error:
        told = say(UNUSABLE, why=error.of(path.name))
        raise CourseError(render(told.facts, language)) from error


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > most:
        raise CourseError(f"{path} is too large: at most {most >> 20} MiB.")
    return data


def _given(root: Path) -> dict[str, str]:
    """What this folder was given, as far as it knows: a release before this command has no list."""
    try:
        found = msgspec.json.decode((root / GIVEN).read_bytes(), type=dict[str, str])
    except NOT_READ:
        return {}
    return {name: text for name, text in found.items() if OURS.fullmatch(name)}


def _here(root: Path, name: str) -> bytes | None:
    """A file of the folder. Raises CourseError where a link leads out of it."""
    path = root / name
    if not path.parent.resolve().is_relative_to(root.resolve()) or path.is_symlink():
        raise CourseError(f"{path} is a link, or lies behind one. Nothing was changed.")
    return path.read_bytes() if path.is_file() else None


def _is_theirs(root: Path, name: str, data: bytes | None, given: str | None) -> bool:
    """Whether a student has written in a file, or writes a notebook in its place."""
    if not name.startswith("exercises/") or name.startswith("exercises/test_"):
        return False
    if data is None:
        return (root / name).with_suffix(".ipynb").is_file()
    return not _is(data, given)


def _is(data: bytes | None, digest: str | None) -> bool:
    return data is not None and digest_of(data) == digest


def _starters(
    root: Path, kept: set[str], new: dict[str, bytes], old: dict[str, str]
) -> Iterator[Sentence]:
    """Put new starters of kept exercises beside, where the course has changed them."""
    for name in sorted(kept):
        if digest_of(new[name]) != old.get(name) and (root / name).is_file():
            beside = root / ".autograder" / "starters" / Path(name).name
            _write(root, beside, new[name])
            yield say(STARTER, file=name, new=beside.relative_to(root).as_posix())


def _listed(names: set[str], language: Language) -> str:
    shown = sorted(name for name in names if name.startswith(SHOWN))
    listed = ", ".join(map(printable, shown)) or "–"
    if not (rest := len(names) - len(shown)):
        return listed
    return render(say(REST, names=listed, count=rest).facts, language)


def _write(root: Path, path: Path, data: bytes) -> None:
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise CourseError(f"{path} lies behind a link.")
    write(path, data)
