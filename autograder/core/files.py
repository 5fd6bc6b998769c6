"""Files that others have laid beside ours: opened only where they are regular, and bounded.

To open a pipe may never end, and to open a device may do something.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePath
from typing import IO

import msgspec

NOT_READ = (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # as JSON or TOML
MOST_BYTES = 64 << 20  # of what people or earlier runs of ours have written
OPENING = os.O_RDONLY  # no waiting, nothing for children; Windows has none of these
for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    OPENING |= getattr(os, flag, 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
FOLDER = NO_LINK | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}


class NotAFileError(OSError):
    """It is no regular file, but another kind of thing."""


class TooLargeError(OSError):
    """It has more bytes than may be. size: how many."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(f"it is larger than {most >> 20} MiB")
        self.size = size


def read_regular(path: Path, most: int = MOST_BYTES) -> bytes:
    """A regular file's bytes, and be it behind a link.

    Raises FileNotFoundError, NotAFileError, TooLargeError or another OSError, whose text says why.
    """
    return _read(partial(_opened, path), most)


def read_below(root: Path, way: PurePath, most: int) -> bytes:
    """A regular file's bytes, below a folder that others write to. Raises as read_regular does."""
    return _read(partial(open_below, root, way), most)


def open_below(root: Path, way: PurePath) -> IO[bytes]:
    """A regular file below a folder that others write to, opened. Raises OSError.

    No part of the way is a link, whoever puts one there when (but on Windows, which cannot say so).
    """
    if os.open not in os.supports_dir_fd:
        return _opened(root / way, NO_LINK)
    folder = os.open(root, FOLDER)
    try:
        for part in way.parent.parts:
            before, folder = folder, os.open(part, FOLDER, dir_fd=folder)
            os.close(before)
        return _opened(Path(way.name), NO_LINK, folder)
    finally:
        os.close(folder)


def _opened(path: Path, link: int = 0, folder: int | None = None) -> IO[bytes]:
    """A regular file, opened. link: NO_LINK for none. folder: what the path starts from."""
    _check(os.stat(path, dir_fd=folder, follow_symlinks=not link))
    file = os.fdopen(os.open(path, OPENING | link, dir_fd=folder), "rb")
    try:
        _check(os.fstat(file.fileno()))
    except OSError:
        file.close()
        raise
    return file


def _read(opens: Callable[[], IO[bytes]], most: int) -> bytes:
    try:
        with opens() as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise TooLargeError(size, most)
            data = file.read(most + 1)
    except (NotAFileError, TooLargeError):
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(error.strerror) from error
    except OSError as error:
        raise OSError(error.strerror) from error
    if len(data) > most:  # it grew, or is one of those of the system that tell no size
        raise TooLargeError(len(data), most)
    return data


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError(
            f"it is {KINDS.get(stat.S_IFMT(status.st_mode), 'a device')}, and no file"
        )
