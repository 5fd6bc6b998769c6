"""Calls of a student's functions in the sandbox, and what went wrong there in a student's words."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from autograder.core.course import WALL_TIMES
from autograder.core.course import Limits as CourseLimits
from autograder.core.errors import IsolationError
from autograder.core.language import say
from autograder.sandbox import evaluate, wire
from autograder.sandbox.host import Ended
from autograder.sandbox.pretend import PRETEND, rehearses
from autograder.supervisor.child import (
    Answer,
    Child,
    ChildDied,
    ChildOutOfCpu,
    ChildTimedOut,
    Deadline,
    ProcessLimits,
    nonce,
)
from autograder.supervisor.load_watch import ENDED, GRACE, LoadWatch
from autograder.supervisor.reasons import (
    crash,
    explain,
    how,
    never_defined,
    not_run,
    too_late,
    used_up,
)
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation, as_written

PROBE = wire.Source("probe", "probe.py", ["def product(x):\n    return x @ x"], False, [])
Hosts = Callable[[str], WarmHost]  # the warm host of a device
START_SECONDS = 60.0  # of a GPU, on a busy machine
RETRIES_AFTER_TIMEOUT = 2  # then the unit's remaining tests fail without waiting again


class SandboxBackend:
    """Where calls go under grading (see calls.Backend): one child a device, made anew if it dies.

    place: where its children live beside those of other backends; see warm_host.WarmHost.
    tests: whether what is called are tests that the student wrote.
    """

    def __init__(
        self,
        hosts: Hosts,
        unit: str,
        sources: Sequence[wire.Source],
        limits: CourseLimits,
        place: str = "",
        *,
        tests: bool = False,
    ) -> None:
        self._hosts = hosts
        self._tests = tests
        self._unit = unit
        self._sources = list(sources)
        self._limits = limits
        self._place = place
        self._children: dict[str, Child] = {}
        self._hopeless: dict[str, Failure] = {}  # why nothing of the unit can be called, by device
        self._hung: defaultdict[tuple[bool, str], int] = defaultdict(int)  # see _check_hung
        # Seconds by device, but for CUDA: CPU time of the children that have ended.
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._waited = 0.0  # on the wall
        self._skip: set[wire.Position] = set()  # statements that took too long
        self._at: wire.Position | None = None  # where the child was that ended last
        self._ended: Failure | None = None  # of the first load that ended before its time
        self.uncompiled = False  # whether the program asked for `torch.compile`, which did nothing

    def call(self, asked: Invocation) -> evaluate.CallResult:
        """See calls.Backend. Raises Failure for whatever the student's side does wrong."""
        if asked.device != PRETEND:
            return self._call(asked)
        try:
            return self._call(asked)
        except Failure as failure:
            if failure.help_id == "wrong_device":
                raise
        # Another failure shows on the CPU, too; if it does not, the pretence is what failed.
        return self._call(replace(asked, device="cpu"))

    def _call(self, asked: Invocation) -> evaluate.CallResult:
        self._check_hung(asked.function, asked.device)
        message, payload = prepare(asked)
        child = self._child(asked.device)
        what = f"`{asked.function}`"
        reply, body = self._exchange(child, asked.device, message, payload, what)
        if isinstance(reply, wire.Result):
            if asked.cotangents is not None:
                _check_gradients(reply, asked.args)
            _check_device(reply, asked)
            outcome = _outcome(reply, body)
            pulled = sum(cotangent is not None for cotangent in asked.cotangents or ())
            outcome.sent = payload[: len(payload) - pulled]
            return outcome
        if isinstance(reply, wire.Raised) and reply.stage == "place" and self._unit != PROBE.module:
            try_product(self._host(asked.device))  # if it is not the program's doing
        raise self._explained(reply, asked.unit, asked.function, as_written(asked))

    def measure(self, asked: Invocation) -> evaluate.CallResult:
        """See calls.Backend. The kernel counts the memory, and no program can lower its count."""
        device = asked.device
        if device in self._children:
            self._end(device)  # the peak of an earlier call would hide this one's
        self._child(device, measured=True)
        outcome = self.call(asked)
        if device == "cpu":
            try:
                outcome.peak = self._children[device].peak()
            except ChildDied:
                raise crash(f"`{asked.function}`", how(self._died(device))) from None
        return outcome

    def close(self) -> None:
        """End the children."""
        for child in self._children.values():
            child.close()
        self._children.clear()

    def _check_hung(self, function: str, device: str) -> None:
        """Do not wait again for a function that never returned. Raises Failure.

        A pretended device is slow: what does not end there may end elsewhere.
        """
        times = self._hung[device == PRETEND, function]
        if times >= RETRIES_AFTER_TIMEOUT:
            told = say(
                "`%(function)s` was not called again: it had not returned %(times)s times before.",
                function=function,
                times=times,
            )
            raise Failure(told, help_id="timeout")

    def _child(self, device: str, measured: bool = False) -> Child:
        """The device's child with the submission loaded, or the reason why it cannot be."""
        if device in self._hopeless:
            raise _again(self._hopeless[device])
        if device in self._children:
            return self._children[device]
        try:
            reply = self._load(device, measured)
        except Failure as failure:
            self._hopeless[device] = failure
            raise
        if isinstance(reply, wire.Raised):
            self._hopeless[device] = self._explained(reply, self._unit, "")
            raise _again(self._hopeless[device])
        if isinstance(reply, wire.Loaded):
            self._skip.update(reply.stopped)
        return self._children[device]

    def _load(self, device: str, measured: bool) -> wire.Reply:
        """Import the submission in a fresh child; where that ends, anew without where it ended.

        What ran out of time is tried once more in any case: every test of the unit depends on it,
        and a cold disk may have been the reason.
        """
        what = say("Importing %(file)s", file=self._file(self._unit))
        seconds = self._limits.statement_seconds, self._limits.load_seconds
        again = True
        for _ in range(ENDED):
            child = self._children[device] = self._spawn(device)
            if measured:
                child.watch_closely()
            if device != "cpu":
                self._start(child, device)
            skip = sorted(self._skip)
            load = wire.Load(nonce(), self._sources, self._unit, measured, skip, *seconds)
            try:
                return self._exchange(child, device, load, [], what)[0]
            except Failure as failure:
                self._ended = self._ended or failure
                if self._at and self._at not in self._skip:
                    self._skip.add(self._at)
                elif failure.help_id == "timeout" and again:
                    again = False
                else:
                    raise
        assert self._ended
        raise _again(self._ended)

    def _start(self, child: Child, device: str) -> None:
        """Start the device, which no call is charged for. Raises IsolationError without CUDA."""
        start = wire.Start(nonce(), device, self._limits.memory_mib << 20)
        try:
            reply, _ = child.request(start, [], time.monotonic() + START_SECONDS)
            failed = f"{reply.error}: {reply.message}" if isinstance(reply, wire.Raised) else ""
        except (ChildDied, ChildTimedOut, wire.WireError) as error:
            failed = str(error) or f"it was not ready after {START_SECONDS:g} s"
        if not failed:
            child.has_started()
            return
        self._end(device)
        cause = f"Inside the sandbox {device.upper()} does not start: {failed}"
        raise IsolationError(cause) if device == "cuda" else Failure(cause)

    def _host(self, device: str) -> WarmHost:
        """The host of a device's children; what is pretended needs no other than the CPU's."""
        return self._hosts("cpu" if device == PRETEND else device)

    def _spawn(self, device: str) -> Child:
        memory = self._limits.memory_mib << 20
        seconds = int(self._limits.unit_seconds * 2) + 5
        reply = self._limits.gpu_reply_mib if device == "cuda" else self._limits.reply_mib
        limits = ProcessLimits(memory, seconds, reply << 20)
        place = f"{self._place} {PRETEND}" if device == PRETEND else self._place
        host = self._host(device)
        cells = [cell for source in self._sources for cell in source.cells]
        needs = {
            "notebooks": any(source.notebook for source in self._sources),
            "optimizers": any("optim" in cell for cell in cells),
            "plots": any("matplotlib" in cell for cell in cells),
            "tests": self._tests,
            PRETEND: device == PRETEND or (device == "cuda" and rehearses()),
        }
        pretend = device if device == PRETEND else ""
        return host.spawn(limits, place, pretend, [what for what, is_so in needs.items() if is_so])

    def _exchange(
        self,
        child: Child,
        device: str,
        message: wire.Request,
        payload: Sequence[bytes],
        what: str,
        answer: Answer | None = None,
    ) -> tuple[wire.Reply, bytearray]:
        """One request and its reply; a child that fails to give one is ended.

        answer: see Child.request; where it raises a Failure, the child is ended, too.
        """
        start = time.monotonic()
        try:
            clocks, watch = self._clocks(device), None
            cpu, wall = self._left(device, sum(clocks.values()), *self._most(message))
            if isinstance(message, wire.Load):
                watch = LoadWatch(child, self._limits.statement_seconds)
            late = clocks.get(device, 0.0) + cpu
            reply, body = child.request(message, payload, start + wall, late, watch, answer)
            self.uncompiled |= isinstance(reply, wire.Loaded | wire.Result) and reply.uncompiled
            return reply, body
        except ChildTimedOut as late:
            self._end(device)
            raise self._late(late, message, what, Deadline(wall, cpu)) from None
        except ChildDied as death:
            reason = how(self._died(device)) if str(death) == "ended" else str(death)
            self._end(device)
            raise crash(what, reason) from None
        except wire.WireError as error:
            self._end(device)
            told = say("%(what)s gave %(error)s.", what=what, error=str(error))
            raise Failure(told, help_id="unreadable_result") from None
        except Failure:
            self._end(device)
            raise
        finally:
            self._waited += time.monotonic() - start

    def _late(
        self, late: ChildTimedOut, message: wire.Request, what: str, most: Deadline
    ) -> Exception:
        """What to raise for an exchange that met a limit. most: seconds, however long it took."""
        if isinstance(message, wire.Call):
            self._hung[message.device == PRETEND, message.function] += 1
        if isinstance(late, ChildOutOfCpu):
            return too_late("cpu", what, late.seconds or most.cpu)
        return too_late("gpu" if math.isinf(most.cpu) else "wall", what, most.wall)

    def _most(self, message: wire.Request) -> tuple[float, float]:
        """How many CPU-seconds an exchange may take, and how many seconds on the wall."""
        limits = self._limits
        if isinstance(message, wire.Call):
            return limits.call_seconds, limits.call_wall_seconds
        seconds = limits.load_seconds + limits.statement_seconds + GRACE  # a file is run twice
        return seconds, seconds * WALL_TIMES

    def _left(self, device: str, clock: float, cpu: float, wall: float) -> tuple[float, float]:
        """The CPU-seconds, and the seconds on the wall, that the next exchange may take.

        clock: of all children. cpu, wall: see _most. With CUDA only the wall counts: its work is
        charged to nobody, and whoever waits for a GPU that others use is charged for waiting.
        Raises Failure if none are left.
        """
        limits = self._limits
        seconds = min(cpu, limits.unit_seconds - sum(self._spent.values()) - clock)
        wall = min(wall, limits.unit_wall_seconds - self._waited)
        if device == "cuda":
            seconds = math.inf
        if seconds <= 0:
            raise used_up("cpu", limits.unit_seconds)
        if wall <= 0:
            raise used_up("wall", limits.unit_wall_seconds)
        return seconds, wall

    def _clocks(self, device: str) -> dict[str, float]:
        """The CPU-seconds so far of the children there are, but for CUDA's.

        Raises ChildDied where the device's own has died; of another one its own next call tells.
        """
        clocks = {}
        for name, child in self._children.items():
            with contextlib.nullcontext() if name == device else contextlib.suppress(ChildDied):
                clocks[name] = child.cpu_seconds() if name != "cuda" else 0.0
        return clocks

    def _died(self, device: str) -> Ended:
        """How a child ended that was not ended by us; SIGKILL may have come from anybody."""
        ended = self._end(device)
        if ended.signal == signal.SIGKILL:
            self._host(device).killed += 1
        return ended

    def _end(self, device: str) -> Ended:
        child = self._children.pop(device, None)
        if child is None:
            return Ended()
        if device != "cuda":
            with contextlib.suppress(ChildDied):
                self._spent[device] += child.cpu_seconds()
        self._at = child.at()
        return child.close()

    def _explained(self, reply: wire.Reply, unit: str, function: str, call: str = "") -> Failure:
        """What a reply that is no result says; of a missing function, what may have cost it."""
        assert isinstance(reply, wire.Raised | wire.Missing), "Child.request sees to it"
        file, source = self._file(unit), next((s for s in self._sources if s.module == unit), None)
        if isinstance(reply, wire.Missing) and not (reply.found or reply.lost):
            why = (source and not_run(function, source)) or (self._ended and self._ended.message)
            if why:
                return never_defined(file, function, why)
        failure = explain(reply, unit, function, file, call)
        if failure.help_id == "not_started" and source and (why := not_run(function, source)):
            told = say("%(told)s %(why)s", told=failure.message, why=why)
            return Failure(told, help_id=failure.help_id)
        return failure

    def _file(self, unit: str) -> str:
        return next((s.file for s in self._sources if s.module == unit), f"{unit}.py")


