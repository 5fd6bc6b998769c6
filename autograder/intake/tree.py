"""The files in a student's folder, those in zips too: bounded, and nothing of them trusted.

The shallow ones come first, so that a bound cuts off what is deepest. No link is followed, nothing
is unpacked to a disk, and no path that a student wrote is ever opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from autograder.core.files import NotAFileError, TooLargeError, open_below, read_below
from autograder.intake.archives import Budget, is_packed, members
from autograder.intake.left_out import LeftOut
from autograder.intake.names import is_noise, read_name
from autograder.intake.unreadable import CLOSED, LINK, NO_FILE, Unreadable, too_large

MOST_FILES = 10_000  # of one student, folders included
DEEPEST = 20  # folders in folders
CLONE = ("autograder", "course")  # what is ours in a clone of the students' repository
MANIFEST = "course/course.toml"  # which tells one


class Entry(NamedTuple):
    """A file: its path in the student's folder, and what returns its bytes, up to so many.

    read: raises Unreadable where there are more, or where it cannot be read.
    """

    path: str
    read: Callable[[int], bytes]

    @property
    def folder(self) -> str:
        """The path of the folder that it lies in; "." for the student's own."""
        return str(PurePosixPath(self.path).parent)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name


@dataclass
class Tree:
    """All of a student's files. sealed: archives and folders that stay closed, and each's reason.

    more: whether there are more files than were looked at. passed: what was passed over, by name.
    left_out: what did not come here when the work was collected, and each's reason.
    """

    entries: list[Entry] = field(default_factory=list)
    sealed: list[tuple[str, Unreadable]] = field(default_factory=list)
    more: bool = False
    passed: list[str] = field(default_factory=list)
    left_out: list[tuple[str, Unreadable]] = field(default_factory=list)


def look_through(folder: Path, left_out: Sequence[LeftOut] = ()) -> Tree:
    """List what a student has handed in, without what systems and tools leave beside it."""
    tree, budget = Tree(left_out=[(one.path, one.reason) for one in left_out]), Budget()
    for entry in _walk(folder, tree):
        packed = read_name(entry.name).kind in ("zip", "archive")
        if packed or ("." not in entry.name and is_packed(_start(folder, entry.path))):
            inside = list(members(entry.path, entry.read, budget))
            ours = tuple(
                f"{path.removesuffix(MANIFEST)}{name}/"
                for path, _found in inside
                if path.endswith(f"/{MANIFEST}")
                for name in CLONE
            )
            for path, found in inside:
                if path.startswith(ours):
                    continue
                if isinstance(found, Unreadable):
                    tree.sealed.append((path, found))
                elif any(map(is_noise, PurePosixPath(path).parts)):
                    tree.passed.append(path)
                else:
                    tree.entries.append(Entry(path, found))
        else:
            tree.entries.append(entry)
    return tree


def _walk(root: Path, tree: Tree) -> Iterator[Entry]:
    """The files below a real folder, level by level."""
    left = MOST_FILES
    folders = [PurePosixPath()] if stat.S_ISDIR(_mode(root)) else []
    for place in folders:  # which grows
        try:
            listing = _listing(root / place, left + 1)
        except OSError as error:
            told = Unreadable(CLOSED, error=str(error.strerror))
            tree.sealed.append((str(place if place.parts else root.name), told))
            continue
        if len(listing) > left:
            tree.more = True
            del listing[left:]
        left -= len(listing)
        names = {item.name for item in listing}
        if place.parts and "pyvenv.cfg" in names:
            continue  # a virtual environment, whatever its name
        if not listing and read_name(place.name).kind in ("python", "notebook"):
            yield Entry(str(place), partial(_read, root, place))
        ours = CLONE if stat.S_ISREG(_mode(root / place / MANIFEST)) else ()
        for item in listing:
            path = place / item.name
            if is_noise(item.name) or item.name in ours:
                tree.passed.append(str(path))
                continue
            if not item.is_dir(follow_symlinks=False):
                yield Entry(str(path), partial(_read, root, path))
            elif len(path.parts) <= DEEPEST:
                folders.append(path)
            else:
                tree.more = True


def _mode(path: Path) -> int:
    """What a path is, no link followed; 0 for nothing, or where that may not be looked at."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _listing(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """Some of a folder's entries, by name. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(islice(entries, most), key=lambda entry: entry.name)


def _start(root: Path, path: str) -> bytes:
    """How a file begins, which may be one of thousands of large ones; nothing if it is shut."""
    try:
        with open_below(root, PurePosixPath(path)) as file:
            return file.read(8)
    except OSError:
        return b""


def _read(root: Path, path: PurePosixPath, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes, without following links or blocking."""
    try:
        return read_below(root, path, limit)
    except TooLargeError as error:
        raise too_large(error.size, limit) from error
    except OSError as error:
        if any(stat.S_ISLNK(_mode(root / part)) for part in (path, *path.parents)):
            raise Unreadable(LINK) from error
        if isinstance(error, NotAFileError):
            raise Unreadable(NO_FILE) from error
        raise Unreadable(CLOSED, error=str(error)) from error
