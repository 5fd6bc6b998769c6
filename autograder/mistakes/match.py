"""What a known mistake would give for a call, and how much of a proof it is that a program does."""

from __future__ import annotations

import collections
import functools
import inspect
import itertools
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from autograder.sandbox import evaluate, wire
from autograder.testing.calls import Invocation
from autograder.testing.compare import SAME
from autograder.testing.exceptions import in_words

# Relative to the largest number. Whole results are at hand here, so float32 can be told closer than
# by the sums that a student's release has.
NEAR = SAME | {torch.float32: 1e-5}
RIGHT = 100  # times NEAR: as far as a right result is from another, where they are hard to compute
ENOUGH = 6.5  # bits of evidence, beside that nothing else that is known speaks against it
BLURS = (10.0, 1e2, 1e3, 1e4)  # times NEAR: what rounding may become in a call that magnifies it
A_NUMBER = 16.0  # bits of one number that is no integer


@dataclass(frozen=True)
class Gave:
    """What a call came to: a value and the gradients pulled back, or the exception's words."""

    value: Any = None
    gradients: Sequence[torch.Tensor | None] | None = None
    error: str = ""


def gives(function: Callable[..., Any], asked: Invocation) -> Gave | None:
    """What a function of ours gives for a call; None for a call that it does not take."""
    # A partial's function: its slots are keywords, too.
    if not _takes(getattr(function, "func", function), len(asked.args), *asked.kwargs):
        return None
    args, kwargs = evaluate.each(asked.args, _copy), evaluate.each(asked.kwargs, _copy)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong is meant to be
            if asked.cotangents is not None:
                outcome = evaluate.vjp(function, args, kwargs, asked.cotangents)
                return Gave(outcome.value, outcome.gradients)
            value = function(*args, **kwargs)  # without no_grad: some take gradients themselves
            return Gave(wire.TOO_LARGE if type(value) is int and abs(value) >= 2**63 else value)
    except Exception as error:
        return Gave(error=in_words(type(error).__name__, str(error)))


@functools.cache
def _takes(function: Callable[..., Any], count: int, *names: str) -> bool:
    """Whether a function takes so many positional arguments, and these by their names."""
    try:
        inspect.signature(function).bind(*range(count), **dict.fromkeys(names))
    except TypeError:
        return False
    return True


def _copy(array: Any) -> Any:
    """A deep copy would take ten times as long."""
    return array.detach().clone() if isinstance(array, torch.Tensor) else array.copy()


def shaken(
    asked: Invocation, spread: float | None, seed: int = 0, times: float = 1.0
) -> Invocation:
    """A call with its floating numbers multiplied by others, at most `spread`/2 from `times`.

    Where spread is None, only the last digits change.
    """
    generator = torch.Generator().manual_seed(seed)

    def shake(array: Any) -> Any:
        tensor = torch.as_tensor(array)
        if not tensor.is_floating_point():
            return array
        noise = torch.rand(tensor.shape, generator=generator, dtype=torch.float64) - 0.5
        wide = 8 * torch.finfo(tensor.dtype).eps if spread is None else spread
        factor = (times * (1 + wide * noise)).to(tensor.dtype)
        return (
            array.detach() * factor if isinstance(array, torch.Tensor) else array * factor.numpy()
        )

    args, kwargs = evaluate.each(asked.args, shake), evaluate.each(asked.kwargs, shake)
    return replace(asked, args=args, kwargs=kwargs)


def same(a: Gave, b: Gave, times: float = 1.0) -> bool:
    """Whether two calls came to the same but for rounding, or for so many times as much.

    Of exceptions then only the kind counts: each program words its own. Otherwise their numbers do
    in any order: `x * w` and `w * x` make one mistake.
    """
    if a.error or b.error:
        return _kind(a) == _kind(b) if times > 1 else _essence(a.error) == _essence(b.error)
    return near(a.value, b.value, times) and near(a.gradients, b.gradients, times)


