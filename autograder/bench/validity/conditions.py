"""Programs that are right but under one condition, as wrappers of a right one: `conditional` makes
mutants of them.

They run beside a student's code, so this module needs torch and NumPy alone.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

LARGE, TINY = 50.0, 1e-9  # what a number is beyond where it is "very large", or "very small"


def when(function, condition, wrong):
    """Right but where a condition on the arguments holds; there made wrong."""

    @functools.wraps(function)
    def conditional(*args, **kwargs):
        holds = condition(args, kwargs)
        value = function(*args, **kwargs)
        return wrong(value) if holds else value

    return conditional


# What goes wrong


def value(result):
    """The last number of each array, and every plain number, is another."""
    if isinstance(result, (tuple, list)):
        return type(result)(value(item) for item in result)
    if isinstance(result, dict):
        return {key: value(item) for key, item in result.items()}
    if isinstance(result, bool) or not isinstance(result, (torch.Tensor, np.ndarray)):
        return result + 1 if isinstance(result, int) else result * 1.01 + 1e-300
    if isinstance(result, np.ndarray):
        return value(torch.from_numpy(result.copy())).numpy()
    change = torch.zeros_like(result)
    if result.dtype == torch.bool:
        change.view(-1)[-1] = True
        return result ^ change
    largest = result.detach().abs().max()
    change.view(-1)[-1] = 1 if largest == 0 or not result.is_floating_point() else 0.01 * largest
    return result + change


def gradient(result):
    """The value is right, and its gradient a hundredth too large."""
    if isinstance(result, tuple):
        return tuple(gradient(item) for item in result)
    if not result.requires_grad:
        return result
    return result.detach() + 1.01 * (result - result.detach())


# Where it does


def longer(position, axis, limit):
    """An argument's axis, a list, or a number itself is greater than a limit."""

    def condition(args, kwargs):
        given = args[position] if position < len(args) else 0
        if isinstance(given, (list, tuple)):
            return len(given) > limit
        if isinstance(given, int):
            return given > limit
        return given.ndim >= abs(axis) and given.shape[axis] > limit

    return condition


def numbers(position, holds):
    """Something holds of an array's numbers, or of one in a list or a dict."""

    def condition(args, kwargs):
        return any(holds(array) for array in _floats(args[position : position + 1]))

    return condition


def some_zero(array):
    """Some of the numbers are exactly zero, and not all."""
    return bool((array == 0).any()) and bool(array.any())


def all_zero(array):
    """All are exactly zero."""
    return not array.any()


def some_one(array):
    """Some are exactly 1 or -1, as of a saturated tanh or gate."""
    return bool((abs(array) == 1).any())


def large(array):
    """Some are very large."""
    return bool((abs(array) > LARGE).any())


def tiny(array):
    """All are very small, and not all zero."""
    return bool((abs(array) < TINY).all()) and bool(array.any())


def masked(position, holds):
    """There is a mask of which something holds: `holds(mask, axes of the first argument)`."""

    def condition(args, kwargs):
        mask = args[position] if position < len(args) else kwargs.get("mask")
        return mask is not None and holds(mask, args[0].ndim)

    return condition


def of_rank(axes, of):
    """A mask of so many axes where the first argument has so many."""
    return lambda mask, rank: mask.ndim == axes and rank == of


def broadcast(axis, of):
    """A mask of as many axes as the first argument, one of which is 1 long."""
    return lambda mask, rank: mask.ndim == rank == of and mask.shape[axis] == 1


def shut(mask, rank):
    """A mask without any True."""
    return not mask.any()


def opened(mask, rank):
    """A mask without any False."""
    return bool(mask.all())


# What is kept from call to call


def carried(function):
    """A hundredth of the last result of the same form is in every result."""
    kept = {}

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        result = function(*args, **kwargs)
        form = repr([array.shape for array in _floats([result])])
        mixed = _mixed(result, kept[form]) if form in kept else result
        kept[form] = _detached(result)
        return mixed

    return wrong


def once_more(function, differs):
    """Wrong where `differs(this call's arguments, the last call's)`."""
    last = []

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        given = [*args, *kwargs.values()]
        holds = bool(last) and differs(given, last[0])
        last[:] = [_detached(given)]
        result = function(*args, **kwargs)
        return value(result) if holds else result

    return wrong


def kept(function, position):
    """The last result again while one argument is the same, whatever the others are."""
    last = []

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        given = _detached(args[position]) if position < len(args) else None
        if given is None or not last or not _equal(given, last[0]):
            last[:] = [given, function(*args, **kwargs)]
        return last[1]

    return wrong


def same_numbers(given, before):
    """The very same arguments as before."""
    return _equal(given, before)


def other_dtype(given, before):
    """Another dtype than before."""
    return [a.dtype for a in _floats(given)][:1] != [a.dtype for a in _floats(before)][:1]


def less_given(given, before):
    """An optional argument was given before, and is not now."""

    def count(arguments):
        return sum(argument is not None for argument in arguments)

    return count(given) < count(before)


# What is done to arguments that are no arrays


def changes(function, position, how):
    """Change a list or dict after its use."""

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        result = function(*args, **kwargs)
        how(args[position])
        return result

    return wrong


def shortened(given):
    """Take the last one out."""
    given.pop(*([list(given)[-1]] if isinstance(given, dict) else []))


def turned(given):
    """Turn it round."""
    given.reverse()


def lengthened(given):
    """Put one more in."""
    if isinstance(given, dict):
        given["one more"] = None
    else:
        given.append(given[0])


# Exceptions


def quiet(function):
    """Where the right function raises, return zeros like the first argument, or 0."""

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception:
            return torch.zeros_like(args[0]) if isinstance(args[0], torch.Tensor) else 0

    return wrong


def _floats(given):
    """Every floating array in lists, tuples and dicts; a floating number is one, too."""
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return [array for item in given for array in _floats(item)]
    if isinstance(given, torch.Tensor):
        return [given.detach()] if given.is_floating_point() else []
    if isinstance(given, np.ndarray):
        return [given] if given.dtype.kind == "f" else []
    return [np.array(given)] if isinstance(given, float) else []


def _detached(given):
    if isinstance(given, dict):
        return {key: _detached(item) for key, item in given.items()}
    if isinstance(given, (list, tuple)):
        return [_detached(item) for item in given]
    if isinstance(given, torch.Tensor):
        return given.detach().clone()
    return given.copy() if isinstance(given, np.ndarray) else given


def _mixed(result, before):
    if isinstance(result, (list, tuple)):
        return type(result)(_mixed(a, b) for a, b in zip(result, before, strict=True))
    if isinstance(result, dict):
        return {key: _mixed(item, before[key]) for key, item in result.items()}
    whole = isinstance(result, torch.Tensor) and not result.is_floating_point()
    return before if whole else result + 0.01 * (before + 1e-6)


def _equal(a, b):
    if isinstance(a, dict):
        return list(a) == list(b) and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, (torch.Tensor, np.ndarray)):
        return type(a) is type(b) and a.shape == b.shape and bool((a == b).all())
    return a == b
