"""Tests that students write: what they are tried on, and what is told of how they did.

A student's test catches a wrong version of a function if it fails on it, and then fails again. If a
test fails on a right version, however that is written, none of them counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.core.language import Sentence, _, say
from autograder.testing.calls import Failure
from autograder.testing.student import Student

Version = str | Callable[..., Any]  # a module's text that defines the function; or the function
NO_TESTS = _(
    "%(file)s has no test of `%(function)s`: a test is a function `test_…` whose only parameter is "
    "`%(function)s`.%(others)s"
)
RIGHT_FAILS = _(
    "`%(test)s` fails for a version of `%(function)s` that is right, so no test of it counts: "
    "%(why)s%(call)s%(others)s"
)
CALLED = _(" Its last call was `%(call)s`.")
OTHERS = _(" Never run, as their parameters are others: %(names)s.")
CAUGHT = _(
    "Your tests catch %(caught)s of %(count)s wrong versions of `%(function)s`. They all pass for "
    "this one.%(others)s"
)
RAISED = _("`%(function)s` raised %(error)s in %(where)s%(code)s.")
TOO_MANY = _("All tests of the function together made more than %(most)s calls.")
MOST_CALLS = 1000  # of a version, by all tests together
NOT_CAUGHT = "not_caught"
MOST_NAMED = 8


@dataclass(frozen=True)
class Wrong:
    """A wrong version of a function. help: by language, in words, what is wrong with it."""

    version: Version
    help: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Subject:
    """A function that students write tests of.

    signature: its parameters, as they are written: "x, dim=-1". right: versions that no test may
    fail. wrong: by name. among: all functions that a test of the unit may be of.
    """

    name: str
    signature: str
    right: Sequence[Version]
    wrong: Mapping[str, Wrong]
    among: Sequence[str]


@dataclass(frozen=True)
class Met:
    """What came of a student's tests of a function.

    caught: the names of the wrong versions. problem: why nothing is. others: functions test_… that
    are no test of anything.
    """

    caught: frozenset[str] = frozenset()
    problem: Failure | None = None
    others: tuple[str, ...] = ()


def assert_right_pass(student: Student, unit: str, subject: Subject) -> None:
    """Fail unless the student has tests of the function, and the right versions pass them all."""
    __tracebackhide__ = True
    _met(student, unit, subject, _in_order(subject))


def assert_caught(
    student: Student, unit: str, subject: Subject, name: str, order: Sequence[int]
) -> None:
    """Fail unless right versions pass the student's tests, and the wrong one of a name fails.

    order: in which the versions are met: right ones first have their numbers, then wrong ones.
    """
    __tracebackhide__ = True
    met = _met(student, unit, subject, order)
    if name in met.caught:
        return
    told = say(
        CAUGHT,
        caught=len(met.caught),
        count=len(subject.wrong),
        function=subject.name,
        others=never_run(met.others),
    )
    what = subject.wrong[name].help
    help_id, facts = f"{NOT_CAUGHT}_{name}", {"help": {key: [said] for key, said in what.items()}}
    raise Failure(told, help=what["en"], help_id=help_id, facts=facts)


def assert_all_caught(student: Student, unit: str, subject: Subject) -> None:
    """Fail unless right versions pass the student's tests, and every wrong one fails."""
    __tracebackhide__ = True
    for name in subject.wrong:
        assert_caught(student, unit, subject, name, _in_order(subject))


def _in_order(subject: Subject) -> Sequence[int]:
    return range(len(subject.right) + len(subject.wrong))


def _met(student: Student, unit: str, subject: Subject, order: Sequence[int]) -> Met:
    __tracebackhide__ = True
    met = student.backend.meet(unit, subject, order)
    if found := met.problem:
        raise Failure(found.message, help=found.help, help_id=found.help_id, facts=found.facts)
    return met


def tests_of(
    subject: Subject, found: Mapping[str, Sequence[str]], file: str
) -> tuple[list[str], tuple[str, ...]]:
    """The tests of a function among those that a file defines, and what is a test of nothing.

    found: functions test_… with their parameters. Raises Failure where there is no test.
    """
    mine = [name for name, parameters in found.items() if list(parameters) == [subject.name]]
    known = [[name] for name in subject.among]
    others = tuple(name for name, parameters in found.items() if list(parameters) not in known)
    if not mine:
        facts = {"file": file, "function": subject.name, "others": never_run(others)}
        raise Failure(say(NO_TESTS, **facts), help_id="missing_function")
    return mine, others


def right_fails(
    subject: Subject, test: str, why: Failure, call: str, others: Sequence[str]
) -> Failure:
    """What to say where a test fails for a right version."""
    if why.help_id == "not_started":
        return why
    facts = {
        "test": test,
        "function": subject.name,
        "why": why.message,
        "call": say(CALLED, call=call) if call else "",
        "others": never_run(others),
    }
    return Failure(say(RIGHT_FAILS, **facts), help=why.help, help_id="right_fails")


def never_run(others: Sequence[str]) -> Sentence | str:
    """What to say of functions test_… that are no tests."""
    names = ", ".join(f"`{name}`" for name in others[:MOST_NAMED])
    return say(OTHERS, names=names + ("…" if others[MOST_NAMED:] else "")) if others else ""
