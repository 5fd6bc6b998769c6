"""What a student is told when a call did not return."""

from __future__ import annotations

import signal

from autograder.core.language import _, say
from autograder.sandbox import host, wire
from autograder.testing.calls import ONLY_THESE, Failure, no_function, unwritten


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


def _hint(reply: wire.Raised) -> str:
    if reply.error == "ModuleNotFoundError":
        return ONLY_THESE
    if reply.error == "MemoryError" or "can't allocate memory" in reply.message:
        return _("It asked for more memory than a submission may have.")
    return ""
