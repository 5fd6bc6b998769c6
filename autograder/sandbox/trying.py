"""Tests that a student wrote: which there are, and how one is run on a function elsewhere.

The same code runs in a student's own pytest and beside their code in the sandbox.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

SEED = 0  # of every generator, before every test: what a test draws is the same for each function
Ask = Callable[[Sequence[Any], Mapping[str, Any]], Any]  # makes a call, and returns what it gave


def _nobody(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    raise NotImplementedError


asks: Ask = _nobody  # in a sandbox the worker puts its own in the place of this


def warm() -> None:
    """Do before a fork what tests would have to do in each."""
    importlib.import_module("pytest")
    importlib.import_module("numpy.random")  # numpy does where it is first used, in 10 ms
    torch.testing.assert_close(torch.ones(1), torch.ones(1))


def listed(module: str) -> dict[str, list[str]]:
    """The functions of a module that are called test_…, in order, with their parameters."""
    return among(vars(importlib.import_module(module)))


def among(names: Mapping[str, Any]) -> dict[str, list[str]]:
    """The same of a module whose names are given."""
    found = {}
    for name, value in list(names.items()):
        if name.startswith("test_") and callable(value):
            try:
                found[name] = [
                    str(parameter).partition(":")[0]
                    for parameter in inspect.signature(value).parameters.values()
                ]
            except (TypeError, ValueError):  # as some of those have that are not Python's
                found[name] = []
    return found


def run(module: str, test: str, name: str, signature: str) -> None:
    """Run a test on the function that is elsewhere. Raises whatever the test raises.

    signature: the function's parameters, as they are written: "x, dim=-1".
    """
    seed()
    getattr(importlib.import_module(module), test)(stand_in(name, signature, asks))


def seed() -> None:
    """Seed every generator of the CPU: to ask for other devices' takes longer than many a test."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.default_generator.manual_seed(SEED)


def called(text: str, name: str, /, *args: Any, **kwargs: Any) -> Any:
    """What a version of a function gives. text: the module that defines it, made anew if another.

    Runs beside no student's code.
    """
    return _defined(text)[name](*args, **kwargs)


@functools.lru_cache(maxsize=1)  # so nothing is left of the version before
def _defined(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(text, names)
    return names


def stand_in(name: str, signature: str, asks: Ask) -> Callable[..., Any]:
    """A function of this name and signature, each call of which is handed on.

    Required arguments are handed on by position, optional ones that are given by name.
    """
    shape = _shape(signature)
    is_optional = parameters(signature)

    def function(*args: Any, **kwargs: Any) -> Any:
        given = shape.bind(*args, **kwargs).arguments
        optional = {name: value for name, value in given.items() if is_optional[name]}
        return asks([given[name] for name in given if not is_optional[name]], optional)

    function.__name__ = function.__qualname__ = name
    vars(function)["__signature__"] = shape
    return function


def parameters(signature: str) -> dict[str, bool]:
    """The parameters of a signature, and whether each is optional."""
    return {p.name: p.default is not p.empty for p in _shape(signature).parameters.values()}


@functools.cache
def _shape(signature: str) -> inspect.Signature:
    return inspect.signature(eval(f"lambda {signature}: None"))


def exception_of(kinds: Sequence[str]) -> type[Exception]:
    """Python's own exception that is nearest to one of these kinds: its name and its bases'."""
    found = (getattr(builtins, kind, None) for kind in kinds)
    mine = (kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception))
    return next(mine, RuntimeError)
