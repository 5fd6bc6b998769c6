"""A class graded."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from autograder.core.console import (
    AssignmentOption,
    CourseOption,
    LanguageOption,
    console,
    fail,
    load,
)
from autograder.core.processes import python
from autograder.core.text import one_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from autograder.batch.progress import Follower
    from autograder.batch.run import Batch
    from autograder.batch.workers import Workers
    from autograder.core.course import Course
    from autograder.intake.seen import Row, Seen
    from autograder.reports.wording import Language
    from autograder.sandbox.host import Level

Isolation = Literal["full", "reduced", "none", "best"]
IsolationOption = Annotated[
    Isolation,
    typer.Option(
        help="full: namespaces and a system-call filter. reduced: without namespaces, for "
        "machines that refuse them. none: for your own programs only. best: the strongest "
        "that works here. Marks from less than full are advisory."
    ),
]


def grade(
    submissions: Annotated[
        Path,
        typer.Argument(
            help="A folder with one folder a student: <student>/<unit>.py, <student>/<unit>.ipynb, "
            "<student>/<unit>/<file>, or a clone of their repository. `autograder collect` makes "
            "one of a platform's download.",
            exists=True,
        ),
    ],
    unit: Annotated[
        list[str] | None, typer.Option(help="Grade this unit only; may be repeated.")
    ] = None,
    assignment: AssignmentOption = None,
    student: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Grade this student only, by the folder's name or as the roster knows them; may "
            "be repeated.",
        ),
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda", "auto"],
        typer.Option(
            help="cpu: no GPU points count. cuda: a GPU is demanded. auto: a GPU if there is one."
        ),
    ] = "auto",
    results: Annotated[Path, typer.Option(help="Where the reports go.")] = Path("results"),
    jobs: Annotated[int, typer.Option(min=1, help="How many at once.")] = len(
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    ),
    isolation: IsolationOption = "full",
    speed: Annotated[
        bool, typer.Option("--speed/--no-speed", help="Whether speed counts, and is measured.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Grade again what is graded already.")
    ] = False,
    attempts: Annotated[
        bool, typer.Option("--attempts", help="Grade earlier attempts, too, as collected.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Grade on the workers of a running Dask cluster, such as tcp://host:8786.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="List what was handed in, how it was found, and stop."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print a line of JSON for each report, and one at the end."),
    ] = False,
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Grade every submission in a folder.

    Writes RESULTS/<student>/<unit>.json, RESULTS/summary.csv and pages: RESULTS/index.html leads
    to all of them. RESULTS/log.jsonl tells what happened to each submission, RESULTS/changes.csv
    which marks differ from those of the grading before, and why.

    First it says what was seen: files that lie deeper, in a zip, or under a name that a browser or
    a system has changed are found, too. Which of several files counts is never guessed: the unit
    is `unread`, and SUBMISSIONS/intake.toml decides, with lines such as ["jane"] and
    attention = "attention (1).ipynb".

    Stopping it (Ctrl-C) loses nothing: run the same command again and it goes on; work that is
    done is not done twice.

    Exit status: 0 when grading is complete, whatever the marks; 2 on wrong use; 3 when something
    could not be read, or not be graded for a reason on our side.
    """
    if sys.platform != "linux":
        fail(
            "Grading needs Linux: use the container or WSL 2, as docs/faq.md says. "
            "`autograder check` and pytest run anywhere."
        )
    from autograder.batch.attempts import earlier
    from autograder.batch.progress import Follower
    from autograder.batch.run import Batch
    from autograder.grading.protocol import Options
    from autograder.intake.seen import Row, print_seen
    from autograder.marks.whose import folder_of
    from autograder.reports.store import sole_writer

    loaded = load(course)
    units = loaded.asked(unit or [], assignment or [])
    _refuse_downloads(submissions, loaded)
    if results.resolve() == submissions.resolve():  # a student's file would be taken for a report
        fail(f"{results} is where the submissions are. Name another folder: --results DIR.")
    lines, terminal = sys.stdout.buffer if json else None, console(quiet=quiet or json)
    if scheduler and find_spec("distributed") is None:
        fail("--scheduler needs Dask: pip install 'attention-autograder[cluster]'")
    try:
        level = level_of(isolation, scheduler)
        options = Options(_settle(device, scheduler), level, speed)
        batch = Batch(loaded, submissions, results, units, options, fresh=fresh)
        if student:
            batch.asked = [folder_of(name, batch, loaded) for name in student]
        found = list[Row]()
        seen = batch.look(found.extend if dry_run else lambda rows: None)
        print_seen(terminal, seen)
        if dry_run:
            _list(found, terminal, lines)
            _end_where_unread(seen, submissions)
            return
        with sole_writer(results):
            bar, log = console(stderr=True), results / "log.jsonl"
            follower = Follower(batch.count, seen.facts(), bar, log, lines, quiet=quiet)
            with _workers(batch, jobs, scheduler) as workers, follower:
                batch.run(workers, follower)
                for one in earlier(batch) if attempts else ():
                    one.run(workers, lambda event: None)
                follower.finish()
            batch.remember()
            _write_up(batch, follower, lang, terminal)
    except KeyboardInterrupt:
        fail("Stopped. What is graded is kept: run the same command again to go on.", 130)
    if follower.reasons:
        reasons = map(one_line, follower.reasons)
        told = "Not everything could be graded. Run the same command again."
        fail("\n".join([told, *reasons]), 3)
    _end_where_unread(seen, submissions)


