"""What went wrong in a local run, in a student's words, with the lines that are theirs."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from autograder.core.language import OR, Language, _, render, say, translations
from autograder.core.text import clean
from autograder.local import known_mistakes, shown
from autograder.local.limit import TooLong
from autograder.local.places import place
from autograder.local.tally import State
from autograder.sandbox import evaluate
from autograder.sandbox.loader import SubmissionFinder
from autograder.testing.calls import ONLY_THESE, UNUSABLE, Failure
from autograder.testing.direct import LocalBackend
from autograder.testing.exceptions import in_words, meaning

ENDLESS = _(
    "`%(function)s` had not ended after %(seconds)s seconds of computing, so it was stopped. Is "
    "there a loop that never ends? It was here:"
)
INTERRUPTED = _("`%(function)s` was interrupted here:")
RECURSION = _(
    "A function that calls itself needs a case in which it does not, and each call must come "
    "nearer to it."
)
AGAIN = _("Run this test again:")
LOST = _("`%(name)s` has no value, because of this cell (%(error)s):")
FOLDED = _("[Previous line repeated %(count)s more times]")
LEFT_OUT = _("[%(count)s more calls]")
MOST_FRAMES = 4  # shown at each end of a traceback


class Explained(NamedTuple):
    """What a student is told of a failed test. named: whether the mistake itself is told."""

    text: str
    state: State
    named: bool


def explain(
    error: BaseException,
    backend: LocalBackend,
    test: str,
    language: Language,
    seconds: float = 0,
    again: str = "",
) -> Explained:
    """Why a test failed, and what to look at: some short lines, and no frame of ours.

    seconds: what the test might have taken. again: the command that runs this test alone.
    """
    theirs = own_frames(error, backend)
    asked = backend.asked or test
    failure = (
        error
        if isinstance(error, Failure)
        else _as_failure(error, asked, backend.answered, theirs, seconds)
    )
    message = render(failure.facts, language) if "says" in failure.facts else failure.message
    said = translations(language).gettext
    if failure.help_id == "not_started":  # its first words, which editors may show alone
        return Explained(clean(f"{said('not written')}: {message}"), "not written", False)
    state: State = "failed"
    if isinstance(error, (TooLong, KeyboardInterrupt)):
        state = "not finished"
    is_told = isinstance(error, Failure)
    code = shown.definition(backend) if is_told else _lines(theirs, language)
    if failure.help_id == "missing_function":
        code = _lost(backend, language)
    call = shown.call(backend, failure, language)
    advice = _advice(failure, backend, test, language)
    command = f"{said(AGAIN)}\n  {again}" if again else ""  # in one line, to be copied
    text = "\n".join(filter(None, [message, *code, *call, advice, command]))
    return Explained(shown.wrapped(clean(text)), state, bool(advice) or state == "not finished")


def own_frames(error: BaseException, backend: LocalBackend) -> list[traceback.FrameSummary]:
    """The frames of a traceback that are in a student's own files, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if backend.owns(frame.filename)]


def _lost(backend: LocalBackend, language: Language) -> Iterator[str]:
    """Where a notebook was to define a function, and what happened there."""
    module = sys.modules.get(backend.unit)
    loader = getattr(module, "__loader__", None)
    if isinstance(loader, SubmissionFinder):
        lost = loader.lost(backend.asked, vars(module))
        if lost:
            error = f"{lost.error}: {lost.message}" if lost.error else _("it took too long")
            yield render(say(LOST, name=lost.name, error=error).facts, language)
            yield f"  {lost.frame.file}:{lost.frame.line}\n    {lost.frame.text}"


def _as_failure(
    error: BaseException,
    asked: str,
    answered: bool,
    theirs: Sequence[traceback.FrameSummary],
    seconds: float,
) -> Failure:
    said = in_words(type(error).__name__, evaluate.words(error))
    if isinstance(error, TooLong):
        return Failure(say(ENDLESS, function=asked, seconds=f"{seconds:g}"))
    if isinstance(error, KeyboardInterrupt):
        return Failure(say(INTERRUPTED, function=asked))
    if isinstance(error, AssertionError) and not theirs:  # of the test itself
        return Failure(str(error).partition("\nassert ")[0])
    if answered and not theirs:
        return Failure(say(UNUSABLE, error=said))
    if theirs and theirs[0].name == "<module>":
        file = Path(theirs[0].filename).name
        told = say("%(file)s cannot be imported: %(error)s", file=file, error=said)
        return Failure(told, help=ONLY_THESE if isinstance(error, ModuleNotFoundError) else "")
    told = say("`%(function)s` raised %(error)s", function=asked, error=said)
    advice = RECURSION if isinstance(error, RecursionError) else meaning(said)[0]
    return Failure(told, help=advice)


def _lines(frames: Sequence[traceback.FrameSummary], language: Language) -> Iterator[str]:
    """The lines of a student's, repeated ones folded as Python does, and of very many some."""
    runs = [list(same) for _, same in groupby(frames, lambda f: (f.filename, f.lineno, f.name))]
    left_out = len(runs) - 2 * MOST_FRAMES
    for number, same in enumerate(runs):
        if left_out > 0 and MOST_FRAMES <= number < len(runs) - MOST_FRAMES:
            if number == MOST_FRAMES:
                yield f"  {render(say(LEFT_OUT, count=left_out).facts, language)}"
            continue
        yield from map(_quoted, same[:3])
        more = len(same) - 3  # as Python has it
        if more > 0:
            yield f"  {render(say(FOLDED, count=more).facts, language)}"


def _quoted(frame: traceback.FrameSummary) -> str:
    """A line of a student's, under the place that editors and terminals can jump to."""
    file = place(Path(frame.filename))
    where = "" if frame.name == "<module>" else f"  ({frame.name})"
    return f"  {file}:{frame.lineno}{where}\n    {frame.line}"


def _advice(failure: Failure, backend: LocalBackend, test: str, language: Language) -> str:
    """The help for a failure: that of the mistakes whose output this is, else its own."""
    said = translations(language).gettext
    if failure.unexplained and backend.last:
        asked, value = backend.last
        found = known_mistakes.recognise(backend.folder, asked, test, backend.calls, value)
        if found:
            return said(OR).join(dict.fromkeys(mistake.help[language] for mistake in found))
    return said(failure.help) if failure.help else ""
