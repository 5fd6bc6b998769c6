"""Text that others wrote, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]")


def clean(text: str) -> str:
    """Text without characters that control a terminal or the direction of writing."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def printable(name: str) -> str:
    """A file's or student's name for people to read: nothing that moves a terminal's cursor.

    What cannot be shown is written as its number between two marks, so that two names stay two.
    """
    mark = "\N{REPLACEMENT CHARACTER}"
    shown = (c if c.isprintable() and c != mark else f"{mark}{ord(c):X}{mark}" for c in name)
    return "".join(shown)


def several(names: Sequence[str], most: int = 5) -> str:
    """Some names for people to read, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more


def _shown(character: str) -> str:
    unseen = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "\N{REPLACEMENT CHARACTER}" if unseen and character not in "\n\t" else character
