"""How often the clock errs: honest and sequential programs, graded again and again, amid noise."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.core import units
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.lending import Lender
from autograder.core.processes import python
from autograder.speed import clock, race
from autograder.speed.clock import Unmeasured, Word
from autograder.speed.race import Program
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure
from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling, TimedCase


class Graded(msgspec.Struct, frozen=True):
    """What one grading came to: a line of the log. ratio: None where nothing could be timed."""

    program: str
    over: str
    word: Word
    ratio: float | None = None


@dataclass
class VerdictTally:
    """What became of one program's gradings along one scaling."""

    kind: str
    program: str
    scaling: Scaling
    graded: list[Graded] = field(default_factory=list)

    @property
    def words(self) -> list[Word]:
        """The verdicts."""
        return [graded.word for graded in self.graded]

    @property
    def ratios(self) -> list[float]:
        """The reference's time over the program's, of those that were timed."""
        return [graded.ratio for graded in self.graded if graded.ratio is not None]

    @property
    def wrong(self) -> int:
        """How many gradings came out as the opposite of what the program is."""
        return self.words.count("sequential" if self.kind == "parallel" else "parallel")


@dataclass(frozen=True)
class TimedPrograms:
    """The programs of the unit whose folder has any: hidden/clock/, and what its cases.py says."""

    unit: str
    folder: Path
    cases: ModuleType
    scalings: list[Scaling]

    def functions(self, module: str) -> list[str]:
        """The programs in a module: "parallel" or "sequential"."""
        text = (self.folder / f"{module}.py").read_text("utf-8")
        return re.findall(r"^def ([a-z]\w*)", text, re.MULTILINE)


def programs(course: Course) -> TimedPrograms:
    """The programs that are graded. Raises CourseError where the course has none."""
    for unit in course.unit_names:
        cases = units.module(course.root, unit, "hidden.clock.cases")
        loops = units.module(course.root, unit, "public.loops")
        if cases and loops:
            folder = units.unit_folder(course.root, unit) / "hidden" / "clock"
            return TimedPrograms(unit, folder, cases, loops.SCALINGS[cases.FUNCTION])
    raise CourseError("No unit has programs to grade: hidden/clock/cases.py.")


def tallies(of: TimedPrograms) -> list[VerdictTally]:
    """Honest programs along every scaling, sequential ones along the one that they loop over."""
    found = [
        VerdictTally("parallel", name, scaling)
        for name in of.functions("parallel")
        for scaling in of.scalings
    ]
    for name in of.functions("sequential"):
        own = next(scaling for scaling in of.scalings if scaling.over == of.cases.loops_over(name))
        found.append(VerdictTally("sequential", name, own))
    return found


def grade(
    course: Course, host: WarmHost, of: TimedPrograms, tally: VerdictTally, seed: int
) -> Graded:
    """Grade a program once, in processes of its own, as the test of speed does."""
    cases = of.cases
    control = cases.CONTROLS[tally.scaling.over]
    event = TimedCase(tally.scaling, Draw(str(seed)), "cpu", cases.oracle, control, cases.NAMES)
    programs = race.Programs(
        Program(race.texts(of.folder), tally.kind, tally.program),
        Program(race.texts(course.root / "solutions"), of.unit, cases.FUNCTION),
        race.control(course.root, of.unit, control),
    )
    what = (tally.program, tally.scaling.over)
    try:
        verdict = race.race(lambda device: host, event, programs, course.limits)
    except Unmeasured:
        return Graded(*what, "unmeasurable")
    except Failure as failure:
        if failure.help_id not in ("looped", "stalled"):
            raise
        return Graded(*what, "sequential", failure.facts.get("ratio"))
    return Graded(*what, verdict.word, verdict.ratio)


def plan(found: list[VerdictTally], gradings: int) -> list[VerdictTally]:
    """Whom to grade: honest and sequential in turn, so that a longer plan begins like this one."""
    kinds = [[t for t in found if t.kind == kind] for kind in ("parallel", "sequential")]
    pairs = zip(*map(itertools.cycle, kinds), strict=False)
    return list(itertools.chain.from_iterable(itertools.islice(pairs, gradings)))


def read_log(log: Path | None, todo: list[VerdictTally]) -> int:
    """Enter the gradings of an earlier run; how many they are. Raises CourseError."""
    if log is None or not log.exists():
        return 0
    whole = log.read_bytes()
    kept = whole.rfind(b"\n") + 1  # the last line may be cut short
    lines = whole[:kept].splitlines()[: len(todo)]
    for number, (line, tally) in enumerate(zip(lines, todo, strict=False), 1):
        try:
            graded = msgspec.json.decode(line, type=Graded)
        except msgspec.MsgspecError as error:
            raise CourseError(f"{log}, line {number}: {error}") from error
        if (graded.program, graded.over) != (tally.program, tally.scaling.over):
            raise CourseError(f"{log}, line {number}: of another version of the programs.")
        tally.graded.append(graded)
    if len(whole) > kept:
        os.truncate(log, kept)
    return len(lines)


