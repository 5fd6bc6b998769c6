"""The pytest plugin of a local run: what tests are written with, and what a student is told."""

from __future__ import annotations

import shutil
from collections.abc import Generator

import pytest

from autograder.core.language import Language, language_here, translations
from autograder.local.tally import NOT_WRITTEN, TALLY, Tally
from autograder.testing.direct import LocalBackend
from autograder.testing.plugin import exercise_of
from autograder.testing.student import Student

pytest_plugins = ["autograder.testing.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --lang."""
    parser.addoption(
        "--lang",
        choices=["en", "zh"],
        default=None,
        help="the language of what failed; by default AUTOGRADER_LANG, or that of the locale",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[TALLY] = Tally()


def language(config: pytest.Config) -> Language:
    """The language that was asked for, or that of this machine."""
    asked: Language | None = config.getoption("--lang")
    return asked or language_here()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a student their mistake, and of the traceback only the lines that are theirs.

    `--full-trace` shows all of it.
    """
    report = yield
    where = exercise_of(item)
    student = (getattr(item, "funcargs", None) or {}).get("student")
    backend = student.backend if isinstance(student, Student) else None
    if where is None or not isinstance(backend, LocalBackend):
        return report
    if call.excinfo and report.failed and not item.config.option.fulltrace:
        from autograder.local.explain import explain

        error = call.excinfo.value
        report.longrepr = explain(error, backend, item.name, language(item.config))
        setattr(report, NOT_WRITTEN, getattr(error, "help_id", "") == "not_started")
    item.config.stash[TALLY].count(item, where, report)
    return report


def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Let what is not written yet fail in one letter, without a section for each test."""
    if not getattr(report, NOT_WRITTEN, False):
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
    if not tally.total or config.getoption("no_summary"):
        return
    from autograder.local.tally import summary

    width = shutil.get_terminal_size().columns
    text = summary(tally, language(config), width, terminalreporter.hasmarkup)
    if text:
        terminalreporter.section(translations(language(config)).gettext("Exercises"))
        terminalreporter.write(text)
