"""The known mistakes of a unit."""

from __future__ import annotations

from pathlib import Path

from autograder.core import units
from autograder.mistakes.entry import Mistake


def known(root: Path, unit: str) -> list[Mistake]:
    """The known mistakes of a unit, in the order of its hidden/mistakes.py."""
    return list(getattr(units.module(root, unit, "hidden.mistakes"), "KNOWN", []))
