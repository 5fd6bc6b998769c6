"""What files look like from outside: as long as that is the same, so is what they hold.

As git does it: names, sizes, numbers and times, the one of the last change among them, which no
program sets at will. What has just been changed may change again within one tick of that clock.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from autograder.core.digest import digest

Look = tuple[str, os.stat_result]
SETTLED = 2_000_000_000  # ns: longer than the tick of any file system


def below(folder: Path, enters: Callable[[str], bool] = lambda name: True) -> Iterator[Look]:
    """All that lies in a folder, and in those in it, with their paths in it; no link is followed.

    enters: whether to look into a folder of this path.
    """
    waiting = [""]
    for place in waiting:  # which grows
        try:
            with os.scandir(folder / place) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
            looks = [(place + e.name, e.stat(follow_symlinks=False)) for e in found]
        except OSError:
            continue
        yield from looks
        waiting += [f"{n}/" for n, look in looks if stat.S_ISDIR(look.st_mode) and enters(n)]


def stamp(looks: Iterable[Look], *more: str) -> str:
    """One hash of how files look, and of more."""
    return digest([*map(_encoded, more), *map(seen, looks)])


def seen(look: Look) -> bytes:
    """What of a file's looks stands in such a hash."""
    name, s = look
    return _encoded(f"{name} {s.st_mode} {s.st_size} {s.st_ino} {s.st_mtime_ns} {s.st_ctime_ns}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def newest(looks: Iterable[Look]) -> int:
    """When the last of them changed, in nanoseconds."""
    return max((look.st_ctime_ns for _name, look in looks), default=0)
