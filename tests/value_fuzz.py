"""Odd replies, put before the hidden tests: every one is an ordinary failure, and nothing grows.

python tests/value_fuzz.py ROUNDS SEED    one line of JSON: what was tried, and what went wrong
Each round runs every test once, on right replies up to some call and odd ones from there on. They
come as a child's frames do, through the same caps, the same tests and the same reports.
"""

from __future__ import annotations

import json
import math
import random
import resource
import signal
import sys
import traceback
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from autograder.core import course as courses
from autograder.core import units
from autograder.core.course import Unit
from autograder.grading.outcomes import Recorder, Whereabouts
from autograder.grading.protocol import UnitOutcome
from autograder.grading.scoring import count_points
from autograder.grading.tester import OUR_MEMORY, collecting
from autograder.mistakes import catalogue
from autograder.mistakes.diagnose import Recording
from autograder.notebooks.gradebook import reasons
from autograder.reports.pages.html import student_page
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report
from autograder.reports.store import MOST_BYTES, encode, fitted
from autograder.sandbox import evaluate, isolate, wire, worker
from autograder.supervisor.backend import SandboxBackend
from autograder.testing import plugin
from autograder.testing.calls import Invocation
from autograder.testing.parallel import TimedCase

ROOT = Path(__file__).parents[1]
SPANNED = 1 << 50  # numbers, where a 0 among its sizes leaves none: above, torch makes no array
SECONDS = 20.0  # that one test may take; right ones take a hundredth
TEXT = "\x1b[2J\n::error::x\r<script>%(name)s%s{{7*7}}\u202e\ud800" + "长" * 500
Odd = Callable[[random.Random, Any], Any]


def _array(chance: random.Random) -> Any:
    """An array of any dtype and shape, up to some mebibytes."""
    most = chance.choice((1, 30, 1000, 1 << 20, 7 << 20))
    shape: list[int] = []
    while len(shape) < 7 and chance.random() < 0.7:
        shape.append(chance.choice((0, 1, 1, 2, 3, 5, 7, 64, 1000, 1 << 20)))
    dtype = chance.choice([dtype for dtype, _ in wire.DTYPES.values()])
    while shape and (
        math.prod(shape) * dtype.itemsize > most or math.prod(n or 1 for n in shape) > SPANNED
    ):
        shape[shape.index(max(shape))] //= 2
    made = torch.full(shape, chance.choice((0, 1, 7, 200)), dtype=torch.int16).to(dtype)
    return made.numpy() if chance.random() < 0.4 and dtype != torch.bfloat16 else made


def _deep(chance: random.Random) -> Any:
    value: Any = chance.choice((1, [], {}))
    for _ in range(chance.choice((3, 30, 40))):
        value = [value] if chance.random() < 0.8 else {TEXT: value}
    return value


def _wide(chance: random.Random) -> Any:
    count = chance.choice((2, 64, 1000, 2600, 20_000))
    part = chance.choice(
        (0.5, None, TEXT[:9], np.zeros(3), torch.zeros(()), [1.0, 2.0], np.ones(64))
    )
    return {str(i): part for i in range(count)} if chance.random() < 0.2 else [part] * count


def _plain(chance: random.Random) -> Any:
    numbers = (None, True, 0, -1, 2**62, -(2**63), 1e308, -0.0, math.nan, math.inf, 1 + 2j, 2**70)
    return chance.choice(
        (*numbers, TEXT, "", [], {}, [[]], object(), torch.device("cpu"), range(3))
    )


def _retyped(chance: random.Random, right: Any) -> Any:
    dtype = chance.choice([dtype for dtype, _ in wire.DTYPES.values()])
    return _mapped(right, lambda array: torch.as_tensor(array).detach().to(dtype))


def _reshaped(chance: random.Random, right: Any) -> Any:
    changes: list[Callable[[torch.Tensor], torch.Tensor]] = [
        lambda t: t.unsqueeze(0), lambda t: t.unsqueeze(-1), lambda t: t.flatten(),
        lambda t: t.transpose(0, -1), lambda t: t[..., :-1], lambda t: t[:1], lambda t: t[:0],
        lambda t: t.repeat(1000, *[1] * (t.dim() - 1)), lambda t: t.sum(),
    ]  # fmt: skip
    change = chance.choice(changes)
    return _mapped(right, lambda array: change(torch.atleast_1d(torch.as_tensor(array).detach())))


def _revalued(chance: random.Random, right: Any) -> Any:
    value = chance.choice((math.nan, math.inf, -math.inf, 0.0, 1e300, -1.0))
    change = partial(_filled, value=value, some=chance.random() < 0.5)
    return _mapped(right, change)


def _filled(array: Any, value: float, some: bool) -> Any:
    made = torch.as_tensor(array).detach().double().clone(memory_format=torch.contiguous_format)
    if some and made.numel():
        made.view(-1)[0] = value
        return made if isinstance(array, torch.Tensor) else made.numpy()
    made = torch.full_like(made, value)
    return made if isinstance(array, torch.Tensor) else made.numpy()


