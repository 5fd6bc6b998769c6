"""Text that others wrote, made fit to be shown, whether on a terminal, on a page or to a program.

Never shown are Unicode's "other" characters, which move a cursor, turn writing round, have no width
or are none at all, and its separators of lines and paragraphs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

MARK = "\N{REPLACEMENT CHARACTER}"
END = " \N{RETURN SYMBOL} "  # stands for the end of a line within one
# What gives a command to who runs a job: GitHub and what is like it from the start of a line on,
# whatever its colour; the older form, Azure and TeamCity from anywhere.
COMMAND = re.compile(r"^((?:[^\S\n]|\x1b\[[\d;]*m)*:)(?=:)|#(?=#\w*\[)", re.MULTILINE)


def is_shown(character: str) -> bool:
    """Whether a character may be shown wherever it stands."""
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp")


def clean(text: str) -> str:
    """Text to be read: what is never shown becomes a mark; the ends of lines and tabs stay."""
    if text.replace("\n", "").replace("\t", "").isprintable():  # nearly always
        return text
    return "".join(c if is_shown(c) or c in "\n\t" else MARK for c in text)


def one_line(text: str) -> str:
    """Text that others wrote within a line of ours: it starts none of its own."""
    return END.join(clean(text).split("\n"))


def quoted(text: str) -> str:
    """The same as lines of their own, each begun by us: a traceback."""
    return "".join(f"| {line}\n" for line in inert(clean(text)).split("\n"))


def inert(text: str) -> str:
    """What goes to a terminal or a job's log, with nothing in it that is a command to a CI."""
    return COMMAND.sub(lambda found: f"{found[0]} ", text)


def clean_all(value: Any, most: int) -> Any:
    """Plain data with every text in it clean, and cut to so many characters."""
    if isinstance(value, str):
        return clean(value[:most])
    if isinstance(value, dict):
        return {clean_all(key, most): clean_all(item, most) for key, item in value.items()}
    return [clean_all(item, most) for item in value] if isinstance(value, (list, tuple)) else value


def printable(name: str) -> str:
    """The name of a file or student to be read, on one line, such that two names stay two.

    What is never shown is written as its number between two marks.
    """
    return "".join(c if is_shown(c) and c != MARK else f"{MARK}{ord(c):X}{MARK}" for c in name)


def several(names: Sequence[str], most: int = 5) -> str:
    """Some names for people to read, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(printable, names[:most])) + more


def encodable(text: str) -> str:
    """A text as it is, but for what UTF-8 cannot carry: half a character in JSON, a file's name."""
    return text.encode("utf-8", "replace").decode("utf-8")
