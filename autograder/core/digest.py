"""One hash of many parts."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

from autograder.core.processes import PACKAGE


class Digest:
    """A hash of parts in their order: other parts, another hash, wherever they are cut."""

    def __init__(self) -> None:
        self._found = hashlib.sha256()

    def add(self, part: bytes) -> None:
        """Take in the next part; it need not be held."""
        self._found.update(len(part).to_bytes(8, "big") + part)

    def __str__(self) -> str:
        return self._found.hexdigest()


def digest(parts: Iterable[bytes]) -> str:
    """The hash of some parts."""
    found = Digest()
    for part in parts:
        found.add(part)
    return str(found)


@functools.cache
def digest_of_code() -> str:
    """A hash of this package, its templates and words too."""
    files = sorted(p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc")
    return digest(
        part
        for path in files
        for part in (str(path.relative_to(PACKAGE)).encode(), path.read_bytes())
    )
