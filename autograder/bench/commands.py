"""What we measure of the grader itself. An installed package leaves this room out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.core.console import Commands, CourseOption, load
from autograder.core.course import Course, Unit

commands = Commands()


@commands.command("units")
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
    from autograder.bench.unit_cost import units

    loaded = load(course)
    within = units(loaded, loaded.named(unit or []), rounds, Console(highlight=False))
    raise typer.Exit(not within)


@commands.command("watch")
def bench_watch(
    unit: Annotated[
        str | None, typer.Option(help="The unit that is saved; by default the first.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Saves.")] = 9,
    course: CourseOption = None,
) -> None:
    """How soon a student sees what came of a save, beside plain pytest in the same run."""
    from autograder.bench.watch_latency import watch

    loaded = load(course)
    watch(loaded, _one(loaded, unit), rounds, Console(highlight=False))


@commands.command("clock")
def bench_clock(
    gradings: Annotated[int, typer.Option(min=1, help="Of either kind of program.")] = 90,
    noise: Annotated[int, typer.Option(min=0, help="Processes that keep the cores busy.")] = 2,
    jobs: Annotated[int, typer.Option(min=1, help="Gradings at once.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Where to draw the shares.")] = None,
    log: Annotated[
        Path | None, typer.Option(help="Keep every grading here, and go on from what it holds.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """How often is a parallel program judged sequential, and a sequential one parallel?

    Some 0.4 s a grading amid noise; 3000 of either kind show an error rate of one in a thousand.
    With --log it may be stopped and started again. Exit status: 0 when no more
    than one in a thousand are wrong, else 1.
    """
    from autograder.bench.speed_errors import errors

    console = Console(highlight=False)
    raise typer.Exit(not errors(load(course), gradings, noise, jobs, plot, log, console))


@commands.command("gpu")
def bench_gpu(
    gradings: Annotated[int, typer.Option(min=1, help="By the clock, of either kind.")] = 300,
    jobs: Annotated[int, typer.Option(min=1, help="Programs at once.")] = 4,
    figures: Annotated[Path, typer.Option(help="Where the figures go, as JSON.")] = Path(
        "results/gpu.json"
    ),
    course: CourseOption = None,
) -> None:
    """All that only a machine with a GPU can show: the sandbox, every hidden test, the clock.

    Exit status: 0 when all came out as it should, else 1.
    """
    from autograder.bench.gpu import gpu

    fine = gpu(load(course), gradings, jobs, figures, Console(highlight=False))
    raise typer.Exit(not fine)


@commands.command("validity")
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
    from autograder.bench.validity.run import bench

    loaded = load(course)
    raise typer.Exit(not bench(loaded, loaded.named(unit or []), jobs, Console(highlight=False)))


@commands.command("faults")
def bench_faults(
    submissions: Annotated[int, typer.Option(min=6, help="How many are graded.")] = 60,
    rounds: Annotated[int, typer.Option(min=1, help="How many runs every fault strikes.")] = 3,
    unit: Annotated[
        str | None, typer.Option(help="The unit that is graded; by default the first.")
    ] = None,
    course: CourseOption = None,
) -> None:
    """Is anything lost, doubled or marked otherwise when a grading is killed, or its disk full?

    In each run every fault strikes, at a random moment; in the end the same command runs until all
    is graded. Exit status: 0 when every mark is that of an undisturbed run, else 1.
    """
    from autograder.bench.faults import bench

    loaded = load(course)
    console = Console(highlight=False)
    raise typer.Exit(not bench(loaded, submissions, rounds, _one(loaded, unit).name, console))


@commands.command("batch")
def bench_batch(
    submissions: Annotated[int, typer.Option(min=20, help="How many are graded.")] = 500,
    unit: Annotated[
        str | None, typer.Option(help="The unit that is graded; by default the first.")
    ] = None,
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
    from autograder.bench.throughput import batch

    loaded = load(course)
    console = Console(highlight=False)
    batch(loaded, _one(loaded, unit), submissions, jobs, pairs, compared, otter, console)


@commands.command("class")
def bench_class(
    students: Annotated[int, typer.Option(min=1, help="How many there are.")] = 60,
    unit: Annotated[list[str] | None, typer.Option(help="Only this unit; may be repeated.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many at once.")] = 2,
    course: CourseOption = None,
) -> None:
    """Time on the wall and CPU time of a whole class, speed and all, from nothing.

    The class is generated: the sample class again and again, each submission unlike any other.
    """
    from autograder.bench.throughput import whole_class

    loaded = load(course)
    whole_class(loaded, loaded.named(unit or []), students, jobs, Console(highlight=False))


def _one(course: Course, name: str | None) -> Unit:
    """The unit of this name, or the first where none is given."""
    return course.named([name] if name else [])[0]
