"""The verdict on paired times, and whose turn it is to be timed. It knows no processes.

A pair is the reference's time and the student's on the same fresh inputs. It votes "parallel" if
the student took less than 1/GATE times as long as the reference. Votes are a random walk, and the
walk is stopped as soon as one side leads by LEAD: Wald's sequential test. As long as noise turns at
most one vote in five, a wrong side gets that lead once in 1 + 4**LEAD walks at most.

Source: Wald 1945, "Sequential Tests of Statistical Hypotheses"; the sign test.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, TypeVar

GATE = 0.3  # reference time over student time; docs/clock.md has what was measured on either side
GPU_GATE = 0.2
LEAD = 6
MOST_PAIRS = 31  # odd: a walk that is not decided by then goes to the majority
CONTROLS = 3
JUMP = 2.0  # half of the way, in logarithms, from an equal program to the gate
MOST_JUMPS = 0.25
FAILED_ROUNDS = 3  # before a program has failed
MOST_ROUNDS = 5
REST_SECONDS = 0.3  # between two rounds
PATIENCE_SECONDS = 60.0  # for those who are timed before
Word = Literal["parallel", "sequential", "unmeasurable"]
Inputs = TypeVar("Inputs")
Stopwatch = Callable[[Inputs], float]  # one turn on these inputs: seconds a call
NO_RULER = "The sequential control did not come out as sequential on this machine."
UNSTEADY = "The reference's own times jumped about: this machine is too busy, or its clock coarse."
STUCK = "The reference itself was kept waiting: this machine is too busy, or its disk slow."
QUEUE = f"Other timings kept this machine's core for more than {PATIENCE_SECONDS:g} seconds."


class Unmeasured(Exception):  # noqa: N818 - an outcome, and nobody's fault
    """A time that could not be measured, for a reason that no student's program has any part in."""


@dataclass(frozen=True)
class Verdict:
    """What a round came to.

    ratio: the median of the pairs' ratios, reference over student. error: how likely such a lead
    is on the wrong side at most. reason: why nothing could be measured.
    """

    word: Word
    ratio: float
    pairs: int
    error: float
    reason: str = ""


def judge(
    reference: Sequence[float],
    student: Sequence[float],
    gate: float = GATE,
    lead: int = LEAD,
    most: int = MOST_PAIRS,
) -> Verdict | None:
    """The verdict on the pairs so far; None while more are needed. Asked after every pair."""
    ratios = [ours / theirs for ours, theirs in zip(reference, student, strict=True)]
    parallel = sum(ratio > gate for ratio in ratios)
    ahead = 2 * parallel - len(ratios)
    if abs(ahead) < lead and len(ratios) < most:
        return None
    ratio, pairs = statistics.median(ratios), len(ratios)
    if unsteady(reference):
        return Verdict("unmeasurable", ratio, pairs, 0.5, UNSTEADY)
    return Verdict("parallel" if ahead > 0 else "sequential", ratio, pairs, wrong(abs(ahead)))


def unsteady(reference: Sequence[float]) -> bool:
    """Whether the reference's times, on their own, jump so often that votes cannot be trusted."""
    neighbours = list(itertools.pairwise(reference))
    jumps = sum(max(a, b) > JUMP * min(a, b) for a, b in neighbours)
    return jumps > MOST_JUMPS * len(neighbours)


def wrong(lead: int) -> float:
    """The most likely that a walk gets this lead on the wrong side; see the module's own words."""
    return 1.0 / (1.0 + 4.0**lead)


def race(
    student: Stopwatch[Inputs],
    reference: Stopwatch[Inputs],
    control: Stopwatch[Inputs],
    fresh: Callable[[], Inputs],
    gate: float = GATE,
    turn: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    rest: Callable[[float], object] = time.sleep,
) -> Verdict:
    """Time a student against the reference until it is clear what the student's program is.

    fresh: inputs that nobody has seen. turn: what is held during a round. A program fails only
    after several failed rounds, apart in time; one that passes does so at once.
    """
    failed: list[Verdict] = []
    verdict = None
    for number in range(MOST_ROUNDS):
        if number:
            rest(REST_SECONDS)
        with turn():
            verdict = one_round(student, reference, control, fresh, gate)
        if verdict.word == "sequential":
            failed.append(verdict)
        if verdict.word == "parallel" or len(failed) == FAILED_ROUNDS:
            return verdict
    assert verdict
    reason = verdict.reason or UNSTEADY  # fewer failed rounds than it takes
    return Verdict("unmeasurable", verdict.ratio, verdict.pairs, 0.5, reason)


def one_round(
    student: Stopwatch[Inputs],
    reference: Stopwatch[Inputs],
    control: Stopwatch[Inputs],
    fresh: Callable[[], Inputs],
    gate: float = GATE,
) -> Verdict:
    """Check the ruler on the control, then time pairs, in random order, until they are enough."""
    controls = [_pair(reference, control, fresh()) for _ in range(CONTROLS)]
    ratio = statistics.median(ours / theirs for ours, theirs in controls)
    if ratio > gate:
        return Verdict("unmeasurable", ratio, 0, 0.5, NO_RULER)
    pairs: list[tuple[float, float]] = []
    verdict = None
    while verdict is None:
        pairs.append(_pair(reference, student, fresh()))
        verdict = judge([ours for ours, _ in pairs], [theirs for _, theirs in pairs], gate)
    return verdict


def _pair(
    first: Stopwatch[Inputs], second: Stopwatch[Inputs], inputs: Inputs
) -> tuple[float, float]:
    """Both times on the same inputs, taken in an order that nobody can foresee."""
    if random.SystemRandom().random() < 0.5:
        return first(inputs), second(inputs)
    later = second(inputs)
    return first(inputs), later
