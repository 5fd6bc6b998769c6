"""The pytest plugin of a local run: what tests are written with, and what a student is told."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder.fixtures import Where, exercise_of
from autograder.student import LocalBackend, Student
from autograder.wording import Language, language_here, translations

pytest_plugins = ["autograder.fixtures"]

NOT_WRITTEN = "autograder_not_written"  # an attribute of reports


@dataclass(frozen=True)
class Told:
    """A test that failed: what its student is told, and what the program had printed."""

    test: str
    text: str
    printed: str
    written: bool  # False where the function is not implemented yet


@dataclass
class Tally:
    """Counts a local run's tests by exercise and keeps each one's first failure."""

    folder: Path = field(default_factory=Path)  # of the tests
    passed: dict[Where, int] = field(default_factory=dict)
    total: dict[Where, int] = field(default_factory=dict)
    failure: dict[Where, Told] = field(default_factory=dict)

    def count(self, item: pytest.Item, where: Where, report: pytest.TestReport) -> None:
        """Count a test once, and keep the first failure of its exercise."""
        if report.when != "call" and not report.failed:
            return
        self.folder = item.path.parent
        self.total[where] = self.total.get(where, 0) + 1
        if report.passed:
            self.passed[where] = self.passed.get(where, 0) + 1
        elif where not in self.failure:
            text = str(report.longrepr).strip()
            written = not getattr(report, NOT_WRITTEN, False)
            self.failure[where] = Told(item.name, text, report.capstdout, written)


TALLY = pytest.StashKey[Tally]()


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
        from autograder.explain import explain

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
    from autograder.check import summary

    width = shutil.get_terminal_size().columns
    text = summary(tally, language(config), width, terminalreporter.hasmarkup)
    if text:
        terminalreporter.section(translations(language(config)).gettext("Exercises"))
        terminalreporter.write(text)
