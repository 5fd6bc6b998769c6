"""handin.json: the list in a student's zip, which `handin` packs and `collect` reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from autograder.core.files import NOT_READ, read_regular

MANIFEST = "handin.json"
LONGEST = 256 << 10  # bytes of one


class HandinFile(msgspec.Struct, frozen=True):
    """A file in the zip."""

    file: str
    size: int
    sha256: str


class HandinManifest(msgspec.Struct, frozen=True):
    """handin.json, format 1. course: its title in English. Whoever reads it trusts none of it."""

    course: str
    units: dict[str, HandinFile]
    helpers: list[HandinFile] = []
    version: int = 1


def listed(name: str, data: bytes) -> HandinFile:
    """A file as a manifest lists it."""
    return HandinFile(name, len(data), hashlib.sha256(data).hexdigest())


def read_manifest(path: Path) -> HandinManifest | None:
    """What a handin.json says; None where it is none, or of a format that is not known."""
    try:
        found = msgspec.json.decode(read_regular(path, LONGEST), type=HandinManifest)
    except NOT_READ:
        return None
    return found if found.version == 1 else None


def differences(folder: Path, manifest: HandinManifest) -> list[str]:
    """The files that a manifest lists and that are not in the folder as it says, by their names."""
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    told = [*manifest.units.values(), *manifest.helpers]
    names = dict.fromkeys(one.file for one in told)  # which a list may name thousands of times
    real = {n: listed(n, there[n].read_bytes()) for n in names if n in there}
    return list(dict.fromkeys(one.file for one in told if real.get(one.file) != one))
