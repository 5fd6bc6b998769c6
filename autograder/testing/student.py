"""The `student` object that tests call: `student.attention.softmax(x, dim=1)`.

Under a local pytest a call is a direct one; under grading it is a message to a sandbox. A test
cannot tell the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.testing.calls import Backend, Invocation

if TYPE_CHECKING:
    import torch

    from autograder.sandbox.evaluate import CallResult
    from autograder.testing.parallel import TimedCase


@dataclass(frozen=True)
class Student:
    """A student's units, by attribute."""

    backend: Backend
    device: str = "cpu"

    def __getattr__(self, unit: str) -> UnitHandle:
        return UnitHandle(self, unit)


@dataclass(frozen=True)
class UnitHandle:
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

    def observe(self, *args: Any, **kwargs: Any) -> CallResult:
        """Call the function and return the value and which arguments it changed."""
        __tracebackhide__ = True
        return self.student.backend.call(self._asking(args, kwargs))

    def vjp(
        self, args: Sequence[Any], cotangents: Sequence[torch.Tensor | None], **kwargs: Any
    ) -> CallResult:
        """Call the function and pull the cotangents, one an output, back to its tensors."""
        __tracebackhide__ = True
        return self.student.backend.call(self._asking(args, kwargs, cotangents))

    def measure(self, *args: Any, **kwargs: Any) -> CallResult:
        """Call the function in a process of its own and return the value and the peak memory.

        The peak is None where it cannot be seen from outside: in a local run, and on a GPU.
        """
        __tracebackhide__ = True
        return self.student.backend.measure(self._asking(args, kwargs))

    def race(self, event: TimedCase) -> None:
        """Fail unless the function is right, and much faster than a loop.

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
