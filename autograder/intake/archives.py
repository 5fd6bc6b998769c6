"""What is in a student's zip, read in memory and within limits; other archives stay closed."""

from __future__ import annotations

import contextlib
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from autograder.core.language import _
from autograder.core.text import printable
from autograder.intake.names import read_name
from autograder.intake.unreadable import LINK, Unreadable, too_large

MOST_MEMBERS = 2_000  # of all of a student's zips together
MOST_BYTES = 50 << 20  # so many of them unpacked, and as many packed
RATIO, SLACK = 100, 1 << 20  # times what it weighs packed; what is small may be more
DEEPEST = 2  # a zip in a zip
# What reading a bad zip raises; a place of a member beyond all files is an overflow.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # NotImplementedError, too
    ValueError,
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA takes as much memory as it asks for
CHINESE = re.compile(rb"[\x80-\xff]{2}")  # no lone letter with an accent, as in Western names
NO_ZIPS = (b"\x1f\x8b", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")  # how gzip, rar and 7z begin
DRAWN = re.compile(r"[^\x00-\x08]*")  # what else a name has was misread; macOS's own has "\r"
DRIVE = re.compile(r"[A-Za-z]:")
LOCKED = _("%(file)s is locked with a password. Hand it in without one, or unpacked.")
DAMAGED = _("%(file)s is damaged, or did not arrive whole (%(error)s). Hand it in again.")
TOO_MUCH = _(
    "%(file)s unpacks to more than a submission may hold: %(members)s files, %(size)s MiB, or "
    "%(ratio)s times its own size. Hand in the work alone."
)
TOO_DEEP = _("%(file)s is a zip in a zip in a zip. Hand in the work unpacked, or as one zip.")
EMPTY = _("%(file)s holds no file. Pack it again, or hand in the files.")
NO_ZIP = _("%(file)s is an archive of a kind that is not opened. Hand in a zip, or the files.")
METHOD = _("%(file)s is packed in a way that is not opened. Pack it again, or hand in the files.")
LEAVES = _("%(file)s holds a path that leads out of it (%(path)s). Pack it again.")

Found = tuple[str, Callable[[int], bytes] | Unreadable]


@dataclass
class Budget:
    """What all of one student's zips may still weigh, and unpack to."""

    packed: int = MOST_BYTES
    members: int = MOST_MEMBERS
    size: int = MOST_BYTES

    def read(self, read: Callable[[int], bytes]) -> bytes:
        """Read one more zip. Raises Unreadable where those before it were too much."""
        if self.packed <= 0:
            raise _too_much()
        data = read(MOST_BYTES)
        self.packed -= len(data)
        return data

    def take(self, infos: list[zipfile.ZipInfo], packed: int) -> None:
        """Take so much. Raises Unreadable where it is too much."""
        size = sum(info.file_size for info in infos)
        self.members -= len(infos)
        self.size -= size
        if self.members < 0 or self.size < 0 or size > max(RATIO * packed, SLACK):
            self.members, self.size = self.members + len(infos), self.size + size
            raise _too_much()


def members(
    path: str, read: Callable[[int], bytes], budget: Budget, depth: int = 1
) -> Iterator[Found]:
    """The files in a zip, each with its path below the zip's own and what reads it.

    Where it cannot be opened, its own path and the reason in place of that.
    """
    try:
        if read_name(PurePosixPath(path).name).kind == "archive":
            raise Unreadable(NO_ZIP)
        if depth > DEEPEST:
            raise Unreadable(TOO_DEEP)
        archive = _opened(budget.read(read), budget)
    except Unreadable as error:
        yield path, error
        return
    # `is_dir` fails at a name that is empty, as some old zips have it.
    infos = [
        info for info in archive.infolist() if info.filename.rstrip("/") == info.filename != ""
    ]
    if not infos:
        yield path, Unreadable(EMPTY)
    places = {info: PurePosixPath(path_of(info)) for info in infos}
    if outside := [str(place) for place in places.values() if _leaves(place)]:
        yield path, Unreadable(LEAVES, path=printable(outside[0]))
    for info, inside in places.items():
        if _leaves(inside):
            continue
        found = partial(_unpacked, archive, info)
        if read_name(inside.name).kind in ("zip", "archive"):
            yield from members(f"{path}/{inside}", found, budget, depth + 1)
        else:
            yield f"{path}/{inside}", found


def is_packed(start: bytes) -> bool:
    """Whether what begins so is an archive, whatever its name says."""
    return start.startswith((b"PK\3\4", *NO_ZIPS))


def _leaves(place: PurePosixPath) -> bool:
    """Whether a path leads out of where it is unpacked."""
    return place.is_absolute() or ".." in place.parts or bool(DRIVE.match(str(place)))


def _opened(data: bytes, budget: Budget) -> zipfile.ZipFile:
    """A zip, once it is known to be within limits."""
    # Each entry of a zip's list begins so: what lists millions is not even parsed.
    if data.count(b"PK\x01\x02") > 3 * MOST_MEMBERS:
        raise _too_much()
    if data.startswith(NO_ZIPS):
        raise Unreadable(NO_ZIP)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN as error:
        raise Unreadable(DAMAGED, error=printable(str(error))) from error
    infos = archive.infolist()
    if odd := [info.filename for info in infos if not DRAWN.fullmatch(info.filename)]:
        raise Unreadable(DAMAGED, error=printable(odd[0]))
    if any(info.flag_bits & 1 for info in infos):
        raise Unreadable(LOCKED)
    if any(info.compress_type not in METHODS for info in infos):
        raise Unreadable(METHOD)
    budget.take(infos, len(data))
    return archive


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """A member's bytes, of which there are no more than the zip's list says."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Unreadable(LINK)
    if info.file_size > limit:
        raise too_large(info.file_size, limit)
    try:
        with archive.open(info) as file:  # `archive.read` unpacks 2 GiB before it looks at the size
            return file.read(info.file_size)
    except BROKEN as error:
        raise Unreadable(DAMAGED, error=printable(str(error))) from error


def path_of(info: zipfile.ZipInfo) -> str:
    """A member's path, in the letters it was written in: Windows writes those of its language.

    It writes backslashes, too; macOS writes UTF-8 without saying so.
    """
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        raw = name.encode("cp437")  # as which zipfile has read it
        for encoding in ("utf-8", *(["gb18030"] if CHINESE.search(raw) else [])):
            with contextlib.suppress(UnicodeError):
                name = raw.decode(encoding)
                break
    return name.replace("\\", "/")


def _too_much() -> Unreadable:
    facts = {"members": f"{MOST_MEMBERS:,}", "size": str(MOST_BYTES >> 20), "ratio": str(RATIO)}
    return Unreadable(TOO_MUCH, **facts)
