"""The languages of the rendered reports. English stands in the code, the others in <language>.po.

A report itself is English: its facts and the names of its mistakes say the same in any language.
"""

from __future__ import annotations

import functools
import json
import subprocess

from autograder.core.language import OR, render
from autograder.core.language import Language as Language
from autograder.core.language import _ as _
from autograder.core.language import translations as translations
from autograder.core.processes import python
from autograder.reports.schema import TestResult

# What a report's own words may be: names of values, and mistakes that a check caught by itself.
NAMES = [_("the result"), _("the output"), _("the weights"), _("the mask")]
NAMES += [_("the context"), _("the ids"), _("the alignment"), _("the first row")]
NAMES += [_("the translation"), _("the copies")]
NAMES += [_("yours"), _("reference")]  # of the lines of a figure
NAMES += [
    _("positions"),
    _("length"),
    _("queries"),
    _("keys"),
    _("batch"),
    _("heads"),
]  # what loops walk along
STATUSES = {
    "graded": _("graded"),
    "advisory": _("advisory"),
    "incomplete": _("incomplete"),
}
ISOLATION = {
    "full": _("isolation: full"),
    "reduced": _("isolation: reduced"),
    "none": _("isolation: none"),
}
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
    "looped": _("A Python loop does what one operation could do."),
    "stalled": _("The program waits, or cannot be stopped."),
    "unusable_result": _("The result is nothing that can be worked with."),
    "full_scores": _("The whole matrix of scores is made after all."),
}


@functools.cache
def advice(language: Language) -> dict[str, dict[str, dict[str, str]]]:
    """The help for every known mistake, by unit, by its name, and by function.

    Asked of another process, since the known mistakes are programs that import torch.
    """
    code = (
        "import json, pkgutil\n"
        "from autograder import diagnosis, misconceptions\n"
        "found = {}\n"
        "for module in pkgutil.iter_modules(misconceptions.__path__):\n"
        "    unit = found.setdefault(module.name, {})\n"
        "    for mistake in diagnosis.known(module.name):\n"
        f"        help = mistake.help[{language!r}]\n"
        "        unit.setdefault(mistake.id, {})[mistake.function] = help\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run(python("-c", code), capture_output=True, text=True, check=False)
    found: dict[str, dict[str, dict[str, str]]]
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def reason(test: TestResult, language: Language) -> str:
    """Why a test failed: the report's sentence, or the one that its facts make.

    Where there are no facts for it, the name of the mistake goes before the English sentence.
    """
    if language == "en":
        return test.message
    if "says" in test.facts:
        return render(test.facts, language)
    label = LABELS.get(test.help_id)
    said = translations(language).gettext
    return " ".join(filter(None, [said(label) if label else "", test.message]))


def help_for(test: TestResult, unit: str, language: Language) -> str:
    """What to look at, in a language; English where nobody has translated it."""
    if language == "en" or not test.help:
        return test.help
    if "advice" in test.facts:
        return render(test.facts["advice"], language)
    known = advice(language).get(unit, {})
    said = translations(language).gettext
    found = [known[name] for name in test.help_id.split(",") if name in known]
    parts = [texts.get(test.exercise, next(iter(texts.values()))) for texts in found]
    return said(OR).join(dict.fromkeys(parts)) or said(test.help)


def describe(test: TestResult, unit: str, language: Language) -> str:
    """A kind of mistake in words, for a table of the whole class."""
    if test.help_id in LABELS:
        return translations(language).gettext(LABELS[test.help_id])
    return help_for(test, unit, language) or test.help_id
