"""Do the cheapest programs that anyone could think of fail?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from autograder.bench.validity.graders import CorrectnessGraders, Job, files, solutions
from autograder.bench.validity.tables import by_unit, print_table
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


def cheating(course: Course, units: Sequence[Unit]) -> list[Job[tuple[list[str], str]]]:
    """Every function of every file of a unit's hidden/cheats/, alone in a perfect submission.

    A file of tests is one program: beside tests that are right, one of its tests would tell
    nothing.
    """
    right = solutions(course)
    todo: list[Job[tuple[list[str], str]]] = []
    for unit in units:
        tests = [e.name for e in unit.exercises if e.asks_for_tests]
        exercises = {e.name for e in unit.exercises} - set(tests)
        for path in files(course, unit, "cheats"):
            whole = path.read_text("utf-8")
            if tests:
                todo.append(((tests, path.stem), unit, right | {unit.name: whole}))
            for function, text in _alone(whole, exercises):
                program = f"{right[unit.name]}\n{text}\n"
                todo.append((([function], path.stem), unit, right | {unit.name: program}))
    return todo


def cheats(graders: CorrectnessGraders, units: Sequence[Unit], share: int = 1) -> list[Cheat]:
    """Grade one program in `share`; each of its functions is a cheat."""
    found = []
    for (functions, name), report in graders.grade(cheating(graders.course, units)[::share]):
        for function in functions:
            mine = [t for t in report.tests if t.exercise == function]
            failed = [t for t in mine if t.status == "failed"]
            caught = len(failed) == len(mine) if mine[0].kind == "tests" else bool(failed)
            found.append(Cheat(report.unit, function, name, caught))
    return found


def print_cheats(console: Console, found: Sequence[Cheat]) -> None:
    """Print how many were caught, by unit, and which were not."""
    rows = {unit: (len(g), sum(c.caught for c in g)) for unit, g in by_unit(found)}
    print_table(console, "The cheapest programs", ("programs", "caught"), rows)
    for cheat in found:
        if not cheat.caught:
            console.print(f"  {cheat.unit}.{cheat.function}: {cheat.name}", style="red")
