"""Mutants that are right but under one condition: beyond a length, at a zero, at a second call.

What a condition is about follows from signatures and docstrings. The promise that all of them die
is in docs/validity.md, with what is not promised.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.bench.validity.mutants import INTEGERS, Mutant
from autograder.core.course import Course, Exercise, Unit
from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ
from autograder.core.units import unit_folder

MODULE = "conditions"  # what the wrappers are called beside a submission
WRAPPERS = Path(__file__).with_name("conditions.py")
LENGTHS = ("length", "max_length", "block_size")  # arguments that are one
SHAPES = re.compile(r"(\w+(?:, \w+)*): (?:boolean )?(?:\(([^()]*)\)|(any shape))")
NUMBERS = {  # of a floating argument
    "some_zero": "some numbers of %s are 0",
    "all_zero": "all numbers of %s are 0",
    "some_one": "some numbers of %s are 1 or -1",
    "large": "%s is very large",
    "tiny": "%s is very small",
}
CALLS = {
    "same_numbers": "called with the same numbers again",
    "other_dtype": "called with another dtype than before",
    "less_given": "called without what was given before",
}
CHANGES = ("shortened", "turned", "lengthened")


class Longest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to which length the hidden tests of an exercise look; lists: that of arguments."""

    values: int = 512
    gradients: int = 512
    lists: int = 512


@dataclass(frozen=True)
class _Function:
    """A function of a solution, as far as its conditions follow from it."""

    name: str
    annotations: Mapping[str, str]
    text: str
    longest: Longest
    differentiated: bool

    @property
    def shapes(self) -> dict[str, list[str]]:
        """The names of each argument's axes, where the docstring says them."""
        found: dict[str, list[str]] = {}
        for names, axes, any_shape in SHAPES.findall(self.text):
            found |= {name: ["T"] if any_shape else axes.split(", ") for name in names.split(", ")}
        return found


def mutants(course: Course, unit: Unit, source: str) -> list[Mutant]:
    """Every conditional mutant of a solution's exercises."""
    longest = _longest(course, unit)
    found = []
    for node in ast.parse(source).body:
        exercise = next((e for e in unit.exercises if e.name == getattr(node, "name", "")), None)
        if isinstance(node, ast.FunctionDef) and exercise:
            function = _described(node, exercise, longest.get(exercise.name, Longest()))
            for what, call in _wrapped(function):
                lines = f"\nimport {MODULE} as wrong\n{function.name} = wrong.{call}\n"
                label = f"{function.name}: {what}"
                found.append(Mutant(function.name, "conditional", "right", label, source + lines))
    return found


def _longest(course: Course, unit: Unit) -> dict[str, Longest]:
    """What a unit's hidden/lengths.toml says, by exercise; nothing where there is none."""
    path = unit_folder(course.root, unit.name) / "hidden" / "lengths.toml"
    if not path.is_file():
        return {}
    try:
        return msgspec.toml.decode(path.read_bytes(), type=dict[str, Longest])
    except NOT_READ as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error


def _described(node: ast.FunctionDef, exercise: Exercise, longest: Longest) -> _Function:
    annotations = {a.arg: ast.unparse(a.annotation) if a.annotation else "" for a in node.args.args}
    text = ast.get_docstring(node) or ""
    return _Function(node.name, annotations, text, longest, "gradient" in exercise.points)


def _wrapped(function: _Function) -> Iterator[tuple[str, str]]:
    """What is wrong, and the call of `conditions` that makes it so."""
    name = function.name
    for where, condition in _values(function, function.longest.values):
        yield f"wrong where {where}", f"when({name}, {condition}, wrong.value)"
    if function.differentiated:
        for where, condition in _values(function, function.longest.gradients):
            yield f"its gradient wrong where {where}", f"when({name}, {condition}, wrong.gradient)"
    yield "the last result in every one", f"carried({name})"
    for differs, said in CALLS.items():
        optional = "None" in "".join(function.annotations.values())
        torch = any("torch.Tensor" in annotation for annotation in function.annotations.values())
        if (differs != "less_given" or optional) and (differs != "other_dtype" or torch):
            yield f"wrong where {said}", f"once_more({name}, wrong.{differs})"
    for position, (argument, annotation) in enumerate(function.annotations.items()):
        if len(function.annotations) > 1 and ("Tensor" in annotation or "ndarray" in annotation):
            yield f"the last result while {argument} is the same", f"kept({name}, {position})"
        if annotation.startswith(("Sequence", "dict")):
            for how in CHANGES:
                if how != "turned" or annotation.startswith("Sequence"):
                    yield f"{argument} {how}", f"changes({name}, {position}, wrong.{how})"
    if "Raises" in function.text:
        yield "never raises", f"quiet({name})"


def _values(function: _Function, limit: int) -> Iterator[tuple[str, str]]:
    """In words and as an expression, every condition on a function's arguments."""
    seen = set()
    for position, (name, annotation) in enumerate(function.annotations.items()):
        axes = function.shapes.get(name, [])
        if name == "mask":
            yield from _masks(position, axes)
        for place, axis in enumerate(axes, -len(axes)):
            if axis.startswith("T") and axis not in seen and "Sequence" not in annotation:
                seen.add(axis)
                yield (
                    f"{name} is longer than {limit}",
                    f"wrong.longer({position}, {place}, {limit})",
                )
        if name in LENGTHS or annotation.startswith("Sequence"):
            most = limit if name in LENGTHS else function.longest.lists
            yield f"{name} is more than {most}", f"wrong.longer({position}, 0, {most})"
        if _is_floating(name, annotation):
            for holds, said in NUMBERS.items():
                yield said % name, f"wrong.numbers({position}, wrong.{holds})"


def _is_floating(name: str, annotation: str) -> bool:
    is_array = "Tensor" in annotation or "ndarray" in annotation
    return is_array and name not in (*INTEGERS, "mask")


def _masks(position: int, axes: list[str]) -> Iterator[tuple[str, str]]:
    for holds, said in {"shut": "hides all", "opened": "hides nothing"}.items():
        yield f"the mask {said}", f"wrong.masked({position}, wrong.{holds})"
    if axes[:1] != ["..."]:
        return
    for of in range(2, 5):
        for rank in range(2, of + 1):
            said = f"the mask has {rank} axes, and the first argument {of}"
            yield said, f"wrong.masked({position}, wrong.of_rank({rank}, {of}))"
        for axis in range(of - 2):
            said = f"axis {axis} of the mask is 1 long, of {of}"
            yield said, f"wrong.masked({position}, wrong.broadcast({axis}, {of}))"
