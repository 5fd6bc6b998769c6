"""One call of a student's function, with what the tests want to know of it besides its value.

The same code runs in a student's own pytest and beside their code in the sandbox.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode


@dataclass
class CallResult:
    """What one call gave.

    value: what the function returned.
    changed: positions of the positional arguments that the function changed in place.
    gradients: for a vector-Jacobian product, one entry for each floating tensor among the
        positional arguments, in order; None where the value does not depend on it.
    peak: for a measured call, the bytes that the process came to hold beyond what it had before
        any of the student's code ran; None where nobody outside the process counts them.
    operations: for a counted call, how many operations torch was asked for. A program can deceive
        a counter that runs beside it: advice, not evidence.
    sent, received: the numbers of the arguments' arrays and of the value's, as bytes; only of a
        call in a sandbox.
    """

    value: Any
    changed: list[int] = field(default_factory=list)
    gradients: list[torch.Tensor | None] | None = None
    peak: int | None = None
    operations: int | None = None
    sent: list[bytes] = field(default_factory=list)
    received: bytes = b""


def arrays(value: object) -> Iterator[torch.Tensor | np.ndarray]:
    """Every tensor and array in a value, depth first, through lists, tuples and dicts."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        yield value
    elif isinstance(value, (list, tuple)):  # before Mapping, whose check is slow
        for item in value:
            yield from arrays(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from arrays(item)


def leaves(args: object) -> list[torch.Tensor]:
    """The tensors that a vector-Jacobian product is taken for, in order."""
    return [t for t in arrays(args) if isinstance(t, torch.Tensor) and t.is_floating_point()]


def each(value: object, change: Callable[[Any], Any]) -> Any:
    """A value in which every tensor and array is changed; its lists, tuples and dicts are new."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return change(value)
    if isinstance(value, (list, tuple)):
        items = [each(item, change) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        return {key: each(item, change) for key, item in value.items()}
    return value


def snapshot(value: object) -> Any:
    """A copy of a value's lists and dicts, tensors and arrays; what else there is, is kept."""
    return each(value, _copied)


def _copied(array: torch.Tensor | np.ndarray) -> torch.Tensor | np.ndarray:
    if isinstance(array, np.ndarray):
        return array.copy()
    if 0 not in array.stride():
        return array.detach().clone()
    # What is expanded stays so: all its copies may be more than the program is to need.
    once = [slice(1 if stride == 0 else None) for stride in array.stride()]
    return array.detach()[tuple(once)].clone().expand(array.shape)


def same(value: object, before: object) -> bool:
    """Whether a value still holds what its snapshot holds (two NaNs are the same)."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return _equal(value, before)
    if isinstance(value, Mapping) and isinstance(before, Mapping):
        return list(value) == list(before) and all(same(value[key], before[key]) for key in before)
    if isinstance(value, (list, tuple)) and isinstance(before, (list, tuple)):
        pairs = zip(value, before, strict=False)
        return len(value) == len(before) and all(same(a, b) for a, b in pairs)
    return value is before or (type(value) is type(before) and value == before)


def _equal(a: torch.Tensor | np.ndarray, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if not isinstance(b, torch.Tensor) or (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    a = a.detach()
    return torch.equal(a, b) or bool(((a == b) | ((a != a) & (b != b))).all())


def words(error: BaseException) -> str:
    """What an exception says, with Python's own advice: "Did you mean: 'softmax'?"."""
    return str(traceback.TracebackException.from_exception(error, limit=0, lookup_lines=False))


def call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> CallResult:
    """Call the function and see which positional arguments it changed."""
    before = [snapshot(argument) for argument in args]
    value = function(*args, **kwargs)
    pairs = enumerate(zip(args, before, strict=True))
    return CallResult(value, [i for i, (argument, old) in pairs if not same(argument, old)])


def observed(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    cotangents: Sequence[torch.Tensor | None] | None,
) -> CallResult:
    """`vjp` where there are cotangents, else `call`."""
    if cotangents is None:
        return call(function, args, kwargs)
    return vjp(function, args, kwargs, cotangents)


class Counter(TorchFunctionMode):
    """Counts the calls of torch. A TorchDispatchMode would first import half of a compiler."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See TorchFunctionMode. To look at `x.shape` is no operation."""
        self.operations += getattr(func, "__name__", "") != "__get__"
        return func(*args, **(kwargs or {}))


def counted(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> CallResult:
    """Call the function and count what it asks of torch."""
    with Counter() as counter:
        value = function(*args, **kwargs)
    return CallResult(value, operations=counter.operations)


def vjp(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    cotangents: Sequence[torch.Tensor | None],
) -> CallResult:
    """Call the function and pull `cotangents` back to its floating tensor arguments.

    cotangents: one for each tensor that the function returns; None leaves that output out.
    """
    differentiated = leaves(args)
    for leaf in differentiated:
        leaf.requires_grad_()
    value = function(*args, **kwargs)
    outputs = [t for t in arrays(value) if isinstance(t, torch.Tensor)]
    pairs = [
        (output, cotangent.to(output.dtype))
        for output, cotangent in zip(outputs, cotangents, strict=False)
        if cotangent is not None
        and output.requires_grad
        and output.is_floating_point()
        and output.shape == cotangent.shape
    ]
    if not pairs:
        return CallResult(value, gradients=[None] * len(differentiated))
    # Not `grad_outputs`, which are the same numbers: for those torch imports a whole algebra
    # system, which takes as long as torch itself.
    sums = [(output * cotangent).sum() for output, cotangent in pairs]
    gradients = torch.autograd.grad(sums, differentiated, allow_unused=True)
    return CallResult(value, gradients=list(gradients))
