"""Is what a GPU would refuse caught and told with its line, and nothing else?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from autograder.bench.validity.graders import CorrectnessGraders
from autograder.bench.validity.tables import by_unit, print_table
from autograder.bench.validity.written import BETWEEN, programs
from autograder.core.course import Unit

FOLDER = "on_a_gpu"


@dataclass(frozen=True)
class OnGpu:
    """A program of a unit's hidden/on_a_gpu, and what its exercise's tests of devices said.

    line: a part of the line that they are to tell; empty where a GPU refuses nothing.
    """

    unit: str
    name: str
    line: str
    told: str

    @property
    def right(self) -> bool:
        """Whether they told that line, or nothing where nothing is to be told."""
        return self.line in self.told if self.line else not self.told


def on_gpu(graders: CorrectnessGraders, units: Sequence[Unit], share: int = 1) -> list[OnGpu]:
    """Grade one of those programs in `share`."""
    found = []
    for wrong, report in graders.grade(list(programs(graders.course, units, FOLDER))[::share]):
        exercise = wrong.name.partition(BETWEEN)[0]
        mine = [t for t in report.tests if (t.exercise, t.kind) == (exercise, "device")]
        told = " ".join(test.message for test in mine if test.status != "passed")
        found.append(OnGpu(report.unit, wrong.name, wrong.said, told))
    return found


def print_on_gpu(console: Console, found: Sequence[OnGpu]) -> None:
    """Print how many were refused with their line, and let through, by unit."""
    rows = {}
    for unit, group in by_unit(found):
        wrong, right = [o for o in group if o.line], [o for o in group if not o.line]
        told, through = sum(o.right for o in wrong), sum(o.right for o in right)
        rows[unit] = (len(wrong), sum(bool(o.told) for o in wrong), told, len(right), through)
    headings = ("mistakes", "caught", "told with their line", "no mistakes", "let through")
    print_table(console, "What a GPU would refuse, on the pretend one", headings, rows)
    for one in found:
        if not one.right:
            console.print(f"  {one.unit}.{one.name}: {one.told}", style="red", markup=False)