def try_product(host: WarmHost, device: str = "") -> None:
    """Multiply two matrices behind the wall, in a program that is ours.

    device: the host's own, if nothing else is said. Raises IsolationError where that fails: then no
    submission's program is to blame.
    """
    device = device or host.device
    backend = SandboxBackend(lambda _: host, PROBE.module, [PROBE], CourseLimits(), PROBE.module)
    try:
        backend._call(Invocation(PROBE.module, "product", [torch.ones(2, 2)], device=device))
    except Failure as failure:
        cause = f"Inside the sandbox {device.upper()} does not work: {failure.message}"
        raise IsolationError(cause) from failure
    finally:
        backend.close()


def prepare(asked: Invocation, mode: wire.Mode = "observe") -> tuple[wire.Call, list[bytes]]:
    """A call, ready to be sent, and its tensors' bytes."""
    payload: list[bytes] = []
    cotangents = asked.cotangents
    message = wire.Call(
        nonce(),
        asked.unit,
        asked.function,
        wire.Items([wire.encode(arg, payload, strided=True) for arg in asked.args]),
        wire.Fields({k: wire.encode(v, payload, strided=True) for k, v in asked.kwargs.items()}),
        asked.device,
        None if cotangents is None else wire.Items([wire.encode(c, payload) for c in cotangents]),
        mode,
    )
    return message, payload


