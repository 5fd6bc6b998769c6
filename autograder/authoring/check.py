"""All that a unit lacks, in a table: each gap with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from autograder.authoring import measured, static
from autograder.authoring.draft import (
    FOLDER,
    HIDDEN,
    LOOPS,
    MISTAKES,
    PUBLIC,
    RIGHT,
    SEQUENTIAL,
    SOLUTION,
    STARTER,
    Bar,
    Draft,
    Gap,
)
from autograder.bench.validity.graders import CorrectnessGraders
from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.sandbox.host import Level

COLOURS = {"missing": "red", "weak": "yellow", "note": "dim"}
LESSONS = (f"{FOLDER}/lesson.en.md", f"{FOLDER}/lesson.zh.md")
GRADED = (SOLUTION, STARTER, HIDDEN, MISTAKES, SEQUENTIAL, LOOPS)
# What is looked at, in this order, and the places in which nothing may be missing for it.
CHECKS: tuple[tuple[Callable[[Draft], Iterator[Gap]], tuple[str, ...]], ...] = (
    (static.files, ()),
    (static.solutions_load, (SOLUTION,)),
    (static.titles, ()),
    (static.left_to_do, (SOLUTION, PUBLIC)),
    (static.docstrings, (SOLUTION,)),
    (static.starter, (SOLUTION, STARTER)),
    (static.tests, (PUBLIC, HIDDEN)),
    (static.mistakes, (MISTAKES,)),
    (static.lessons, (SOLUTION, *LESSONS)),
    (static.in_chinese, (PUBLIC, HIDDEN)),
    (static.loops, (LOOPS,)),
    (static.compared, ()),
    (static.nothing_leaks, (SOLUTION, STARTER, PUBLIC, FOLDER)),
    (measured.public_tests, (SOLUTION, STARTER, PUBLIC)),
    (measured.hidden_tests, GRADED),
    (measured.empty_programs, GRADED),
    (measured.known_mistakes, GRADED),
    (measured.any_mistakes, GRADED),
    (measured.right_answers, (*GRADED, RIGHT)),
    (measured.mutants_die, GRADED),
    (measured.agreements, (SOLUTION,)),
    (measured.published, (SOLUTION, PUBLIC, MISTAKES)),
)


def check(
    course: Course, units: Sequence[Unit], bar: Bar, level: Level, jobs: int, console: Console
) -> bool:
    """Print what the units lack; return whether nothing is missing or weak.

    Raises GraderError where nothing can be graded here.
    """
    gaps: list[Gap] = []
    with CorrectnessGraders(course, jobs, level) as graders, _progress() as shown:
        drafts = [Draft(course, unit, bar, graders, jobs) for unit in units]
        task = shown.add_task("", total=len(drafts) * len(CHECKS))
        for draft in drafts:
            gaps += checked(draft, lambda now: shown.update(task, advance=1, description=now))
    if gaps:
        _print(console, gaps)
    for draft in drafts:
        counts = ", ".join(f"{number} {what}" for what, number in draft.counts.items())
        console.print(f"{draft.unit.name}: {counts or 'nothing'} tried.", markup=False)
    failures = sum(gap.state != "note" for gap in gaps)
    console.print(f"Gaps: {failures}." if failures else "Nothing is missing or weak.")
    return not failures


def checked(draft: Draft, begins: Callable[[str], None] = lambda now: None) -> Iterator[Gap]:
    """Look at a unit, and find its gaps. begins: called with what each check looks at."""
    lost: set[str] = set()
    left_out = []
    for check, needs in CHECKS:
        what = check.__name__.replace("_", " ")
        begins(f"{draft.unit.name}: {what}")
        if any(place.startswith(draft.place(need)) for place in lost for need in needs):
            left_out.append(what)
            continue
        for gap in _found(check, draft):
            if gap.state == "missing":
                lost.add(gap.where)
            yield gap
    if left_out:
        remedy = "mend what is missing, then check again"
        yield draft.gap("note", FOLDER, f"not looked at: {', '.join(left_out)}", remedy)


def _found(check: Callable[[Draft], Iterator[Gap]], draft: Draft) -> list[Gap]:
    try:
        return list(check(draft))
    except CourseError as error:
        return [draft.gap("missing", FOLDER, str(error), "mend it, then check again")]


def _progress() -> Progress:
    """A bar for people, on the standard error; nothing for what reads a pipe."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print(console: Console, gaps: Sequence[Gap]) -> None:
    """Print a row a gap; what reads a pipe finds each on one line."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "where", "what", "remedy"):
        table.add_column(heading, overflow="fold")
    for gap in gaps:
        texts = (" ".join(text.split()) for text in gap[1:])
        table.add_row(Text(gap.state, COLOURS[gap.state]), *map(Text, texts))
    if not console.is_terminal:
        widest = console.options.update(max_width=1_000_000)
        console.width = console.measure(table, options=widest).maximum
    console.print(table)
