"""Public tests on a function as it lives in a notebook: in Jupyter and Colab, without any file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from rich.console import Console

from autograder.core.course import Course, find_root, load
from autograder.core.errors import CourseError
from autograder.core.language import Language, language_here, render
from autograder.local.hints import hint as next_hint
from autograder.local.public_tests import run
from autograder.testing.direct import LocalBackend
from autograder.testing.plugin import BACKEND, exercise_of


class LiveBackend(LocalBackend):
    """Direct calls of a notebook's own functions; those of other units are imported."""

    of_files = False

    def __init__(self, folder: Path, unit: str, function: Callable[..., Any]) -> None:
        super().__init__(folder)
        self._unit = unit
        self._live = function.__globals__ | {function.__name__: function}
        self._cells = Path(function.__code__.co_filename).parent  # Jupyter keeps its cells there

    def owns(self, file: str) -> bool:
        """See LocalBackend."""
        return Path(file).parent == self._cells or super().owns(file)

    def function(self, unit: str, name: str) -> Any:
        """See LocalBackend."""
        if unit == self._unit and callable(found := self._live.get(name)):
            return found
        return super().function(unit, name)

    def names(self, unit: str) -> Mapping[str, Any]:
        """See LocalBackend."""
        return self._live if unit == self._unit else super().names(unit)


class _OneExercise:
    """The pytest plugin that runs one exercise's tests on a live function."""

    def __init__(self, name: str, backend: LiveBackend) -> None:
        self._name, self._backend = name, backend

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[BACKEND] = self._backend

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if (exercise_of(item) or ("", ""))[1] == self._name]

    def pytest_runtest_setup(self) -> None:
        self._backend.calls, self._backend.last = 0, None  # a known mistake is in a certain call


def check(
    function: Callable[..., Any], folder: Path | None = None, language: Language | None = None
) -> bool:
    """Run the public tests of the exercise that a function is, and print what `check` prints.

    folder: the course, or one in it; by default the current one. Returns whether all passed.
    Raises CourseError where there is no course, or no exercise of that name.
    """
    language, course = language or language_here(), _course(folder)
    unit, exercise = course.exercise(function.__name__)
    tests = course.root / "exercises" / f"test_{unit.name}.py"
    if not tests.is_file():
        raise CourseError(f"The tests, {tests}, are not here. Run this beside your exercises.")
    backend = LiveBackend(course.root / "exercises", unit.name, function)
    alone = [msgspec.structs.replace(unit, exercises=[exercise])]
    threads, path = torch.get_num_threads(), list(sys.path)
    try:
        found = run(
            course, alone, language, options=["--capture=sys"],
            plugins=[_OneExercise(exercise.name, backend)],
        )  # fmt: skip
    finally:
        torch.set_num_threads(threads)
        sys.path[:] = path
    found.show(alone, _console(), language)
    return found.verdict(alone) == 0


def hint(
    function: Callable[..., Any], folder: Path | None = None, language: Language | None = None
) -> None:
    """Print the next hint for the exercise that a function is. Raises CourseError as `check`."""
    language = language or language_here()
    for told in next_hint(_course(folder), function.__name__, language):
        _console().print(render(told.facts, language), markup=False)


def _course(folder: Path | None) -> Course:
    return load(find_root((folder or Path.cwd()).resolve()))


def _console() -> Console:
    return Console(file=sys.stdout, width=80, highlight=False, emoji=False, force_jupyter=False)
