"""Texts that a course writes in each of its languages."""

from __future__ import annotations

import msgspec

from autograder.core.language import Language


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A title, or another text, in both languages of the course."""

    en: str
    zh: str

    def in_(self, language: Language) -> str:
        """The text in a language."""
        return self.zh if language == "zh" else self.en
