"""The verdict on a program's times, as shares of what a loop takes. It knows no processes.

Each timed call votes: its share of the loop's time is below the gate, or it is not. The first side
that leads by LEAD has won. Where a share comes near the gate, votes are counted anew, up to a lead
of NEAR_LEAD, and the loop is timed anew before each call: if noise turns one vote in twenty, the
wrong side gets that lead once in 7,000 times (Wald's sequential test).

Source: Wald 1945, "Sequential Tests of Statistical Hypotheses".
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

LEAD = 2
NEAR = 2.0  # times the gate, or a part of it
NEAR_LEAD = 3
MOST_CALLS = 15  # odd: what is not decided by then goes to the majority
GIVEN_UP = 2.0  # the share at which a call is given up
AGREE = 1.5  # two of a loop's latest calls are no further apart, or it is called again
LATEST = 3  # a processor's own speed changes, and what a call took before says nothing then
MOST_LOOPS = 9
UNSTEADY = "A loop of our own took other times at each call: this machine is too busy."


class Unmeasured(Exception):  # noqa: N818 - an outcome, and nobody's fault
    """A time that could not be measured, for a reason that no student's program has any part in."""


class GivenUp(Exception):  # noqa: N818 - an outcome
    """A call has used GIVEN_UP times what the loop takes."""


class Verdict(NamedTuple):
    """parallel: what won the vote. share: the median of `calls` calls' shares."""

    parallel: bool
    share: float
    calls: int


def judge(call: Callable[[float], float], loop: Callable[[bool], float], gate: float) -> Verdict:
    """Call a program until it is clear on which side of the gate it is.

    call: the seconds of one call; raises GivenUp where it would take more than it is given. loop:
    the seconds of a loop; `True` asks for a fresh measurement. May raise Unmeasured.
    """
    near = False
    shares: list[float] = []
    while True:
        seconds = loop(near)
        try:
            shares.append(call(GIVEN_UP * seconds) / seconds)
        except GivenUp:
            return Verdict(False, GIVEN_UP, len(shares) + 1)
        if not near and gate / NEAR < shares[-1] < gate * NEAR:
            near, shares = True, []
        lead = NEAR_LEAD if near else LEAD
        ahead = sum(1 if share < gate else -1 for share in shares)
        if abs(ahead) >= lead or len(shares) == MOST_CALLS:
            return Verdict(ahead > 0, statistics.median(shares), len(shares))


def steady(call: Callable[[], float]) -> float:
    """The seconds of a call that is the same each time: the least, once another came near it.

    Noise only adds. Raises Unmeasured where no two of the LATEST agree.
    """
    taken = [call()]
    while len(taken) < MOST_LOOPS:
        taken.append(call())
        least, second, *_ = sorted(taken[-LATEST:])
        if second <= AGREE * least:
            return least
    raise Unmeasured(UNSTEADY)
