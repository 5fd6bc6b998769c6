"""What a student is told when a call did not return."""

from __future__ import annotations

import signal
from typing import Literal

from autograder.core.language import _, say
from autograder.sandbox import host, wire
from autograder.testing.calls import ONLY_THESE, Failure, no_function, unwritten

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
USED_UP: dict[Clock, str] = {
    "cpu": _("The unit's %(seconds)s CPU-seconds were used up before this test."),
    "wall": _("The unit's %(seconds)s seconds on the wall were used up before this test."),
    "gpu": _("The unit's %(seconds)s seconds were used up before this test."),
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


def explain(reply: wire.Raised | wire.Missing, unit: str, function: str, file: str) -> Failure:
    """Turn what the child said into words; all of it is text that a student may have written."""
    if isinstance(reply, wire.Missing):
        return no_function(file, function, reply.found)
    last = reply.frames[-1] if reply.frames else wire.Frame(file, 0, "", "")
    where = say("%(file)s, line %(line)s", file=last.file, line=last.line)
    place = {
        "where": where if last.line else last.file,
        "code": f" (`{last.text}`)" if last.text else "",
    }
    if reply.error == "SyntaxError":
        told = say("Python cannot read %(where)s: %(error)s%(code)s", error=reply.message, **place)
        return Failure(told, help_id="syntax_error")
    if reply.error == "NotImplementedError" and reply.stage == "call":
        inner = "" if last.function == function else last.function
        return Failure(
            unwritten(function, inner, last.file if inner else file), help_id="not_started"
        )
    place["error"] = f"{reply.error}: {reply.message}" if reply.message else reply.error
    if reply.stage == "import":
        told = say(
            "%(file)s cannot be imported: %(error)s in %(where)s%(code)s.", file=file, **place
        )
        return Failure(told, help=_hint(reply))
    told = say("`%(function)s` raised %(error)s in %(where)s%(code)s.", function=function, **place)
    return Failure(told, help=_hint(reply), facts={"raised": reply.kinds or [reply.error]})


def _crash(what: str, reason: str) -> Failure:
    told = say("%(what)s: the program %(reason)s.", what=what, reason=reason)
    return Failure(told, help_id="crashed")


def too_late(clock: Clock, what: str, seconds: float) -> Failure:
    """A call, or an import, met a limit."""
    told, advice = TOO_LATE[clock]
    return Failure(say(told, what=what, seconds=f"{seconds:.3g}"), help=advice, help_id="timeout")


def used_up(clock: Clock, seconds: float) -> Failure:
    """A unit has met a limit, so that nothing more is called."""
    return Failure(say(USED_UP[clock], seconds=seconds), help_id="timeout")


def _hint(reply: wire.Raised) -> str:
    if reply.error == "ModuleNotFoundError":
        return ONLY_THESE
    if reply.error == "MemoryError" or "can't allocate memory" in reply.message:
        return _("It asked for more memory than a submission may have.")
    return ""
