"""What a student is told when a call did not return."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from autograder.core.language import Sentence, _, say
from autograder.sandbox import host, wire
from autograder.sandbox.cells import bare
from autograder.testing.calls import ONLY_THESE, Failure, no_function, says_unwritten, unwritten
from autograder.testing.devices import wrong_device
from autograder.testing.exceptions import in_words, meaning

# Which limit was met: of CPU time; of the wall, by a program that waits; of the wall on a GPU.
Clock = Literal["cpu", "wall", "gpu"]
ENDLESS = _("Is there a loop that never ends, or one over every single number?")
TOO_LATE: dict[Clock, tuple[str, str]] = {
    "cpu": (
        _("%(what)s took more than %(seconds)s CPU-seconds."),
        _(
            "That is time spent computing, in all threads together, however busy the machine was. "
            "Is there a loop that never ends, or one over every single number?"
        ),
    ),
    "wall": (
        _(
            "%(what)s gave no answer within %(seconds)s seconds on the wall, and its CPU time was "
            "not used up: it waited."
        ),
        _("Does it sleep, or wait for what never comes: a lock, another thread, an input?"),
    ),
    "gpu": (_("%(what)s did not finish within %(seconds)s seconds."), ENDLESS),
}
USED_UP: dict[str, str] = {
    "cpu": _("The unit's %(seconds)s CPU-seconds were used up before this test."),
    "wall": _("The unit's %(seconds)s seconds on the wall were used up before this test."),
}


def how(ended: host.Ended) -> str:
    """Say how a process ended, for a student."""
    if ended.signal is not None:
        names: dict[int, str] = {
            signal.SIGSEGV: _("crashed (segmentation fault)"),
            signal.SIGXCPU: _("used up its CPU time"),
            signal.SIGABRT: _("aborted"),
            signal.SIGFPE: _("crashed (arithmetic error)"),
            signal.SIGBUS: _("crashed (bus error)"),
            signal.SIGKILL: _("was ended by the system (too much memory or CPU time)"),
        }
        return names.get(ended.signal, say("was ended by signal %(signal)s", signal=ended.signal))
    return _("ended the Python process (as `exit()`, `quit()` and `os._exit()` do)")


def explain(
    reply: wire.Raised | wire.Missing, unit: str, function: str, file: str, call: str = ""
) -> Failure:
    """Turn what the child said into words; all of it is text that a student may have written.

    call: with what the function was called, where it was.
    """
    if isinstance(reply, wire.Missing):
        if reply.lost:
            return never_defined(file, function, lost(reply.lost))
        return no_function(file, function, reply.found)
    if reply.misplaced:
        return wrong_device(reply.misplaced)
    last = reply.frames[-1] if reply.frames else wire.Frame(file, 0, "", "")
    place = _place(last)
    if reply.error == "SyntaxError":
        told = say("Python cannot read %(where)s: %(error)s%(code)s", error=reply.message, **place)
        return Failure(told, help_id="syntax_error")
    unfinished = reply.error == "NotImplementedError" and says_unwritten(last.text)
    if unfinished and reply.stage == "call":
        inner = "" if last.function == function else last.function
        return Failure(
            unwritten(function, inner, last.file if inner else file), help_id="not_started"
        )
    place["error"] = in_words(reply.error, reply.message)
    if reply.stage == "import":
        told = say(
            "%(file)s cannot be imported: %(error)s in %(where)s%(code)s.", file=file, **place
        )
        return Failure(told, help=_hint(reply))
    if reply.stage == "place":
        told = say(
            "The arguments of `%(function)s` could not be brought to the device: %(error)s.",
            function=function,
            error=place["error"],
        )
        return Failure(told, help=_hint(reply))
    told = say("`%(function)s` raised %(error)s in %(where)s%(code)s.", function=function, **place)
    if call and not reply.lost:
        told = say("%(told)s It was called as `%(call)s`.", told=told, call=call)
    if reply.lost:
        told = say("%(told)s %(why)s", told=told, why=lost(reply.lost))
    advice, name = meaning(reply.message)
    facts = {"raised": reply.kinds or [reply.error], "error": place["error"]}
    return Failure(told, help=_hint(reply) or advice, help_id=name, facts=facts)


def never_defined(file: str, function: str, why: str) -> Failure:
    """What to say of a function that a file has, but that never came to be."""
    facts = {"name": function, "file": file, "why": why}
    told = say("`%(name)s` in %(file)s was never defined. %(why)s", **facts)
    return Failure(told, help_id="missing_function")


def lost(what: wire.Lost) -> Sentence:
    """Why a name has no value."""
    facts = {"name": what.name, **_place(what.frame)}
    if not what.error:
        return say(
            "`%(name)s` has no value, because %(where)s%(code)s was left out: it took too long, or "
            "ended the program.",
            **facts,
        )
    facts["error"] = in_words(what.error, what.message)
    return say("`%(name)s` has no value, because %(where)s%(code)s raised %(error)s.", **facts)


def not_run(function: str, source: wire.Source) -> Sentence | None:
    """Where a function is written that was not run, if it is: as Markdown, or below a magic.

    One that returns nothing is an example of how to call it, or a starter's.
    """
    define = re.compile(rf"^\s*(?:async\s+)?def\s+{re.escape(function)}\b", re.MULTILINE)
    found = ((place, text, define.search(text)) for place, text in _not_run(source))
    places = (place for place, text, at in found if at and "return" in text[at.end() :])
    if (where := next(places, None)) is None:
        return None
    return say(
        "It is written in %(where)s, which is not run. Put it into a code cell of its own.",
        where=where,
    )


def _not_run(source: wire.Source) -> Iterator[tuple[str, str]]:
    yield from source.unrun
    for number, cell in enumerate(source.cells if source.notebook else (), start=1):
        if (text := bare(cell).lstrip()).startswith("%%"):
            yield f"{source.file}, code cell {number} (`{text.split(maxsplit=1)[0]}`)", text


def _place(frame: wire.Frame) -> dict[str, str | Sentence]:
    where = say("%(file)s, line %(line)s", file=frame.file, line=frame.line)
    return {
        "where": where if frame.line else frame.file,
        "code": f" (`{frame.text}`)" if frame.text else "",
    }


def crash(what: str, reason: str) -> Failure:
    """A program that ended."""
    told = say("%(what)s: the program %(reason)s.", what=what, reason=reason)
    return Failure(told, help_id="crashed")


def too_late(clock: Clock, what: str, seconds: float) -> Failure:
    """A call, or an import, met a limit."""
    told, advice = TOO_LATE[clock]
    plain = f"{Decimal(f'{seconds:.3g}'):f}"  # no exponent, however little of a unit's time is left
    return Failure(say(told, what=what, seconds=plain), help=advice, help_id="timeout")


def used_up(clock: Literal["cpu", "wall"], seconds: float) -> Failure:
    """A unit has met a limit, so that nothing more is called."""
    return Failure(say(USED_UP[clock], seconds=seconds), help_id="timeout")


def _hint(reply: wire.Raised) -> str:
    if reply.error == "ModuleNotFoundError":
        return ONLY_THESE
    if reply.error == "MemoryError" or "can't allocate memory" in reply.message:
        return _("It asked for more memory than a submission may have.")
    return ""
