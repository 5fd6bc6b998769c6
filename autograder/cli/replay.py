"""One hidden test of one student again, for who is asked why."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.cli.grade import IsolationOption, level_of
from autograder.core.console import CourseOption, LanguageOption, console, fail, load
from autograder.core.text import clean, several

if TYPE_CHECKING:
    from autograder.reports.schema import Report


def replay(
    student: Annotated[str, typer.Argument(help="A folder's name, or who the roster knows.")],
    unit: Annotated[str, typer.Argument(help="The unit.")],
    test: Annotated[str, typer.Argument(help="The test, as pages and reports name it.")],
    submissions: Annotated[
        Path, typer.Option(metavar="DIR", help="The work.", exists=True, file_okay=False)
    ] = Path("submissions"),
    results: Annotated[
        Path, typer.Option(metavar="DIR", help="The reports.", exists=True, file_okay=False)
    ] = Path("results"),
    isolation: IsolationOption = "full",
    lang: LanguageOption = "en",
    course: CourseOption = None,
) -> None:
    """Run one hidden test of one student again, with the same inputs, in the sandbox.

    Prints the call, what went in (shapes; numbers where they are few), what came, what was
    expected, and the line where the function begins: what you need when a student asks.
    """
    from autograder.batch.run import Batch
    from autograder.grading.grader import setup_of
    from autograder.grading.keys import work_basis
    from autograder.grading.protocol import Options, UnitTask
    from autograder.grading.replay import Replay, run
    from autograder.marks.whose import folder_of
    from autograder.reports import store

    loaded = load(course)
    asked, level = loaded.unit(unit), level_of(isolation)
    options = Options(test.endswith("[cuda]"), level)
    batch = Batch(loaded, submissions, results, [asked], options)
    folder = folder_of(student, batch, loaded)
    report = store.read(batch.path(folder, asked))
    if report is None:
        fail(f"{folder} has no report for {unit} in {results}: grade it first.")
    _check_test(report, test)
    handed_in = batch.read(folder)
    if handed_in.work(unit).state != "read":
        fail(f"{folder}'s {unit} cannot be run any more: {report.message}")
    now = work_basis(handed_in, asked, options)["submission"]
    if now != report.basis.get("submission"):
        console(stderr=True).print(
            "The work has changed since it was graded: this is how it does now.", style="yellow"
        )
    task = UnitTask(
        unit, handed_in.files_of(unit), loaded.limits, report.seed, options.cuda, options.speed
    )
    setup = setup_of(loaded, options, batch.masks)
    done, said = run(Replay(setup, task, test, lang), loaded.root)
    if not done:
        fail("The test could not be run; the lines above say why.", 3)
    console().print(clean(said), markup=False, soft_wrap=True)


def _check_test(report: Report, test: str) -> None:
    names = [result.id for result in report.tests]
    if test not in names:
        near = difflib.get_close_matches(test, names, 3) or names
        fail(f"{report.unit} has no test {test!r}. There are: {several(near, 20)}.")
