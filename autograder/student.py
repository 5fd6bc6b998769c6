"""The `student` object that tests call: `student.attention.softmax(x, dim=1)`.

Under a local pytest a call is a direct one; under grading it is a message to a sandbox. A test
cannot tell the difference.
"""

from __future__ import annotations

import copy
import importlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from autograder.wording import Said, _, say

if TYPE_CHECKING:
    import torch

    from autograder.draw import Draw
    from autograder.sandbox.evaluate import Outcome
    from autograder.speed import Event, Walk


ONLY_THESE = _("Only PyTorch, NumPy, Python's own library and your other units can be imported.")


class Failure(AssertionError):  # noqa: N818 - not an error of ours
    """What a student's program did wrong, in words for the student.

    help: what to look at. help_id: the name of the recognised mistake. facts: plain data, and with
    them what the message was made from, so that it can be said in another language.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str = "",  # noqa: A002 - the report's own word
        help_id: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.help_id = help_id
        self.facts = (message.facts if isinstance(message, Said) else {}) | (facts or {})

    @property
    def unexplained(self) -> bool:
        """Whether the value itself was wrong, so that a known mistake may explain it."""
        return not self.help_id and not self.message.startswith("the gradient")


@dataclass(frozen=True)
class Invocation:
    """What a test asks for: a call of a function of a unit, on a device.

    cotangents: one for each output; with them the call is a vector-Jacobian product.
    """

    unit: str
    function: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    cotangents: Sequence[torch.Tensor | None] | None = None


class Backend(Protocol):
    """Where calls of a student's functions go."""

    def call(self, asked: Invocation) -> Outcome:
        """Make a call."""

    def measure(self, asked: Invocation) -> Outcome:
        """Make a call in a fresh process, and say what memory that took at its peak."""

    def race(self, unit: str, function: str, device: str, event: Event) -> dict[str, Any]:
        """Fail unless a function is right, and about as fast as the reference; else the facts."""


@dataclass(frozen=True)
class Student:
    """A student's units, by attribute."""

    backend: Backend
    device: str = "cpu"

    def __getattr__(self, unit: str) -> Unit:
        return Unit(self, unit)


@dataclass(frozen=True)
class Unit:
    """One unit's functions, by attribute."""

    student: Student
    name: str

    def __getattr__(self, function: str) -> Function:
        return Function(self.student, self.name, function)


