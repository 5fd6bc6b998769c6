"""Hints for an exercise, one more at each call: what others were told there; never an answer."""

from __future__ import annotations

from pathlib import Path

import msgspec

from autograder.core.course import Course, Exercise, Unit
from autograder.core.files import NOT_READ
from autograder.core.language import Language, Sentence, _, say
from autograder.local.places import OURS, write
from autograder.local.recorded import load

KEPT = OURS / "hints.json"  # how many were given, by exercise
FIRST = _(
    "Begin with the docstring of `%(function)s` in %(file)s: write each shape on paper, then the "
    "numbers of the first test in %(tests)s by hand.%(next)s"
)
FIRST_OF_TESTS = _(
    "Begin with the docstring of `%(function)s` in %(file)s: whatever it promises wants a test. "
    "Work out one small case by hand; then take sizes that all differ, every axis, and the edges."
    "%(next)s"
)
NEXT = _(" The next hint says what others got wrong.")
BEGINNING = _("Hint 1 of %(count)s for `%(function)s`. %(help)s")
HINT = _("Hint %(number)s of %(count)s for `%(function)s`. Is this yours? %(help)s")
LAST = _("These were all %(count)s hints for `%(function)s`; they begin anew.")


def hint(course: Course, name: str, language: Language) -> list[Sentence]:
    """The next hint for an exercise. Raises CourseError where there is none of that name."""
    unit, exercise = course.exercise(name)
    helps = _helps(course.root, unit.name, exercise.name, language)
    given = _given(course.root)
    number, count = given.get(name, 0), len(helps) + 1
    told = []
    if number >= count:
        told, number = [say(LAST, count=count, function=name)] if helps else [], 0
    if number == 0:
        first = _first(unit, exercise, bool(helps))
        told.append(say(BEGINNING, count=count, function=name, help=first))
    else:
        said = helps[number - 1]
        told.append(say(HINT, number=number + 1, count=count, function=name, help=said))
    given[name] = number + 1
    write(course.root / KEPT, msgspec.json.encode(given))
    return told


def _first(unit: Unit, exercise: Exercise, more: bool) -> Sentence:
    """The hint to begin with. more: whether others follow."""
    file, tests = (f"exercises/{stem}.py" for stem in (unit.name, f"test_{unit.name}"))
    facts = {"function": exercise.function, "file": file, "next": say(NEXT) if more else ""}
    if exercise.asks_for_tests:
        return say(FIRST_OF_TESTS, **facts)
    return say(FIRST, tests=tests, **facts)


def _helps(root: Path, unit: str, function: str, language: Language) -> list[str]:
    """What is told of an exercise's known mistakes, each once, in the order of the course."""
    known = load(root).get(unit, [])
    return list(dict.fromkeys(m.help[language] for m in known if m.function == function))


def _given(root: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode((root / KEPT).read_bytes(), type=dict[str, int])
    except NOT_READ:
        return {}
