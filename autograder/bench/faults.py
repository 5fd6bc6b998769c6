"""Faults injected into a grading that runs: is anything lost, doubled or marked otherwise?

Faults strike a real `autograder grade`, each at a random moment of it, one after another: the same
command is run again after each. In the end it is run until it says that all is graded, as its user
would, and every report is compared with those of a grading that nothing disturbed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from autograder.bench.generate import generate
from autograder.core.course import Course
from autograder.core.processes import autograder
from autograder.grading.protocol import TESTER
from autograder.reports import store
from autograder.supervisor.bubblewrap import HOST

PATIENCE_SECONDS = 600.0  # for a grading to get under way
MOST_RUNS = 5  # of the same command, after a fault
DISK_BYTES = 1 << 30
LITTLE_ROOM = 16 << 10  # bytes: for a report or two

# A report's status, its score, of how many points, and what each test came to.
Marked = tuple[str, float | None, float, dict[str, str]]


class Skipped(Exception):  # noqa: N818 - an outcome
    """This machine does not let the fault be injected; the message says why."""


class Grading:
    """`autograder grade` of one unit, as its user starts it."""

    def __init__(self, course: Course, submissions: Path, unit: str, jobs: int) -> None:
        self.submissions = submissions
        self.unit = unit
        self.count = sum(path.is_dir() for path in submissions.iterdir())
        self._command = autograder(
            "grade", str(submissions), "--course", str(course.root), "--unit", unit
        )
        self._command += ["--no-speed", "--quiet", "--jobs", str(jobs), "--results"]

    def start(self, results: Path) -> subprocess.Popen[str]:
        """Start it, in a session of its own: signals are for it alone."""
        command = [*self._command, str(results)]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def finish(self, results: Path) -> int:
        """Run it until all is graded; return how many runs that took. Raises RuntimeError."""
        for run in range(1, MOST_RUNS + 1):
            process = self.start(results)
            _, said = process.communicate()
            if process.returncode == 0:
                return run
        raise RuntimeError(f"Grading did not come to an end in {MOST_RUNS} runs: {said}")

    def done(self, results: Path) -> list[Path]:
        """The reports that there are."""
        return list(results.glob(f"*/{self.unit}.json"))

    def marks(self, results: Path) -> dict[str, Marked | None]:
        """What each report says, by the student's folder; None for one that is not whole."""
        return {path.parent.name: _mark(path) for path in self.done(results)}


class Struck(NamedTuple):
    """What came of faults. runs: how many it took afterwards until all was graded."""

    lost: int
    doubled: int
    different: int
    runs: int

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or marked otherwise."""
        return not (self.lost or self.doubled or self.different)


Fault = Callable[[Grading, Path, int], None]  # a grading, its results, after how many reports


def interrupt(grading: Grading, results: Path, after: int) -> None:
    """Ctrl-C."""
    with _under_way(grading, results, after) as process:
        process.send_signal(signal.SIGINT)


def kill_grader(grading: Grading, results: Path, after: int) -> None:
    """kill -9 of `autograder grade` itself."""
    with _under_way(grading, results, after) as process:
        process.kill()


def kill_tester(grading: Grading, results: Path, after: int) -> None:
    """kill -9 of a process that runs the hidden tests."""
    with _under_way(grading, results, after) as process:
        kill_one(process.pid, TESTER)


def kill_host(grading: Grading, results: Path, after: int) -> None:
    """kill -9 of a warm host of students' programs, or of the wall around it."""
    with _under_way(grading, results, after) as process:
        kill_one(process.pid, HOST)


def kill_child(grading: Grading, results: Path, after: int) -> None:
    """kill -9 of a student's process."""
    with _under_way(grading, results, after) as process:
        kill_one(process.pid, HOST, youngest=True)


