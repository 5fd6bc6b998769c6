"""Do the solutions agree with PyTorch's own layers?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from autograder.bench.validity.graders import solutions
from autograder.core.course import Course, Unit
from autograder.core.units import module
from autograder.sandbox.loader import SubmissionFinder
from autograder.sandbox.wire import Source

CLOSE = 1e-12  # of the largest number, in float64


@dataclass(frozen=True)
class Agreement:
    """How far a solution is from PyTorch's own layer, relative to the largest number."""

    unit: str
    what: str
    difference: float

    @property
    def close(self) -> bool:
        """Whether rounding explains it; NaN is not close."""
        return self.difference <= CLOSE


def agreements(course: Course, units: Sequence[Unit]) -> list[Agreement]:
    """Compare the solutions with PyTorch's own layers, in float64."""
    found = []
    with loaded(course) as modules:
        torch.manual_seed(7)
        for unit in units:
            compared = module(course.root, unit.name, "hidden.agreement")
            for what, got, expected in compared.layers(modules) if compared else ():
                pairs = zip(_flat(got), _flat(expected), strict=True)
                difference = max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
                found.append(Agreement(unit.name, what, difference))
    return found


def print_agreements(console: Console, found: Sequence[Agreement]) -> None:
    """Print the largest relative difference for each of PyTorch's layers."""
    headings = ("unit", "against", "largest relative difference")
    table = Table(*headings, title="Solutions against PyTorch's own, float64")
    for agreement in found:
        table.add_row(agreement.unit, agreement.what, f"{agreement.difference:.1e}")
    console.print(table)


@contextmanager
def loaded(course: Course) -> Iterator[dict[str, ModuleType]]:
    """The solutions as modules, forgotten afterwards."""
    texts = solutions(course)
    loader = SubmissionFinder(
        [Source(name, f"{name}.py", [text], False, []) for name, text in texts.items()]
    )
    before = {name: sys.modules.pop(name, None) for name in texts}
    loader.install()
    try:
        yield {name: import_module(name) for name in texts}
    finally:
        sys.meta_path.remove(loader)
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module:
                sys.modules[name] = module


def _flat(value: Any) -> list[torch.Tensor]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return [torch.as_tensor(item, dtype=torch.float64).detach() for item in items]
