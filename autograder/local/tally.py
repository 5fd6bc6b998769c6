"""A local run counted by exercise, as a short table and the first thing to fix."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import ON_CPU, Unit, find_root, load
from autograder.core.errors import CourseError
from autograder.core.language import Language, Sentence, _, render, say, translations
from autograder.core.text import clean
from autograder.local.looks import UnitLook, trees
from autograder.testing.plugin import Where, exercise_of, kind_in

# What came of a test; of an exercise the first of these that one of its tests has.
State = Literal["failed", "not finished", "not written", "not run", "passed"]
ORDER: tuple[State, ...] = ("failed", "not finished", "not written", "not run", "passed")
MARKS = {
    "failed": (_("no"), "red"),
    "not finished": (_("not finished"), "red"),
    "not written": (_("not written"), "dim"),
    "not run": (_("not run"), "yellow"),
    "passed": (_("ok"), "green"),
}
STATE, NAMED = "autograder_state", "autograder_named"  # attributes of reports


@dataclass(frozen=True)
class FailedTest:
    """A test that failed: what its student is told, and what the program had printed.

    named: whether it is told what the mistake is, and not only what came of it.
    """

    test: str
    text: str
    printed: str
    state: State = "failed"
    named: bool = False

    @property
    def written(self) -> bool:
        """Whether there is something to fix, and not only to write."""
        return self.state != "not written"

    @property
    def rank(self) -> tuple[bool, bool]:
        """What has more to teach comes first."""
        return not self.written, not self.named


@dataclass
class Tally:
    """What came of a local run's tests, by exercise.

    listed: every test of the files that were looked at, whether or not it was chosen to run.
    damaged: what is to be said of test files that cannot be read, by unit. files: a unit's file,
    where that is a notebook. told: what is to be said of files that lie there. looks: what was seen
    of all units' files, if it was.
    """

    folder: Path = field(default_factory=Path)  # of the tests
    listed: dict[Where, list[str]] = field(default_factory=dict)
    states: dict[Where, dict[str, State]] = field(default_factory=dict)
    failures: dict[Where, list[FailedTest]] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    told: list[Sentence] = field(default_factory=list)
    looks: list[UnitLook] = field(default_factory=list)

    def expect(self, items: Iterable[pytest.Item], left_out: str = "") -> None:
        """List all tests of the files that these are from: a single one may have been asked for.

        left_out: a kind of test that this run has none of.
        """
        of_files = {item.path: item for item in items if exercise_of(item)}
        for path, item in of_files.items():
            self.folder = path.parent
            for name, found in vars(getattr(item, "module", None) or object).items():
                mark = next((m for m in getattr(found, "pytestmark", ()) if m.name == MARK), None)
                if not mark or not name.startswith("test"):
                    continue
                if kind_in(mark) != left_out:
                    where = path.stem.removeprefix("test_"), mark.args[0]
                    self._list(where, name)

    def count(self, item: pytest.Item, where: Where, report: pytest.TestReport) -> None:
        """Count what came of a test, and keep what is told of a failure."""
        if report.when != "call" and not report.failed:
            return
        self.folder = item.path.parent
        if report.failed:
            text = str(report.longrepr).strip()
            state: State = getattr(report, STATE, "failed")
            named = getattr(report, NAMED, False)
            self.fail(
                item, where, FailedTest(item.name, text, clean(report.capstdout), state, named)
            )
        else:
            self._note(item, where, "passed" if report.passed else "not run")

    def fail(self, item: pytest.Item, where: Where, told: FailedTest) -> None:
        """Count a test that did not pass."""
        self._note(item, where, told.state)
        self.failures.setdefault(where, []).append(told)

    def _note(self, item: pytest.Item, where: Where, state: State) -> None:
        test = getattr(item, "originalname", None) or item.name  # of all its parameters the worst
        self._list(where, test)
        states = self.states.setdefault(where, {})
        states[test] = min(states.get(test, state), state, key=ORDER.index)

    def _list(self, where: Where, test: str) -> None:
        tests = self.listed.setdefault(where, [])
        if test not in tests:
            tests.append(test)

    def state(self, where: Where) -> State:
        """What came of an exercise: it passes only if all its tests ran."""
        states = self.states.get(where, {})
        found = [states.get(test, "not run") for test in self.listed.get(where, ())]
        return min(found, key=ORDER.index, default="not run")

    def number(self, where: Where, state: State) -> int:
        """How many tests of an exercise came to this."""
        states = self.states.get(where, {})
        return sum(states.get(test, "not run") == state for test in self.listed.get(where, ()))

    @property
    def failure(self) -> dict[Where, FailedTest]:
        """Of each exercise that fails the test with the most to teach."""
        return {w: min(tests, key=lambda test: test.rank) for w, tests in self.failures.items()}


MARK = "exercise"
TALLY = pytest.StashKey[Tally]()
PASSED = _("The public tests pass for %(passed)s of %(points)s points.")
NOT_RUN = _("%(count)s of %(total)s tests did not run: nothing is known of them.")
PRINTED = 10  # lines of what a program had printed


def summary(tally: Tally, language: Language, width: int, colour: bool) -> str:
    """What `show` prints, for the end of a plain pytest; nothing where no course is found."""
    try:
        root = find_root(tally.folder)
    except CourseError:
        return ""
    try:
        course = load(root)
    except CourseError as error:
        return f"{error}\n"
    seen = {unit for unit, _ in tally.listed} | tally.damaged.keys()
    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=colour,
        no_color=not colour,
        width=width,
        highlight=False,
        emoji=False,
    )
    show(tally, [unit for unit in course.units if unit.name in seen], console, language)
    return text.getvalue()


def show(tally: Tally, units: Sequence[Unit], console: Console, language: Language) -> None:
    """Print the table of exercises and the first thing to fix."""
    said = translations(language).gettext
    console.print(_table(units, tally, language))
    passed, every = points(units, tally)
    told = say(PASSED, passed=passed, points=every)
    console.print(f"\n{render(told.facts, language)}")
    order = [(unit.name, exercise.name) for unit in units for exercise in unit.exercises]
    total = sum(len(tally.listed.get(where, ())) for where in order)
    if missed := sum(tally.number(where, "not run") for where in order):
        told = say(NOT_RUN, count=missed, total=total)
        console.print(render(told.facts, language), style="yellow")
    for sentence in tally.told:
        console.print(render(sentence.facts, language), style="yellow", markup=False)
    for text in tally.damaged.values():
        console.print(f"\n{text}", style="red", markup=False)
    if first := first_to_fix(order, tally):
        file = tally.files.get(first[0], f"{first[0]}.py")
        _print_failure(first[1], file, tally.failure[first], console, language)
    elif all_pass(units, tally):
        console.print(said("Every one passes. Hidden tests look closer: other sizes and values."))


def first_to_fix(order: Sequence[Where], tally: Tally) -> Where | None:
    """The exercise whose failure has the most to teach.

    One that is named before one that is not, an earlier one before a later one; and what a program
    calls before the program itself, since it may fail only for that.
    """
    failures = tally.failure
    failed = sorted((where for where in order if where in failures), key=lambda w: failures[w].rank)
    seen = failed[:1]
    for where in seen:  # which grows
        unit, function = where
        names = _called(tally.folder / tally.files.get(unit, f"{unit}.py"), function)
        deeper = (w for w in failed if w not in seen and w[1] in names and failures[w].written)
        seen += [found for found in [next(deeper, None)] if found]
    return seen[-1] if seen else None


def _called(path: Path, function: str) -> set[str]:
    """The names that a function of a student's file uses."""
    return {name for tree in trees(path) for node in tree.body for name in _names(node, function)}


