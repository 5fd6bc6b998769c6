"""Races: the student's program, the reference and a sequential control, each in a sandbox.

The clock is here, outside. It is read before the student's process is let go and the first input
is written, and again once the last byte of the last output is read. An input is written only when
the output before it has come back whole, so no program can work ahead; every output is checked.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from autograder.core import units
from autograder.core.course import Limits
from autograder.core.errors import GraderError
from autograder.core.language import say
from autograder.sandbox import evaluate, wire
from autograder.speed import clock, lock
from autograder.speed.clock import Unmeasured, Verdict
from autograder.supervisor.backend import SandboxBackend, prepare
from autograder.supervisor.child import Child, ChildDied, ChildTimedOut
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation
from autograder.testing.parallel import CALLS, FEW, TimedCase, counts, grows

UNIT_SECONDS = 600.0  # a sandbox's own limit, far beyond what a race takes
STALL_SECONDS = (10.0, 30.0)  # on the wall, for all of a student's turns in one race: between
STALL_TIMES = 300  # these, this many times what the reference's turns took,
STALL_AT_LEAST = 20  # and never less than this many times: a machine may be that busy
SLOW = 10  # times the reference's time: turns are then shorter
Hosts = Callable[[str], WarmHost]
Turn = Sequence[list[Any]]  # the arguments of each call


class Stalled(Exception):  # noqa: N818 - an outcome
    """A program took far longer on the wall than any that computes."""


class Program(NamedTuple):
    """A function and the files that it is in. skip: see SandboxBackend."""

    sources: Sequence[wire.Source]
    unit: str
    function: str
    skip: set[wire.Position] | None = None


class Programs(NamedTuple):
    """Who takes part in a race."""

    student: Program
    reference: Program
    control: Program


class Contestant(SandboxBackend):
    """One program in a process of its own, pinned to the core that times are taken on.

    Its seconds are those that the kernel charged to the process, all its threads together, so that
    it does not matter how busy the machine is. On a GPU, whose work is charged to nobody, they are
    the wall clock's.
    """

    def __init__(
        self, hosts: Hosts, device: str, program: Program, limits: Limits, place: str
    ) -> None:
        sources, unit, function, skip = program
        limits = msgspec.structs.replace(limits, unit_seconds=UNIT_SECONDS)
        super().__init__(hosts, unit, sources, limits, f"race: {place}", skip)
        self._target = (unit, function)
        self.device = device
        self.waited = 0.0  # on the wall, in all turns so far
        self.most = float("inf")

    def turn(self, arguments: Turn) -> tuple[float, list[evaluate.CallResult]]:
        """Call the function once for each list of arguments; the seconds, and what came back.

        Raises Failure for whatever the program does wrong, and Stalled.
        """
        child = self._child(self.device)
        messages = [self._prepare(args, "plain") for args in arguments]
        start = self._now(child)
        child.thaw()
        replies = [self._send(child, *message) for message in messages]
        seconds = self._now(child) - start
        child.freeze()
        return seconds, [self._read(*reply) for reply in replies]

    def operations(self, args: list[Any]) -> int:
        """How many operations torch was asked for in one call."""
        child = self._child(self.device)
        child.thaw()
        outcome = self._read(*self._send(child, *self._prepare(args, "count")))
        child.freeze()
        return outcome.operations or 0

    def died(self) -> None:
        """Take note of a process that has ended by itself."""
        self._died(self.device)

    def _spawn(self, device: str) -> Child:
        child = super()._spawn(device)
        if device == "cpu":
            child.pin(lock.core())
        return child

    def _most(self, message: wire.Request) -> tuple[float, float]:
        """As much as elsewhere for an import; a call that waits holds up everybody's timings."""
        cpu, wall = super()._most(message)
        return cpu, cpu if isinstance(message, wire.Call) else wall

    def _now(self, child: Child) -> float:
        return child.cpu_seconds() if self.device == "cpu" else time.perf_counter()

    def _prepare(self, args: list[Any], mode: wire.Mode) -> tuple[wire.Call, list[bytes]]:
        return prepare(Invocation(*self._target, args, device=self.device), mode)

    def _send(
        self, child: Child, message: wire.Call, payload: list[bytes]
    ) -> tuple[wire.Reply, bytearray]:
        start = time.monotonic()
        if self.waited > self.most:
            raise Stalled
        try:
            return self._exchange(child, self.device, message, payload, f"`{message.function}`")
        finally:
            self.waited += time.monotonic() - start

    def _read(self, reply: wire.Reply, body: bytearray) -> evaluate.CallResult:
        if not isinstance(reply, wire.Result):
            raise self._explained(reply, *self._target)
        value = wire.Reader(body).decode(reply.value)
        return evaluate.CallResult(value, operations=reply.operations)


class RacingBackend(SandboxBackend):
    """A backend that can time a submission, too (see calls.Backend).

    root: of the course, which has the references and the controls.
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
        self._root = root

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See calls.Backend. Raises Unmeasured where this machine cannot tell."""
        self._check_hung(function)
        programs = Programs(
            Program(self._sources, unit, function, self._skip),
            Program(texts(self._root / "solutions"), unit, function),
            control(self._root, unit, event.control),
        )
        return _facts(event, race(self._hosts, event, programs, self._limits))

    def _exchange(
        self, child: Child, device: str, message: wire.Request, payload: list[bytes], what: str
    ) -> tuple[wire.Reply, bytearray]:
        """Keep off a GPU while somebody is timed on it."""
        quiet = lock.shared() if device == "cuda" else contextlib.nullcontext()
        with quiet:
            return super()._exchange(child, device, message, payload, what)


