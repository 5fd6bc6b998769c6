"""A student's program, timed beside a loop of ours, each in a process of its own.

The clock is here, outside, and it is read only while the program's process stands still: before it
is let go and an input is written, and once the output is back whole and every thread is stopped.
An input is written only when the output before it has come back, so no program can work ahead;
every output is checked.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from autograder.core import units
from autograder.core.course import Limits
from autograder.core.errors import GraderError
from autograder.core.language import _, say
from autograder.sandbox import wire
from autograder.sandbox.pretend import PRETEND, can_pretend
from autograder.speed import clock, lock
from autograder.speed.clock import GivenUp, Unmeasured, Verdict
from autograder.supervisor.backend import Hosts, prepare
from autograder.supervisor.child import (
    Answer,
    Child,
    ChildDied,
    ChildOutOfCpu,
    ChildTimedOut,
    Deadline,
    ready_seconds,
)
from autograder.supervisor.meeting import MeetingBackend
from autograder.supervisor.reasons import crash, how
from autograder.testing.calls import Failure, Invocation
from autograder.testing.inputs import Draw
from autograder.testing.parallel import Counts, TimedCase, counts, grows

UNTIMED = 2  # calls, in which code is paged in
WAIT_SECONDS = 1.0  # that the timed calls of a race may wait, all together
LOOP_SECONDS = 10.0  # that a call of our own loop may take, where it takes hundredths
DRIFT_SECONDS = 60.0  # a loop is timed anew after that
RACE_SECONDS = lock.PATIENCE_SECONDS + 2 * clock.MOST_LOOPS * LOOP_SECONDS  # for what is ours
STUCK = "A loop of our own was kept waiting: this machine is too busy, or its disk slow."
SLOW = _(
    "One call took %(part)s of the time that a loop over the %(size)s %(steps)s takes; without a "
    "loop it is about %(parallel)s."
)
GIVEN_UP = _(
    "One call was given up after twice the time that a loop over the %(size)s %(steps)s takes; "
    "without a loop it is about %(parallel)s of that time."
)
WAITED = _("The timed calls waited for %(seconds)s seconds, and computed nothing meanwhile.")
COUNTED = _("Counted beside your program, as advice: %(counts)s.")
ELSEWHERE = _(
    "%(counted)s So the time goes elsewhere: into numbers of Python's own, or into far more "
    "arithmetic than is needed."
)
_taken: dict[tuple[Path, str, str], tuple[float, float]] = {}  # when, and a loop's seconds


class Times(NamedTuple):
    """seconds: what a call took. waited: how long all of them did, and computed nothing."""

    seconds: float
    waited: float


class TimedBackend(MeetingBackend):
    """A backend whose calls can be timed.

    On the CPU a call's seconds are those that the kernel charges to the process, all its threads
    together: it does not matter how busy the machine is. On a GPU, whose work is charged to nobody,
    they are the wall clock's.
    """

    _given = math.inf  # seconds, for the call that is being timed

    def timed(self, asked: Sequence[Invocation], given: float) -> tuple[list[Any], Times]:
        """Make some calls of a function, one after the other; their values, and what one took.

        Its process then stands still. Raises Failure for whatever the program does wrong, and
        GivenUp where a call takes more seconds than it is given.
        """
        device, what = asked[0].device, f"`{asked[0].function}`"
        child = self._child(device)
        messages = [prepare(one, "plain") for one in asked]
        self._given = given
        try:
            with lock.alone(device):
                child.freeze()
                before = _clocks(child)
                child.thaw()
                replies = [
                    super(TimedBackend, self)._exchange(child, device, *m, what) for m in messages
                ]
                child.freeze()
                after = _clocks(child)
        except ChildDied:
            raise crash(what, how(self._died(device))) from None
        except ChildTimedOut:
            self._end(device)
            raise Failure(say("The program could not be stopped."), help_id="stalled") from None
        finally:
            self._given = math.inf
        values = [self._value(asked[0], *reply) for reply in replies]
        charged, starved, wall = (b - a for a, b in zip(before, after, strict=True))
        if device == "cpu":
            return values, Times(charged / len(asked), wall - charged - starved)
        return values, Times(wall / len(asked), 0.0)

    def _value(self, asked: Invocation, reply: wire.Reply, body: bytearray) -> Any:
        if not isinstance(reply, wire.Result):
            raise self._explained(reply, asked.unit, asked.function)
        return wire.Reader(body).decode(reply.value)

    def _exchange(
        self,
        child: Child,
        device: str,
        message: wire.Request,
        payload: Sequence[bytes],
        what: str,
        answer: Answer | None = None,
    ) -> tuple[wire.Reply, bytearray]:
        """Keep off a GPU while somebody is timed on it."""
        with lock.shared(device):
            return super()._exchange(child, device, message, payload, what, answer)

    def _start(self, child: Child, device: str) -> None:
        """Keep off a GPU then, too."""
        with lock.shared(device):
            super()._start(child, device)

    def _most(self, message: wire.Request) -> tuple[float, float]:
        cpu, wall = super()._most(message)
        if math.isinf(self._given):
            return cpu, wall
        # On a GPU it is the wall's seconds that are given.
        on_gpu = isinstance(message, wire.Call) and message.device == "cuda"
        return (cpu, self._given) if on_gpu else (self._given, cpu)

    def _late(
        self, late: ChildTimedOut, message: wire.Request, what: str, most: Deadline
    ) -> Exception:
        met = most.cpu if isinstance(late, ChildOutOfCpu) else most.wall
        return GivenUp() if met == self._given else super()._late(late, message, what, most)


def _clocks(child: Child) -> tuple[float, float, float]:
    """Seconds charged to a process; those in which it, or we, had no core; those on the wall."""
    return child.cpu_seconds(), child.ready_seconds() + ready_seconds(), time.monotonic()


class OurLoops(TimedBackend):
    """The functions of a unit's hidden/sequential.py, which do loop."""

    def __init__(self, hosts: Hosts, root: Path, unit: str, limits: Limits) -> None:
        self._path = units.unit_folder(root, unit) / "hidden" / "sequential.py"
        cells = [self._path.read_text("utf-8")] if self._path.exists() else []
        source = wire.Source(self._path.stem, self._path.name, cells, False, [])
        super().__init__(hosts, self._path.stem, [source], limits, "loops of ours")

    def seconds(self, event: TimedCase, device: str, anew: bool) -> float:
        """What a call takes; measured anew when asked for, or after a while."""
        key = self._path, event.control, device
        when, seconds = _taken.get(key, (-math.inf, 0.0))
        if anew or time.monotonic() > when + DRIFT_SECONDS:
            few = functools.partial(self._few, event, device)
            with _our_side():
                few()  # not timed
                # All steps take as much longer as they are more.
                seconds = clock.steady(few) * event.size / event.scaling.few
            _taken[key] = time.monotonic(), seconds
        return seconds

    def _few(self, event: TimedCase, device: str) -> float:
        scaling, draw = event.scaling, Draw("loops of ours")
        arguments = [scaling.fresh(draw, scaling.few) for _number in range(scaling.calls)]
        asked = [Invocation(self._unit, event.control, args, device=device) for args in arguments]
        return self.timed(asked, LOOP_SECONDS)[1].seconds


