"""A platform's download, a folder or a zip: the files in it, which can be opened and no more.

No link is followed, no name leaves the download, and nothing is read before it is asked for.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Literal, NamedTuple

from autograder.core.errors import SubmissionsError
from autograder.core.files import NotAFileError, open_below
from autograder.core.text import printable
from autograder.intake.archives import BROKEN, path_of
from autograder.intake.names import is_noise

MOST_FILES = 200_000
MOST_BYTES = 5 << 30
DEEPEST, LONGEST = 40, 255  # folders in folders; bytes of a name, as file systems take them
READ = 1 << 20  # bytes at a time
OUTSIDE = "its path leads out of the zip, or is too long"
Odd = Literal["", "link", "no file"]
DRIVE = re.compile(r"[A-Za-z]:")


class DownloadFile(NamedTuple):
    """A file of a download: its path, the parts joined by "/"; bytes; and how it is opened.

    odd: what it is where it is no regular file, and so is left out.
    """

    path: str
    size: int
    open: Callable[[], IO[bytes]]
    odd: Odd = ""


@dataclass
class Download:
    """The files of a download, and in words what of it was left out."""

    contents: list[DownloadFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def top(self) -> set[str]:
        """The names at the top, those of folders with a "/" at the end."""
        cut = (content.path.partition("/") for content in self.contents)
        return {name + slash for name, slash, _ in cut}

    def below(self, folder: str) -> Download:
        """What lies in a folder at the top."""
        start = folder + "/"
        inside = (c for c in self.contents if c.path.startswith(start))
        return Download([c._replace(path=c.path[len(start) :]) for c in inside], self.notes)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Download]:
    """A class's download. Raises SubmissionsError where it cannot be read, or is too much."""
    if path.is_dir():
        # nbgrader's folder says what it is by its own name only.
        yield _in_folder(path, "submitted/" if path.resolve().name == "submitted" else "")
        return
    try:
        if not path.is_file():  # a pipe would be waited for
            raise NotAFileError("it is no file")
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise SubmissionsError(
            f"{path} is no zip that can be read ({error}). Download it again, or unpack it and "
            "name the folder."
        ) from error
    with archive:
        found = Download()
        infos, outside = list(members(archive)), outward(archive)
        check(len(infos), sum(info.file_size for _, info in infos), path)
        found.notes += [f"{printable(name)}: {OUTSIDE}; left out." for name in outside]
        for name, info in infos:
            opens = partial(archive.open, info)
            found.contents.append(DownloadFile(name, info.file_size, opens, odd(info)))
        yield found


def check(files: int, size: int, path: Path) -> None:
    """Raise SubmissionsError for more than a class can have handed in."""
    if files > MOST_FILES or size > MOST_BYTES:
        raise SubmissionsError(
            f"{path} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 30} GiB. "
            "Is that a class's download? Collect it in parts."
        )


def members(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """The files of a zip by safe paths; see also odd and outward."""
    for info in archive.infolist():
        parts = safe_parts(path_of(info))
        if parts and not info.is_dir() and not any(map(is_noise, parts)):
            yield "/".join(parts), info


def outward(archive: zipfile.ZipFile) -> list[str]:
    """The paths in a zip that lead out of it, or are too long."""
    names = map(path_of, archive.infolist())
    return [name for name in names if safe_parts(name) is None]


def odd(info: zipfile.ZipInfo) -> Odd:
    """What a member of a zip is, where it is no regular file."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return "" if kind in (0, stat.S_IFREG) else "link" if kind == stat.S_IFLNK else "no file"


def safe_parts(name: str) -> list[str] | None:
    """The parts of a path in a zip or repository; None where it leads elsewhere, or is too long."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    outward = name.startswith("/") or DRIVE.match(name) or ".." in parts
    long = len(parts) > DEEPEST or any(len(os.fsencode(part)) > LONGEST for part in parts)
    return None if outward or long or not parts else parts


def _in_folder(folder: Path, prefix: str) -> Download:
    found, waiting, size = Download(), [(folder, prefix)], 0
    root = folder.resolve()  # whoever collects may name a link
    while waiting:
        place, before = waiting.pop()
        try:
            entries = _entries(place)
        except SubmissionsError as error:
            if place == folder:
                raise
            found.notes.append(f"{printable(before)} is left out. {error}")
            continue
        for entry in entries:
            name = before + entry.name
            if is_noise(entry.name):
                continue
            opens = partial(open_below, root, Path(entry.path).relative_to(folder))
            if entry.is_dir(follow_symlinks=False):
                waiting.append((Path(entry.path), name + "/"))
            elif not entry.is_file(follow_symlinks=False):
                kind: Odd = "link" if entry.is_symlink() else "no file"
                found.contents.append(DownloadFile(name, 0, opens, kind))
            else:
                content = DownloadFile(name, _size(entry), opens)
                found.contents.append(content)
                size += content.size
        check(len(found.contents) + len(waiting), size, folder)
    found.contents.sort(key=lambda content: content.path)
    return found


def _size(entry: os.DirEntry[str]) -> int:
    """A file's bytes; 0 where it cannot be looked at, and so not be opened either."""
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def names_in(folder: Path) -> set[str]:
    """The names in a folder that are no system's, those of folders with a "/" at the end."""
    entries = (entry for entry in _entries(folder) if not is_noise(entry.name))
    return {e.name + "/" * e.is_dir(follow_symlinks=False) for e in entries}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(itertools.islice(entries, MOST_FILES + 1))
    except OSError as error:
        raise SubmissionsError(f"{folder} cannot be read: {error.strerror}.") from error
