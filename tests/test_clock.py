"""The clock: its verdicts on made-up times, on real programs, and on programs that cheat.

No test looks at seconds: what is asserted holds on a busy machine too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import itertools
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from machine import patience

from autograder.bench import speed_errors as bench
from autograder.bench.speed_errors import TimedProgram
from autograder.core import course as courses
from autograder.core.course import Course
from autograder.core.errors import CourseError, GraderError
from autograder.sandbox import wire
from autograder.sandbox.pretend import can_pretend
from autograder.speed import clock, lock
from autograder.speed import race as races
from autograder.speed.clock import GIVEN_UP, MOST_CALLS, NEAR, GivenUp, Unmeasured, Verdict
from autograder.speed.race import RacingBackend, TimedBackend
from autograder.supervisor.child import Child, ProcessLimits
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation
from autograder.testing.direct import LocalBackend
from autograder.testing.inputs import Draw
from autograder.testing.parallel import Counts, Scaling, TimedCase, counts, grows
from course.units.attention.hidden.test_attention import NAMES, attention64
from course.units.attention.public.loops import SCALINGS

CHEATS = sorted(path for path in (ROOT / "tests" / "cheats").glob("*.py") if path.stem != "slow")
SUCCEEDED = "THE CHEAT SUCCEEDED"
GATE = 0.05

# The verdict, on made-up times


def judge(call: Callable[[], float], loop: Callable[[], float] = lambda: 1.0) -> Verdict:
    return clock.judge(lambda given: call(), lambda anew: loop(), GATE)


def noisy(seconds: float, spread: float, seed: int) -> Callable[[], float]:
    """Times around a median, spread as on a busy machine: never less than a half of it."""
    source = random.Random(seed)
    return lambda: seconds * max(0.5, source.lognormvariate(0, spread))


@given(st.floats(0.001, 0.015), st.floats(1e-6, 10), st.integers(0, 99))
def test_an_honest_program_is_parallel(share: float, seconds: float, seed: int) -> None:
    verdict = judge(noisy(share * seconds, 0.1, seed), noisy(seconds, 0.1, seed + 1))
    assert verdict.parallel
    assert verdict.calls == clock.LEAD, "as soon as it is clear"


@given(st.floats(0.2, 1.5), st.floats(1e-6, 10), st.integers(0, 99))
def test_a_loop_is_sequential(share: float, seconds: float, seed: int) -> None:
    verdict = judge(noisy(share * seconds, 0.1, seed), noisy(seconds, 0.1, seed + 1))
    assert not verdict.parallel
    assert verdict.calls == clock.LEAD


def test_near_the_gate_every_call_is_beside_a_fresh_loop() -> None:
    asked: list[bool] = []

    def loop(anew: bool) -> float:
        asked.append(anew)
        return 1.5 if anew else 1.0  # by now the machine is slower

    verdict = clock.judge(lambda given: GATE * 1.2, loop, GATE)
    assert verdict == (True, pytest.approx(GATE * 0.8), clock.NEAR_LEAD)
    assert asked == [False, *[True] * clock.NEAR_LEAD]


def test_far_from_the_gate_one_loop_is_enough_and_one_odd_call_decides_nothing() -> None:
    times = iter([GATE / NEAR / 2, GATE * NEAR * 4, *[GATE / NEAR / 2] * 9])
    anew: list[bool] = []
    verdict = clock.judge(lambda given: next(times), lambda a: anew.append(a) or 1.0, GATE)
    assert verdict.parallel
    assert verdict.calls == 4
    assert not any(anew)


def test_the_majority_decides_what_stays_open() -> None:
    times = itertools.cycle([9.0, 0.001])
    verdict = judge(lambda: next(times))
    assert (verdict.parallel, verdict.calls) == (False, MOST_CALLS)
    assert verdict.share == 9.0


def test_a_call_that_takes_twice_a_loops_time_is_given_up() -> None:
    def call(given: float) -> float:
        assert given == GIVEN_UP * 3
        raise GivenUp

    assert clock.judge(call, lambda anew: 3.0, GATE) == (False, GIVEN_UP, 1)


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=40), st.randoms())
def test_a_programs_times_never_make_it_unmeasurable(
    times: list[float], source: random.Random
) -> None:
    assert judge(lambda: source.choice(times)).calls <= MOST_CALLS


@pytest.mark.parametrize(("flips", "lead"), [(0.02, clock.LEAD), (0.05, clock.NEAR_LEAD)])
def test_wrong_verdicts_are_as_rare_as_the_leads_say(flips: float, lead: int) -> None:
    """A vote that noise turns now and then; near the gate more often, so it takes more of them."""
    source = random.Random(5)
    side, other = (0.6 * GATE, 1.6 * GATE) if lead == clock.NEAR_LEAD else (0.1 * GATE, 9 * GATE)
    wrong = sum(
        not judge(lambda: other if source.random() < flips else side).parallel for _ in range(4000)
    )
    assert wrong <= 3 + 2 * 4000 * (flips / (1 - flips)) ** lead


def test_the_time_of_a_loop_is_the_least_that_came_twice() -> None:
    times = iter([9.0, 1.0, 5.0, 1.1])
    assert clock.steady(lambda: next(times)) == 1.0
    slower = iter([2.2, 3.9, 3.7, 4.0])  # as on a virtual machine: its processor slowed down
    assert clock.steady(lambda: next(slower)) == 3.7
    jumps = (2.0**i for i in itertools.count())
    with pytest.raises(Unmeasured) as caught:
        clock.steady(lambda: next(jumps))
    assert str(caught.value) == clock.UNSTEADY


# Turns on a GPU


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lock, "folder", lambda: tmp_path)
    return tmp_path


def test_on_the_cpu_nobody_waits_for_anybody(turns: Path) -> None:
    with lock.alone("cpu"), lock.alone("cpu"), lock.shared("cpu"):
        assert not list(turns.iterdir())


def test_one_is_timed_on_a_gpu_or_many_compute(
    turns: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock.shared("cuda"), lock.shared("cuda"):
        pass
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.0)
    for inside, outside in [(lock.alone, lock.alone), (lock.alone, lock.shared)]:
        with inside("cuda"), pytest.raises(Unmeasured), outside("cuda"):
            pass
    with lock.alone("cuda"), lock.alone("another"):
        pass


def test_whoever_waits_for_a_gpu_comes_before_all_who_come_later(turns: Path) -> None:
    """Catches: one who waits to be alone, while others come and go and leave no gap."""
    order: list[str] = []

    def take(kind: Callable[[str], contextlib.AbstractContextManager[None]], name: str) -> None:
        with kind("cuda"):
            order.append(name)

    def at_the_door() -> bool:
        with (turns / "cuda-0-door").open() as door:
            try:
                fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    with lock.shared("cuda"):
        first = threading.Thread(target=take, args=(lock.alone, "alone"))
        first.start()
        while not at_the_door():
            time.sleep(0.001)
        later = [threading.Thread(target=take, args=(lock.shared, "shared")) for _ in range(3)]
        for thread in later:
            thread.start()
        assert order == []
    for thread in (first, *later):
        thread.join()
    assert order == ["alone", "shared", "shared", "shared"]


def test_the_turns_are_kept_where_nobody_else_can_make_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a name in /tmp, which anybody may take before us."""
    monkeypatch.setattr(lock.os, "access", lambda *_: False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert lock.folder() == lock.folder()
    assert lock.folder().is_relative_to(tmp_path / ".cache")
    assert lock.folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("HOME", "/proc/self")
    with pytest.raises(GraderError, match="cannot be made"):
        lock.folder()


# Real programs


@pytest.fixture(scope="module")
def host() -> Iterator[WarmHost]:
    with WarmHost([ROOT]) as warm:
        yield warm


BATCH, QUERIES, _ = SCALINGS["attention"]
# Where it is only to be seen that a program loops, a quarter of the sentences are enough.
FEWER = dataclasses.replace(BATCH, sizes={**BATCH.sizes, "batch": BATCH.sizes["batch"] // 4})
PROGRAMS = bench.programs(courses.load(ROOT))
LOOPS = [program for program in PROGRAMS if program.kind == "sequential"]
# One walk each; `autograder bench clock` grades them along all.
HONEST = list({p.label: p for p in PROGRAMS if p.kind == "parallel"}.values())


def word(program: TimedProgram, course: Course, host: WarmHost) -> str:
    """The verdict; on a machine so busy that nothing can be measured, of the next try."""
    words = (program.grade(course, host, f"seed {i}").word for i in range(5))
    return next(found for found in words if found != "unmeasurable")


def label(program: TimedProgram) -> str:
    return f"{program.function}-{program.name}-{program.scaling.over}"


@pytest.mark.parametrize("program", HONEST, ids=label)
def test_honest_programs_are_parallel(
    program: TimedProgram, course: Course, host: WarmHost
) -> None:
    """However they are written, and with constants of milliseconds in each call."""
    assert word(program, course, host) == "parallel"


@pytest.mark.parametrize("program", LOOPS, ids=label)
def test_loops_are_sequential(program: TimedProgram, course: Course, host: WarmHost) -> None:
    """Over all of the work or over half of it, in torch, in TorchScript, in NumPy, in floats."""
    assert word(program, course, host) == "sequential"


@pytest.fixture
def run(host: WarmHost, course: Course) -> Callable[..., dict[str, Any]]:
    """Race a program at attention; raises as a test of speed does."""
    limits = msgspec.structs.replace(course.limits, call_seconds=2 * patience(1))

    def run(*paths: Path, function: str = "attention", seed: str = "seed") -> dict[str, Any]:
        control = "attention_by_sentence"
        event = TimedCase(FEWER, Draw(seed), attention64, control, NAMES)
        backend = RacingBackend(lambda device: host, "attention", sources(*paths), limits, ROOT)
        with contextlib.closing(backend):
            return backend.race("attention", function, "cpu", event)

    return run


def test_a_race_asks_for_right_numbers_in_whatever_dtype() -> None:
    """One omission is one failure: a test of its own asks for the dtype."""
    event = TimedCase(FEWER, Draw("seed"), attention64, "attention_by_sentence", NAMES)
    args = event.fresh(FEWER.few)
    right = attention64(*(arg.double() for arg in args))
    event.check(right, args)
    event.check([value.float() for value in right], args)
    for wrong in (right[:1], [value * 1.001 for value in right], [v.half() for v in right]):
        with pytest.raises(Failure):
            event.check(wrong, args)


def sources(*paths: Path) -> list[wire.Source]:
    first, *others = paths
    named = [("attention", first), *((path.stem, path) for path in others)]
    return [wire.Source(n, f"{n}.py", [p.read_text("utf-8")], False, []) for n, p in named]


SLOW = ROOT / "tests" / "cheats" / "slow.py"


def test_there_are_cheats_enough() -> None:
    assert len(CHEATS) >= 20


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda path: path.stem)
def test_no_cheat_gains_anything(run: Callable[..., dict[str, Any]], cheat: Path) -> None:
    """It fails, in words, and neither passes nor comes out as "could not be measured"."""
    with pytest.raises(Failure) as caught:
        run(cheat, SLOW)
    assert caught.value.help_id or caught.value.facts, "it fails for what it did"
    assert SUCCEEDED not in caught.value.message


def test_what_the_cheats_want_to_pass_off_is_right_and_slow(
    run: Callable[..., dict[str, Any]],
) -> None:
    with pytest.raises(Failure) as caught:
        run(SLOW)
    failure = caught.value
    assert failure.help_id == "looped"
    assert "of the time that a loop over the 4,096 sentences takes;" in failure.message
    assert "as advice: a GPU would run" in failure.help
    once, twice = failure.facts["operations"], failure.facts["operations_doubled"]
    assert 1.5 < twice / once < 2.5
    facts = run(SLOW, function="attend")
    assert facts["share"] < facts["gate"] < failure.facts["share"]


def test_whoever_does_know_the_seed_knows_every_answer(run: Callable[..., dict[str, Any]]) -> None:
    """The cheat that looks for it would win, if the seed stood in a release or came from one."""
    assert run(SLOW.with_name("recovers_the_seed.py"), SLOW, seed="public")


def test_what_could_not_be_timed_on_our_side_is_no_students_fault() -> None:
    """A cold disk once held a loop of ours for seconds: that says nothing, not that we broke."""
    late = Failure("`f` did not finish.", help_id="timeout")
    stopped = Failure("It could not be stopped.", help_id="stalled")
    for wrong in (GivenUp(), late, stopped):
        with pytest.raises(Unmeasured), races._our_side():
            raise wrong
    with pytest.raises(GraderError), races._our_side():
        raise Failure("the result has another shape")


def test_a_loop_is_timed_once_a_minute(
    course: Course, host: WarmHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(races, "_taken", {})
    measured: list[int] = []
    monkeypatch.setattr(clock, "steady", lambda call: measured.append(1) or 1.0)
    event = TimedCase(FEWER, Draw("seed"), attention64, "attention_by_sentence", NAMES)
    for _ in range(2):
        ours = races.OurLoops(lambda device: host, ROOT, "attention", course.limits)
        with contextlib.closing(ours):
            assert ours.seconds(event, "cpu", False) == event.size / FEWER.few
    assert len(measured) == 1
    monkeypatch.setattr(races, "DRIFT_SECONDS", -1.0)
    with contextlib.closing(ours):
        ours.seconds(event, "cpu", False)
    assert len(measured) == 2


def test_not_a_tick_is_free(course: Course, host: WarmHost) -> None:
    """What is judged is all that the process was ever charged, its busy threads with it.

    Catches: a clock that is read while threads run, and of which the kernel knows the last tick.
    """
    busy = (ROOT / "tests" / "cheats" / "busy_threads.py").read_text("utf-8")
    text = busy.replace("import slow", "") + "    pass\n\n\ndef spin_on(x):\n    return x\n"
    text = text.replace("return slow.attention(q, k, v)", "return q")
    source = wire.Source("busy", "busy.py", [text], False, [])
    backend = TimedBackend(lambda device: host, "busy", [source], course.limits, "busy")
    with contextlib.closing(backend):
        backend.timed([Invocation("busy", "attention", [1, 2, 3])], 60.0)
        child = backend._children["cpu"]
        for _ in range(20):
            before = child.cpu_seconds()
            _value, times = backend.timed([Invocation("busy", "spin_on", [1])] * 2, 60.0)
            assert child.cpu_seconds() - before == pytest.approx(2 * times.seconds, abs=1e-9)


def test_a_frozen_program_stands_still(host: WarmHost) -> None:
    """All its threads: nothing is charged to it, and it answers when it may go on."""
    deadline = time.monotonic() + patience(60)
    child = loaded(host, "busy_threads", deadline)
    call = wire.Call(2, "busy", "attention", wire.Items([1, 2, 3]), wire.Fields({}), mode="plain")
    child.request(call, [], deadline)  # it raises, but its threads run
    before = child.cpu_seconds()
    while child.cpu_seconds() == before:
        assert time.monotonic() < deadline
    child.freeze()
    before = child.cpu_seconds()
    time.sleep(0.1)
    assert child.cpu_seconds() == before
    child.thaw()
    while child.cpu_seconds() == before:
        assert time.monotonic() < deadline
    child.freeze()
    ended = child.close()
    assert ended.signal == 9, "a frozen program can still be ended"


def test_a_program_that_wakes_itself_is_frozen(host: WarmHost) -> None:
    """Catches: a stop that is asked for once, and taken back before all threads have heard of it.

    So about one in forty was.
    """
    with contextlib.closing(loaded(host, "wakes_itself", time.monotonic() + patience(60))) as child:
        for _ in range(150):
            child.freeze()
            child.thaw()


def loaded(host: WarmHost, cheat: str, deadline: float) -> Child:
    """A process with a cheat as its module `busy`, which loops over nothing of ours."""
    text = (ROOT / "tests" / "cheats" / f"{cheat}.py").read_text("utf-8")
    source = wire.Source("busy", "busy.py", [text.replace("import slow", "")], False, [])
    child = host.spawn(ProcessLimits(1 << 30, 60), "busy")
    child.request(wire.Load(1, [source], "busy"), [], deadline)
    return child


def test_several_children_live_side_by_side(host: WarmHost) -> None:
    first, second = (host.spawn(ProcessLimits(1 << 30, 60), place) for place in ("a", "b"))
    again = host.spawn(ProcessLimits(1 << 30, 60), "b")
    load = wire.Load(1, [wire.Source("m", "m.py", ["x = 1"], False, [])], "m")
    for child in (first, again):
        reply, _ = child.request(load, [], time.monotonic() + 60)
        assert isinstance(reply, wire.Loaded)
    with pytest.raises(Exception, match="ended"):
        second.request(load, [], time.monotonic() + 60)
    for child in (first, again):
        child.close()


# Without a clock


@pytest.fixture
def loops_of_attention() -> Iterator[None]:
    """`sequential`, importable as a student's module is."""
    folder = ROOT / "course" / "units" / "attention" / "hidden" / "clock" / "attention"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
    sys.modules.pop("sequential", None)


def test_counts_tell_a_loop_from_none(loops_of_attention: None) -> None:
    backend = LocalBackend(ROOT / "nowhere")
    looped = backend.advise("sequential", "sentences", BATCH, Draw("seed"))
    assert "a GPU would run" in looped
    assert "a loop over the sentences" in looped
    assert backend.advise("sequential", "_attend", BATCH, Draw("seed")) is None


def counted(program: TimedProgram, course: Course, host: WarmHost) -> Counts:
    """As after a verdict of the clock's."""
    folder = ROOT / "course" / "units" / program.unit / "hidden" / "clock"
    path = folder / program.function / f"{program.kind}.py"
    event = TimedCase(program.scaling, Draw("seed"), attention64, "")
    source = wire.Source(program.unit, path.name, [path.read_text("utf-8")], False, [])
    backend = RacingBackend(lambda _: host, program.unit, [source], course.limits, ROOT)
    with contextlib.closing(backend):
        return backend._counted(Invocation(program.unit, program.name), event)


# What no count sees: numbers of NumPy's and Python's own; nor can a GPU.
UNSEEN = re.compile("numpy|floats")


@pytest.mark.skipif(not can_pretend(), reason="torch is too old")
@pytest.mark.parametrize("share", [3, pytest.param(1, marks=pytest.mark.long)])
def test_launches_tell_loops_from_none(course: Course, host: WarmHost, share: int) -> None:
    """One in TorchScript, too, which asks torch for nothing."""
    tried = [*HONEST, *LOOPS][::share]
    found = {label(p): (p, counted(p, course, host)) for p in tried}
    wrong = [
        name
        for name, (program, many) in found.items()
        if grows(program.scaling, many) != (program.kind == "sequential")
    ]
    assert all(UNSEEN.search(name) for name in wrong), wrong
    assert len(wrong) == sum(bool(UNSEEN.search(name)) for name in found)
    assert not any(found[name][1].launched for name in wrong)
    assert sum(many.launched for _, many in found.values()) > 0.8 * len(found)


def test_the_words_for_counts() -> None:
    scaling = Scaling("batch", {"batch": 4096}, 256, 0.05, 0.01, lambda draw, n: [])
    assert not grows(scaling, Counts(5, 5))
    assert grows(scaling, Counts(257, 513))
    said = counts(scaling, Counts(1025, 2049))
    assert said == "torch was called 1,025 times at batch 256, 2,049 at 512"
    said = counts(scaling, Counts(1025, 2049, launched=True))
    assert said == "a GPU would run 1,025 operations at batch 256, 2,049 at 512"


def test_a_bench_goes_on_from_its_log(tmp_path):
    found = [bench.VerdictTally(program) for program in PROGRAMS]
    todo = bench.plan(found, 3)
    assert todo[:4] == bench.plan([bench.VerdictTally(program) for program in PROGRAMS], 2)
    log = tmp_path / "log.jsonl"
    first = bench.Graded(todo[0].of.label, todo[0].of.scaling.over, "parallel", 0.9)
    log.write_bytes(msgspec.json.encode(first) + b'\n{"program": "cut')
    assert bench.read_log(log, todo) == 1
    assert todo[0].graded == [first] and log.read_bytes().count(b"\n") == 1
    assert log.read_bytes().endswith(b"\n")
    log.write_bytes(b'{"program": 1}\n')
    with pytest.raises(CourseError, match="line 1"):
        bench.read_log(log, todo)
