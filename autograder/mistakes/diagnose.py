"""What a program does wrong, from all that is known of it: a test's calls, and what they gave."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from autograder.core.language import AND, LANGUAGES, OR, Language, translations
from autograder.core.time_limit import at_most
from autograder.mistakes.catalogue import pairs
from autograder.mistakes.entry import Mistake
from autograder.mistakes.match import (
    ENOUGH,
    RIGHT,
    Gave,
    agrees,
    evidence,
    gives,
    near,
    pattern,
    same,
    shaken,
    zeros,
)
from autograder.sandbox import evaluate
from autograder.sandbox.evaluate import CallResult
from autograder.sandbox.pretend import PRETEND
from autograder.testing.calls import Backend, Failure, Invocation
from autograder.testing.parallel import TimedCase
from autograder.testing.subjects import Met, Subject

CACHED = (
    "This is exactly the result of an earlier call with other numbers. A constant, such as a mask "
    "by its length, may be kept between calls; a result may not."
)
RANDOM = Mistake(
    "",
    "random",
    {
        "en": "The same call does not give the same result each time. Is a dropout left on, is "
        "something drawn at random, or kept from one call to the next, as a `.grad` that grows?",
        "zh": "同样的调用每次得到的结果不同。是不是还开着 dropout、用了随机数，"
        "或者把什么留到了下一次调用，比如不断累加的 `.grad`？",
    },
    lambda: None,
)
UNFELT = "detached"  # what a check says where no gradient comes: an input may not be used at all
COARSE = "float32_inside"  # what it says of all numbers: a mistake that explains them has them, too
LARGE = 1 << 18  # numbers: a call with more is not kept, and no mistake is tried on it
KEPT = 1 << 23  # numbers of all calls that are kept; right programs need a hundredth
MORE_CALLS = 16  # that are made to tell mistakes apart, or to be sure of one
LARGER = (1.0, 1024.0)  # times: some mistakes differ in large numbers only
MORE_SECONDS = 0.2  # that these take of this process's time
Call = Callable[[Invocation], CallResult]
Known = Callable[[str], Sequence[Mistake]]  # the known mistakes of a unit, or some of them
Reason = tuple[Mistake, ...]  # why a function is wrong: one mistake, or two at once
Solutions = Callable[[str, str], Callable[..., Any]]  # the right function, by unit and name


@dataclass
class _Call:
    """A call that was answered, with a value or with an exception. truth: what is right there."""

    asked: Invocation
    gave: Gave
    outcome: CallResult | None = None
    truth: Gave | None = None
    failed: bool = False  # a check of this very call did
    size: int = 0  # how many numbers went there and came back

    @property
    def slack(self) -> float:
        """How far a right result may be here from another, in times of rounding."""
        return 1.0 if self.failed else RIGHT

    @functools.cached_property
    def is_right(self) -> bool:
        """Whether it came to what is right."""
        return bool(self.truth and same(self.gave, self.truth, self.slack))

    @functools.cached_property
    def is_nearly(self) -> bool:
        """The same, as far as a right result may be from another, though a check of it failed."""
        return bool(self.truth and same(self.gave, self.truth, RIGHT))

    @property
    def told(self) -> tuple[str, bytes, float | None]:
        """The result's numbers, and in answer to what kind of call."""
        form = evaluate.each([self.asked.args, self.asked.kwargs], _kind)
        value = self.gave.value
        function = f"{self.asked.unit}.{self.asked.function} {form}"
        received = self.outcome.received if self.outcome else b""
        return function, received, value if isinstance(value, float) else None

    @property
    def sent(self) -> list[bytes]:
        """The numbers of the arguments."""
        return self.outcome.sent if self.outcome else []


@dataclass
class _Suspect:
    """A function, which is one if it failed tests: all its calls, and those tests' names.

    cached: whether it gave an earlier call's result, which is told already.
    """

    calls: list[_Call] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cached: bool = False