def _list(found: Sequence[Row], console: Console, lines: BinaryIO | None) -> None:
    """List what was handed in, for people or for machines."""
    from autograder.batch.progress import line
    from autograder.intake.seen import print_rows

    print_rows(console, found)
    if lines:
        lines.writelines(line({"event": "seen"} | row._asdict()) for row in found)


def _end_where_unread(seen: Seen, submissions: Path) -> None:
    """End the command with what is to be decided, if anything is."""
    from autograder.intake.seen import undecided

    if seen.counts["unread"]:
        fail("\n".join(undecided(seen, submissions)), 3)


def _refuse_downloads(submissions: Path, course: Course) -> None:
    """End the command, and say what to type, where the folder is as a platform gives it."""
    from autograder.intake.collect import recognise

    found = recognise(submissions, course.unit_names)
    if found or submissions.is_file():
        what = f"a download ({found})" if found else "a file"
        command = f"autograder collect {shlex.quote(str(submissions))}"
        fail(f"{submissions} is {what}, no folder of students. Type: {command}")


def _workers(batch: Batch, jobs: int, scheduler: str | None) -> AbstractContextManager[Workers]:
    """The graders of this machine, or the workers of a cluster."""
    if scheduler is None:
        from autograder.batch.workers import Graders

        return Graders(batch.course, batch.options, batch.masks, jobs)
    from autograder.batch.cluster import Cluster

    return Cluster(scheduler, batch.course, batch.options, batch.masks)


def _write_up(batch: Batch, follower: Follower, lang: Language, console: Console) -> None:
    """Write and print everything that is made from the reports, read back from the disk."""
    from autograder.marks.class_files import write_up
    from autograder.reports.changes import print_changes
    from autograder.reports.pages.html import PAGE
    from autograder.reports.table import print_class

    results = batch.results
    now = datetime.now(UTC)
    made = write_up(batch.course, results, batch.submissions, batch.folders, lang, now)
    asked = {unit.name for unit in batch.units}
    folders = {batch.folders[name] for name in batch.asked}
    marks = {
        student.name: {u: r for u, r in student.reports.items() if u in asked}
        for student in made.students
        if student.source in folders or batch.asked == batch.students
    }
    print_class(console, marks, batch.units)
    if follower.changed:
        print_changes(console, follower.changed)
    level = batch.options.isolation
    if level != "full":
        console.print(f"Isolation: {level}. These marks are advisory.", style="yellow")
    if batch.options.cuda and batch.options.rehearsed:
        told = "CUDA was rehearsed on the pretend GPU. These marks are advisory."
        console.print(told, style="yellow")
    if not batch.options.pretend:
        told = "This PyTorch cannot pretend a GPU, as 2.10 can: points for devices do not count."
        console.print(told, style="yellow")
    if kept := follower.counts["kept"]:
        console.print(f"{kept} of {batch.count} reports were up to date (--fresh grades again).")
    console.print(f"Reports: {results}/<student>/<unit>.json    Marks: {results}/summary.csv")
    console.print(f"Pages: {results / PAGE}", markup=False)
    for note in made.notes:
        console.print(one_line(note), style="yellow", markup=False)


def _settle(device: str, scheduler: str | None) -> bool:
    """Whether GPU tests count, decided once, before anything runs."""
    if device == "cpu":
        return False
    if scheduler:
        from autograder.batch.cluster import has_gpu

        found, where = has_gpu(scheduler), "no worker of the cluster offers the resource GPU"
    else:
        from autograder.sandbox.pretend import rehearses
        from autograder.supervisor import bubblewrap

        found = bubblewrap.has_gpu() and (rehearses() or _torch_sees_a_gpu())
        where = "PyTorch sees no GPU here. `autograder doctor` helps"
    if device == "cuda" and not found:
        fail(f"--device cuda was asked for, but {where}.")
    return found


def level_of(isolation: Isolation, scheduler: str | None = None) -> Level:
    """The level of isolation to grade with; for `best`, another process is asked, which may import
    torch.
    """
    if isolation != "best":
        return isolation
    if scheduler:
        fail("--isolation best looks at this machine. With --scheduler, name the level.")
    from autograder.sandbox.host import LEVELS

    command = python("-m", "autograder.supervisor.warm_host")
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    level = next((level for level in LEVELS if level == said.stdout.strip()), None)
    if level is None:
        fail("Which isolation works here could not be found out; the lines above say why.", 3)
    return level


def _torch_sees_a_gpu() -> bool:
    """Ask another process: this one neither imports torch nor starts CUDA."""
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run(python("-c", code), check=False).returncode == 0