def race(hosts: Hosts, event: TimedCase, programs: Programs, limits: Limits) -> Verdict:
    """Race a program, each in a fresh process; see run."""
    with ExitStack() as stack:
        contestants = []
        for place, program in programs._asdict().items():
            contestants.append(Contestant(hosts, event.device, program, limits, place))
            stack.callback(contestants[-1].close)
        return run(event, *contestants)


def run(
    event: TimedCase, student: Contestant, reference: Contestant, control: Contestant
) -> Verdict:
    """Race a student. Raises Failure if the program is wrong or sequential, and Unmeasured."""

    def students(arguments: Turn) -> float:
        low, high = STALL_SECONDS
        waited = reference.waited
        student.most = max(low, min(STALL_TIMES * waited, high), STALL_AT_LEAST * waited)
        return _checked_turn(event, student, arguments[:calls])

    calls = FEW
    students(_fresh(event, FEW))  # a first turn pages code in
    _our_turn(reference, _fresh(event, FEW))
    warm = _fresh(event, FEW)
    if students(warm) < SLOW * _our_turn(reference, warm):
        calls = CALLS
    deadline = time.monotonic() + clock.PATIENCE_SECONDS
    verdict = clock.race(
        students,
        # As many calls whatever the student's program is like: no part of this is up to it.
        lambda arguments: _our_turn(reference, arguments),
        lambda arguments: _our_turn(control, arguments[:FEW]),
        fresh=lambda: _fresh(event, CALLS),
        gate=_gate(event),
        turn=lambda: lock.alone(student.device, deadline),
    )
    if verdict.word == "unmeasurable":
        raise Unmeasured(verdict.reason)
    if verdict.word == "sequential":
        raise _looped(event, verdict, student, reference)
    return verdict


def _checked_turn(event: TimedCase, student: Contestant, arguments: Turn) -> float:
    try:
        seconds, outcomes = student.turn(arguments)
    except Stalled:
        told = say(
            "The calls took more than %(seconds)s seconds at %(where)s, far longer than the "
            "reference's: they were given up.",
            seconds=round(student.most),
            where=event.where,
        )
        raise Failure(told, help_id="stalled") from None
    except ChildTimedOut:
        raise Failure(say("The program could not be stopped."), help_id="stalled") from None
    except ChildDied:
        student.died()
        raise Failure(say("The program ended while it was timed."), help_id="crashed") from None
    for args, outcome in zip(arguments, outcomes, strict=True):
        event.check(outcome.value, args)
    return seconds / len(arguments)


def _our_turn(contestant: Contestant, arguments: Turn) -> float:
    with _our_side():
        return contestant.turn(arguments)[0] / len(arguments)


@contextlib.contextmanager
def _our_side() -> Iterator[None]:
    """What the reference or the control does wrong is no student's fault, nor is a busy machine."""
    try:
        yield
    except (ChildTimedOut, Stalled) as error:
        raise Unmeasured(clock.STUCK) from error
    except (Failure, ChildDied) as error:
        if isinstance(error, Failure) and error.help_id == "timeout":
            raise Unmeasured(clock.STUCK) from error
        raise GraderError(f"The reference could not be timed: {error}") from error


def _gate(event: TimedCase) -> float:
    return clock.GPU_GATE if event.device == "cuda" else clock.GATE


def _facts(event: TimedCase, verdict: Verdict) -> dict[str, Any]:
    return {
        "over": event.scaling.over,
        "sizes": dict(event.sizes),
        "ratio": verdict.ratio,
        "gate": _gate(event),
        "pairs": verdict.pairs,
    }


def _looped(
    event: TimedCase, verdict: Verdict, student: Contestant, reference: Contestant
) -> Failure:
    """The fact, from the clock; then, as advice, what was counted beside the student's program."""
    scaling, facts = event.scaling, _facts(event, verdict)
    words = {"times": round(1 / verdict.ratio), "where": event.where, "steps": scaling.steps}
    slow = say(
        "One call took %(times)s times as long as the reference at %(where)s: as long as a Python "
        "loop over the %(steps)s.",
        **words,
    )
    try:
        once, twice = (student.operations(event.fresh(factor)) for factor in (1, 2))
        ours = reference.operations(event.fresh())
    except (Failure, ChildDied, ChildTimedOut, Stalled):  # counts are not what is judged
        return Failure(slow, help_id="looped", facts=facts)
    facts |= {"operations": once, "operations_doubled": twice, "operations_reference": ours}
    counted = counts(scaling, once, twice, event.device)
    if grows(scaling, once, twice, event.device):
        slow = say(
            "One call took %(times)s times as long as the reference at %(where)s: that is what a "
            "Python loop over the %(steps)s costs.",
            **words,
        )
        advice = say(
            "Counted beside your program, as advice: %(counts)s; the reference calls it %(ours)s "
            "times at either.",
            counts=counted,
            ours=ours,
        )
    else:
        advice = say(
            "Counted beside your program, as advice: %(counts)s; the reference calls it %(ours)s "
            "times. So the time goes elsewhere: into numbers of Python's own, or into far more "
            "arithmetic than is needed.",
            counts=counted,
            ours=ours,
        )
    facts["advice"] = advice.facts
    return Failure(slow, help=advice, help_id="looped", facts=facts)


def _fresh(event: TimedCase, count: int) -> Turn:
    return [event.fresh() for _ in range(count)]


def control(root: Path, unit: str, function: str) -> Program:
    """A function of a unit's hidden/sequential.py."""
    path = units.unit_folder(root, unit) / "hidden" / "sequential.py"
    return Program([_text(path)], path.stem, function)


def texts(folder: Path) -> list[wire.Source]:
    """A folder's modules, all of them: they may import one another."""
    return [_text(path) for path in sorted(folder.glob("*.py"))]


def _text(path: Path) -> wire.Source:
    return wire.Source(path.stem, path.name, [path.read_text("utf-8")], False, [])