class Recording:
    """A backend that remembers a unit's calls, and says in the end what they are evidence of.

    A mistake is named only if it gives, in every call of the function, what the student's program
    gave, and if where it differs from the right answer it does so in more than chance would have.
    """

    def __init__(self, backend: Backend, known: Known, common: Known, solution: Solutions) -> None:
        """common: the known mistakes of which two may be made at once."""
        self._backend = backend
        self._known, self._common = known, common
        self._solution = solution
        self._calls: list[_Call] = []  # of this test
        self._last: _Call | None = None  # of this test, where it was answered
        self._passed: list[_Call] = []
        self._suspects: dict[tuple[str, str], _Suspect] = {}
        self._left = KEPT
        self.heard: Callable[[], None] = lambda: None  # called when there is a reply to look at
        self._met: dict[Subject, Met] = {}
        self._named: set[str] = set()  # the mistakes that were found in the functions before
        self.facts: dict[str, Any] = {}  # of this test's slowest race

    def call(self, asked: Invocation) -> CallResult:
        """See calls.Backend."""
        self._last = None
        try:
            outcome = self._backend.call(asked)
        except Failure as failure:
            if exception := raised(failure):
                self._keep(_Call(asked, exception))
            raise
        self.heard()
        self._keep(_Call(asked, Gave(outcome.value, outcome.gradients), outcome))
        return outcome

    def _keep(self, call: _Call) -> None:
        arrays = evaluate.arrays([call.asked.args, call.asked.kwargs, call.gave.value])
        call.size = sum(math.prod(array.shape) for array in arrays)
        # What a pretend device is asked for, a variant cannot be: it is not there on our side.
        if call.size <= min(LARGE, self._left) and call.asked.device != PRETEND:
            self._left -= call.size
            # tests change them
            args, kwargs = evaluate.snapshot([call.asked.args, call.asked.kwargs])
            call.asked = replace(call.asked, args=args, kwargs=kwargs)
            self._calls.append(call)
        self._last = call

    def measure(self, asked: Invocation) -> CallResult:
        """See calls.Backend. Not remembered: its inputs are too large to try mistakes on."""
        self._last = None
        outcome = self._backend.measure(asked)
        self.heard()
        return outcome

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See calls.Backend. Its calls are not remembered: other tests look at values."""
        self._last = None
        self.heard()
        facts = self._backend.race(unit, function, device, event)
        if facts.get("share", 0.0) >= self.facts.get("share", 0.0):
            self.facts = facts
        return facts

    def meet(self, unit: str, subject: Subject, order: Sequence[int]) -> Met:
        """See calls.Backend. Kept: all tests of one function ask for the same."""
        self._last = None
        self.heard()
        if subject not in self._met:
            self._met[subject] = self._backend.meet(unit, subject, order)
        return self._met[subject]

    def end_test(self, name: str, failure: Failure | None, passed: bool) -> None:
        """Go on to another test. failure: how this one failed, if a check of it did.

        What was wrong in a way that names itself, such as its dtype, is no evidence of another.
        """
        said = failure.help_id if failure else ""
        for call in self._calls:
            if call is not self._last or said in ("", UNFELT, COARSE):
                self._suspect(call.asked).calls.append(call)
        if failure and self._last and said in ("", UNFELT):
            suspect = self._suspect(self._last.asked)
            suspect.failed.append(name)
            suspect.cached |= self.cached(failure)
            self._last.failed = True
        if passed:
            self._passed += self._calls
        self._calls, self._last, self.facts = [], None, {}

    def heard_of(self, unit: str, function: str) -> list[tuple[Invocation, Gave]]:
        """The calls of a function that are remembered, and what they came to."""
        suspect = self._suspects.get((unit, function), _Suspect())
        return [(call.asked, call.gave) for call in suspect.calls]

    def _suspect(self, asked: Invocation) -> _Suspect:
        return self._suspects.setdefault((asked.unit, asked.function), _Suspect())

    def cached(self, failure: Failure) -> bool:
        """Whether this test's last call gave what was right for an earlier one."""
        last = self._last
        if failure.help_id or not last:
            return False
        earlier = [call for call in self._calls if call is not last]
        given = {call.told: call.sent for call in reversed([*self._passed, *earlier])}
        first = given.get(last.told, last.sent)
        return first != last.sent and _telling(last.gave.value)

    def diagnose(self) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
        """Of each failed test that known mistakes explain: its name, the help, ids and facts."""
        for (unit, function), suspect in self._suspects.items():
            if suspect.failed and (found := self._explaining(unit, function, suspect)):
                self._named |= {mistake.id for reason in found for mistake in reason}
                names = ",".join(dict.fromkeys(m.id for reason in found for m in reason))
                told = {language: _told(found, language) for language in LANGUAGES}
                for test in suspect.failed:
                    yield test, OR.join(told["en"]), names, {"help": told}

    def _explaining(self, unit: str, function: str, suspect: _Suspect) -> list[Reason]:
        """What explains every call: one mistake or else two; at most two that nothing tells apart.

        Of pairs, what all of them have in common is sure.
        """
        right = self._solution(unit, function)
        for call in suspect.calls:
            call.truth = gives(right, call.asked)
        # In those that are wrong, and cheap, most mistakes give another thing.
        calls = sorted((c for c in suspect.calls if c.truth), key=lambda c: (c.is_right, c.size))
        alone = [((m,), m.variant) for m in self._known(unit) if m.function == function]
        common = [mistake for mistake in self._common(unit) if mistake.function == function]
        both = [((a, b), variant) for a, b, variant in pairs(common)]
        for candidates, more in ((alone, 0.0), (both, math.log2(len(both) or 1))):
            proved = self._proved(right, candidates, calls, ENOUGH + more)
            if len(proved) > 1 and len(proved[0]) == 2:
                shared = {m.id for m in proved[0]}.intersection(
                    *({m.id for m in p} for p in proved)
                )
                proved = [tuple(m for m in proved[0] if m.id in shared)] if shared else []
            if proved:
                return proved[:2]
        return [(RANDOM,)] if not suspect.cached and self._by_chance(calls) else []

    def _by_chance(self, calls: Sequence[_Call]) -> bool:
        """Whether the largest wrong call gives other numbers when it is made again, and again.

        Of few numbers a dropout may well take the same.
        """
        wrong = [call for call in calls if not call.is_right]
        if not wrong:
            return False
        again = [self._ask(wrong[-1].asked) for _ in range(2)]
        return any(gave and not gave.error and not same(gave, wrong[-1].gave) for gave in again)

    def _proved(
        self,
        right: Callable[..., Any],
        candidates: Iterable[tuple[Reason, Callable[..., Any]]],
        calls: Sequence[_Call],
        needed: float,
    ) -> list[Reason]:
        """The candidates that explain all calls, and a few more: one for each set of names.

        needed: bits of evidence; for a choice of many pairs it is more.

        Of those that nothing tells apart, the ones that a function before this one was found to
        make, and the ones with the fewest steps wrong.
        """
        left = [(reason, v, bits) for reason, v in candidates if (bits := weigh(v, calls)) > 0]
        wrong = [call for call in calls if not call.is_right]
        with at_most(MORE_SECONDS):
            right_ones = [call for call in calls if call.is_right]
            for asked in _fresh(wrong, right_ones or wrong, MORE_CALLS):
                if _clear(left, needed):
                    break
                truth, got = gives(right, asked), self._ask(asked)
                if truth and got and not truth.error:
                    more = [_Call(asked, got, truth=truth)]
                    left = [(r, v, b + m) for r, v, b in left if (m := weigh(v, more)) > -math.inf]
        enough = [(reason, variant) for reason, variant, b in left if b >= needed]
        enough = [(r, v) for r, v in enough if self._named & _names(r)] or enough
        fewest = min((_slots(variant) for _, variant in enough), default=0)
        simplest = (reason for reason, variant in reversed(enough) if _slots(variant) == fewest)
        return list({_names(reason): reason for reason in simplest}.values())[::-1]

    def _ask(self, asked: Invocation) -> Gave | None:
        """What the program gives for one call more, which no test made and no point hangs on."""
        return observe(self._backend.call, asked)[0]


