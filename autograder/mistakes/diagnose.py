"""The calls of a test, remembered until its outcome is known: what a failed check is about."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.core.language import OR
from autograder.mistakes import match
from autograder.mistakes.catalogue import Mistake
from autograder.sandbox import evaluate
from autograder.sandbox.evaluate import CallResult
from autograder.testing.calls import Backend, Failure, Invocation
from autograder.testing.parallel import TimedCase

CACHED = (
    "This is exactly the result of an earlier call with other numbers. A constant, such as a mask "
    "by its length, may be kept between calls; a result may not."
)


class Recording:
    """A backend that remembers a test's calls; the last is the one that a failed check is about.

    Of the tests that passed it remembers what went in and came out.
    """

    def __init__(self, backend: Backend, known: Callable[[str], Sequence[Mistake]]) -> None:
        """known: the known mistakes of a unit."""
        self._backend = backend
        self._known = known
        self._calls: list[_Call] = []  # of this test
        self._answered = False
        self._recognised: list[Mistake] = []  # in the last test that had any
        self.facts: dict[str, Any] = {}  # of this test's slowest race
        self._passed: list[_Call] = []

    def call(self, asked: Invocation) -> CallResult:
        """See student.Backend."""
        self._answered = False
        outcome = self._backend.call(asked)
        self._calls.append(_Call(asked, outcome))
        self._answered = True
        return outcome

    def measure(self, asked: Invocation) -> CallResult:
        """See student.Backend. Not remembered: its inputs are too large to try mistakes on."""
        self._answered = False
        return self._backend.measure(asked)

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See student.Backend. Its calls are not remembered: other tests look at values."""
        self._answered = False
        facts = self._backend.race(unit, function, device, event)
        if facts.get("ratio", 0.0) <= self.facts.get("ratio", math.inf):
            self.facts = facts
        return facts

    def end_test(self, passed: bool) -> None:
        """Go on to another test; only the calls that were right are still remembered."""
        if passed:
            self._passed += self._calls
        self._calls = []
        self._answered = False
        self.facts = {}

    def diagnose(self, failure: Failure) -> tuple[str, str, dict[str, Any]]:
        """A failure's help, its names and facts: its own, or those of the mistakes recognised."""
        if not (failure.unexplained and self._answered):
            return failure.help, failure.help_id, failure.facts
        *earlier, last = self._calls
        asked, value = last.asked, last.outcome.value
        found = match.recognise(
            self._known(asked.unit),
            asked.function,
            asked.args,
            asked.kwargs,
            value,
            self._recognised,
        )
        self._recognised = found or self._recognised
        if not found and self._is_old(last, earlier):
            return CACHED, "cached", failure.facts
        if not found:
            return failure.help, failure.help_id, failure.facts
        names = dict.fromkeys(mistake.id for mistake in found)
        told = {
            language: list(dict.fromkeys(mistake.help[language] for mistake in found))
            for language in found[0].help
        }
        return OR.join(told["en"]), ",".join(names), {**failure.facts, "help": told}

    def _is_old(self, last: _Call, earlier: Sequence[_Call]) -> bool:
        """Whether a call gave what was right for an earlier one with other numbers."""
        given = {call.told: call.outcome.sent for call in reversed([*self._passed, *earlier])}
        first = given.get(last.told, last.outcome.sent)
        return first != last.outcome.sent and _telling(last.outcome.value)


@dataclass
class _Call:
    """A call that was answered."""

    asked: Invocation
    outcome: CallResult

    @property
    def told(self) -> tuple[str, bytes, float | None]:
        """The result's numbers, and in answer to what kind of call."""
        form = _form([self.asked.args, self.asked.kwargs])
        value = self.outcome.value
        function = f"{self.asked.unit}.{self.asked.function} {form}"
        return function, self.outcome.received, value if isinstance(value, float) else None


def _form(value: object) -> object:
    """A value with the kinds of its arrays in place of their numbers."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return str(value.dtype), tuple(value.shape)
    if isinstance(value, Mapping):
        return {key: _form(item) for key, item in value.items()}
    return [_form(item) for item in value] if isinstance(value, (list, tuple)) else value


def _telling(value: object) -> bool:
    """Whether two results with these numbers are hardly the same by chance."""
    if isinstance(value, float):
        return not value.is_integer()
    return any(len(np.unique(_as_array(array))) > 2 for array in evaluate.arrays(value))


def _as_array(value: torch.Tensor | np.ndarray) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach()
        return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    return value
