"""Measurements of this machine, and in a clone of the grader too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.core.console import Commands, CourseOption, fail, load
from autograder.core.processes import PACKAGE
from autograder.core.units import shared

bench_app = Commands(no_args_is_help=True, help="Measure this machine; print tables.")
if (PACKAGE / "bench" / "commands.py").exists():  # what is installed measures its machine only
    from autograder.bench.commands import commands

    bench_app.add_typer(commands)


@bench_app.command("startup")
def bench_startup(
    rounds: Annotated[int, typer.Option(min=3, help="Measurements of each.")] = 21,
    course: CourseOption = None,
) -> None:
    """How long until a student's first call is answered, and what commands at a desk take."""
    from autograder.bench.startup import desk, startup

    loaded, console = load(course), Console(highlight=False)
    startup(loaded, rounds, console)
    desk(loaded, rounds, console)


@bench_app.command("article")
def bench_article(
    plots: Annotated[Path | None, typer.Option(help="A folder for maps of it.")] = None,
    longest: Annotated[int, typer.Option(min=64, help="The greatest length.")] = 1024,
    batch: Annotated[int, typer.Option(min=1, help="Sentences at once.")] = 1,
    course: CourseOption = None,
) -> None:
    """Does the claim of the article that the course is about hold on this machine?"""
    article = shared(load(course).root, "article")
    if article is None:
        fail("The course measures no article: it has no course/shared/article.py.")
    article.article(longest, batch, plots, Console(highlight=False))
