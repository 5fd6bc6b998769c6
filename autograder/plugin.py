"""The pytest plugin that public and hidden tests are written with: marks, fixtures, wording.

@pytest.mark.exercise("softmax", kind="gradient")
def test_softmax_gradient(student, draw): ...
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.student import Backend, LocalBackend, Student
from autograder.wording import Language, language_here, translations

if TYPE_CHECKING:
    from autograder.draw import Draw

BACKEND = pytest.StashKey[Backend]()
SEED = pytest.StashKey[str]()

NOT_WRITTEN = "autograder_not_written"  # an attribute of reports
Where = tuple[str, str]  # a unit and an exercise of it


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
    """Add --submission: whose files the tests call; and --lang."""
    parser.addoption(
        "--submission",
        metavar="DIR",
        default=None,
        help="test the files in DIR; by default those beside the test file",
    )
    parser.addoption(
        "--lang",
        choices=["en", "zh"],
        default=None,
        help="the language of what failed; by default AUTOGRADER_LANG, or that of the locale",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.stash[TALLY] = Tally()
    config.addinivalue_line(
        "markers",
        "exercise(name, kind='correctness'): the exercise that a test belongs to, and whether "
        "it looks at values ('correctness'), at gradients ('gradient') or at time ('speed')",
    )


@pytest.fixture
def device() -> str:
    """Where the student's function runs; grading runs the same test on other devices too."""
    return "cpu"


@pytest.fixture
def student(request: pytest.FixtureRequest, device: str) -> Student:
    """The student's units: `student.attention.softmax(x)`."""
    backend = request.config.stash.get(BACKEND, None)
    if backend is None:
        folder = request.config.getoption("--submission") or request.path.parent
        backend = LocalBackend(Path(folder).resolve())
    return Student(backend, device)


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Random inputs, seeded by the course's secret, the submission and the test."""
    return inputs_of(request.node)


def inputs_of(item: pytest.Item) -> Draw:
    """What the fixture `draw` is for a test."""
    from autograder.draw import Draw

    seed = item.config.stash.get(SEED, "public")
    name = getattr(item, "originalname", None) or item.name
    digest = hashlib.sha256(f"{seed}\n{name}".encode()).digest()
    return Draw(int.from_bytes(digest[:8], "big") >> 1)


def exercise_of(item: pytest.Item) -> Where | None:
    """The unit and the exercise that a test belongs to."""
    mark = item.get_closest_marker("exercise")
    return (item.path.stem.removeprefix("test_"), mark.args[0]) if mark else None


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
