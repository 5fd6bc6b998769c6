"""Files that others have laid beside ours: opened only where they are regular, and bounded.

To open a pipe may never end, and to open a device may do something.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_BYTES = 64 << 20  # of what people or earlier runs of ours have written
OPENING = os.O_RDONLY  # no waiting, nothing for children; Windows has none of these
for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    OPENING |= getattr(os, flag, 0)
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


def read_regular(path: Path, most: int = MOST_BYTES, *, follow: bool = True) -> bytes:
    """A regular file's bytes. follow: whether it may be behind a link.

    Raises FileNotFoundError, NotAFileError, TooLargeError or another OSError, whose text says why.
    """
    try:
        _check(path.stat(follow_symlinks=follow))
        link = 0 if follow else getattr(os, "O_NOFOLLOW", 0)
        with open(path, "rb", opener=lambda name, _flags: os.open(name, OPENING | link)) as file:
            status = os.fstat(file.fileno())
            _check(status)
            if status.st_size > most:
                raise TooLargeError(status.st_size, most)
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