@contextlib.contextmanager
def _our_side() -> Iterator[None]:
    """What our own loop does wrong is no student's fault, nor is a busy machine."""
    try:
        yield
    except GivenUp as late:
        raise Unmeasured(STUCK) from late
    except Failure as failure:
        if failure.help_id in ("timeout", "stalled"):
            raise Unmeasured(STUCK) from failure
        raise GraderError(f"Our own loop could not be timed: {failure}") from failure


class RacingBackend(TimedBackend):
    """A backend that can tell a loop in a submission, too (see calls.Backend).

    root: of the course, which has loops of ours to compare with.
    """

    def __init__(
        self,
        hosts: Hosts,
        unit: str,
        sources: Sequence[wire.Source],
        limits: Limits,
        root: Path,
    ) -> None:
        super().__init__(hosts, unit, sources, limits)
        self._ours = OurLoops(hosts, root, unit, limits)

    def close(self) -> None:
        """End the children."""
        super().close()
        self._ours.close()

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See calls.Backend. Raises Unmeasured where this machine cannot tell."""
        self._check_hung(function, device)
        waited = 0.0

        def calls(size: int, given: float) -> Times:
            arguments = [event.fresh(size) for _number in range(event.scaling.calls)]
            asked = [Invocation(unit, function, args, device=device) for args in arguments]
            values, times = self.timed(asked, given)
            for value, args in zip(values, arguments, strict=True):
                event.check(value, args)
            return times

        def seconds(given: float) -> float:
            nonlocal waited
            times = calls(event.size, given)
            waited += times.waited
            if waited > WAIT_SECONDS:
                raise Failure(say(WAITED, seconds=f"{waited:.1f}"), help_id="stalled")
            return times.seconds

        loop = functools.partial(self._ours.seconds, event, device)
        with self._standing_still():
            for _number in range(UNTIMED):
                calls(event.scaling.few, math.inf)
            verdict = clock.judge(seconds, loop, event.scaling.gate)
        counted = self._counted(Invocation(unit, function, device=device), event)
        facts = _facts(event, verdict, counted)
        if not verdict.parallel:
            raise _looped(event, verdict, counted, facts)
        return facts

    @contextlib.contextmanager
    def _standing_still(self) -> Iterator[None]:
        """Nothing of the student's runs but what is timed."""
        for child in self._children.values():
            with contextlib.suppress(ChildDied, ChildTimedOut):  # the next call tells
                child.freeze()
        try:
            yield
        finally:
            for child in self._children.values():
                with contextlib.suppress(ChildDied):
                    child.thaw()

    def _counted(self, asked: Invocation, event: TimedCase) -> Counts | None:
        """Operations as a GPU would run them, or, of what cannot run there, as torch is asked.

        None where neither can be counted: counts are not what is judged.
        """
        few = event.scaling.few
        calls = [replace(asked, args=event.fresh(times * few)) for times in (1, 2)]
        if can_pretend():
            with contextlib.suppress(Failure):
                once, twice = (self._operations(replace(c, device=PRETEND)) for c in calls)
                return Counts(once, twice, launched=True)
        with contextlib.suppress(Failure):
            once, twice = map(self._operations, calls)
            return Counts(once, twice)
        return None

    def _operations(self, asked: Invocation) -> int:
        """How many operations there were in one call. Raises Failure where it gives no result."""
        child, what = self._child(asked.device), f"`{asked.function}`"
        reply, _body = self._exchange(child, asked.device, *prepare(asked, "count"), what)
        if not isinstance(reply, wire.Result):
            raise self._explained(reply, asked.unit, asked.function)
        return reply.operations or 0


