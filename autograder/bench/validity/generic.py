"""Mistakes that any function can make, as wrappers of a right one: `validity` grades each.

They run beside a student's code, so this module needs torch and NumPy alone.
"""

from __future__ import annotations

import functools

import numpy as np
import torch


class NothingToDo(Exception):  # noqa: N818
    """There is nothing here to make this mistake with."""


def in_place(function, position):
    """Change an argument after its use."""

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        result = _map(function(*args, **kwargs), _copy)
        with torch.no_grad():
            _map(args[position] if position < len(args) else None, _change)
        return result

    return wrong


def cached(function, what):
    """Return what came of the first call with the same arguments, by their `shape` or `id`."""
    results = {}

    def key(array):
        return id(array) if what == "id" else (array.dtype, *array.shape)

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        found = repr(_map([args, kwargs], key))
        if found not in results:
            results[found] = args, function(*args, **kwargs)  # while it is kept, an id stays taken
        value = results[found][1]
        return value if isinstance(value, float) else _floats(value, lambda item: item)

    return wrong


def cast(function, dtype):
    """Return another dtype."""

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        return _floats(function(*args, **kwargs), lambda item: item.to(getattr(torch, dtype)))

    return wrong


def rounded(function):
    """Compute in float32, return float64."""

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        given = []

        def lower(item):
            given.append(item.dtype)
            return _to(item, "float32")

        value = function(*(_floats(arg, lower, complain=False) for arg in args), **kwargs)
        if not given:
            raise NothingToDo
        if isinstance(value, float) and value != float(np.float32(value)):
            raise NothingToDo  # a share: counted, not computed in float32
        if isinstance(value, float) or given[0] not in (torch.float64, np.float64):
            return value
        return _floats(value, lambda item: _to(item, "float64"))

    return wrong


def detached(function, position=None):
    """Cut the graph, at the result or at one argument."""

    @functools.wraps(function)
    def wrong(*args, **kwargs):
        if position is None:
            return _floats(function(*args, **kwargs), torch.Tensor.detach)
        args = list(args)
        args[position] = _floats(args[position], torch.Tensor.detach)
        return function(*args, **kwargs)

    return wrong


def _map(value, change):
    """A value with `change` done to every tensor and array in it."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return change(value)
    if isinstance(value, dict):
        return {key: _map(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_map(item, change) for item in value)
    return value


def _floats(value, change, complain=True):
    """As _map, for floating numbers only; complain where there are none."""
    changed = []

    def where_floating(item):
        floating = item.is_floating_point() if _is_torch(item) else item.dtype.kind == "f"
        changed.append(floating)
        return change(item) if floating else item

    result = _map(value, where_floating)
    if complain and not any(changed):
        raise NothingToDo
    return result


def _is_torch(item):
    return isinstance(item, torch.Tensor)


def _to(item, dtype):
    return item.to(getattr(torch, dtype)) if _is_torch(item) else item.astype(dtype)


def _copy(item):
    return item.clone() if _is_torch(item) else item.copy()


def _change(item):
    if item.dtype in (torch.bool, np.bool_):
        item ^= True
    else:
        item += 1
    return item
