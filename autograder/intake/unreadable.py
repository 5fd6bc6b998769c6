"""Why something that was handed in cannot be read, in words."""

from __future__ import annotations

from autograder.core.language import Sentence, _, say

NO_FILE = _("%(file)s is not a regular file.")
LINK = _("%(file)s is a link, not a file. Hand in the file itself.")
CLOSED = _("%(file)s cannot be read: %(error)s.")
LARGE = _(
    "%(file)s is too large: %(size)s MiB, at most %(most)s MiB. Clear outputs and leave data out."
)


class Unreadable(Exception):  # noqa: N818 - ends as words in a report
    """Why a file cannot be read: a sentence's template, and what fills it besides the file."""

    def __init__(self, template: str, **facts: str) -> None:
        super().__init__(template)
        self.template = template
        self.facts = facts

    def of(self, file: str) -> Sentence:
        """The sentence about a file."""
        return say(self.template, file=file, **self.facts)


def too_large(size: int, limit: int) -> Unreadable:
    """What to say of a file of more bytes than may be."""
    return Unreadable(LARGE, size=f"{size / 2**20:,.1f}", most=f"{limit / 2**20:,.0f}")
