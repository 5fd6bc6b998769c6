"""What GitHub Actions reads: text for a step's summary, and workflow commands.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
What students wrote is data there too: it can neither format the page nor give a command.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from autograder.core.text import clean

MOST_ANNOTATIONS = 10  # of one kind that GitHub shows for a step
AS_NUMBERS = str.maketrans({sign: f"&#{ord(sign)};" for sign in string.punctuation})


def plain(text: str) -> str:
    """Text that Markdown takes for nothing but text, on one line."""
    return " ".join(clean(text).split()).translate(AS_NUMBERS)


def row(cells: Sequence[str]) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def annotation(text: str, **properties: str) -> str:
    """A workflow command that shows an error, with `title=`; `file=` and `line=` if anywhere."""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::error {given}::{_data(text)}"


def warning(text: str) -> str:
    """A workflow command that shows a warning."""
    return f"::warning::{_data(text)}"


def line_in(file: str, text: str) -> str:
    """The line of a file that a message names last, as `rnn.py, line 7` or `rnn.py:7`; or ""."""
    found = re.findall(rf"{re.escape(file)}(?:, line |:| 第 )(\d{{1,6}})\b", text)
    return found[-1] if found else ""


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
