"""The pytest plugin of a local run: what tests are written with, and what a student is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from autograder.core.course import find_root, load
from autograder.core.errors import CourseError
from autograder.core.language import Language, _, language_here, render, say, translations
from autograder.local.limit import SECONDS, Limit
from autograder.local.places import place, quoted
from autograder.local.tally import NAMED, STATE, TALLY, FailedTest, Tally, summary
from autograder.testing.direct import LocalBackend
from autograder.testing.plugin import ACCELERATOR, Where, exercise_of, kind_of
from autograder.testing.student import Student

if TYPE_CHECKING:
    from autograder.local.explain import Explained

pytest_plugins = ["autograder.testing.plugin"]

LIMIT = pytest.StashKey[Limit]()
STOPPED = pytest.StashKey[set[Where]]()  # the exercises whose function did not end
WAITS = _("Not run: a test of `%(function)s` did not end.")
STUBBORN = _(
    "%(test)s does not end, and catches what would stop it (a bare `except:`?). It was at line "
    "%(line)s of %(file)s."
)
DAMAGED = _("%(file)s, which has the tests, cannot be read: %(error)s (line %(line)s).")
RESTORE = _(
    "Get it back as it was given to you: from the zip or repository that you were given, or with "
    "`git checkout -- %(file)s` where this folder is a Git repository."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --lang, --limit and --device."""
    parser.addoption(
        "--lang",
        choices=["en", "zh"],
        default=None,
        help="the language of what failed; by default AUTOGRADER_LANG, or that of the locale",
    )
    parser.addoption(
        "--limit",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help="of computing, for one test; 0 for none (default %(default)s)",
    )
    parser.addoption(
        "--device",
        metavar="NAME",
        default="cpu",
        help="where the functions run: cuda, mps or another accelerator as PyTorch names it; auto "
        "takes what there is (default %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count, and find the device that was asked for."""
    config.stash[TALLY] = Tally()
    config.stash[STOPPED] = set()
    asked = config.getoption("--device")
    if asked == "cpu":
        return
    from autograder.testing import accelerators

    try:
        config.stash[ACCELERATOR] = accelerators.choose(asked)
    except accelerators.NoDevice as error:
        raise pytest.UsageError(render(error.told.facts, language(config))) from None


def language(config: pytest.Config) -> Language:
    """The language that was asked for, or that of this machine."""
    asked: Language | None = config.getoption("--lang")
    return asked or language_here()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where the functions run, where that was asked."""
    chosen = config.stash.get(ACCELERATOR, None)
    return render(chosen.told.facts, language(config)) if chosen else None


@pytest.hookimpl(tryfirst=True)  # before some are deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """List the tests that there are, and find the files that they are about.

    Beside a real accelerator none is pretended: a real one finds no gradients then, and what the
    tests of kind device look for fails on it in all others.
    """
    tally = config.stash[TALLY]
    chosen = config.stash.get(ACCELERATOR, None)
    left_out = "device" if chosen and not chosen.is_cpu else ""
    out = [item for item in items if left_out and kind_of(item) == left_out]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]
    tally.expect(items, left_out)
    if tally.listed and not config.getoption("--submission"):
        _find_notebooks(config, tally)


def _find_notebooks(config: pytest.Config, tally: Tally) -> None:
    """Let tests find a unit's notebook, and tell what lies there under other names."""
    try:
        course = load(find_root(tally.folder))
    except CourseError:
        return  # the summary tells why
    if tally.folder != course.root / "exercises":
        return
    from autograder.local.notebooks import Notebooks, find  # with torch

    listed = {unit for unit, _ in tally.listed}
    found = find(course, course.units)
    tally.looks = found.looks
    tally.files = {unit: path.name for unit, path in found.notebooks.items()}
    tally.told = [sentence for unit, sentence in found.told if unit in listed]
    if found.notebooks:
        Notebooks(course, found.notebooks, lambda: config.stash.get(LIMIT, None)).install()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Say which line of a test file is damaged, and how to get the file back."""
    report = yield
    call = getattr(report, "call", None)
    if report.failed and call and call.excinfo and collector.path.name.startswith("test_"):
        error = call.excinfo.value
        told = _damage(error.__cause__ or error, collector.path, language(collector.config))
        if told:
            report.longrepr = told
            unit = collector.path.stem.removeprefix("test_")
            tally = collector.config.stash[TALLY]
            tally.folder, tally.damaged[unit] = collector.path.parent, told
    return report


def _damage(error: BaseException, path: Path, language: Language) -> str:
    """What is wrong in a test file; nothing where it is not this file."""
    if isinstance(error, SyntaxError):
        at, line = error.filename or "", error.lineno or 0
        what = error.msg
    else:
        import traceback

        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
        at, line = (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
        what = f"{type(error).__name__}: {error}"
    if Path(at) != path:
        return ""
    file = place(path)
    told = [say(DAMAGED, file=file, error=what, line=line), say(RESTORE, file=file)]
    return "\n".join(render(sentence.facts, language) for sentence in told)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Run no second test of a function that did not end: each would take as long."""
    where = exercise_of(item)
    if where in item.config.stash[STOPPED]:
        told = say(WAITS, function=where[1])
        pytest.skip(render(told.facts, language(item.config)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Stop a test that does not end, and see where Ctrl-C stops it."""
    where, backend = exercise_of(item), _backend(item)
    if where is None or backend is None:
        return (yield)
    option = item.config.option
    seconds = 0.0 if option.usepdb or option.trace else option.limit

    def stubborn(frame: FrameType | None) -> None:
        manager = item.config.pluginmanager.getplugin("capturemanager")
        if manager:
            manager.suspend_global_capture(in_=True)
        line, file = (frame.f_lineno, frame.f_code.co_filename) if frame else (0, "")
        told = say(STUBBORN, test=item.name, line=line, file=Path(file).name)
        os.write(1, f"\n{render(told.facts, language(item.config))}\n".encode())

    try:
        with Limit(seconds, stubborn) as limit:
            item.config.stash[LIMIT] = limit
            return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception) as error:
        if not option.usepdb:  # which reports it like any other
            told = _explained(error, backend, item)
            failed = FailedTest(item.name, told.text, "", told.state, told.named)
            item.config.stash[TALLY].fail(item, where, failed)
        raise


def pytest_enter_pdb(config: pytest.Config) -> None:
    """Let whoever looks at a program take their time."""
    if limit := config.stash.get(LIMIT, None):
        limit.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a student their mistake, and of the traceback only the lines that are theirs.

    `--full-trace` shows all of it.
    """
    report = yield
    where, backend = exercise_of(item), _backend(item)
    if where is None or backend is None:
        return report
    if call.excinfo and report.failed:
        told = _explained(call.excinfo.value, backend, item)
        if told.state == "not finished":
            item.config.stash[STOPPED].add(where)
        setattr(report, STATE, told.state)
        setattr(report, NAMED, told.named)
        if not item.config.option.fulltrace:
            report.longrepr = told.text
        _as_assertion(call, told.text)
    item.config.stash[TALLY].count(item, where, report)
    return report


def _backend(item: pytest.Item) -> LocalBackend | None:
    """What calls the student's functions, where that is this process."""
    student = (getattr(item, "funcargs", None) or {}).get("student")
    backend = student.backend if isinstance(student, Student) else None
    return backend if isinstance(backend, LocalBackend) else None


def _explained(error: BaseException, backend: LocalBackend, item: pytest.Item) -> Explained:
    from autograder.local.explain import explain  # with torch

    config = item.config
    again = f"pytest {quoted(f'{place(item.path)}::{item.name}')}" if backend.of_files else ""
    return explain(error, backend, item.name, language(config), config.option.limit, again)


def _as_assertion(call: pytest.CallInfo[None], text: str) -> None:
    """Let what fails be an AssertionError of that very name: others are "errors" to editors."""
    if call.excinfo and call.excinfo.typename != "AssertionError":
        error = AssertionError(text).with_traceback(call.excinfo.tb)
        error.__cause__ = call.excinfo.value
        call.excinfo = pytest.ExceptionInfo.from_exception(error)


def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Let what is not written yet fail in one letter, without a section for each test."""
    if getattr(report, STATE, "") != "not written":
        return None
    words = translations(language(config)).gettext("not written")
    return words, "-", words.upper()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Say at the end what passed, what it is worth and what to fix first."""
    yield
    tally = config.stash[TALLY]
    if not (tally.listed or tally.damaged) or config.getoption("no_summary"):
        return
    width = shutil.get_terminal_size().columns
    text = summary(tally, language(config), width, terminalreporter.hasmarkup)
    if text:
        terminalreporter.section(translations(language(config)).gettext("Exercises"))
        terminalreporter.write(text)
