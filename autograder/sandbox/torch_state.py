"""What a submission may change of torch for everyone: undone once it is loaded, or never done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

# How each is read, and set again where it differs: to set some imports half of a compiler.
_STATE: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
]


@contextmanager
def restored() -> Iterator[None]:
    """Set torch's dtype, device, gradients, threads, random numbers and the like as they were."""
    before, state = [read() for read, _ in _STATE], torch.default_generator.get_state()
    try:
        yield
    finally:
        torch.set_default_device(None)
        for (read, restore), value in zip(_STATE, before, strict=True):
            if read() != value:
                restore(value)
        torch.default_generator.set_state(state)


class Uncompiled:
    """In place of `torch.compile`: functions are handed back as they are, in whatever form it asks.

    There is no compiler in the sandbox, and to import Dynamo costs seconds. asked: whether any was.
    """

    def __init__(self) -> None:
        self.asked = False

    def install(self) -> None:
        """Take the place of `torch.compile`, and of a module's own `compile`."""
        torch.compile = self.compile

        def compile_in_place(module: torch.nn.Module, *_: Any, **__: Any) -> None:
            self.compile(module)

        torch.nn.Module.compile = compile_in_place  # type: ignore[method-assign, assignment]

    def compile(self, model: Any = None, **_: Any) -> Any:
        """See torch.compile."""
        self.asked = True
        return (lambda function: function) if model is None else model