def _rewrapped(chance: random.Random, right: Any) -> Any:
    wraps: list[Callable[[Any], Any]] = [
        lambda v: [v], lambda v: [v, v], lambda v: {"value": v}, lambda v: [v, None],
        lambda v: [[v]] * 3, lambda v: v[:1] if isinstance(v, (list, tuple)) else v,
        lambda v: _mapped(v, lambda a: torch.as_tensor(a).detach().tolist()),
        lambda v: _mapped(v, lambda a: torch.as_tensor(a).detach()),
        lambda v: _mapped(v, lambda a: torch.as_tensor(a).detach().double().numpy()),
    ]  # fmt: skip
    return chance.choice(wraps)(right)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, (torch.Tensor, np.ndarray, int, float)) else value


def _one_leaf(chance: random.Random, right: Any) -> Any:
    """The right value with something else in one place."""
    if not isinstance(right, (list, tuple)) or not right:
        return anything(chance, right)
    changed = list(right)
    place = chance.randrange(len(changed))
    changed[place] = anything(chance, changed[place])
    return changed


FREE = (_array, _array, _deep, _wide, _plain, _plain)
BOUND: tuple[Odd, ...] = (_retyped, _reshaped, _revalued, _rewrapped, _one_leaf)


def anything(chance: random.Random, right: Any) -> Any:
    """Something else than the right value, from far away or from near by."""
    if chance.random() < 0.45:
        return chance.choice(FREE)(chance)
    return chance.choice(BOUND)(chance, right)


class OddChild:
    """Answers as a child does, in frames; from some call on with anything."""

    def __init__(self, chance: random.Random, unit: str) -> None:
        self._chance = chance
        self._unit = unit
        self.wait = 0  # right replies before the first odd one
        self.odd = 0
        self.broken: list[str] = []  # what went wrong in making odd replies, which tests nothing

    def request(self, message: Any, payload: Sequence[bytes], *_: Any) -> Any:
        """See Child.request."""
        body: list[bytes] = []
        header = b"".join(wire.pack(self._reply(message, payload, body))[1:])
        if len(header) > wire.MAX_REPLY_HEADER:
            raise wire.WireError("a result with too many parts")
        reply, data = wire.parse_reply(header), b"".join(body)
        if wire.reply_payload_size(reply) != len(data):
            raise wire.WireError("a result of another size than it says")
        return reply, bytearray(data)

    def _reply(self, message: wire.Call, payload: Sequence[bytes], body: list[bytes]) -> wire.Reply:
        chance, self.wait = self._chance, self.wait - 1
        right = self._right(message, payload)
        if self.wait >= 0 and not isinstance(right, wire.Raised):
            value, gradients = right.value, right.gradients
        else:
            self.odd += 1
            if chance.random() < 0.08:
                return self._raised(message.nonce)
            if isinstance(right, wire.Raised):
                right = evaluate.CallResult(None)
            try:
                value, gradients = anything(chance, right.value), right.gradients
                if gradients is not None and chance.random() < 0.5:
                    odd = [_as_tensor(anything(chance, g)) for g in gradients]
                    value, gradients = right.value, odd
            except Exception:
                self.broken.append(traceback.format_exc()[-600:])
                raise
        changed = [chance.randrange(9)] * (chance.random() < 0.05)
        pulled = None
        tree = wire.encode(value, body)
        if gradients is not None:
            pulled = wire.Items([wire.encode(g, body) for g in gradients])
        return wire.Result(message.nonce, tree, changed, pulled)

    def _right(self, message: wire.Call, payload: Sequence[bytes]) -> Any:
        reader = wire.Reader(bytearray(b"".join(payload)))
        args, kwargs = reader.decode(message.args), reader.decode(message.kwargs)
        function = getattr(units.solution(ROOT, message.module), message.function)
        try:
            if message.cotangents is None:
                return evaluate.call(function, args, kwargs)
            return evaluate.vjp(function, args, kwargs, reader.decode(message.cotangents))
        except Exception as error:
            return wire.Raised(message.nonce, "call", type(error).__name__, str(error)[:2000])

    def _raised(self, nonce: int) -> wire.Reply:
        text = wire.clean(TEXT)
        frame = wire.Frame(text[:200], self._chance.choice((0, -1, 2**40)), text[:200], text[:200])
        kinds = [text[:200], "ValueError"][: self._chance.randrange(3)]
        lost = (
            wire.Lost(text[:200], frame, text[:200], text) if self._chance.random() < 0.5 else None
        )
        if self._chance.random() < 0.2:
            return wire.Missing(nonce, text[:200], lost)
        stage: Any = self._chance.choice(("import", "call", "reply"))
        return wire.Raised(nonce, stage, text[:200], text, [frame] * 20, kinds, lost)


def _as_tensor(value: Any) -> Any:
    return torch.as_tensor(value) if isinstance(value, np.ndarray) else value


