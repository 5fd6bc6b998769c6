"""Wrong programs by somebody who had not read the known mistakes: are they told what is true?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from autograder.bench.validity.graders import CorrectnessGraders, Job, files, solutions
from autograder.bench.validity.tables import by_unit, print_table
from autograder.core.course import Course, Unit

BETWEEN = "__"  # the exercise, and what is wrong


@dataclass(frozen=True)
class Wrong:
    """A program of a unit's hidden/wrong, and what its docstring says in the end."""

    name: str
    said: str

    @property
    def truth(self) -> frozenset[str]:
        """The names of mistakes that would be right; none where no known mistake was made."""
        return frozenset(self.said.replace(",", " ").split())


@dataclass(frozen=True)
class WrongTrial:
    """A wrong program, and what grading said of it."""

    unit: str
    wrong: Wrong
    caught: bool
    named: frozenset[str]

    @property
    def rightly(self) -> bool:
        """Whether what it was called is true."""
        return bool(self.named) and self.named <= self.wrong.truth

    @property
    def falsely(self) -> bool:
        """Whether it was called what it is not."""
        return not self.named <= self.wrong.truth


def programs(course: Course, units: Sequence[Unit], folder: str = "wrong") -> Iterator[Job[Wrong]]:
    """Every wrong program, in an otherwise perfect submission.

    Its function is called after the exercise and what is wrong, and its docstring ends with what it
    may be named: `-> no_max, epsilon`.
    """
    right = solutions(course)
    for unit, path in ((u, path) for u in units for path in files(course, u, folder)):
        body = ast.parse(path.read_text("utf-8")).body[1:]
        wrong = [f for f in body if isinstance(f, ast.FunctionDef) and BETWEEN in f.name]
        shared = [ast.unparse(node) for node in body if node not in wrong]
        for function in wrong:
            name, told = function.name, ast.get_docstring(function) or ""
            function.name, function.body = name.partition(BETWEEN)[0], function.body[1:]
            text = "\n".join([right[unit.name], *shared, ast.unparse(function)])
            said = told.partition("->")[2].strip()
            yield Wrong(name, said), unit, right | {unit.name: text}


def wrong_programs(
    graders: CorrectnessGraders, units: Sequence[Unit], share: int = 1
) -> list[WrongTrial]:
    """Grade one wrong program in `share`."""
    found = []
    for wrong, report in graders.grade(list(programs(graders.course, units))[::share]):
        failed = [test for test in report.tests if test.status == "failed"]
        judged = [test for test in failed if test.kind != "device"]  # which has names of its own
        named = {name for test in judged for name in test.help_id.split(",") if name}
        found.append(WrongTrial(report.unit, wrong, bool(failed), frozenset(named)))
    return found


def print_wrong(console: Console, found: Sequence[WrongTrial]) -> None:
    """Print how many were caught and named, by unit, and what was said of the others."""
    rows = {}
    for unit, group in by_unit(found):
        caught = [w for w in group if w.caught]
        rightly, falsely = sum(w.rightly for w in caught), sum(w.falsely for w in caught)
        unnamed = len(caught) - rightly - falsely
        rows[unit] = (len(group), len(caught), rightly, falsely, unnamed)
    headings = ("programs", "caught", "named rightly", "falsely", "unnamed")
    print_table(
        console, "Wrong programs written without a look at the known mistakes", headings, rows
    )
    for w in found:
        if not w.rightly:
            said = ", ".join(sorted(w.named)) or ("no name" if w.caught else "not caught")
            style = "red" if w.falsely or not w.caught else "yellow"
            console.print(f"  {w.unit}.{w.wrong.name}: {said}", style=style, markup=False)
