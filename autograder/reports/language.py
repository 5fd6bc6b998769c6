"""The languages of the rendered reports. English stands in the code, the others in <language>.po.

A report itself is English: its facts and the names of its mistakes say the same in any language.
"""

from __future__ import annotations

import functools
import gettext
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from autograder.reports import TestResult

Language = Literal["en", "zh"]
OR = " Or: "  # what joins the advice for two mistakes that one output may come from


def _(message: str) -> str:
    """Mark a text for the catalogue."""
    return message


# What a report's own words may be: names of values, and mistakes that a check caught by itself.
NAMES = [_("the result"), _("the output"), _("the weights"), _("the mask")]
LABELS = {
    "not_loaded": _("The file is missing or cannot be read."),
    "not_started": _("Not written yet."),
    "syntax_error": _("Python cannot read the file."),
    "missing_function": _("The file does not define the function."),
    "timeout": _("A call did not end in time."),
    "crashed": _("The program ended or crashed during a call."),
    "unreadable_result": _("The result is nothing that can be compared."),
    "in_place": _("An argument is changed in place; the caller still needs it."),
    "detached": _("No gradient gets through: something on the way leaves autograd."),
    "wrong_dtype": _("The result has another dtype than the input."),
    "wrong_type": _("The result is of the wrong type."),
    "wrong_device": _("The result is on another device than the input."),
    "no_tensor": _("The result is not a tensor."),
    "float32_inside": _("Something inside is computed in too low a precision."),
    "earlier_unit": _("The mistake is in an earlier unit that this one builds on."),
    "full_scores": _("The whole matrix of scores is made after all."),
}


@functools.cache
def translations(language: Language) -> gettext.NullTranslations:
    """The catalogue of a language."""
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with Path(__file__).with_name(f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@functools.cache
def advice(language: Language) -> dict[str, str]:
    """The help for every known mistake, from English into another language.

    Asked of another process, since the known mistakes are programs that import torch.
    """
    if language == "en":
        return {}
    code = (
        "import json, pkgutil\n"
        "from autograder import diagnosis, misconceptions\n"
        "units = [module.name for module in pkgutil.iter_modules(misconceptions.__path__)]\n"
        "found = [mistake.help for unit in units for mistake in diagnosis.known(unit)]\n"
        f"print(json.dumps({{help['en']: help[{language!r}] for help in found}}))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    found: dict[str, str] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def reason(test: TestResult, language: Language) -> str:
    """Why a test failed: the report's sentence, or one made from its facts.

    Where there are no facts for it, the name of the mistake goes before the English sentence.
    """
    if language == "en":
        return test.message
    said = translations(language).gettext
    facts = test.facts
    if {"worst_index", "expected", "got", "allowed", "wrong", "count"} <= facts.keys():
        index = ", ".join(map(str, facts["worst_index"]))
        name = said(str(facts.get("name", "the result")))
        return said(
            "%(place)s is %(got)s, expected %(expected)s (allowed difference %(allowed)s); "
            "%(wrong)s of %(count)s numbers differ."
        ) % {
            "place": f"{name}[{index}]" if index else name,
            "got": _number(facts["got"]),
            "expected": _number(facts["expected"]),
            "allowed": _number(facts["allowed"], 2),
            "wrong": facts["wrong"],
            "count": facts["count"],
        }
    label = LABELS.get(test.help_id)
    return " ".join(filter(None, [said(label) if label else "", test.message]))


def help_for(test: TestResult, language: Language) -> str:
    """What to look at, in a language; English where nobody has translated it."""
    if language == "en" or not test.help:
        return test.help
    known, said = advice(language), translations(language).gettext
    parts = [known.get(part) or said(part) for part in test.help.split(OR)]
    return said(OR).join(parts)


def describe(help_id: str, help_text: str, language: Language) -> str:
    """A kind of mistake in words, for a table of the whole class."""
    said = translations(language).gettext
    if help_id in LABELS:
        return said(LABELS[help_id])
    test = TestResult("", "", "correctness", "failed", help=help_text, help_id=help_id)
    return help_for(test, language) or help_id


def _number(value: Any, digits: int = 9) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f]")


def clean(text: str) -> str:
    """Text without characters that control a terminal or the direction of writing."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