def observe(call: Call, asked: Invocation) -> tuple[Gave | None, CallResult | Failure]:
    """What a call came to, None where that is neither a value nor an exception; and all of it."""
    try:
        outcome = call(asked)
    except Failure as failure:
        return raised(failure), failure
    return Gave(outcome.value, outcome.gradients), outcome


def raised(failure: Failure) -> Gave | None:
    """The exception that a program raised in a call, if that is what failed."""
    facts = failure.facts
    return Gave(error=facts["error"]) if {"raised", "error"} <= facts.keys() else None


def weigh(variant: Callable[..., Any], calls: Sequence[_Call]) -> float:
    """How many bits of evidence some calls are that a program is like a variant.

    calls: each with its truth. Minus infinity where one gave another thing; where both are
    right, within what rounding does, a call says nothing. Where a value is wrong, its gradients say
    nothing either: what cancels in a right one, such as that of a maximum, differs from one way of
    writing to another.
    """
    bits, different = 0.0, 0
    for call in calls:
        mine, gave, truth = gives(variant, call.asked), call.gave, call.truth
        assert truth, "of calls that have none nothing is known"
        if mine and call.is_nearly and _silent(call, mine, truth):
            continue
        if mine and mine.gradients is not None and not near(mine.value, truth.value, RIGHT):
            mine, gave = replace(mine, gradients=None), replace(gave, gradients=None)
        if not mine or not agrees(variant, call.asked, mine, gave):
            return -math.inf
        bits += evidence(mine, truth)
        different += 1
    return bits + different + pattern(len(calls), different)


