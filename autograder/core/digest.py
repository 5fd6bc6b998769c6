"""One hash of many parts."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

from autograder.core.processes import PACKAGE


def digest(parts: Iterable[bytes]) -> str:
    """A hash of some parts in their order: other parts, another hash, wherever they are cut."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


@functools.cache
def digest_of_code() -> str:
    """A hash of this package, its templates and words too."""
    files = sorted(p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc")
    return digest(
        part
        for path in files
        for part in (str(path.relative_to(PACKAGE)).encode(), path.read_bytes())
    )