@dataclass(frozen=True)
class Function:
    """A student's function. Arguments and results are CPU tensors, whatever the device."""

    student: Student
    unit: str
    name: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function and return what it returned."""
        __tracebackhide__ = True
        return self.observe(*args, **kwargs).value

    def observe(self, *args: Any, **kwargs: Any) -> Outcome:
        """Call the function and return the value and which arguments it changed."""
        __tracebackhide__ = True
        return self.student.backend.call(self._asking(args, kwargs))

    def vjp(
        self, args: Sequence[Any], cotangents: Sequence[torch.Tensor | None], **kwargs: Any
    ) -> Outcome:
        """Call the function and pull the cotangents, one an output, back to its tensors."""
        __tracebackhide__ = True
        return self.student.backend.call(self._asking(args, kwargs, cotangents))

    def measure(self, *args: Any, **kwargs: Any) -> Outcome:
        """Call the function in a process of its own and return the value and the peak memory.

        The peak is None where it cannot be seen from outside: in a local run, and on a GPU.
        """
        __tracebackhide__ = True
        return self.student.backend.measure(self._asking(args, kwargs))

    def race(self, event: Event) -> None:
        """Fail unless the function is right, and about as fast as the reference.

        A local run trusts no clock: it counts the operations that torch is asked for.
        """
        __tracebackhide__ = True
        self.student.backend.race(self.unit, self.name, self.student.device, event)

    def _asking(
        self,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        cotangents: Sequence[torch.Tensor | None] | None = None,
    ) -> Invocation:
        return Invocation(self.unit, self.name, args, kwargs, self.student.device, cotangents)


class LocalBackend:
    """Direct calls of the functions in a folder, so that tracebacks and debuggers work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = ""  # the function called last
        self.calls = 0
        self.last: tuple[Invocation, Any] | None = None  # the last call's value, if it gave one

    @property
    def answered(self) -> bool:
        """Whether the last call returned."""
        return self.last is not None

    def call(self, asked: Invocation) -> Outcome:
        """See Backend. `device` is the CPU: a local run has no tests for a GPU."""
        __tracebackhide__ = True
        from autograder.sandbox import evaluate

        self.asked, self.last = asked.function, None
        self.calls += 1
        found = self._function(asked.unit, asked.function)
        # As when sent: the test keeps its own.
        args, kwargs = copy.deepcopy((asked.args, asked.kwargs))
        try:
            if asked.cotangents is None:
                outcome = evaluate.call(found, args, kwargs)
            else:
                outcome = evaluate.vjp(found, args, kwargs, asked.cotangents)
        except NotImplementedError as error:
            message = not_implemented(asked.unit, asked.function, error)
            raise Failure(message, help_id="not_started") from None
        self.last = asked, outcome.value
        return outcome

    def measure(self, asked: Invocation) -> Outcome:
        """See Backend. A local run has no process of its own to look at: the peak is None."""
        __tracebackhide__ = True
        return self.call(asked)

    def race(self, unit: str, function: str, device: str, event: Event) -> dict[str, Any]:
        """See Backend. No clock is trusted here."""
        __tracebackhide__ = True
        args = event.fresh()
        event.check(self.call(Invocation(unit, function, args)).value, args)
        if advice := self.advise(unit, function, event.walk, event.draw):
            raise Failure(advice, help_id="looped")
        return {}

    def advise(self, unit: str, function: str, walk: Walk, draw: Draw) -> Said | None:
        """Say if a function calls torch in a loop, from counts alone; None if it does not."""
        __tracebackhide__ = True
        from autograder.sandbox import evaluate
        from autograder.speed import looped

        found = self._function(unit, function)
        once, twice = (
            evaluate.counted(found, walk.fresh(draw, times=times), {}).operations or 0
            for times in (1, 2)
        )
        return looped(walk, once, twice)

    def _function(self, unit: str, name: str) -> Any:
        __tracebackhide__ = True
        return find_function(self._module(unit), unit, name)

    def _module(self, unit: str) -> ModuleType:
        __tracebackhide__ = True
        folder = str(self.folder)
        if sys.path[:1] != [folder]:
            sys.path.insert(0, folder)
        try:
            return importlib.import_module(unit)
        except ModuleNotFoundError as error:
            if error.name == unit:
                told = say("There is no %(file)s in %(folder)s.", file=f"{unit}.py", folder=folder)
                raise Failure(told, help_id="not_loaded") from None
            raise
        except SyntaxError as error:
            raise Failure(syntax_error(error), help_id="syntax_error") from None


def find_function(module: object, unit: str, name: str) -> Any:
    """Return the module's function, or raise Failure: it is missing, or cannot be called."""
    __tracebackhide__ = True
    found = getattr(module, name, None)
    if callable(found):
        return found
    raise no_function(f"{unit}.py", name, None if found is None else type(found).__name__)


def no_function(file: str, name: str, found: str | None) -> Failure:
    """What to say where a file has no function of a name; `found`: the type of what has it."""
    if found is not None:
        message = _("`%(name)s` in %(file)s is a %(found)s, not a function.")
        return Failure(say(message, name=name, file=file, found=found))
    message = _("%(file)s defines no function `%(name)s`. Was it renamed or deleted?")
    return Failure(say(message, name=name, file=file), help_id="missing_function")


def not_implemented(unit: str, function: str, error: NotImplementedError) -> Said:
    """Say which function is not written yet; it may be one that the called one builds on."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = frames[-1].name if frames else function
    if inner == function or not inner.isidentifier():
        return unwritten(function, "", f"{unit}.py")
    return unwritten(function, inner, Path(frames[-1].filename).name)


def unwritten(function: str, inner: str, file: str) -> Said:
    """Say that a function is not written yet, or one that it calls; `file`: whichever's it is."""
    if not inner:
        message = _("`%(function)s` in %(file)s is not implemented yet.")
        return say(message, function=function, file=file)
    message = _("`%(function)s` calls `%(inner)s` in %(file)s, which is not implemented yet.")
    return say(message, function=function, inner=inner, file=file)


def syntax_error(error: SyntaxError) -> Said:
    """Say where Python could not read a file, and show the line."""
    where = {"file": Path(error.filename or "").name, "line": error.lineno, "error": error.msg}
    if not error.text:
        return say("Python cannot read %(file)s, line %(line)s: %(error)s.", **where)
    code = f"    {error.text.strip()}\n"
    code += " " * (4 + max((error.offset or 1) - 1 - _indent(error.text), 0)) + "^"
    return say(
        "Python cannot read %(file)s, line %(line)s: %(error)s.\n%(code)s", **where, code=code
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
