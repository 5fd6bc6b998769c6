"""Are the known mistakes caught, and called by their names?"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from autograder.bench.validity.graders import CorrectnessGraders, Job, solutions
from autograder.bench.validity.tables import by_unit, print_table
from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.core.units import unit_folder
from autograder.mistakes import catalogue, entry
from autograder.mistakes.entry import Mistake
from autograder.reports.schema import Report

GENERIC = Path(__file__).with_name("generic.py")
ENTRY = "mistakes_entry"  # the name of `entry` in a submission


@dataclass(frozen=True)
class MistakeTrial:
    """A wrong program, and what grading said of it."""

    unit: str
    function: str
    id: str
    label: str
    failed: list[str]
    named: set[str]

    @property
    def caught(self) -> bool:
        """Whether a test of its exercise failed."""
        return bool(self.failed)

    @property
    def recognised(self) -> bool:
        """Whether it was called by its name."""
        return self.id in self.named


def mistaken(course: Course, units: Sequence[Unit]) -> list[Job[Mistake]]:
    """Every known mistake as a program, the only one in an otherwise perfect submission."""
    right, root = solutions(course), course.root
    todo: list[Job[Mistake]] = []
    for unit in units:
        for number, mistake in enumerate(catalogue.known(root, unit.name)):
            chosen = f"{mistake.function} = KNOWN[{number}].variant"
            lines = f"\nfrom known_mistakes import KNOWN\n{chosen}\n"
            files = {unit.name: right[unit.name] + lines, **_beside(root, unit)}
            todo.append((mistake, unit, right | files))
    return todo


def _beside(root: Path, unit: Unit) -> dict[str, str]:
    """A unit's mistakes and the module they are entered through: a submission has none of ours.

    Raises CourseError where they name another.
    """
    path = unit_folder(root, unit.name) / "hidden" / "mistakes.py"
    text = path.read_text("utf-8")
    if entry.__name__ not in text:
        raise CourseError(f"{path} needs the line: from {entry.__name__} import mistake")
    entered = Path(entry.__file__).read_text("utf-8")
    return {"known_mistakes": text.replace(entry.__name__, ENTRY), ENTRY: entered}


def known_mistakes(
    graders: CorrectnessGraders, units: Sequence[Unit], share: int = 1
) -> list[MistakeTrial]:
    """Grade one known mistake in `share`."""
    todo = list(mistaken(graders.course, units))[::share]
    judged = [
        _judged(report, mistake.function, mistake.id, _label(mistake))
        for mistake, report in graders.grade(todo)
    ]
    return [mistake for mistake in judged if mistake]


def _label(mistake: Mistake) -> str:
    """What tells a variant from the others of its mistake, to whoever looks at the catalogue."""
    if not isinstance(mistake.variant, functools.partial):
        return mistake.variant.__name__
    slots = mistake.variant.keywords.items()
    return ", ".join(f"{slot}={getattr(value, '__name__', value)}" for slot, value in slots)


def generic(
    graders: CorrectnessGraders, units: Sequence[Unit], share: int = 1
) -> list[MistakeTrial]:
    """Grade one in `share` of those without an output of their own, in every function they fit."""
    right = solutions(graders.course)
    text = GENERIC.read_text("utf-8")
    todo: list[Job[tuple[str, str, str]]] = []
    for unit in units:
        for function, call, label, name in _generic(unit, right[unit.name]):
            lines = f"\nimport generic_mistakes as wrong\n{function} = wrong.{call}\n"
            files = {unit.name: right[unit.name] + lines, "generic_mistakes": text}
            todo.append(((function, name, label), unit, right | files))
    judged = [
        _judged(report, function, name, label)
        for (function, name, label), report in graders.grade(todo[::share])
    ]
    return [mistake for mistake in judged if mistake]


def _generic(unit: Unit, source: str) -> Iterator[tuple[str, str, str, str]]:
    """The function, the call that wraps it, what that does, and the name to be given to it."""
    for function in ast.parse(source).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        name = function.name
        exercise = next((e for e in unit.exercises if e.name == name), None)
        if exercise is None:
            continue
        annotations = [ast.unparse(a.annotation) for a in function.args.args if a.annotation]
        arrays = [i for i, text in enumerate(annotations) if "Tensor" in text or "ndarray" in text]
        returned = ast.unparse(function.returns) if function.returns else ""
        for i in arrays:
            yield name, f"in_place({name}, {i})", f"changes argument {i}", "in_place"
        if arrays:
            yield name, f"cached({name}, 'shape')", "a cache by shape", "cached"
            if all(annotations[i].startswith(("torch.Tensor", "np.ndarray")) for i in arrays):
                yield name, f"cached({name}, 'id')", "a cache by identity", "cached"
            yield name, f"rounded({name})", "float32 inside", "float32_inside"
        if arrays and "Tensor" in returned:  # else there is no input whose dtype a result has
            for dtype in ("float64", "float32"):
                yield name, f"cast({name}, '{dtype}')", f"returns {dtype}", "wrong_dtype"
        if "gradient" in exercise.points:
            yield name, f"detached({name})", "returns a detached result", "detached"
            for i in arrays:
                if annotations[i] == "torch.Tensor":
                    yield name, f"detached({name}, {i})", f"detaches argument {i}", "detached"


def _judged(report: Report, function: str, name: str, label: str) -> MistakeTrial | None:
    """What came of a mistake; None where the function gave it nothing to be made with."""
    failed = [t for t in report.tests if t.exercise == function and t.status == "failed"]
    named = {name for test in failed for name in test.help_id.split(",") if name}
    if any("NothingToDo" in test.facts.get("raised", ()) for test in failed):
        return None
    return MistakeTrial(report.unit, function, name, label, [t.id for t in failed], named)


def print_mistakes(console: Console, title: str, found: Sequence[MistakeTrial]) -> None:
    """Print the share that was caught and named, by unit, and what was not."""
    rows = {}
    for unit, group in by_unit(found):
        caught = sum(m.caught for m in group)
        rows[unit] = (len(group), caught, sum(m.recognised for m in group))
    print_table(console, title, ("programs", "caught", "named"), rows)
    for m in found:
        if not (m.caught and m.recognised):
            said = ", ".join(sorted(m.named)) or "nothing"
            what = f"named {said}" if m.caught else "not caught"
            console.print(
                f"  {m.unit}.{m.function}: {m.id} ({m.label}): {what}", style="red", markup=False
            )
