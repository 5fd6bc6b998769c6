"""One student's files, copied and unpacked within limits: whoever is beyond them costs nobody else.

What cannot be unpacked stays as it was handed in, and is named.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from autograder.core.text import encodable, printable, several
from autograder.intake.archives import (
    BROKEN,
    DEEPEST,
    METHODS,
    MOST_BYTES,
    MOST_MEMBERS,
    RATIO,
    SLACK,
)
from autograder.intake.collect.download import (
    OUTSIDE,
    READ,
    DownloadFile,
    members,
    odd,
    outward,
)
from autograder.intake.left_out import MOST, LeftOut, Why
from autograder.reports.store import safe_name, unwritable

TABLE_OF_CONTENTS = 4 << 20  # bytes that the list of a zip's members may take
OTHERS = (".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
MOST_ALIKE = 20  # members of one name: each is told from all before it by a look at the disk
WORK_FIRST = (".py", ".ipynb", ".zip", ".json")
NO_PLAIN_FILE = "is a link or no plain file; left out."
UNPACKING = ".unpacking"
OUR_SIDE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES)


@dataclass
class Lost:
    """What is left out of a student's work: in words for whoever collects, and noted."""

    said: list[str] = field(default_factory=list)
    files: list[LeftOut] = field(default_factory=list)

    def add(self, path: str, why: Why, said: str = "", fact: str = "") -> None:
        """Note a file, and say what is to be said of it."""
        if said:
            self.said.append(f"{printable(path)} {said}")
        if len(self.files) < MOST:
            self.files.append(LeftOut(encodable(path), why, encodable(fact)))


class Packed(Exception):  # noqa: N818 - a reason, which ends as words in a list
    """Why an archive stays packed."""


@dataclass
class Quota:
    """What one student's files may still take."""

    files: int = MOST_MEMBERS
    size: int = MOST_BYTES

    def take(self, files: int, size: int) -> bool:
        """Whether so much still fits; it is then taken."""
        fits = files <= self.files and size <= self.size
        if fits:
            self.files, self.size = self.files - files, self.size - size
        return fits


def copied(
    files: Sequence[tuple[str, DownloadFile]], folder: Path, budget: Quota, lost: Lost
) -> None:
    """Copy a student's files, by their paths, into an empty folder; the work comes before data."""
    too_much = []
    for name, content in sorted(files, key=lambda file: not file[0].lower().endswith(WORK_FIRST)):
        if content.odd:
            lost.add(name, content.odd, NO_PLAIN_FILE)
            continue
        if not budget.take(1, content.size):
            too_much.append(name)
            lost.add(name, "much")
            continue
        try:
            with content.open() as source:
                _write(source, content.size, _place(folder, name))
        except BROKEN as error:
            lost.add(name, "damaged", f"cannot be read: {error}.", str(error))
    if too_much:
        limit = f"{MOST_MEMBERS:,} files and {MOST_BYTES >> 20} MiB"
        lost.said.append(f"a student has {limit}; left out: {several(too_much)}.")


def unpack(folder: Path, budget: Quota, lost: Lost) -> None:
    """Unpack the zips in a student's folder, each into a folder of its name.

    One that is all there is is unpacked in its place.
    """
    everything = files_in(folder)
    alone = len(everything) == 1
    waiting = [(path, 1) for path in everything]
    for path, depth in waiting:  # which grows
        name = printable(path.relative_to(folder).as_posix())
        if path.suffix.lower() in OTHERS:
            lost.said.append(f"{name} is no zip and stays packed: unpack it by hand.")
        if path.suffix.lower() != ".zip":
            continue
        try:
            if depth > DEEPEST:
                raise Packed("is a zip in a zip in a zip")
            inside = _unpacked(path, name, budget, lost)
        except Packed as reason:
            lost.said.append(f"{name} {reason}; it stays packed.")
            continue
        if alone and depth == 1:
            _move_up(inside, folder)
            inside = folder
        waiting += [(inner, depth + 1) for inner in files_in(inside)]


def files_in(folder: Path) -> list[Path]:
    """All files in a folder that we made, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digests(folder: Path) -> dict[str, str]:
    """The files of a folder by their paths, and a digest of each one's bytes."""
    found = {}
    for path in files_in(folder):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[path.relative_to(folder).as_posix()] = digest
    return found


