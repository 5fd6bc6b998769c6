"""`pytest --device cuda`: the public tests on an accelerator that this machine has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from autograder.core.language import Sentence, _, say
from autograder.sandbox import evaluate

if TYPE_CHECKING:
    from autograder.sandbox.evaluate import CallResult
    from autograder.testing.calls import Invocation


ABSENT = _(
    "--device %(device)s: it is not here (%(why)s). Without --device the tests run on the CPU, and "
    "those of kind device tell there what a GPU would refuse. In Colab: Runtime → "
    "Change runtime type."
)


class Accelerator(NamedTuple):
    """A device as torch names it, and whether it knows float64: Apple's does not."""

    name: str
    float64: bool

    def call(self, found: Callable[..., Any], asked: Invocation) -> CallResult:
        """Make a call on the device. What comes back is on the CPU; float64 where that was sent."""
        lowered = not self.float64 and any(
            a.dtype is torch.float64
            for a in evaluate.arrays([*asked.args, *asked.kwargs.values()])
            if isinstance(a, torch.Tensor)
        )

        def there(tensor: torch.Tensor) -> torch.Tensor:
            low = lowered and tensor.dtype is torch.float64
            return tensor.detach().to(self.name, torch.float32 if low else tensor.dtype)

        def back(tensor: torch.Tensor) -> torch.Tensor:
            low = lowered and tensor.dtype is torch.float32
            return tensor.detach().cpu().to(torch.float64 if low else tensor.dtype)

        given = (asked.args, asked.kwargs, asked.cotangents)
        outcome = evaluate.observed(found, *_each(there, given))
        outcome.value = _each(back, outcome.value)
        outcome.gradients = _each(back, outcome.gradients)
        return outcome

    @property
    def is_cpu(self) -> bool:
        """Whether it is none: what `auto` takes where there is no other."""
        return self.name == "cpu"

    @property
    def told(self) -> Sentence:
        """What the tests' first lines say of it."""
        if self.is_cpu:
            return say("The tests run on the CPU: PyTorch finds no accelerator on this machine.")
        if self.float64:
            return say(
                "The tests run on %(device)s; those that pretend a GPU are left out.",
                device=self.name,
            )
        return say(
            "The tests run on %(device)s, which has no float64: in float32, and with what that "
            "allows. Those that pretend a GPU are left out.",
            device=self.name,
        )


def _each(change: Callable[[torch.Tensor], torch.Tensor], value: Any) -> Any:
    return evaluate.each(value, lambda a: change(a) if isinstance(a, torch.Tensor) else a)


class NoDevice(Exception):  # noqa: N818 - a device, and no fault
    """A device that is not here."""

    def __init__(self, asked: str, why: str) -> None:
        super().__init__(asked, why)
        self.told = say(ABSENT, device=asked, why=why)


def choose(asked: str) -> Accelerator:
    """The device that was asked for; `auto` is torch's own choice. Raises NoDevice."""
    name = asked
    if asked == "auto":
        found = (
            torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        )
        name = str(found or "cpu")
    try:
        torch.ones(1, device=name).add(1).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # as torch has them
        raise NoDevice(asked, " ".join(str(error).partition("\n")[0].split())) from None
    return Accelerator(name, _has_float64(name))


def _has_float64(name: str) -> bool:
    try:
        torch.ones(1, dtype=torch.float64, device=name)
    except (RuntimeError, TypeError):  # MPS raises the latter
        return False
    return True
