"""The commands, thin: each reads its options, calls one module and prints what came of it."""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from autograder.course import CourseError
from autograder.local import CourseOption, check, watch
from autograder.local import console as _console
from autograder.local import fail as _fail
from autograder.local import load as _load
from autograder.local import named_units as _units
from autograder.processes import python

if TYPE_CHECKING:
    from autograder.batch import Batch, Workers
    from autograder.course import Course
    from autograder.progress import Follower
    from autograder.reports.language import Language
    from autograder.reports.results import Student
    from autograder.sandbox.host import Level

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Exercises and a sandboxed grader for one lesson: why attention replaced the RNN.\n\n"
    "Students: `autograder check` tests your files. Instructors: `autograder grade FOLDER` "
    "grades a class, `autograder doctor` tells what this machine can do.",
)
bench_app = typer.Typer(no_args_is_help=True, help="Measure this machine; print tables.")
app.add_typer(bench_app, name="bench")

LanguageOption = Annotated[
    Literal["en", "zh"], typer.Option("--lang", help="The language of what is written.")
]


@app.command()
def grade(
    submissions: Annotated[
        Path,
        typer.Argument(
            help="A folder with one folder a student: <student>/<unit>.py, <student>/<unit>.ipynb "
            "or <student>/<unit>/<file>.",
            exists=True,
            file_okay=False,
        ),
    ],
    unit: Annotated[
        list[str] | None, typer.Option(help="Grade this unit only; may be repeated.")
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
    isolation: Annotated[
        Literal["full", "reduced", "none", "best"],
        typer.Option(
            help="full: namespaces and a system-call filter. reduced: without namespaces, for "
            "machines that refuse them. none: for your own programs only. best: the strongest "
            "that works here. Marks from less than full are advisory."
        ),
    ] = "full",
    speed: Annotated[
        bool, typer.Option("--speed/--no-speed", help="Whether speed counts, and is measured.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Grade again what is graded already.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Grade on the workers of a running Dask cluster, such as tcp://host:8786.",
        ),
    ] = None,
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

    Stopping it (Ctrl-C) loses nothing: run the same command again and it goes on; work that is
    done is not done twice.

    Exit status: 0 when grading is complete, whatever the marks; 2 on wrong use; 3 when something
    could not be graded for a reason on our side.
    """
    if sys.platform != "linux":
        _fail(
            "Grading needs Linux: use the container or WSL 2, as docs/faq.md says. "
            "`autograder check` and pytest run anywhere."
        )
    from autograder.batch import Batch, sole_writer
    from autograder.grading import Options
    from autograder.isolation import GraderError
    from autograder.progress import Follower
    from autograder.reports import ResultsError
    from autograder.submission import SubmissionsError

    loaded = _load(course)
    units = _units(loaded, unit or [])
    lines = sys.stdout.buffer if json else None
    if scheduler and find_spec("distributed") is None:
        _fail("--scheduler needs Dask: pip install 'attention-autograder[cluster]'")
    try:
        level = _level(isolation, scheduler)
        options = Options(_settle(device, scheduler), level, speed)
        batch = Batch(loaded, submissions, results, units, options, fresh=fresh)
        with sole_writer(results):
            bar = Console(stderr=True)
            follower = Follower(batch.count, bar, results / "log.jsonl", lines, quiet=quiet)
            with _workers(batch, jobs, scheduler) as workers, follower:
                batch.run(workers, follower)
                follower.finish()
            _write_up(batch, follower, lang, _console(quiet=quiet or json))
    except (SubmissionsError, CourseError) as error:
        _fail(str(error))
    except (GraderError, ResultsError) as error:
        _fail(str(error), 3)
    except KeyboardInterrupt:
        _fail("Stopped. What is graded is kept: run the same command again to go on.", 130)
    if follower.reasons:
        _fail(
            "Not everything could be graded. Run the same command again.\n"
            + "\n".join(follower.reasons),
            3,
        )


def _workers(batch: "Batch", jobs: int, scheduler: str | None) -> "AbstractContextManager[Workers]":
    """The graders of this machine, or the workers of a cluster."""
    if scheduler is None:
        from autograder.batch import Graders

        return Graders(batch.course, batch.options, batch.masks, jobs)
    from autograder.cluster import Cluster

    return Cluster(scheduler, batch.course, batch.options, batch.masks)


def _write_up(batch: "Batch", follower: "Follower", lang: "Language", console: Console) -> None:
    """Write and print everything that is made from the reports, read back from the disk."""
    from autograder.reports import safe_name, write
    from autograder.reports.changes import changes_csv, print_changes
    from autograder.reports.html import write_pages
    from autograder.reports.results import changed, each, marks_of
    from autograder.reports.table import print_class, summary_csv

    results = batch.results
    marks = marks_of(each(results, batch.units), set(map(safe_name, batch.students)))
    write(results / "summary.csv", summary_csv(marks, batch.units))
    write(results / "changes.csv", changes_csv(changed(each(results, batch.course.units))))
    index = write_pages(results, each(results, batch.course.units), batch.course, lang)
    print_class(console, marks, batch.units)
    if follower.changed:
        print_changes(console, follower.changed)
    level = batch.options.isolation
    if level != "full":
        console.print(f"Isolation: {level}. These marks are advisory.", style="yellow")
    if kept := follower.counts["kept"]:
        console.print(f"{kept} of {batch.count} reports were up to date (--fresh grades again).")
    console.print(f"Reports: {results}/<student>/<unit>.json    Marks: {results}/summary.csv")
    console.print(f"Pages: {index}", markup=False)


def _settle(device: str, scheduler: str | None) -> bool:
    """Whether GPU tests count, decided once, before anything runs."""
    if device == "cpu":
        return False
    if scheduler:
        from autograder.cluster import has_gpu

        found, where = has_gpu(scheduler), "no worker of the cluster offers the resource GPU"
    else:
        found = any(Path("/dev").glob("nvidia[0-9]*")) and _torch_sees_a_gpu()
        where = "PyTorch sees no GPU here. `autograder doctor` helps"
    if device == "cuda" and not found:
        _fail(f"--device cuda was asked for, but {where}.")
    return found


def _level(isolation: "Level | Literal['best']", scheduler: str | None) -> "Level":
    """The level of isolation to grade with."""
    if isolation != "best":
        return isolation
    if scheduler:
        _fail("--isolation best looks at this machine. With --scheduler, name the level.")
    return _strongest()


def _torch_sees_a_gpu() -> bool:
    """Ask another process: this one neither imports torch nor starts CUDA."""
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run(python("-c", code), check=False).returncode == 0


def _strongest() -> "Level":
    """Ask another process which level of isolation works here: this one does not import torch."""
    from autograder.sandbox.host import LEVELS

    code = "from autograder.supervisor import strongest; print(strongest())"
    said = subprocess.run(python("-c", code), stdout=subprocess.PIPE, text=True, check=False)
    level = next((level for level in LEVELS if level == said.stdout.strip()), None)
    if level is None:
        _fail("Which isolation works here could not be found out; the lines above say why.", 3)
    return level


app.command()(check)
app.command()(watch)


@app.command()
def export(
    results: Annotated[
        Path, typer.Argument(help="A folder of reports.", exists=True, file_okay=False)
    ],
    to: Annotated[
        Literal["canvas", "csv", "github", "gradescope", "html", "junit", "moodle", "nbgrader"],
        typer.Option(help="What the marks are for."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write, or the folder for several; by default in RESULTS."),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --to nbgrader: a gradebook's database, such as postgresql://…; "
            "by default the SQLite file OUTPUT, or gradebook.db in RESULTS.",
        ),
    ] = None,
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Turn a folder of reports into what others read.

    What is incomplete is left blank or left out, never exported as a zero.
    """
    from autograder.reports import ResultsError, write
    from autograder.reports.export import ONE_FILE, graded_at, render
    from autograder.reports.html import write_pages
    from autograder.reports.results import load

    console = _console()
    loaded = _load(course)
    students = load(results, loaded.units)
    if not students:
        _fail(f"{results} holds no reports (<student>/<unit>.json) of this course's units.")
    if to == "nbgrader":
        url = db or f"sqlite:///{(output or results / 'gradebook.db').resolve()}"
        _into_gradebook(students, loaded, url, lang, console)
        return
    folder = output or results
    try:
        if to == "html":
            console.print(f"{write_pages(folder, students, loaded, lang)}", markup=False)
            return
        rendered = render(to, students, loaded, lang, graded_at(results))
        for name, data in rendered.files.items():
            path = (output or results / ONE_FILE[to]) if to in ONE_FILE else folder / name
            write(path, data)
            console.print(str(path), markup=False, soft_wrap=True)
    except ResultsError as error:
        _fail(str(error), 3)
    for note in rendered.notes:
        console.print(note, style="yellow", markup=False)


@app.command()
def release(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A new or empty folder.", file_okay=False)
    ] = None,
    gradescope: Annotated[
        Path | None,
        typer.Option(metavar="FILE.zip", help="Make the zip for Gradescope; for instructors only."),
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="With --gradescope: this unit only; may be repeated.")
    ] = None,
    speed: Annotated[
        bool, typer.Option("--speed/--no-speed", help="With --gradescope: whether speed counts.")
    ] = True,
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Make the repository that students get: exercises, public tests, and nothing hidden.

    With --gradescope: make the autograder for an assignment there, hidden tests and all.
    """
    from autograder.release import release
    from autograder.reports import write

    if not (folder or gradescope):
        _fail("Name a folder for the students' repository, or --gradescope FILE.zip.")
    loaded = _load(course)
    console = Console(highlight=False, soft_wrap=True)
    try:
        if folder:
            console.print(f"{len(release(loaded, folder, lang))} files in {folder}", markup=False)
        if gradescope:
            from autograder.release.gradescope import autograder_zip

            units = _units(loaded, unit or [])
            write(gradescope, autograder_zip(loaded, units, lang, speed=speed))
            console.print(f"{gradescope} holds the hidden tests: keep it from students.")
    except CourseError as error:
        _fail(str(error))


@app.command()
def doctor() -> None:
    """Tell what this machine can do, and how to mend what it cannot."""
    from autograder.doctor import diagnose

    raise typer.Exit(diagnose(_console()))


def _into_gradebook(
    students: "list[Student]", course: "Course", url: str, lang: "Language", console: Console
) -> None:
    from autograder.notebooks.gradebook import save

    try:
        left_out = save(students, course, url, lang)
    except CourseError as error:
        _fail(str(error))
    console.print(f"{url} holds the marks.", markup=False, soft_wrap=True)
    for note in left_out:
        console.print(note, style="yellow", markup=False)


@bench_app.command("startup")
def bench_startup(
    rounds: Annotated[int, typer.Option(min=3, help="Measurements of each.")] = 21,
    course: CourseOption = None,
) -> None:
    """How long from "grade this" to a student's first call answered, against a fresh Python."""
    from autograder.bench.startup import startup

    startup(_load(course), rounds, Console(highlight=False))


@bench_app.command("units")
def bench_units(
    unit: Annotated[
        list[str] | None, typer.Option(help="Measure this unit only; may be repeated.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Gradings of each unit.")] = 20,
    course: CourseOption = None,
) -> None:
    """What do a unit's correctness tests cost a submission, in CPU time?

    Exit status: 0 when no unit takes more than 0.1 CPU-seconds, else 1.
    """
    from autograder.bench.units import units
    from autograder.isolation import GraderError

    loaded = _load(course)
    try:
        within = units(loaded, _units(loaded, unit or []), rounds, Console(highlight=False))
    except GraderError as error:
        _fail(str(error), 3)
    raise typer.Exit(not within)


@bench_app.command("watch")
def bench_watch(
    unit: Annotated[str, typer.Option(help="The unit that is saved.")] = "rnn",
    rounds: Annotated[int, typer.Option(min=1, help="Saves.")] = 9,
    course: CourseOption = None,
) -> None:
    """How soon a student sees what came of a save, beside plain pytest in the same run."""
    from autograder.bench.watch import watch

    loaded = _load(course)
    watch(loaded, _units(loaded, [unit])[0], rounds, Console(highlight=False))


@bench_app.command("clock")
def bench_clock(
    gradings: Annotated[int, typer.Option(min=1, help="Of either kind of program.")] = 90,
    noise: Annotated[int, typer.Option(min=0, help="Processes that keep the cores busy.")] = 2,
    jobs: Annotated[int, typer.Option(min=1, help="Gradings at once.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Where to draw the ratios.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="Keep every grading here, and go on from what it holds.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """How often is a parallel program judged sequential, and a sequential one parallel?

    Some 1.5 s a grading amid noise; 3000 of either kind show an error rate of one in a thousand.
    That takes hours: with --log it may be stopped and started again. Exit status: 0 when no more
    than one in a thousand are wrong, else 1.
    """
    from autograder.bench.clock import errors

    console = Console(highlight=False)
    try:
        raise typer.Exit(not errors(_load(course), gradings, noise, jobs, plot, log, console))
    except CourseError as error:
        _fail(str(error))


@bench_app.command("article")
def bench_article(
    plots: Annotated[Path | None, typer.Option(help="A folder for maps of it.")] = None,
    longest: Annotated[int, typer.Option(min=64, help="The greatest length.")] = 1024,
    batch: Annotated[int, typer.Option(min=1, help="Sentences at once.")] = 1,
) -> None:
    """Is attention "tens, even hundreds of times" faster than a recurrent network?"""
    from autograder.bench.article import article

    lengths = [length for length in (16, 64, 128, 256, 512, 1024, 2048, 4096) if length <= longest]
    article(lengths, [16, 64, 256], batch, plots, Console(highlight=False))


@bench_app.command("validity")
def bench_validity(
    unit: Annotated[
        list[str] | None, typer.Option(help="Look at this unit only; may be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many at once.")] = 2,
    course: CourseOption = None,
) -> None:
    """Are the marks right? Wrong programs must fail and be told why, right ones must pass.

    Takes some minutes. Exit status: 0 when nothing is left to be mended, else 1.
    """
    from autograder.bench.validity import bench

    loaded = _load(course)
    raise typer.Exit(not bench(loaded, _units(loaded, unit or []), jobs, Console(highlight=False)))


@bench_app.command("faults")
def bench_faults(
    submissions: Annotated[int, typer.Option(min=6, help="How many are graded.")] = 60,
    rounds: Annotated[int, typer.Option(min=1, help="How many runs every fault strikes.")] = 3,
    unit: Annotated[str, typer.Option(help="The unit that is graded.")] = "rnn",
    course: CourseOption = None,
) -> None:
    """Is anything lost, doubled or marked otherwise when a grading is killed, or its disk full?

    In each run every fault strikes, at a random moment; in the end the same command runs until all
    is graded. Exit status: 0 when every mark is that of an undisturbed run, else 1.
    """
    from autograder.bench.faults import bench

    loaded = _load(course)
    (asked,) = _units(loaded, [unit])
    console = Console(highlight=False)
    raise typer.Exit(not bench(loaded, submissions, rounds, asked.name, console))


@bench_app.command("batch")
def bench_batch(
    submissions: Annotated[int, typer.Option(min=20, help="How many are graded.")] = 500,
    unit: Annotated[str, typer.Option(help="The unit that is graded.")] = "rnn",
    jobs: Annotated[int, typer.Option(min=1, help="How many at once.")] = 2,
    pairs: Annotated[
        int,
        typer.Option(min=0, help="Runs of one worker, and of two, over 400 submissions."),
    ] = 3,
    compared: Annotated[
        int, typer.Option(min=0, help="How many submissions the other graders are given.")
    ] = 10,
    otter: Annotated[
        Path | None, typer.Option(help="The program `otter`, in an environment of its own.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Rate, memory and CPU time over a large class; two workers against one; other graders.

    The class is generated: the sample class again and again, each submission unlike any other.
    Correctness only.
    """
    from autograder.bench.batch import batch

    loaded = _load(course)
    (asked,) = _units(loaded, [unit])
    console = Console(highlight=False)
    batch(loaded, asked, submissions, jobs, pairs, compared, otter, console)
