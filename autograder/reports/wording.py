"""The languages of the rendered reports. English stands in the code, the others in <language>.po.

A report itself is English: its facts and the names of its mistakes say the same in any language.
"""

from __future__ import annotations

from autograder.core.language import OR, render
from autograder.core.language import Language as Language
from autograder.core.language import _ as _
from autograder.core.language import translations as translations
from autograder.reports.schema import Report, TestResult

# What may stand in a report besides whole sentences; a course adds its own words.
NAMES = [_("the result"), _("the first row"), _("yours"), _("reference"), _("accuracy")]
STATUSES = {
    "graded": _("graded"),
    "advisory": _("advisory"),
    "incomplete": _("incomplete"),
    "missing": _("not handed in"),
    "unread": _("not read"),
    "excused": _("excused"),
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
    "right_fails": _("A test fails for a version that is right."),
    "timeout": _("A call did not end in time."),
    "crashed": _("The program ended or crashed during a call."),
    "unreadable_result": _("The result is nothing that can be compared."),
    "in_place": _("A tensor is changed in place that is still needed."),
    "mixed_dtypes": _("Two dtypes meet."),
    "fill_overflows": _("A number does not fit into float16."),
    "bool_arithmetic": _("There is arithmetic with True and False."),
    "pair_for_values": _("A pair is taken for one of its parts."),
    "no_requires_grad": _("A gradient is asked of what autograd does not follow."),
    "not_summed": _("A gradient is asked of more than one number."),
    "one_of_a_batch": _("One truth is asked of many numbers."),
    "one_number_of_many": _("One number is asked of a tensor that holds many."),
    "complex_eigenvalues": _("A complex number is taken for a real one."),
    "random": _("The same call does not give the same result each time."),
    "detached": _("No gradient gets through: something on the way leaves autograd."),
    "wrong_dtype": _("The result has another dtype than the input."),
    "wrong_type": _("The result is of the wrong type."),
    "wrong_device": _("The result is on another device than the input."),
    "no_tensor": _("The result is not a tensor."),
    "float32_inside": _("Something inside is computed in too low a precision."),
    "earlier_unit": _("The mistake is in an earlier unit that this one builds on."),
    "earlier_function": _(
        "The mistake is in another function of the unit, which this one builds on."
    ),
    "looped": _("A Python loop does what one operation could do."),
    "stalled": _("The program waits, or cannot be stopped."),
    "unusable_result": _("The result is nothing that can be worked with."),
    "full_scores": _("The whole matrix of scores is made after all."),
}

FOLLOWS = _("It is right on your own %(earlier)s: mend that first.")


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


def message(report: Report, language: Language) -> str:
    """What stands for a whole unit, if anything does."""
    if language == "en" or not report.facts:
        return report.message
    return render(report.facts, language)


def help_for(test: TestResult, language: Language) -> str:
    """What to look at, in a language; English where nobody has translated it.

    Of what follows from earlier functions, these are named, too.
    """
    told = _advice(test, language)
    if not test.follows:
        return told
    names = ", ".join(f"`{name}`" for name in test.follows)
    follows = translations(language).gettext(FOLLOWS) % {"earlier": names}
    return f"{told} {follows}" if told else follows


def _advice(test: TestResult, language: Language) -> str:
    if language == "en" or not test.help:
        return test.help
    if "advice" in test.facts:
        return render(test.facts["advice"], language)
    said = translations(language).gettext
    told = test.facts.get("help", {}).get(language)
    return said(OR).join(told) if told else said(test.help)


def describe(test: TestResult, language: Language) -> str:
    """A kind of mistake in words, for a table of the whole class."""
    if test.help_id in LABELS:
        return translations(language).gettext(LABELS[test.help_id])
    return _advice(test, language) or test.help_id
