"""The programs of a class, as `grade` reads them, and those that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from autograder.core.course import Course, Unit
from autograder.core.text import several
from autograder.core.time_limit import at_most
from autograder.core.units import unit_folder
from autograder.intake.content import content
from autograder.intake.reading import find_students, read
from autograder.reports.pages.similar import MOST_PAIRS, Pair
from autograder.similar.alike import TELLING, Program, own_runs, pairs

LONGEST = 1 << 16  # letters of a program that is looked at; the longest solution has 9000
# CPU-seconds to find a program's tokens, of which an honest one takes a tenth: pygments looks from
# each blank line, and from each `\\N{` in a string, through all that follows.
SECONDS = 3.0
Told = Callable[[str], None]


def similar(
    course: Course, units: Sequence[Unit], folder: Path, archives: Sequence[Path], tell: Told
) -> list[Pair]:
    """The pairs of programs that are alike, the nearest first. Raises SubmissionsError.

    archives: folders of submissions, of other years, that are compared with and not among
    themselves. tell: is told what could not be looked at.
    """
    work: dict[str, list[Program]] = {unit.name: [] for unit in units}
    for place, archived in [(folder, False), *((archive, True) for archive in archives)]:
        for unit, program in _handed_in(course, place, archived=archived, tell=tell):
            if unit in work:
                work[unit].append(program)
    found = [
        alike
        for unit, programs in work.items()
        for alike in pairs(unit, [*programs, *_published(course, unit)], _starter(course, unit))
    ]
    found.sort(key=lambda alike: -alike.share)
    return [alike.pair(marked=n < MOST_PAIRS) for n, alike in enumerate(found)]


def too_short(course: Course, unit: Unit) -> list[str]:
    """The functions of which right programs are alike by chance."""
    starter, solution = _starter(course, unit.name), _text(_solution(course, unit.name))
    texts = content([solution]).texts
    functions = [e.function for e in unit.exercises if e.function in texts]
    return [f for f in functions if len(own_runs(Program(f, texts[f][-1]), starter)) < TELLING]


def _handed_in(
    course: Course, folder: Path, *, archived: bool, tell: Told
) -> Iterator[tuple[str, Program]]:
    """What a folder's students have for each unit, with the helpers that it imports."""
    too_long = []
    for student in find_students(folder, course):
        submission = read(folder, student, course)
        who = f"{folder.name}/{submission.student}" if archived else submission.student
        for unit in course.unit_names:
            files = [f for f in submission.files if f.module == unit or unit in f.units]
            text = "\n\n".join(cell for file in files for cell in file.cells)
            program = Program(who, text, archived=archived)
            is_read = submission.work(unit).state == "read"
            if len(text) > LONGEST or (is_read and not _is_readable(program)):
                too_long.append(f"{who} ({unit})")
            elif is_read:
                yield unit, program
    if too_long:
        tell(f"Too long to be compared: {several(too_long)}.")


def _is_readable(program: Program) -> bool:
    """Whether its runs, which it keeps, are found in time."""
    found = None
    with at_most(SECONDS):
        found = program.runs
    return found is not None


def _published(course: Course, unit: str) -> Iterator[Program]:
    """The solution and the right answers, which whoever finds this repository has."""
    right = sorted((unit_folder(course.root, unit) / "hidden" / "right").glob("*.py"))
    for path in (_solution(course, unit), *right):
        yield Program(str(path.relative_to(course.root)), _text(path), archived=True)


def _starter(course: Course, unit: str) -> Program:
    return Program("", _text(course.root / "exercises" / f"{unit}.py"))


def _solution(course: Course, unit: str) -> Path:
    return course.root / "solutions" / f"{unit}.py"


def _text(path: Path) -> str:
    return path.read_text("utf-8")
