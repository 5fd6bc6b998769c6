"""Sentences for students: a template and the facts that fill it, so that any language can say it.

English stands in the code; `locale/zh.po` holds the Chinese. Babel finds the templates by the
name of the function that takes them: `say` and `_`.
"""

from __future__ import annotations

import functools
import gettext
import io
import locale
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_catalogues = [Path(__file__).with_name("locale")]  # and that of the course at hand
VARIABLES = ["AUTOGRADER_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"]  # gettext's, and ours


def _(message: str) -> str:
    """Mark a text for the catalogue."""
    return message


OR = _(" Or: ")  # joins the advice for mistakes that one output may come from
AND = _(" And: ")  # joins the advice for two mistakes that were made at once


class Sentence(str):
    """An English sentence that knows what it was made from.

    facts: plain data: the template as `says`, and what fills it. A Sentence among them is facts in
    its turn.
    """

    facts: dict[str, Any]


def say(template: str, **facts: Any) -> Sentence:
    """Fill a template, such as `say("%(name)s has shape %(shape)s.", name=…, shape=…)`."""
    plain = {key: item.facts if isinstance(item, Sentence) else item for key, item in facts.items()}
    plain["says"] = template
    said = Sentence(render(plain))
    said.facts = plain
    return said


def restate(facts: Mapping[str, Any]) -> Sentence:
    """The sentence whose facts these are, again."""
    rest = dict(facts)
    template = rest.pop("says")
    return say(template, **rest)


def render(facts: Mapping[str, Any], language: Language = "en") -> str:
    """The sentence that facts make in a language; in English where nobody has translated it."""
    words = {key: _in_words(key, item, language) for key, item in facts.items()}
    template = facts["says"]
    return translations(language).gettext(template) % words


def _in_words(key: str, value: Any, language: Language) -> str:
    if isinstance(value, Mapping) and "says" in value:
        return render(value, language)
    if isinstance(value, Mapping) and language in value:  # a text of the course's own
        return str(value[language])
    if isinstance(value, float):
        return f"{value:.{2 if key == 'allowed' else 9}g}"
    if isinstance(value, str) and value:  # gettext has its header under the empty string
        return translations(language).gettext(value)
    return str(tuple(value)) if key.endswith("shape") else str(value)


def also(folder: Path) -> None:
    """Let a course's own words be translated by the catalogue in its folder, from now on."""
    if _catalogues[1:] != [folder]:
        _catalogues[1:] = [folder]
        translations.cache_clear()


@functools.cache
def translations(language: Language) -> gettext.NullTranslations:
    """The catalogue of a language."""
    found = gettext.NullTranslations()
    if language != "en":
        for folder in _catalogues:
            if (folder / f"{language}.po").is_file():
                found.add_fallback(_catalogue(folder / f"{language}.po", language))
    return found


def _catalogue(path: Path, language: Language) -> gettext.GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_here() -> Language:
    """The language of whoever sits here, by the first variable that names one, else by the system.

    `AUTOGRADER_LANG=zh pytest` asks for Chinese, whatever the locale.
    """
    named = next(filter(None, map(os.environ.get, VARIABLES)), None) or locale.getlocale()[0] or ""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"