def _names(node: ast.stmt, function: str) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef) and node.name == function:
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                yield part.id
            elif isinstance(part, ast.Attribute):
                yield part.attr


def _table(units: Sequence[Unit], tally: Tally, language: Language) -> Table:
    said = translations(language).gettext
    table = Table(box=None, pad_edge=False)
    for heading in ("", said("unit"), said("exercise")):
        table.add_column(heading, overflow="fold")  # a name is whole in the narrowest terminal
    for heading in (_("public tests"), _("worth")):
        table.add_column(said(heading), justify="right")
    for unit in units:
        for exercise in unit.exercises:
            where = (unit.name, exercise.name)
            word, style = MARKS[tally.state(where)]
            facts = {
                "full": tally.number(where, "passed"),
                "count": len(tally.listed.get(where, ())),
            }
            counts = render(say("%(full)s of %(count)s", **facts).facts, language)
            worth = str(exercise.max_score(ON_CPU))
            table.add_row(Text(said(word), style), unit.name, exercise.name, counts, worth)
    return table


def passes(tally: Tally, where: Where) -> bool:
    """Whether an exercise has public tests and passes all of them."""
    return tally.state(where) == "passed"


def all_pass(units: Sequence[Unit], tally: Tally) -> bool:
    """Whether every test of these units ran, and passed."""
    return all(passes(tally, (unit.name, e.name)) for unit in units for e in unit.exercises)


def points(units: Sequence[Unit], tally: Tally) -> tuple[int, int]:
    """The points of the exercises whose public tests all pass, and of all, without a GPU's."""
    worth = {
        (unit.name, exercise.name): exercise.max_score(ON_CPU)
        for unit in units
        for exercise in unit.exercises
    }
    return sum(n for where, n in worth.items() if passes(tally, where)), sum(worth.values())


def _print_failure(
    exercise: str, file: str, told: FailedTest, console: Console, language: Language
) -> None:
    said = translations(language).gettext
    console.print()
    console.print(
        Text.assemble(
            (said("Fix first:"), "bold red"), " ", (exercise, "bold"), f" · {file} · {told.test}"
        )
    )
    console.print(told.text, markup=False)
    lines = told.printed.rstrip().splitlines()
    if lines:
        console.print(said("Your program printed:"), style="dim")
        for line in lines[-PRINTED:]:
            console.print(f"  {line}", markup=False, style="dim")