def _looped(
    event: TimedCase, verdict: Verdict, counted: Counts | None, facts: dict[str, Any]
) -> Failure:
    """The fact, from the clock; then, as advice, what was counted beside the program."""
    scaling = event.scaling
    told = say(
        SLOW if verdict.share < clock.GIVEN_UP else GIVEN_UP,
        part=f"{verdict.share:.2g}",
        size=f"{event.size:,}",
        steps=scaling.steps,
        parallel=f"{scaling.parallel:g}",
    )
    if counted is None:
        return Failure(told, help_id="looped", facts=facts)
    advice = say(COUNTED, counts=counts(scaling, counted))
    if not grows(scaling, counted):
        advice = say(ELSEWHERE, counted=advice)
    return Failure(told, help=advice, help_id="looped", facts=facts | {"advice": advice.facts})


def _facts(event: TimedCase, verdict: Verdict, counted: Counts | None) -> dict[str, Any]:
    """What a report keeps of a race; with counts: operations with a few, and with twice as many."""
    found = {
        "over": event.scaling.over,
        "sizes": dict(event.scaling.sizes),
        "share": verdict.share,
        "gate": event.scaling.gate,
        "calls": verdict.calls,
    }
    if counted is None:
        return found
    return found | {"operations": counted.once, "operations_doubled": counted.twice}
