"""Error carried forward: whether what fails is right on the student's own earlier functions.

A failed test is run again. Where the student's function gives in a call what the reference gives
with the student's earlier functions in it, which are called over the same wire, the test sees what
is right in its place. If it passes then, the loss follows from those earlier functions. All of it
is computed on our side: nothing of ours enters the student's process.

A call proves nothing where the earlier mistake hides what the later function does: where an
argument that matters to the right result has no part in what is expected now, by much more than
rounding and in the same dtype and on the same device; or where a gradient is gone. The student's
function has to follow where such an argument is another one, too. A call in which the earlier
function raises is passed over only if the same numbers, in the shapes of a call of the exercise
that does prove something, do so too. Nothing is carried from a function that does not give among
other calls what it gave in its own tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from autograder.grading.mixed import Expected, Heard, Mixed, Solution, alike
from autograder.mistakes.diagnose import Call, observe
from autograder.mistakes.match import Gave, gives
from autograder.reports.schema import TestResult
from autograder.sandbox import evaluate
from autograder.sandbox.evaluate import CallResult
from autograder.sandbox.pretend import PRETEND
from autograder.testing.calls import Backend, Failure, Invocation
from autograder.testing.parallel import TimedCase
from autograder.testing.subjects import Met, Subject

# Why a test failed that is not run again: nothing came that could be right.
NO_RESULT = {
    "crashed",
    "missing_function",
    "not_loaded",
    "not_started",
    "stalled",
    "syntax_error",
    "timeout",
    "unreadable_result",
}
Again = Callable[[str, Backend], bool]  # run a test again, by its name: whether it passes


def follow_ons(
    unit: str,
    results: Mapping[str, TestResult],
    again: Again,
    *,
    built_on: Mapping[str, Sequence[str]],
    backend: Backend,
    apart: Call,
    first: Call,
    heard_of: Callable[[str, str], Sequence[Heard]],
    solution: Solution,
    seed: str,
) -> Iterator[tuple[str, list[str]]]:
    """Of each failed test whose exercise is right on earlier functions: its name, and these.

    built_on: by exercise, what it builds on, as `attention.score`. apart: calls another process of
    the student's, and first: still another; see mixed.py. heard_of: what a unit's function gave in
    its own tests. Where nothing that an exercise builds on can be wrong, nothing is run.
    """
    failed = {name: test for name, test in results.items() if test.status == "failed"}
    wrong = {f"{unit}.{test.exercise}" for test in failed.values()}
    for exercise, earlier in built_on.items():
        mine = [
            name
            for name, test in failed.items()
            if test.exercise == exercise and test.kind != "speed" and test.help_id not in NO_RESULT
        ]
        elsewhere = any(not name.startswith(f"{unit}.") for name in earlier)
        if mine and (elsewhere or wrong.intersection(earlier)):
            own = [heard for name in earlier for heard in heard_of(*name.split("."))]
            mixed = Mixed(apart, first, own, solution, unit, exercise, earlier, seed)
            yield from _of_exercise(mixed, backend, mine, again)


def _of_exercise(
    mixed: Mixed, backend: Backend, tests: Sequence[str], again: Again
) -> Iterator[tuple[str, list[str]]]:
    """The same of one exercise's failed tests."""
    heard = {name: Retelling(mixed, backend) for name in tests}
    passed = [name for name, retelling in heard.items() if again(name, retelling)]
    disputed = any(retelling.disputed for retelling in heard.values())
    proofs = [asked for name in passed for asked in heard[name].proofs]

    def proved(silent: Invocation) -> bool:
        calls = (mixed.likened(silent, asked) for asked in proofs)
        return any(_agree(mixed, backend, call) for call in calls if call)

    for name in passed:
        retelling, silent = heard[name], heard[name].silent
        follows = not retelling.refused and (not silent or not disputed)
        if follows and all(map(proved, silent)) and mixed.steady:
            yield name, sorted(retelling.wrong)


def _agree(mixed: Mixed, backend: Backend, asked: Invocation) -> bool:
    """Whether a call gives what is expected, and proves something by that."""
    found = mixed.expected(asked, mixed.earlier)
    return bool(found.gave and _is(backend, asked, found.gave) and _proves(backend, found))


def _proves(backend: Backend, found: Expected) -> bool:
    """Whether every argument matters, and another one gives what is expected then."""
    return found.tells and all(_is(backend, other, gave) for other, gave in found.shown)


def _is(backend: Backend, asked: Invocation, expected: Gave) -> bool:
    gave = observe(backend.call, asked)[0]
    return bool(gave and alike(gave, expected))


class Retelling:
    """The backend of a test that is run again, which sees what is right where that follows.

    wrong: the earlier functions that a call of it followed from. proofs: the calls that prove
    something; silent: those in which both raised the same, or lost a gradient. refused: whether
    some call does not follow; disputed: whether it gave another value than what is expected now.
    """

    def __init__(self, mixed: Mixed, backend: Backend) -> None:
        self._mixed, self._backend = mixed, backend
        self.wrong: set[str] = set()
        self.proofs: list[Invocation] = []
        self.silent: list[Invocation] = []
        self.refused = self.disputed = False

    def call(self, asked: Invocation) -> CallResult:
        """See calls.Backend."""
        mixed = self._mixed
        if (asked.unit, asked.function) != (mixed.unit, mixed.function):
            return self._backend.call(asked)
        args, kwargs = evaluate.snapshot([asked.args, asked.kwargs])  # tests change them
        asked = replace(asked, args=args, kwargs=kwargs)
        gave, answered = observe(self._backend.call, asked)
        truth = gives(mixed.right, asked)
        if not truth or truth.error or (gave and alike(gave, truth)):
            return _passed_on(answered)
        # A value is the same on a pretend device, where a process costs more and computes longer.
        here = asked.device == PRETEND and gave and not gave.error
        meant = replace(asked, device="cpu") if here else asked
        expected, wrong = mixed.first_answer(meant) if gave else (None, set[str]())
        found = None
        # Else it does not follow anyway, or nothing more is to be heard of it.
        if wrong and gave and not gave.error and expected and alike(gave, expected):
            # What was right in it makes nothing easier, and is not asked again.
            found = mixed.expected(meant, wrong)
            expected, wrong = found.gave, found.wrong
        if not gave or not expected or not alike(gave, expected):
            self.disputed |= bool(gave and not gave.error)
            self._refuse()
        if not wrong:  # it is right, and rounding is all that differs
            return _passed_on(answered)
        if gave.error:
            self.silent.append(asked)
        elif found and _proves(self._backend, found):
            self.proofs.append(asked)
        else:
            self._refuse()
        self.wrong |= wrong
        changed = answered.changed if isinstance(answered, CallResult) else []
        gradients = None if truth.gradients is None else list(truth.gradients)
        return CallResult(truth.value, changed, gradients)

    def measure(self, asked: Invocation) -> CallResult:
        """See calls.Backend. Memory is not carried."""
        self._refuse()

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See calls.Backend. Speed is not carried."""
        self._refuse()

    def meet(self, unit: str, subject: Subject, order: Sequence[int]) -> Met:
        """See calls.Backend. Tests build on nothing."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        self.refused = True
        raise Failure("This does not follow from an earlier function.")


def _passed_on(answered: CallResult | Failure) -> CallResult:
    if isinstance(answered, Failure):
        raise answered
    return answered