def _silent(call: _Call, mine: Gave, truth: Gave) -> bool:
    """Whether a mistake is right in a call; where a check of it failed, to the last exact zero."""
    return same(mine, truth, call.slack) and not (call.failed and zeros(mine) != zeros(truth))


def _clear(left: Sequence[tuple[Reason, Callable[..., Any], float]], needed: float) -> bool:
    """Whether more calls would tell nothing: no mistake is left, or one alone that is proved."""
    return len({_names(reason) for reason, _, _ in left}) < 2 and all(b >= needed for *_, b in left)


def _slots(variant: Callable[..., Any]) -> int:
    """How many steps are wrong."""
    return len(getattr(variant, "keywords", [None]))


def _names(reason: Reason) -> frozenset[str]:
    return frozenset(mistake.id for mistake in reason)


def _told(found: Sequence[Reason], language: Language) -> list[str]:
    """The advice for each reason; for two mistakes at once, that for both."""
    both = translations(language).gettext(AND)
    helps = ((mistake.help[language] for mistake in reason) for reason in found)
    return list(dict.fromkeys(both.join(dict.fromkeys(told)) for told in helps))


def _fresh(wrong: Sequence[_Call], right: Sequence[_Call], most: int) -> Iterator[Invocation]:
    """Wrong calls and right ones again, in turn: their floating numbers others, some much larger.

    Of the right ones those first that were given most. Plain numbers are exchanged.
    """
    told = sorted(right, key=lambda call: -len([a for a in call.asked.args if a is not None]))
    turns = zip(itertools.cycle(wrong), itertools.cycle(told), strict=False)
    both = itertools.chain.from_iterable(turns) if wrong else ()
    for number, call in enumerate(itertools.islice(both, most)):
        larger = LARGER[number // 2 % len(LARGER)]
        asked = shaken(call.asked, 1.0, number, larger)
        if larger > 1:  # there a softmax has hardly a gradient
            asked = replace(asked, cotangents=None)
        args, donor = list(asked.args), told[number % len(told)].asked.args
        for place in range(number % 2, min(len(args), len(donor)), 2):
            if type(args[place]) is int and type(donor[place]) is int:
                args[place] = donor[place]
        yield replace(asked, args=args)


def _kind(array: torch.Tensor | np.ndarray) -> tuple[str, tuple[int, ...]]:
    return str(array.dtype), tuple(array.shape)


def _telling(value: object) -> bool:
    """Whether two results with these numbers are hardly the same by chance."""
    if isinstance(value, float):
        return math.isfinite(value) and not value.is_integer()
    arrays = [_as_array(array) for array in evaluate.arrays(value)]
    return any(len(np.unique(a)) > 2 if a.ndim else _telling(float(a)) for a in arrays)


def _as_array(value: torch.Tensor | np.ndarray) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return value
