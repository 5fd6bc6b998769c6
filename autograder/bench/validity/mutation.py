"""Are small changes of the solutions caught?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from autograder.bench.validity import conditional, mutants, trial
from autograder.bench.validity.graders import solutions
from autograder.bench.validity.mutants import Mutant
from autograder.bench.validity.tables import by_unit, print_table
from autograder.bench.validity.trial import Case, TrialVerdict
from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ
from autograder.core.units import hidden_tests, unit_folder


class EquivalentMutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A changed statement of a solution that is as right as the statement itself."""

    line: str
    why: str


class EquivalentMutants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What hidden/equivalent_mutants.toml lists."""

    mutant: list[EquivalentMutant]


@dataclass(frozen=True)
class Tried:
    """A mutant, what the hidden and the public tests made of it, and why it is right after all."""

    unit: str
    mutant: Mutant
    hidden: TrialVerdict
    public: TrialVerdict
    equivalent: str

    @property
    def survived(self) -> bool:
        """Whether the hidden tests let a mutant pass that is not equivalent."""
        return self.hidden == "passed" and not self.equivalent


def mutation(
    course: Course, units: Sequence[Unit], jobs: int, *, public: bool = False, share: int = 1
) -> list[Tried]:
    """Try the mutants of the solutions on the hidden tests, and on the public ones if asked to.

    share: one mutant in so many is tried, spread evenly over the functions.
    """
    right = solutions(course) | {conditional.MODULE: conditional.WRAPPERS.read_text("utf-8")}
    equivalent = read_equivalent(course)
    every = [(unit, mutant) for unit in units for mutant in mutants_of(course, unit)]
    made = every[::share]
    if not made:
        return []
    cases = [
        Case(unit.name, _exercises(unit, mutant.function), right | {unit.name: mutant.source})
        for unit, mutant in made
    ]
    names = dict.fromkeys(unit.name for unit, _ in made)
    tests = [hidden_tests(course.root, name) for name in names]
    hidden = trial.attempt(course.root, tests, cases, jobs)
    tests = [course.root / "exercises" / f"test_{name}.py" for name in names]
    learned = trial.attempt(course.root, tests, cases, jobs) if public else hidden
    return [
        Tried(
            unit.name, mutant, by_hidden, by_public, equivalent.get((unit.name, mutant.after), "")
        )
        for (unit, mutant), by_hidden, by_public in zip(made, hidden, learned, strict=True)
    ]


def mutants_of(course: Course, unit: Unit) -> list[Mutant]:
    """Every mutant of a unit's solution: of what it says, and of when it is right.

    Of tests there is none: one that is changed may be as good a test.
    """
    if any(exercise.asks_for_tests for exercise in unit.exercises):
        return []
    source = (course.root / "solutions" / f"{unit.name}.py").read_text("utf-8")
    return mutants.mutants(source) + conditional.mutants(course, unit, source)


def read_equivalent(course: Course) -> dict[tuple[str, str], str]:
    """Why a mutant is as right as the solution, by its unit and its changed statement."""
    found: dict[tuple[str, str], str] = {}
    for unit in course.unit_names:
        path = unit_folder(course.root, unit) / "hidden" / "equivalent_mutants.toml"
        if path.is_file():
            found |= {(unit, listed.line): listed.why for listed in _listed(path)}
    return found


def _listed(path: Path) -> list[EquivalentMutant]:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=EquivalentMutants).mutant
    except NOT_READ as error:
        raise CourseError(
            f"{path} cannot be read: {error}. It holds a [[mutant]] for each, with the changed "
            'statement, line = "…", and why = "…".'
        ) from error


def _exercises(unit: Unit, function: str) -> list[str]:
    """The exercise of a function; of a helper, every exercise of its unit."""
    names = [exercise.name for exercise in unit.exercises]
    return [function] if function in names else names


def print_mutation(console: Console, tried: Sequence[Tried]) -> None:
    """Print the score, by unit, and the survivors."""
    rows = {}
    changed = [t for t in tried if t.mutant.operator != "conditional"]
    for unit, group in by_unit(changed):
        wrong = [t for t in group if not t.equivalent]
        killed = sum(not t.survived for t in wrong)
        raised = sum(t.hidden in ("raised", "ended") for t in wrong)
        public = sum(t.public != "passed" for t in wrong)
        counts = (len(group), len(group) - len(wrong), killed, raised)
        rows[unit] = (*counts, f"{killed / len(wrong):.1%}", f"{public / len(wrong):.1%}")
    headings = ("mutants", "equivalent", "killed", "by an error", "score", "public tests alone")
    print_table(console, "Mutants of the solutions", headings, rows)
    counted = {}
    for unit, group in by_unit([t for t in tried if t not in changed]):
        wrong = [t for t in group if not t.equivalent]
        killed = sum(not t.survived for t in wrong)
        counted[unit] = (len(group), len(group) - len(wrong), killed)
    print_table(console, "Right but under one condition", headings[:3], counted)
    for t in tried:
        if t.survived:
            where = f"{t.unit}.{t.mutant.function}"
            console.print(
                f"  {where}: {t.mutant.before} → {t.mutant.after}", style="red", markup=False
            )
