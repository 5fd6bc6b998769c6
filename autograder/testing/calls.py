"""What a test asks of a student's function, and what a failure is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from autograder.core.language import Sentence, _, say

if TYPE_CHECKING:
    import torch

    from autograder.sandbox.evaluate import CallResult
    from autograder.testing.parallel import TimedCase
    from autograder.testing.subjects import Met, Subject


LONGEST = 400  # characters of a call that is told
UNUSABLE = _("The result could not be used: %(error)s")
ONLY_THESE = _(
    "Only PyTorch, NumPy, Python's own library, your other units and helper files that you hand in "
    "with them can be imported."
)


class Failure(AssertionError):  # noqa: N818 - not an error of ours
    """What a student's program did wrong, in words for the student.

    help: what to look at. help_id: the name of the recognised mistake. facts: plain data, and with
    them what the message was made from, so that it can be said in another language. compared: what
    came and what was expected, where these are numbers of one shape.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str = "",  # noqa: A002 - the report's own word
        help_id: str = "",
        facts: dict[str, Any] | None = None,
        compared: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.help_id = help_id
        self.compared = compared
        self.facts = (message.facts if isinstance(message, Sentence) else {}) | (facts or {})

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


def as_written(asked: Invocation) -> str:
    """A call in short, of arrays their kinds and shapes: `softmax(float64[3, 5], dim=1)`."""
    named = [f"{name}={_brief(value)}" for name, value in asked.kwargs.items()]
    return f"{asked.function}({', '.join([*map(_brief, asked.args), *named])})"[:LONGEST]


def _brief(value: Any) -> str:
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    if isinstance(value, Mapping):
        # Sorted: what is read from a file of parameters has another order in each process.
        items = sorted(value.items(), key=lambda item: str(item[0]))
        return "{" + ", ".join(f"{key!r}: {_brief(item)}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_brief, value)) + "]"
    return repr(value)


class Backend(Protocol):
    """Where calls of a student's functions go."""

    def call(self, asked: Invocation) -> CallResult:
        """Make a call."""

    def measure(self, asked: Invocation) -> CallResult:
        """Make a call in a fresh process, and say what memory that took at its peak."""

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """Fail unless a function is right, and much faster than a loop; else the facts."""

    def meet(self, unit: str, subject: Subject, order: Sequence[int]) -> Met:
        """Try the tests that a student wrote on right and wrong versions of a function.

        order: in which the versions are met: the right ones have the first numbers.
        """


def no_function(file: str, name: str, found: str | None) -> Failure:
    """What to say where a file has no function of a name; `found`: the type of what has it."""
    if found is not None:
        message = _("`%(name)s` in %(file)s is of type `%(found)s`, not a function.")
        return Failure(say(message, name=name, file=file, found=found))
    message = _("%(file)s defines no function `%(name)s`. Was it renamed or deleted?")
    return Failure(say(message, name=name, file=file), help_id="missing_function")


def says_unwritten(line: str) -> bool:
    """Whether it was a line of the student's that raised NotImplementedError, as starters do.

    torch raises the same for a dtype that it cannot take. A line that is not known is believed.
    """
    return not line or "NotImplementedError" in line


def unwritten(function: str, inner: str, file: str) -> Sentence:
    """Say that a function is not written yet, or one that it calls; `file`: whichever's it is."""
    if not inner:
        message = _("`%(function)s` in %(file)s is not implemented yet.")
        return say(message, function=function, file=file)
    message = _("`%(function)s` calls `%(inner)s` in %(file)s, which is not implemented yet.")
    return say(message, function=function, inner=inner, file=file)
