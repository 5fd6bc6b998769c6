"""The clock: its verdicts on made-up times, on real programs, and on programs that cheat.

No test looks at seconds: what is asserted holds on a busy machine too.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from machine import patience

from autograder.bench import speed_errors as bench_clock
from autograder.core.course import Course
from autograder.core.errors import CourseError, GraderError
from autograder.sandbox import wire
from autograder.speed import clock, lock
from autograder.speed import race as races
from autograder.speed.clock import GATE, LEAD, MOST_PAIRS, Unmeasured, Verdict
from autograder.speed.race import Program, Programs
from autograder.supervisor.child import ChildDied, ChildTimedOut, ProcessLimits
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure
from autograder.testing.direct import LocalBackend
from autograder.testing.inputs import Draw
from autograder.testing.parallel import TimedCase, counts, grows
from course.units.attention.hidden.clock.cases import CONTROLS, NAMES, loops_over, oracle
from course.units.attention.public.loops import SCALINGS

CHEATS = sorted(path for path in (ROOT / "tests" / "cheats").glob("*.py") if path.stem != "slow")
SUCCEEDED = "THE CHEAT SUCCEEDED"

# The verdict, on made-up times


def race(student: Callable[[], float], reference: Callable[[], float], loop: float = 20) -> Verdict:
    """A race between made-up times; the control takes `loop` times as long as a reference."""
    return clock.race(
        lambda _: student(),
        lambda _: reference(),
        lambda _: loop * reference(),
        fresh=lambda: None,
        rest=lambda _: None,
    )


def noisy(seconds: float, spread: float, seed: int) -> Callable[[], float]:
    """Times around a median, spread as on a busy machine: never faster than a half of it."""
    source = random.Random(seed)
    return lambda: seconds * max(0.5, source.lognormvariate(0, spread))


@given(st.floats(0.5, 2), st.floats(1e-6, 10), st.integers(0, 99))
def test_an_honest_program_is_parallel(ratio: float, seconds: float, seed: int) -> None:
    verdict = race(noisy(seconds / ratio, 0.1, seed), noisy(seconds, 0.1, seed + 1))
    assert verdict.word == "parallel"
    assert verdict.pairs == LEAD, "as soon as it is clear"


@given(st.floats(0.001, 0.2), st.floats(1e-6, 10), st.integers(0, 99))
def test_a_sequential_program_is_sequential(ratio: float, seconds: float, seed: int) -> None:
    verdict = race(noisy(seconds / ratio, 0.1, seed), noisy(seconds, 0.1, seed + 1))
    assert verdict.word == "sequential"
    assert verdict.error < 1e-3


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=40), st.randoms())
def test_a_students_times_alone_never_make_it_unmeasurable(
    times: list[float], source: random.Random
) -> None:
    verdict = race(lambda: source.choice(times), lambda: 0.01)
    assert verdict.word in ("parallel", "sequential")


@given(st.lists(st.floats(2.1, 100), min_size=3, max_size=9))
def test_nothing_is_measured_against_a_reference_that_jumps_about(jumps: list[float]) -> None:
    times = itertools.cycle(time for jump in jumps for time in (1.0, jump))
    verdict = race(lambda: 9.0, lambda: next(times), loop=1e6)
    assert (verdict.word, verdict.reason) == ("unmeasurable", clock.UNSTEADY)


def test_a_control_that_is_not_slow_shows_that_the_ruler_is_broken() -> None:
    verdict = race(lambda: 1.0, lambda: 1.0, loop=1)
    assert (verdict.word, verdict.reason) == ("unmeasurable", clock.NO_RULER)


def test_one_stalled_pair_decides_nothing() -> None:
    times = [1.0] * 100
    times[2] = times[9] = 40.0
    source = iter(times)
    assert race(lambda: next(source), lambda: 1.0).word == "parallel"


def test_a_program_fails_only_after_rounds_apart_in_time() -> None:
    rests: list[float] = []
    verdict = clock.race(
        lambda _: 9.0,
        lambda _: 1.0,
        lambda _: 20.0,
        fresh=lambda: None,
        rest=rests.append,
    )
    assert verdict.word == "sequential"
    assert rests == [clock.REST_SECONDS] * (clock.FAILED_ROUNDS - 1)


def test_a_slow_round_does_not_fail_a_program_that_is_fast_in_the_next() -> None:
    slow_turns = iter([9.0] * LEAD)
    assert race(lambda: next(slow_turns, 1.0), lambda: 1.0).word == "parallel"


def test_the_majority_decides_what_stays_open() -> None:
    times = [1.0 if i % 2 else 9.0 for i in range(MOST_PAIRS)]
    assert clock.judge([1.0] * 30, times[:30]) is None
    verdict = clock.judge([1.0] * MOST_PAIRS, times)
    assert verdict is not None
    assert verdict.word == "sequential"
    assert verdict.ratio == pytest.approx(1 / 9)


@pytest.mark.parametrize("flips", [0.0, 0.1, 0.2])
def test_wrong_verdicts_are_as_rare_as_the_bound_says(flips: float) -> None:
    source = random.Random(5)
    rounds = 4000

    def goes_wrong() -> bool:
        times: list[float] = []
        verdict = None
        while verdict is None:
            times.append(9.0 if source.random() < flips else 1.0)
            verdict = clock.judge([1.0] * len(times), times)
        return verdict.word == "sequential"

    assert sum(goes_wrong() for _ in range(rounds)) <= 3 + rounds * clock.wrong(LEAD)


# The lock


def hold(inside: object, leave: object) -> None:
    with lock.alone("cpu", time.monotonic() + 60):
        inside.set()  # type: ignore[attr-defined]
        leave.wait(60)  # type: ignore[attr-defined]


def test_one_timing_at_a_time_and_none_is_held_by_the_dead() -> None:
    context = multiprocessing.get_context("spawn")
    inside, leave = context.Event(), context.Event()
    process = context.Process(target=hold, args=(inside, leave))
    process.start()
    assert inside.wait(60)
    with pytest.raises(Unmeasured), lock.alone("cpu", time.monotonic()):
        pass
    process.kill()
    process.join()
    with lock.alone("cpu", time.monotonic() + 60):
        pass


def test_the_lock_is_never_taken_in_a_folder_of_somebody_else(tmp_path: Path) -> None:
    assert lock._folder(tmp_path) == lock._folder(tmp_path)
    folder = lock._folder(tmp_path)
    folder.chmod(0o777)
    with pytest.raises(GraderError, match="not this user's own"):
        lock._folder(tmp_path)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(GraderError, match="not this user's own"):
        lock._folder(tmp_path)


# Real programs


@pytest.fixture(scope="module")
def host() -> Iterator[WarmHost]:
    with WarmHost([ROOT]) as warm:
        yield warm


@pytest.fixture(scope="module")
def pace() -> float:
    """How many times as long as on a quiet machine to wait for what hangs."""
    return patience(1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
    """One failed round will do here, and nobody waits long."""
    monkeypatch.setattr(clock, "FAILED_ROUNDS", 1)
    monkeypatch.setattr(races, "STALL_SECONDS", (3 * pace, 3 * pace))


PROGRAMS = ROOT / "course" / "units" / "attention" / "hidden" / "clock"
BATCH, QUERIES, KEYS = SCALINGS["attention"]


@pytest.fixture
def run(host: WarmHost, course: Course, impatient: None, pace: float) -> Callable[..., Verdict]:
    """Race a program at attention; raises as a test of speed does."""
    limits = msgspec.structs.replace(course.limits, call_seconds=2 * pace)

    def run(program: Program, scaling: object = BATCH, seed: int = 7) -> Verdict:
        control = CONTROLS[scaling.over]  # type: ignore[attr-defined]
        event = TimedCase(scaling, Draw(str(seed)), "cpu", oracle, control, NAMES)  # type: ignore[arg-type]
        programs = Programs(
            program,
            Program(races.texts(ROOT / "solutions"), "attention", "attention"),
            races.control(ROOT, "attention", control),
        )
        return races.race(lambda device: host, event, programs, limits)

    return run


def functions(module: str) -> list[str]:
    text = (PROGRAMS / f"{module}.py").read_text("utf-8")
    return re.findall(r"^def ([a-z]\w*)", text, re.MULTILINE)


@pytest.mark.parametrize("function", functions("parallel"))
@pytest.mark.parametrize("scaling", [BATCH, QUERIES, KEYS], ids=lambda scaling: scaling.over)
def test_honest_programs_are_parallel(
    run: Callable[..., Verdict], function: str, scaling: object
) -> None:
    texts = races.texts(PROGRAMS)
    verdict = run(Program(texts, "parallel", function), scaling)
    assert verdict.word == "parallel"
    assert verdict.ratio > GATE


@pytest.mark.parametrize("function", functions("sequential"))
def test_loops_are_sequential(run: Callable[..., Verdict], function: str) -> None:
    """Along the size that they run."""
    (scaling,) = (
        scaling for scaling in SCALINGS["attention"] if scaling.over == loops_over(function)
    )
    texts = races.texts(PROGRAMS)
    with pytest.raises(Failure) as caught:
        run(Program(texts, "sequential", function), scaling)
    failure = caught.value
    assert failure.help_id == "looped"
    size = scaling.sizes[scaling.over]
    assert re.match(r"One call took \d+ times as long as the reference at ", failure.message)
    assert f"{scaling.over} {size}" in failure.message
    assert failure.message.endswith(f": that is what a Python loop over the {scaling.over} costs.")
    assert "as advice: torch was called" in failure.help
    assert failure.facts["ratio"] < GATE
    once, twice = failure.facts["operations"], failure.facts["operations_doubled"]
    assert 1.5 < twice / once < 2.5


def sources(*paths: Path) -> list[wire.Source]:
    first, *others = paths
    named = [("attention", first), *((path.stem, path) for path in others)]
    return [wire.Source(n, f"{n}.py", [p.read_text("utf-8")], False, []) for n, p in named]


def test_there_are_cheats_enough() -> None:
    assert len(CHEATS) >= 20


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda path: path.stem)
def test_no_cheat_gains_anything(run: Callable[..., Verdict], cheat: Path) -> None:
    """It fails, in words, and neither passes nor comes out as "could not be measured"."""
    program = Program(sources(cheat, cheat.parent / "slow.py"), "attention", "attention")
    with pytest.raises(Failure) as caught:
        run(program)
    assert caught.value.help_id or caught.value.facts, "it fails for what it did"
    assert SUCCEEDED not in caught.value.message


def test_what_the_cheats_want_to_pass_off_is_right_and_slow(run: Callable[..., Verdict]) -> None:
    slow = ROOT / "tests" / "cheats" / "slow.py"
    with pytest.raises(Failure, match="times as long as the reference"):
        run(Program(sources(slow), "attention", "attention"))
    assert run(Program(sources(slow), "attention", "attend")).word == "parallel"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (ChildTimedOut(), Unmeasured),
        (races.Stalled(), Unmeasured),
        (Failure("`attention` did not finish.", help_id="timeout"), Unmeasured),
        (Failure("the result has another shape"), GraderError),
        (ChildDied("ended"), GraderError),
    ],
)
def test_what_holds_up_the_reference_is_no_students_fault(
    wrong: Exception, told: type[Exception]
) -> None:
    """A cold disk once held the control for seconds: that says nothing, not that we are broken."""

    class Late:
        def turn(self, arguments: object) -> object:
            raise wrong

    with pytest.raises(told):
        races._our_turn(Late(), [[]])


def test_a_frozen_program_stands_still(host: WarmHost) -> None:
    """All its threads: nothing is charged to it, and it answers when it may go on."""
    text = (ROOT / "tests" / "cheats" / "busy_threads.py").read_text("utf-8")
    source = wire.Source("busy", "busy.py", [text.replace("import slow", "")], False, [])
    child = host.spawn(ProcessLimits(1 << 30, 60), "busy")
    deadline = time.monotonic() + 60
    child.request(wire.Load(1, [source], "busy"), [], deadline)
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


def test_counts_tell_a_loop_from_none() -> None:
    backend = LocalBackend(ROOT / "nowhere")
    with contextlib.ExitStack() as stack:
        stack.callback(sys.modules.pop, "sequential", None)
        sys.path.insert(0, str(PROGRAMS))
        stack.callback(sys.path.remove, str(PROGRAMS))
        looped = backend.advise("sequential", "sentences", BATCH, Draw("seed"))
        assert "torch was called" in looped
        assert "a Python loop over the batch" in looped
        assert backend.advise("sequential", "_attend", BATCH, Draw("seed")) is None


def test_the_words_for_counts() -> None:
    assert not grows(BATCH, 5, 5)
    assert grows(BATCH, 257, 513)
    said = counts(BATCH, 1025, 2049)
    assert said == "torch was called 1,025 times at batch 256, 2,049 at 512"


def test_a_bench_goes_on_from_its_log(tmp_path, course):
    programs = bench_clock.programs(course)
    todo = bench_clock.plan(bench_clock.tallies(programs), 3)
    assert todo[:4] == bench_clock.plan(bench_clock.tallies(programs), 2)
    log = tmp_path / "log.jsonl"
    first = bench_clock.Graded(todo[0].program, todo[0].scaling.over, "parallel", 0.9)
    log.write_bytes(msgspec.json.encode(first) + b'\n{"program": "cut')
    assert bench_clock.read_log(log, todo) == 1
    assert todo[0].graded == [first] and log.read_bytes().count(b"\n") == 1
    assert log.read_bytes().endswith(b"\n")
    log.write_bytes(b'{"program": 1}\n')
    with pytest.raises(CourseError, match="line 1"):
        bench_clock.read_log(log, bench_clock.plan(bench_clock.tallies(programs), 3))
