"""Whose reports they are, and how each mark came from its report: data that `marks` fills in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from autograder.core.assignments import Shown
from autograder.core.language import Language, Sentence, _, render

# in: of the roster. out: of no roster that there is. gone: their work is not there any more.
Place = Literal["", "in", "out", "gone"]
BEST = _("Of several attempts the best counts: %(attempt)s.")
PLACES = {"out": _("not in the roster"), "gone": _("gone from the submissions")}


class Person(msgspec.Struct, frozen=True, gc=False):
    """A row of the roster; "" is what it does not say.

    id: the school's own number. canvas, moodle: those by which these platforms look people up.
    """

    name: str = ""
    id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    language: str = ""
    canvas: str = ""
    moodle: str = ""


NOBODY = Person()


class Upload(msgspec.Struct, frozen=True, gc=False):
    """Under which numbers a platform has what a person handed in last."""

    platform: str = ""
    id: str = ""
    name: str = ""
    attempt: str = ""


NOTHING_UPLOADED = Upload()


class Step(msgspec.Struct, frozen=True, gc=False):
    """What changed a mark: by how much, and the sentence that says why."""

    points: float
    why: Sentence

    def told(self, language: Language) -> str:
        """Why, in a language."""
        return render(self.why.facts, language)


class Account(msgspec.Struct, frozen=True, gc=False):
    """How a unit's mark came from its report.

    before, most: the report's own score, and the most that it could be. steps: what changed it, in
    order. time: when the work was handed in, as far as it is known; due: when it was to be, for
    this person. attempt: which one counts, "" for the last. carried: the points that errors carried
    forward give, or would give where they do not count.
    """

    before: float | None
    most: float
    steps: Sequence[Step] = ()
    notes: Sequence[Sentence] = ()
    time: datetime | None = None
    due: datetime | None = None
    attempt: str = ""
    shown: Shown = "reasons"
    carried: float = 0.0

    def told(self, language: Language) -> list[str]:
        """All that is to be said of the mark, in a language."""
        return [
            *(step.told(language) for step in self.steps),
            *(render(note.facts, language) for note in self.notes),
        ]