class OddBackend(SandboxBackend):
    """The grader's backend with a child that is none."""

    def __init__(self, unit: Unit, child: OddChild, limits: courses.Limits) -> None:
        sources = [wire.Source(unit.name, f"{unit.name}.py", [""], False, [])]
        super().__init__(lambda device: SimpleNamespace(killed=0), unit.name, sources, limits)  # type: ignore[arg-type, return-value]
        self._odd = child

    def _child(self, device: str, measured: bool = False) -> Any:
        self._spent.clear()
        return self._odd

    def measure(self, asked: Invocation) -> evaluate.CallResult:
        """See calls.Backend."""
        outcome = self.call(asked)
        outcome.peak = 1 << 20
        return outcome

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See calls.Backend."""
        args = event.fresh(event.scaling.few)
        event.check(self.call(Invocation(unit, function, args, {}, device)).value, args)
        return {}


class Fuzz:
    """The pytest plugin: one session, collected once."""

    def __init__(self, course: courses.Course, rounds: int, seed: int) -> None:
        self._course, self._rounds, self._chance = course, rounds, random.Random(seed)
        self.tried: Counter[str] = Counter()  # odd replies by test
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.largest = 0  # bytes of a report

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests."""
        isolate.limit_memory(OUR_MEMORY)
        signal.signal(signal.SIGALRM, _late)
        for _ in range(self._rounds):
            for unit in self._course.units:
                items = [i for i in session.items if i.path.stem == f"test_{unit.name}"]
                self._round(unit, items)
        return True

    def _round(self, unit: Unit, items: Sequence[pytest.Item]) -> None:
        child = OddChild(self._chance, unit.name)
        backend = OddBackend(unit, child, self._course.limits)
        solution = lambda name, function: getattr(units.solution(ROOT, name), function)  # noqa: E731
        known, common = partial(catalogue.known, ROOT), partial(catalogue.common, ROOT)
        recording = Recording(backend, known, common, solution)
        recorder = Recorder(recording, Whereabouts(), lambda *_: iter(()))
        config = items[0].config
        config.stash[plugin.BACKEND], config.stash[plugin.SEED] = (
            recording,
            str(self._chance.random()),
        )
        config.pluginmanager.register(recorder)
        try:
            for item in items:
                child.wait, child.odd = self._chance.choice((0, 0, 0, 0, 1, 2, 5)), 0
                signal.setitimer(signal.ITIMER_REAL, SECONDS)
                recorder.run(item)
                signal.setitimer(signal.ITIMER_REAL, 0)
                self.tried[f"{unit.name}::{item.name}"] += child.odd
            child.wait = 0
            self._look(unit, recorder)
            self.wrong += child.broken
        except BaseException:
            self.wrong.append(f"{unit.name}: {traceback.format_exc()[-1500:]}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            config.pluginmanager.unregister(recorder)

    def _look(self, unit: Unit, recorder: Recorder) -> None:
        """The way of an outcome into a report, and of that onto pages and into comments."""
        data = msgspec.msgpack.encode(
            UnitOutcome(recorder.results, recorder.figures, recorder.error)
        )
        outcome = msgspec.msgpack.decode(data, type=UnitOutcome)
        tests = count_points(unit, outcome.tests, frozenset(courses.KINDS))
        self.statuses.update(test.status for test in tests)
        if any(test.status == "error" for test in tests) or outcome.error:
            self.wrong.append(f"{unit.name}: {outcome.error}")
        facts: dict[str, Any] = {"score": 0.0, "max_score": 1.0, "figures": outcome.figures}
        facts |= {"isolation": "full", "device": "cpu", "file": f"{unit.name}.py"}
        report = Report(student="odd", unit=unit.name, status="graded", tests=tests, **facts)
        report = fitted(report)
        made = encode(report)
        self.largest = max(self.largest, len(made))
        student = StudentReports("odd", "odd", {unit.name: report})
        for language in ("en", "zh"):
            page, said = student_page(student, self._course, language), reasons(tests, language)
            if "<script" in page or any(map(_unseen, (page, said, made.decode()))):
                self.wrong.append(f"{unit.name}: what is never shown, or markup: {said[:300]!r}")
        if len(made) > MOST_BYTES:
            self.wrong.append(f"{unit.name}: a report of {len(made)} bytes")


def _unseen(text: str) -> bool:
    return any(unicodedata.category(c)[0] == "C" and c not in "\n\t" for c in text)


def _late(*_: object) -> None:
    raise TimeoutError("a test looked at an odd reply for too long")


def main() -> None:
    """Fuzz, and say how it went."""
    rounds, seed = map(int, sys.argv[1:])
    course = courses.load(ROOT)
    looking = [u for u in course.units if not any(e.asks_for_tests for e in u.exercises)]
    course = msgspec.structs.replace(course, units=looking)  # tests of tests look at no reply
    worker.warm()
    fuzz = Fuzz(course, rounds, seed)
    tests = [units.hidden_tests(ROOT, name) for name in course.unit_names]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = pytest.main(collecting(ROOT, tests), [fuzz])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {
        "code": int(code),
        "tests": len(fuzz.tried),
        "replies": fuzz.tried.total(),
        "fewest": fuzz.tried.most_common()[-1],
        "statuses": fuzz.statuses,
        "largest_report": fuzz.largest,
        "peak_mib": peak >> 10,
        "before_mib": before >> 10,
        "wrong": fuzz.wrong,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
