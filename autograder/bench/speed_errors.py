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
from typing import Any, Literal

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.core import units
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.lending import Lender
from autograder.core.processes import python
from autograder.sandbox import wire
from autograder.speed.clock import Unmeasured
from autograder.speed.race import RacingBackend
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure
from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling, TimedCase

Word = Literal["parallel", "sequential", "unmeasurable", "refused"]  # the last: by a GPU


class Graded(msgspec.Struct, frozen=True):
    """What one grading came to: a line of the log. share: None where nothing could be timed."""

    program: str
    over: str
    word: Word
    share: float | None = None


@dataclass(frozen=True)
class TimedProgram:
    """A program in a unit's hidden/clock/FUNCTION/KIND.py, and the walk that it is timed along.

    kind: "parallel" or "sequential". case: what its function's entry in cases.py says.
    """

    unit: str
    function: str
    kind: str
    name: str
    scaling: Scaling
    case: Any

    @property
    def label(self) -> str:
        """Its name among the programs of all functions."""
        return f"{self.function}: {self.name}"

    def grade(self, course: Course, host: WarmHost, seed: str) -> Graded:
        """Grade it once, in processes of its own, as the test of speed does."""
        oracle, names, controls = self.case
        control = controls[self.scaling.over]
        event = TimedCase(self.scaling, Draw(seed), oracle, control, names)
        path = _folder(course, self.unit) / self.function / f"{self.kind}.py"
        sources = [wire.Source(self.unit, path.name, [path.read_text("utf-8")], False, [])]
        backend = RacingBackend(lambda device: host, self.unit, sources, course.limits, course.root)
        what = (self.label, self.scaling.over)
        try:
            facts = backend.race(self.unit, self.name, host.device, event)
        except Unmeasured:
            return Graded(*what, "unmeasurable")
        except Failure as failure:
            if failure.help_id != "looped":
                if host.device == "cpu":
                    raise
                return Graded(*what, "refused")
            return Graded(*what, "sequential", failure.facts["share"])
        finally:
            backend.close()
        return Graded(*what, "parallel", facts["share"])


@dataclass
class VerdictTally:
    """What became of one program's gradings along one walk."""

    of: TimedProgram
    graded: list[Graded] = field(default_factory=list)

    @property
    def words(self) -> list[Word]:
        """The verdicts."""
        return [graded.word for graded in self.graded]

    @property
    def shares(self) -> list[float]:
        """The program's shares of the loop's time, of those that were timed."""
        return [graded.share for graded in self.graded if graded.share is not None]

    @property
    def wrong(self) -> int:
        """How many gradings came out as the opposite of what the program is."""
        return self.words.count("sequential" if self.of.kind == "parallel" else "parallel")


def _folder(course: Course, unit: str) -> Path:
    return units.unit_folder(course.root, unit) / "hidden" / "clock"


def programs(course: Course) -> list[TimedProgram]:
    """Every unit's: honest ones along every walk, sequential ones along their own.

    Raises CourseError where the course has none.
    """
    found = []
    for unit in course.unit_names:
        cases = units.module(course.root, unit, "hidden.clock.cases")
        loops = units.module(course.root, unit, "public.loops")
        if not cases or not loops:
            continue
        for function, case in cases.FUNCTIONS.items():
            for kind in ("parallel", "sequential"):
                path = _folder(course, unit) / function / f"{kind}.py"
                for name in re.findall(r"^def ([a-z]\w*)", path.read_text("utf-8"), re.MULTILINE):
                    own = cases.WALKS.get(name.partition("_")[0])
                    found += [
                        TimedProgram(unit, function, kind, name, scaling, case)
                        for scaling in loops.SCALINGS[function]
                        if kind == "parallel" or scaling.over == own
                    ]
    if not found:
        raise CourseError("No unit has programs to grade: hidden/clock/cases.py.")
    return found


