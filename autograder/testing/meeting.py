"""A student's tests meet versions of a function in this very process, for local runs."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.core.language import say
from autograder.sandbox import evaluate, trying
from autograder.testing.calls import Failure, Invocation, as_written, says_unwritten, unwritten
from autograder.testing.exceptions import in_words
from autograder.testing.subjects import (
    MOST_CALLS,
    RAISED,
    TOO_MANY,
    Met,
    Subject,
    Version,
    right_fails,
    tests_of,
)


def meet(names: Mapping[str, Any], file: str, subject: Subject) -> Met:
    """Run every test on every version once, the right ones first.

    names: of the module that the tests are in. file: where they were written.
    """
    try:
        tests, others = tests_of(subject, trying.among(names), file)
    except Failure as problem:
        return Met(problem=problem)
    mine = {test: names[test] for test in tests}
    for version in subject.right:
        if failed := _failed(mine, file, subject, version):
            return Met(problem=right_fails(subject, *failed, others), others=others)
    caught = {
        name for name, wrong in subject.wrong.items() if _failed(mine, file, subject, wrong.version)
    }
    return Met(frozenset(caught), others=others)


class _TooMany(BaseException):
    """No test catches it by chance."""


def _failed(
    tests: Mapping[str, Callable[..., Any]], file: str, subject: Subject, version: Version
) -> tuple[str, Failure, str] | None:
    """The first test that fails on a version, if one does, how, and the call that it made last."""
    calls = itertools.count(1)
    for name, test in tests.items():
        failure, last = _tried(test, name, file, subject, version, calls)
        if failure:
            return name, failure, last
    return None


def _tried(
    test: Callable[..., Any],
    name: str,
    file: str,
    subject: Subject,
    version: Version,
    calls: Iterator[int],
) -> tuple[Failure | None, str]:
    """How a test failed on a version, if it did, and the call that it made last.

    calls: the numbers of those of the version.
    """
    function, last = _function(subject, version), ""

    def ask(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        nonlocal last
        if next(calls) > MOST_CALLS:
            raise _TooMany
        last = as_written(Invocation("", subject.name, args, kwargs))
        # As when sent: each side has its own, and gradients do not cross.
        args, kwargs = evaluate.snapshot([list(args), dict(kwargs)])
        value = evaluate.snapshot(function(*args, **kwargs))
        return tuple(value) if isinstance(value, list) else value

    trying.seed()
    try:
        test(trying.stand_in(subject.name, subject.signature, ask))
    except (KeyboardInterrupt, Failure):  # the second is not the test's: of a student's function
        raise
    except _TooMany:
        return Failure(say(TOO_MANY, most=MOST_CALLS)), last
    except BaseException as error:  # whatever it raises, `pytest.skip` and `exit` too
        return _told(error, name, file), last
    return None, last


def _function(subject: Subject, version: Version) -> Callable[..., Any]:
    if callable(version):
        return version
    names: dict[str, Any] = {}
    exec(version, names)
    found: Callable[..., Any] = names[subject.name]
    return found


def _told(error: BaseException, test: str, file: str) -> Failure:
    """What a test raised, with the last of its own lines on the way."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == file]
    here = bool(frames) and frames[-1].name == test and says_unwritten(frames[-1].line or "")
    if here and isinstance(error, NotImplementedError):
        return Failure(unwritten(test, "", file), help_id="not_started")
    where = say("%(file)s, line %(line)s", file=file, line=frames[-1].lineno) if frames else file
    code = f" (`{frames[-1].line}`)" if frames and frames[-1].line else ""
    words = in_words(type(error).__name__, str(error))
    return Failure(say(RAISED, function=test, error=words, where=where, code=code))