def _outcome(reply: wire.Result, body: bytearray) -> evaluate.CallResult:
    reader = wire.Reader(body)
    value = reader.decode(reply.value)
    received = bytes(body[: reader.offset])
    gradients = None if reply.gradients is None else reader.decode(reply.gradients)
    return evaluate.CallResult(value, list(reply.changed), gradients, received=received)


def _check_gradients(reply: wire.Result, args: Sequence[Any]) -> None:
    """One gradient, a tensor or none, for each floating tensor sent: nothing else is ours."""
    leaves = evaluate.leaves(args)
    got = reply.gradients.items if reply.gradients else []
    known = all(g is None or (isinstance(g, wire.Tensor) and g.library == "torch") for g in got)
    if len(got) != len(leaves) or not known:
        raise Failure("The gradients that came back are not those of the arguments.")


def _check_device(reply: wire.Result, asked: Invocation) -> None:
    """A result belongs on the device of the tensors it was made from, or on the one asked for."""
    for tensor in wire.tensors(reply.value):
        if tensor.library == "torch" and tensor.device.partition(":")[0] != asked.device:
            given = evaluate.arrays([*asked.args, *asked.kwargs.values()])
            tensors = any(isinstance(array, torch.Tensor) for array in given)
            if not tensors and not asked.kwargs.get("device"):
                return
            told = say(
                "The result is on %(got)s, the input on %(expected)s. Make new tensors with "
                "`device=x.device`.",
                got=tensor.device,
                expected=asked.device,
            )
            raise Failure(told, help_id="wrong_device")


def _again(failure: Failure) -> Failure:
    """The same failure for another test, with a traceback of its own."""
    return Failure(failure.message, help=failure.help, help_id=failure.help_id, facts=failure.facts)
