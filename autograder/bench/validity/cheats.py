"""Do the cheapest programs that anyone could think of fail?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from autograder.bench.validity.graders import CorrectnessGraders, Job, files, solutions
from autograder.bench.validity.tables import _by_unit, _print
from autograder.core.course import Course, Unit


@dataclass(frozen=True)
class Cheat:
    """A function that does not do what is asked, by its file, and whether a test failed for it."""

    unit: str
    function: str
    name: str
    caught: bool


def _alone(text: str, exercises: set[str]) -> Iterator[tuple[str, str]]:
    """Each exercise that a file of hidden/cheats/ defines, and the file without the others."""
    body = ast.parse(text).body
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name in exercises:
            others = exercises - {node.name}
            kept = [item for item in body if getattr(item, "name", "") not in others]
            yield node.name, ast.unparse(ast.Module(kept, []))


def cheating(course: Course, units: Sequence[Unit]) -> list[Job[tuple[str, str]]]:
    """Every function of every file of a unit's hidden/cheats/, alone in a perfect submission."""
    right = solutions(course)
    todo: list[Job[tuple[str, str]]] = []
    for unit in units:
        exercises = {exercise.name for exercise in unit.exercises}
        for path in files(course, unit, "cheats"):
            for function, text in _alone(path.read_text("utf-8"), exercises):
                program = f"{right[unit.name]}\n{text}\n"
                todo.append(((function, path.stem), unit, right | {unit.name: program}))
    return todo


def cheats(graders: CorrectnessGraders, units: Sequence[Unit], share: int = 1) -> list[Cheat]:
    """Grade one cheat in `share`."""
    found = []
    for (function, name), report in graders.grade(cheating(graders.course, units)[::share]):
        caught = any(t.exercise == function and t.status == "failed" for t in report.tests)
        found.append(Cheat(report.unit, function, name, caught))
    return found


def print_cheats(console: Console, found: Sequence[Cheat]) -> None:
    """Print how many were caught, by unit, and which were not."""
    rows = {unit: (len(g), sum(c.caught for c in g)) for unit, g in _by_unit(found)}
    _print(console, "The cheapest programs", ("programs", "caught"), rows)
    for cheat in found:
        if not cheat.caught:
            console.print(f"  {cheat.unit}.{cheat.function}: {cheat.name}", style="red")
