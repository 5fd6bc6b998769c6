"""What went wrong in a local run, in a student's words, with the lines that are theirs."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from autograder.core.language import OR, Language, render, say, translations
from autograder.core.text import clean
from autograder.local import known_mistakes
from autograder.testing.calls import ONLY_THESE, Failure
from autograder.testing.direct import LocalBackend


def explain(error: BaseException, backend: LocalBackend, test: str, language: Language) -> str:
    """Why a test failed, and what to look at: some short lines, and no frame of ours."""
    theirs = own_frames(error, backend.folder)
    failure = error if isinstance(error, Failure) else _as_failure(error, backend, theirs)
    message = render(failure.facts, language) if "says" in failure.facts else failure.message
    code = [] if isinstance(error, Failure) else list(map(_quoted, theirs))
    lines = filter(None, [message, *code, _advice(failure, backend, test, language)])
    return clean("\n".join(lines))


def own_frames(error: BaseException, folder: Path) -> list[traceback.FrameSummary]:
    """The frames of a traceback that are in a student's own files, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    paths = [(frame, Path(frame.filename)) for frame in frames]
    return [f for f, path in paths if path.parent == folder and path.name[:5] != "test_"]


def _as_failure(
    error: BaseException, backend: LocalBackend, theirs: list[traceback.FrameSummary]
) -> Failure:
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, AssertionError) and not theirs:  # of the test itself
        return Failure(str(error).partition("\nassert ")[0])
    if backend.answered and not theirs:
        return Failure(say("The result could not be used: %(error)s", error=said))
    if theirs and theirs[0].name == "<module>":
        file = Path(theirs[0].filename).name
        told = say("%(file)s cannot be imported: %(error)s", file=file, error=said)
        return Failure(told, help=ONLY_THESE if isinstance(error, ModuleNotFoundError) else "")
    return Failure(say("`%(function)s` raised %(error)s", function=backend.asked, error=said))


def _quoted(frame: traceback.FrameSummary) -> str:
    """A line of a student's, under the place that editors and terminals can jump to."""
    path, here = Path(frame.filename), Path.cwd()
    place = os.fspath(path.relative_to(here) if path.is_relative_to(here) else path.name)
    where = "" if frame.name == "<module>" else f"  ({frame.name})"
    return f"  {place}:{frame.lineno}{where}\n    {frame.line}"


def _advice(failure: Failure, backend: LocalBackend, test: str, language: Language) -> str:
    """The help for a failure: that of the mistakes whose output this is, else its own."""
    said = translations(language).gettext
    if failure.unexplained and backend.last:
        asked, value = backend.last
        found = known_mistakes.recognise(backend.folder, asked, test, backend.calls, value)
        if found:
            return said(OR).join(dict.fromkeys(mistake.help[language] for mistake in found))
    return said(failure.help) if failure.help else ""