def corrupt_reports(grading: Grading, results: Path, after: int) -> None:
    """Reports cut short, emptied or overwritten, and a grader killed in mid-run."""
    kill_grader(grading, results, after)
    for number, path in enumerate(random.sample(paths := grading.done(results), len(paths) // 2)):
        data = path.read_bytes()
        path.write_bytes([data[: len(data) // 2], b"", os.urandom(len(data))][number % 3])


def two_graders(grading: Grading, results: Path, after: int) -> None:
    """Two of the same command at once; one of them is killed."""
    first = grading.start(results)
    with _under_way(grading, results, after) as second:
        random.choice([first, second]).kill()
        first.communicate()


def full_disk(grading: Grading, results: Path, after: int) -> None:
    """A disk that fills up, and is given room later. Raises Skipped where it is not one of ours."""
    if not results.is_mount():
        raise Skipped("only root can mount a disk to be filled")
    with _under_way(grading, results, after) as process:
        used = shutil.disk_usage(results).used
        _resize(results, used + LITTLE_ROOM)
        _, said = process.communicate()
    _resize(results, DISK_BYTES)
    if process.returncode != 3 or "No space left on device" not in " ".join(said.split()):
        raise RuntimeError(f"A full disk was not told: {process.returncode}, {said}")


FAULTS: dict[str, Fault] = {
    "Ctrl-C": interrupt,
    "kill -9 of the grader": kill_grader,
    "kill -9 of a tester": kill_tester,
    "kill -9 of a warm host": kill_host,
    "kill -9 of a child": kill_child,
    "corrupt reports": corrupt_reports,
    "two graders at once": two_graders,
    "full disk": full_disk,
}


def disturb(
    faults: Sequence[Fault],
    grading: Grading,
    undisturbed: Mapping[str, Marked | None],
    results: Path,
) -> Struck:
    """Inject faults into one grading, one after another, each at a random moment; compare.

    Raises Skipped for a fault that cannot be injected here.
    """
    moments = sorted(random.choices(range(grading.count - 2), k=len(faults)))
    with _disk(results):
        for fault, after in zip(faults, moments, strict=True):
            fault(grading, results, after)
        runs = grading.finish(results)
        found = grading.marks(results)
        whole = {student for student, mark in found.items() if mark}
        left_over = [*results.rglob(f"{store.WRITING}*")]
        return Struck(
            lost=len(undisturbed.keys() - whole),
            doubled=len(found.keys() - undisturbed.keys()) + len(left_over),
            different=sum(found[student] != undisturbed[student] for student in whole),
            runs=runs,
        )


def bench(course: Course, submissions: int, rounds: int, unit: str, console: Console) -> bool:
    """Inject every fault into a run, `rounds` times; print a table; whether all went well."""
    table = Table(title=f"{submissions} submissions of {unit}, every fault in each run")
    for heading in ("run", "faults", "lost", "doubled", "other marks", "runs afterwards"):
        table.add_column(heading, justify="right")
    good = True
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        place = Path(folder)
        generate(course, place / "class", submissions, unit)
        grading = Grading(course, place / "class", unit, jobs=2)
        grading.finish(place / "undisturbed")
        undisturbed = grading.marks(place / "undisturbed")
        with _disk(place / "disk") as mounted:
            names = [name for name in FAULTS if mounted or FAULTS[name] is not full_disk]
        console.print(f"In random order: {', '.join(names)}.")
        for number in range(1, rounds + 1):
            random.shuffle(names)
            faults, results = [FAULTS[name] for name in names], place / f"run {number}"
            found = disturb(faults, grading, undisturbed, results)
            good &= found.good
            row = [number, len(names), *found]
            table.add_row(*map(str, row))
            console.print(f"Run {number}: {found}", style="dim", highlight=False)
    console.print(table)
    return good


@contextmanager
def _disk(folder: Path) -> Iterator[bool]:
    """A new folder, on a disk of its own where that can be mounted; whether it is."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    try:
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder)


def _resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@contextmanager
def _under_way(grading: Grading, results: Path, after: int) -> Iterator[subprocess.Popen[str]]:
    """A grading that has made so many reports, and a random moment more; then wait for its end."""
    process = grading.start(results)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(grading.done(results)) < after and process.poll() is None:
            if time.monotonic() > deadline:
                raise RuntimeError("The grading did not get under way.")
            time.sleep(0.02)
        time.sleep(random.uniform(0, 0.3))
        yield process
        process.wait()
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def kill_one(pid: int, name: str, *, youngest: bool = False) -> None:
    """End one of a process's descendants, as soon as there is one, by what its command line holds.

    youngest: a fork of such a process, once it has its own filter of system calls: a student's.
    """
    grader = psutil.Process(pid)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while grader.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        with contextlib.suppress(psutil.Error, OSError):
            everyone = grader.children(recursive=True)
            found = [other for other in everyone if name in " ".join(other.cmdline())]
            if youngest:
                found = [other for other in found if _is_walled_in(other)]
            if found:
                random.choice(found).kill()
                return
        time.sleep(0.001)


def _is_walled_in(process: psutil.Process) -> bool:
    parent = process.parent()
    return parent is not None and _filters(process) > _filters(parent)


def _filters(process: psutil.Process) -> int:
    """How many filters of system calls hold a process. Source: proc_pid_status(5)."""
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("Seccomp_filters:")))


def _mark(path: Path) -> Marked | None:
    report = store.read(path)
    if report is None:
        return None
    tests: dict[str, str] = {test.id: test.status for test in report.tests}
    return report.status, report.score, report.max_score, tests