def plan(found: list[VerdictTally], gradings: int) -> list[VerdictTally]:
    """Whom to grade: honest and sequential in turn, so that a longer plan begins like this one."""
    kinds = [[t for t in found if t.of.kind == kind] for kind in ("parallel", "sequential")]
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
        if (graded.program, graded.over) != (tally.of.label, tally.of.scaling.over):
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
    device: str = "cpu",
) -> bool:
    """Grade honest and sequential programs `gradings` times each; print a table of what came out.

    noise: how many processes multiply matrices meanwhile, one a core in turn. jobs: how many are
    graded at once. log: a file that each grading is added to
    as a line of JSON; what it holds already is not done again. Returns whether no more than one
    verdict in a thousand is wrong, of either kind. Raises CourseError for a log that is not of
    these programs. device: where they are timed, "cpu" or "cuda".
    """
    found = [VerdictTally(program) for program in programs(course)]
    todo = plan(found, gradings)
    done = read_log(log, todo)
    err, start = Console(stderr=True), time.monotonic()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("ab")) if log else None
        stack.enter_context(noisy(noise))
        hosts = Lender(lambda: WarmHost([course.root], device))
        stack.callback(hosts.close)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)

        def one(tally: VerdictTally, seed: int) -> Graded:
            with hosts.borrow() as host:
                return tally.of.grade(course, host, f"bench {seed}")

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
    good = True
    for kind, word in (("parallel", "failed"), ("sequential", "passed")):
        mine = [tally for tally in found if tally.of.kind == kind]
        total, wrong = sum(len(t.words) for t in mine), sum(t.wrong for t in mine)
        good &= wrong * 1000 <= gradings
        unmeasured = sum(t.words.count("unmeasurable") for t in mine)
        refused = sum(t.words.count("refused") for t in mine)
        console.print(
            f"{kind}: {wrong} of {total} {word} (95% bound: {bound(wrong, total):.2%}), "
            f"{unmeasured} could not be measured"
            + (f", {refused} cannot run on a GPU." if refused else ".")
        )
    console.print(f"{seconds:.2f} s a grading, {jobs} at once, with {noise} noise processes.")
    if plot:
        _plot(found, plot)
    return good


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
    table = Table(box=None, title=f"Verdicts with {noise} noise processes")
    for heading in ("program", "over"):
        table.add_column(heading, no_wrap=True)
    for heading in ("graded", "parallel", "sequential", "neither", "share", "from", "to", "gate"):
        table.add_column(heading, justify="right")
    for tally in found:
        if not tally.words:
            continue
        words = [
            str(tally.words.count(word)) for word in ("parallel", "sequential", "unmeasurable")
        ]
        shares = tally.shares or [float("nan")]
        spread = [statistics.median(shares), min(shares), max(shares), tally.of.scaling.gate]
        table.add_row(
            tally.of.label,
            tally.of.scaling.over,
            str(len(tally.words)),
            *words,
            *(f"{share:.3f}" for share in spread),
            style="red" if tally.wrong else "",
        )
    return table


def _plot(found: list[VerdictTally], path: Path) -> None:
    """A panel for each walk: every program's shares as a row of dots, and the gate."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    walks: dict[tuple[str, str], list[VerdictTally]] = {}
    for tally in found:
        if tally.shares:
            walks.setdefault((tally.of.function, tally.of.scaling.over), []).append(tally)
    figure, panels = pyplot.subplots(
        len(walks),
        sharex=True,
        squeeze=False,
        figsize=(8, 0.16 * sum(map(len, walks.values())) + 0.4 * len(walks)),
        height_ratios=[len(tallies) + 1 for tallies in walks.values()],
        layout="constrained",
    )
    for axes, ((function, over), tallies) in zip(panels[:, 0], walks.items(), strict=True):
        for row, tally in enumerate(reversed(tallies)):
            color = "tab:green" if tally.of.kind == "parallel" else "tab:red"
            axes.plot(tally.shares, [row] * len(tally.shares), "|", color=color, alpha=0.4)
        axes.axvline(tallies[0].of.scaling.gate, color="black", linewidth=1)
        axes.set_xscale("log")
        axes.set_title(f"{function} over {over}", fontsize=7, loc="left", pad=2)
        axes.set_yticks(range(len(tallies)))
        axes.set_yticklabels([tally.of.name for tally in reversed(tallies)], fontsize=5)
    axes.set_xlabel("the program's time as a share of the loop's; the line is the gate")
    figure.savefig(path, dpi=120)