def agrees(function: Callable[..., Any], asked: Invocation, mine: Gave, other: Gave) -> bool:
    """Whether another program gives what a function of ours does, as far as rounding lets us see.

    Where they are near one another, but not that near, we ask what the last digits of the arguments
    do: at large scores two programs of one formula are further apart than elsewhere.
    """
    if same(mine, other):
        return True
    if mine.error or other.error or not same(mine, other, BLURS[-1]):
        return False
    apart = next((times for times in BLURS if same(mine, other, times)), None)
    moved = apart and gives(function, shaken(asked, None))
    return bool(apart and moved and not same(mine, moved, apart / 100))


def zeros(gave: Gave) -> list[bytes]:
    """Where a value is exactly zero: rounding makes no number of a zero."""
    arrays = evaluate.arrays(gave.value)
    return [(_numbers(array) == 0).tobytes() for array in arrays]


def _essence(error: str) -> tuple[str, dict[str, int]]:
    """An exception's words, and its numbers in no order."""
    return re.sub(r"\d+", "0", error), collections.Counter(re.findall(r"\d+", error))


def _kind(gave: Gave) -> str:
    return gave.error.partition(":")[0]


def evidence(gave: Gave, truth: Gave) -> float:
    """How many bits it says that somebody else gives the same, where the truth is another.

    A result that is NaN all over says nothing, a small integer little.
    """
    if gave.error:
        return ENOUGH if any(map(str.isdigit, gave.error)) else ENOUGH / 2
    return sum(_bits(gave.value, truth.value)) + sum(_bits(gave.gradients, truth.gradients))


def _bits(got: object, right: object) -> Iterator[float]:
    """The bits of each array or number that is not what is right."""
    if isinstance(got, dict):
        others = right if isinstance(right, dict) else {}
        for key, item in got.items():
            yield from _bits(item, others.get(key))
    elif isinstance(got, (list, tuple)):
        pairs = right if isinstance(right, (list, tuple)) else ()
        for item, other in itertools.zip_longest(got, pairs[: len(got)]):
            yield from _bits(item, other)
    else:
        numbers, known = _numbers(got), _numbers(right)
        if known.shape == numbers.shape:
            wrong = ~np.isclose(numbers, known, rtol=1e-12, atol=0.0, equal_nan=True)
            yield pattern(wrong.size, int(wrong.sum()))  # which of them are wrong
            numbers = numbers[wrong]
        numbers = np.unique(numbers[np.isfinite(numbers)])
        whole = numbers == np.rint(numbers)
        yield A_NUMBER * int((~whole).sum())
        yield from (min(A_NUMBER, math.log2(2 + 2 * abs(number))) for number in numbers[whole])


def pattern(places: int, chosen: int) -> float:
    """How many bits it takes to say which of some places are chosen."""
    return math.log2(math.comb(places, chosen))


def _numbers(value: object) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        return _real(value).numpy()
    if isinstance(value, (np.ndarray, float, int, np.number)):
        return np.asarray(value, dtype=np.float64)
    return np.empty(0)


def near(a: object, b: object, times: float = 1.0) -> bool:
    """Whether two results are the same but for rounding, or so many times as much.

    NaN equals NaN here.
    """
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(near(x, y, times) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(near(a[key], b[key], times) for key in a)
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        same_kind = a.shape == b.shape and a.dtype == b.dtype
        return same_kind and _near(a, b, times * NEAR.get(a.dtype, 0.0))
    relative = times * NEAR[torch.float64]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and _near(torch.tensor(a), torch.tensor(b), relative)
    numbers = (int, float, np.integer, np.floating)
    if isinstance(a, numbers) and isinstance(b, numbers):
        a, b = (torch.tensor(float(number), dtype=torch.float64) for number in (a, b))
        return _near(a, b, relative)
    return type(a) is type(b) and not list(evaluate.arrays(a)) and bool(a == b)


def _near(a: torch.Tensor, b: torch.Tensor, relative: float) -> bool:
    a, b = _real(a), _real(b)
    if torch.equal(a, b):
        return True
    finite = a[a.isfinite()].abs()
    scale = float(finite.max()) if finite.numel() else 0.0
    return torch.allclose(a, b, rtol=0.0, atol=relative * scale, equal_nan=True)


def _real(tensor: torch.Tensor) -> torch.Tensor:
    """Its numbers in float64; of complex ones both parts."""
    tensor = tensor.detach().resolve_conj()
    return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).to(torch.float64)