def hoist(folder: Path, is_manifest: Callable[[Path], bool], name: str) -> Path | None:
    """Where a folder's only manifest lies in a folder of its own, move all of that up.

    Returns the manifest, None where there is none or more than one.
    """
    found = [path for path in folder.rglob(name) if is_manifest(path)]
    if len(found) != 1:
        return None
    if found[0].parent != folder:
        _move_up(found[0].parent, folder)
    return next((path for path in (folder / name, found[0]) if path.is_file()), None)


def _move_up(inside: Path, folder: Path) -> None:
    for path in list(inside.iterdir()):
        if not (folder / path.name).exists():
            path.rename(folder / path.name)
    if not any(inside.iterdir()):
        inside.rmdir()


def _unpacked(path: Path, name: str, budget: Quota, lost: Lost) -> Path:
    """Unpack a zip beside itself and remove it; return the folder. Raises Packed."""
    temporary = path.with_name(UNPACKING)
    try:
        inside = _extract(path, temporary, name, budget)
    except Packed:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    path.unlink()
    lost.said += inside.said
    lost.files += inside.files
    return temporary.rename(_free(path.with_suffix("")))


def _extract(path: Path, folder: Path, shown: str, budget: Quota) -> Lost:
    """Unpack a zip's regular files into a folder; return what is left out. Raises Packed."""
    lost = Lost()
    try:
        with _ShortReads(path) as file, zipfile.ZipFile(file) as archive:
            infos = []
            for name, info in members(archive):
                if kind := odd(info):
                    lost.add(f"{shown}/{name}", kind, NO_PLAIN_FILE)
                else:
                    infos.append((name, info))  # of two of one name, each
            for name in outward(archive):
                lost.add(shown, "outside", f"holds {printable(name)}: {OUTSIDE}; left out.", name)
            if not infos:
                raise Packed("holds no file")
            [(alike, times)] = Counter(name for name, _ in infos).most_common(1)
            if times > MOST_ALIKE:
                raise Packed(f"holds {printable(alike)} {times:,} times")
            if any(info.flag_bits & 0x1 for _, info in infos):
                raise Packed("is encrypted")
            if any(info.compress_type not in METHODS for _, info in infos):
                raise Packed("is packed in a way that is not read here")
            size = sum(info.file_size for _, info in infos)
            if size > RATIO * path.stat().st_size + SLACK or not budget.take(len(infos), size):
                limit = f"{MOST_MEMBERS:,} files, {MOST_BYTES >> 20} MiB, {RATIO} times its size"
                raise Packed(f"unfolds to {len(infos):,} files of {size:,} bytes (at most {limit})")
            folder.mkdir()
            for name, info in infos:
                with archive.open(info) as source:  # which gives no more than file_size
                    _write(source, info.file_size, _place(folder, name))
    except BROKEN as error:
        raise Packed(f"is damaged, or no zip ({error})") from error
    return lost


class _ShortReads(io.FileIO):
    """A file that refuses long reads: zipfile takes a list of members into memory whole."""

    def read(self, size: int | None = -1) -> bytes:
        """See io. Raises BadZipFile."""
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > TABLE_OF_CONTENTS:
            raise zipfile.BadZipFile("its list of files is too long")
        return super().read(wanted)


def _write(source: IO[bytes], size: int, target: Path) -> None:
    """Write a new file of at most `size` bytes. Raises ResultsError where no disk takes it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            while size > 0 and (data := source.read(min(READ, size))):
                file.write(data)
                size -= len(data)
    except OSError as error:
        if error.errno in OUR_SIDE:
            raise unwritable(target, error) from error
        raise


def _place(folder: Path, name: str) -> Path:
    """Where a path leads below a folder, on any system; never to what is there already."""
    return _free(folder.joinpath(*map(_component, name.split("/"))))


def _component(name: str) -> str:
    """A name as it is where that can be shown and stored, else escaped."""
    return name if name.isprintable() and name not in (".", "..") else safe_name(name)


def _free(path: Path) -> Path:
    """The path, or with a number in its name where that is taken."""
    return next(candidate for candidate in _numbered(path) if not os.path.lexists(candidate))


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, MOST_MEMBERS + 2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")
