"""A unit that is being written, and what it still lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from autograder.bench.validity.graders import CorrectnessGraders
from autograder.core.course import Course, Unit

# Where a unit's files stand in the clone; {0} is its name.
SOLUTION, STARTER, PUBLIC = "solutions/{0}.py", "exercises/{0}.py", "exercises/test_{0}.py"
FOLDER = "course/units/{0}"
HIDDEN = f"{FOLDER}/hidden/test_{{0}}.py"
MISTAKES = f"{FOLDER}/hidden/mistakes.py"
RIGHT = f"{FOLDER}/hidden/right"
AGREEMENT = f"{FOLDER}/hidden/agreement.py"
SEQUENTIAL = f"{FOLDER}/hidden/sequential.py"
LOOPS = f"{FOLDER}/public/loops.py"
DOCSTRINGS = f"{FOLDER}/docstrings.zh.toml"
# missing: it is not there. weak: it falls short. note: good to know, and no failure.
State = Literal["missing", "weak", "note"]


class Gap(NamedTuple):
    """Something that a unit lacks, and the remedy. where: a file or folder of the clone."""

    state: State
    where: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Bar:
    """How much a unit is asked for.

    mistakes: known ones of each exercise, at least. right: right answers, at least.
    share: one mutant in so many is tried.
    """

    mistakes: int
    right: int
    share: int = 1


class DeclaredTest(NamedTuple):
    """A test as its file declares it; exercise: "" where it is marked with none."""

    name: str
    exercise: str
    kind: str
    docstring: str


@dataclass(frozen=True)
class Draft:
    """A unit that is being written, and what it is measured with.

    counts: what was tried, for the summary.
    """

    course: Course
    unit: Unit
    bar: Bar
    graders: CorrectnessGraders
    jobs: int
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def alone(self) -> Course:
        """The course as if it had this unit only."""
        return msgspec.structs.replace(self.course, units=[self.unit])

    @property
    def names(self) -> list[str]:
        """The exercises' names."""
        return [exercise.name for exercise in self.unit.exercises]

    def place(self, file: str) -> str:
        """A file's path in the clone."""
        return file.format(self.unit.name)

    def path(self, file: str) -> Path:
        """A file's path on this machine."""
        return self.course.root / self.place(file)

    def text(self, file: str) -> str:
        """A file's text."""
        return self.path(file).read_text("utf-8")

    def tests(self, file: str) -> list[DeclaredTest]:
        """The tests that a file declares."""
        return list(_declared(ast.parse(self.text(file))))

    def gap(self, state: State, file: str, what: str, remedy: str) -> Gap:
        """A gap in a file of this unit."""
        return Gap(state, self.place(file), what, remedy)


def _declared(module: ast.Module) -> Iterator[DeclaredTest]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            exercise, kind = _marked(node)
            yield DeclaredTest(node.name, exercise, kind, ast.get_docstring(node) or "")


def _marked(test: ast.FunctionDef) -> tuple[str, str]:
    """The exercise and the kind that a test's mark names."""
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.exercise":
            names = [argument.value for argument in mark.args if isinstance(argument, ast.Constant)]
            kinds = [word.value for word in mark.keywords if word.arg == "kind"]
            kind = next((k.value for k in kinds if isinstance(k, ast.Constant)), "correctness")
            return str(next(iter(names), "")), str(kind)
    return "", ""