def errors(
    course: Course,
    gradings: int,
    noise: int,
    jobs: int,
    plot: Path | None,
    log: Path | None,
    console: Console,
) -> bool:
    """Grade honest and sequential programs `gradings` times each; print a table of what came out.

    noise: how many processes multiply matrices meanwhile, one a core in turn. jobs: how many are
    graded at once; timed is one at a time all the same. log: a file that each grading is added to
    as a line of JSON; what it holds already is not done again. Returns whether no more than one
    verdict in a thousand is wrong, of either kind. Raises CourseError for a log that is not of
    these programs.
    """
    of = programs(course)
    found = tallies(of)
    todo = plan(found, gradings)
    done = read_log(log, todo)
    err, start = Console(stderr=True), time.monotonic()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("ab")) if log else None
        stack.enter_context(noisy(noise))
        hosts = Lender(lambda: WarmHost([course.root]))
        stack.callback(hosts.close)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)

        def one(tally: VerdictTally, seed: int) -> Graded:
            with hosts.borrow() as host:
                return grade(course, host, of, tally, seed)

        graded = pool.map(one, todo[done:], itertools.count(done))
        rest = track(
            zip(todo[done:], graded, strict=True), "Grading", len(todo) - done, console=err
        )
        for tally, came in rest:
            tally.graded.append(came)
            if file:
                file.write(msgspec.json.encode(came) + b"\n")
                file.flush()
    seconds = (time.monotonic() - start) / max(1, len(todo) - done)
    console.print(_table(found, noise))
    for kind, word in (("parallel", "failed"), ("sequential", "passed")):
        mine = [tally for tally in found if tally.kind == kind]
        total, wrong = sum(len(t.words) for t in mine), sum(t.wrong for t in mine)
        unmeasured = sum(t.words.count("unmeasurable") for t in mine)
        console.print(
            f"{kind}: {wrong} of {total} {word} (95% bound: {bound(wrong, total):.2%}), "
            f"{unmeasured} could not be measured."
        )
    console.print(f"{seconds:.2f} s a grading, {jobs} at once, with {noise} noise processes.")
    if plot:
        _plot(found, plot)
    return all(
        sum(t.wrong for t in found if t.kind == kind) * 1000 <= gradings
        for kind in ("parallel", "sequential")
    )


def bound(wrong: int, total: int) -> float:
    """An upper bound of a rate, at 95 %: exact for none, Poisson's for a few."""
    means = [3.0, 4.75, 6.3, 7.76, 9.16, 10.52]
    mean = means[wrong] if wrong < len(means) else wrong + 1.65 * wrong**0.5 + 2
    return min(1.0, mean / total)


@contextlib.contextmanager
def noisy(count: int) -> Iterator[None]:
    """Keep every core busy with other people's work."""
    cores = sorted(os.sched_getaffinity(0))
    processes = [subprocess.Popen(python("-m", "autograder.bench.noise")) for _ in range(count)]
    try:
        for number, process in enumerate(processes):
            os.sched_setaffinity(process.pid, {cores[number % len(cores)]})
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _table(found: list[VerdictTally], noise: int) -> Table:
    table = Table(box=None, title=f"Verdicts with {noise} noise processes; gate {clock.GATE:g}")
    for heading in ("program", "over"):
        table.add_column(heading, no_wrap=True)
    for heading in ("graded", "parallel", "sequential", "neither", "ratio", "from", "to"):
        table.add_column(heading, justify="right")
    for tally in found:
        if not tally.words:
            continue
        words = [
            str(tally.words.count(word)) for word in ("parallel", "sequential", "unmeasurable")
        ]
        ratios = tally.ratios or [float("nan")]
        spread = [statistics.median(ratios), min(ratios), max(ratios)]
        table.add_row(
            tally.program,
            tally.scaling.over,
            str(len(tally.words)),
            *words,
            *(f"{ratio:.3f}" for ratio in spread),
            style="red" if tally.wrong else "",
        )
    return table


def _plot(found: list[VerdictTally], path: Path) -> None:
    """Each program's ratios as a row of dots, and the gate."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [tally for tally in found if tally.ratios]
    figure, axes = pyplot.subplots(figsize=(8, 0.2 * len(shown) + 1), layout="constrained")
    for row, tally in enumerate(reversed(shown)):
        color = "tab:green" if tally.kind == "parallel" else "tab:red"
        axes.plot(tally.ratios, [row] * len(tally.ratios), "|", color=color, alpha=0.4)
    axes.axvline(clock.GATE, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("the reference's time over the program's; the line is the gate")
    axes.set_yticks(range(len(shown)))
    axes.set_yticklabels([f"{t.program}, {t.scaling.over}" for t in reversed(shown)], fontsize=7)
    figure.savefig(path, dpi=120)
