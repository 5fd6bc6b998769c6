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
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from autograder.draw import Draw
    from autograder.sandbox.evaluate import Outcome
    from autograder.speed import Event, Walk


class Failure(AssertionError):  # noqa: N818 - not an error of ours
    """What a student's program did wrong, in words for the student.

    help: what to look at. help_id: the name of the recognised mistake. facts: plain data.
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
        self.facts = facts or {}


class Backend(Protocol):
    """Where calls of a student's functions go."""

    def call(
        self,
        unit: str,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        device: str,
        cotangents: Sequence[torch.Tensor | None] | None,
    ) -> Outcome:
        """Call a function, or, where cotangents are given, its vector-Jacobian product."""

    def measure(
        self,
        unit: str,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        device: str,
    ) -> Outcome:
        """Call a function in a fresh process, and say what memory that took at its peak."""

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
        return self._send(args, kwargs, None)

    def vjp(
        self, args: Sequence[Any], cotangents: Sequence[torch.Tensor | None], **kwargs: Any
    ) -> Outcome:
        """Call the function and pull the cotangents, one an output, back to its tensors."""
        __tracebackhide__ = True
        return self._send(args, kwargs, cotangents)

    def measure(self, *args: Any, **kwargs: Any) -> Outcome:
        """Call the function in a process of its own and return the value and the peak memory.

        The peak is None where it cannot be seen from outside: in a local run, and on a GPU.
        """
        __tracebackhide__ = True
        student = self.student
        return student.backend.measure(self.unit, self.name, args, kwargs, student.device)

    def race(self, event: Event) -> None:
        """Fail unless the function is right, and about as fast as the reference.

        A local run trusts no clock: it counts the operations that torch is asked for.
        """
        __tracebackhide__ = True
        self.student.backend.race(self.unit, self.name, self.student.device, event)

    def _send(
        self,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        cotangents: Sequence[torch.Tensor | None] | None,
    ) -> Outcome:
        __tracebackhide__ = True
        student = self.student
        return student.backend.call(self.unit, self.name, args, kwargs, student.device, cotangents)


class LocalBackend:
    """Direct calls of the functions in a folder, so that tracebacks and debuggers work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(
        self,
        unit: str,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        device: str,
        cotangents: Sequence[torch.Tensor | None] | None,
    ) -> Outcome:
        """See Backend. `device` is the CPU: a local run has no tests for a GPU."""
        __tracebackhide__ = True
        from autograder.sandbox import evaluate

        found = find_function(self._module(unit), unit, function)
        args, kwargs = copy.deepcopy((args, kwargs))  # as when sent: the test keeps its own
        try:
            if cotangents is None:
                return evaluate.call(found, args, kwargs)
            return evaluate.vjp(found, args, kwargs, cotangents)
        except NotImplementedError as error:
            raise Failure(not_implemented(unit, function, error), help_id="not_started") from None

    def measure(
        self,
        unit: str,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        device: str,
    ) -> Outcome:
        """See Backend. A local run has no process of its own to look at: the peak is None."""
        __tracebackhide__ = True
        return self.call(unit, function, args, kwargs, device, None)

    def race(self, unit: str, function: str, device: str, event: Event) -> dict[str, Any]:
        """See Backend. No clock is trusted here."""
        __tracebackhide__ = True
        args = event.fresh()
        event.check(self.call(unit, function, args, {}, device, None).value, args)
        if advice := self.advise(unit, function, event.walk, event.draw):
            raise Failure(advice, help_id="looped")
        return {}

    def advise(self, unit: str, function: str, walk: Walk, draw: Draw) -> str:
        """Say if a function calls torch in a loop, from counts alone; empty if it does not."""
        __tracebackhide__ = True
        from autograder.sandbox import evaluate
        from autograder.speed import looped

        found = find_function(self._module(unit), unit, function)
        once, twice = (
            evaluate.counted(found, walk.fresh(draw, times=times), {}).operations or 0
            for times in (1, 2)
        )
        return looped(walk, once, twice)

    def _module(self, unit: str) -> ModuleType:
        __tracebackhide__ = True
        folder = str(self.folder)
        if sys.path[:1] != [folder]:
            sys.path.insert(0, folder)
        try:
            return importlib.import_module(unit)
        except ModuleNotFoundError as error:
            if error.name == unit:
                raise Failure(f"There is no {unit}.py in {self.folder}.") from None
            raise
        except SyntaxError as error:
            raise Failure(syntax_error(error)) from None


def find_function(module: object, unit: str, name: str) -> Any:
    """Return the module's function, or raise Failure: it is missing, or cannot be called."""
    __tracebackhide__ = True
    found = getattr(module, name, None)
    if callable(found):
        return found
    if found is None:
        raise Failure(
            f"{unit}.py defines no function `{name}`. Was it renamed or deleted?",
            help_id="missing_function",
        )
    raise Failure(f"`{name}` in {unit}.py is a {type(found).__name__}, not a function.")


def not_implemented(unit: str, function: str, error: NotImplementedError) -> str:
    """Say which function is not written yet; it may be one that the called one builds on."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = frames[-1].name if frames else function
    where = f"`{function}` in {unit}.py"
    if inner == function or not inner.isidentifier():
        return f"{where} is not implemented yet."
    return f"{where} calls `{inner}`, which is not implemented yet."


def syntax_error(error: SyntaxError) -> str:
    """Say where Python could not read a file."""
    file = Path(error.filename or "the file").name
    return f"Python cannot read {file}, line {error.lineno}: {error.msg}."


def plural(count: int, noun: str) -> str:
    """`1 number`, `2 numbers`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
