"""Words that others wrote, wherever they are shown: none moves a cursor or turns writing round."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from reports import report, result, student_of
from rich.console import Console

from autograder.batch.progress import Follower, line
from autograder.batch.run import Event
from autograder.core.console import console, fail
from autograder.core.course import Course
from autograder.core.language import say
from autograder.core.text import MARK, clean, encodable, inert, one_line, printable, quoted
from autograder.intake.collect.people import _text
from autograder.intake.seen import Seen, print_rows, print_seen, undecided
from autograder.intake.submission import Submission, Work
from autograder.local.ci import errors
from autograder.local.ci import summary as step_summary
from autograder.local.explain import explain
from autograder.local.tally import Tally, show
from autograder.notebooks.gradebook import reasons
from autograder.reports.changes import Changed, print_changes
from autograder.reports.exports.render import Target, render
from autograder.reports.pages.html import class_page, student_page
from autograder.reports.schema import Change, Report
from autograder.reports.store import encode, read
from autograder.reports.table import csv_of, print_class
from autograder.reports.wording import Language
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.direct import LocalBackend

TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = "\u061c\u200e\u200f"  # of direction
NO_WIDTH = "\u00ad\u200b\u200c\u200d\u2060\u2061\ufeff\ufff9\U000e0041"
ODD = f"\0\a\b\r\x1b\x1c\x7f\x85\x9b\u2028\u2029\u202e\u2066\ud800\udcff\ufffe{MARKS}{NO_WIDTH}"
CHARACTERS = st.one_of(
    st.sampled_from(f"{ODD}a:`|<&%=\n\t\ufffd"), st.integers(0, 0x10FFFF).map(chr)
)
TEXTS = st.text(CHARACTERS, min_size=1, max_size=12)
quietly = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def odd(text: str) -> str:
    """The characters of a text that may not be shown; said otherwise than the program says it."""
    return "".join(
        c
        for c in text
        if (c < " " and c not in "\n\t")
        or "\x7f" <= c < "\xa0"
        or "\ud800" <= c < "\ue000"
        or unicodedata.bidirectional(c) in TURNS
        or c in f"{MARKS}{NO_WIDTH}\u2028\u2029\ufffe\uffff"
    )


@quietly
@given(TEXTS)
def test_what_is_clean_can_be_shown(text: str) -> None:
    shown = clean(text)
    shown.encode()
    assert not odd(shown)
    assert clean(shown) == shown
    assert len(shown) == len(text)
    assert all(a in (b, "\ufffd") for a, b in zip(shown, text, strict=True))


@quietly
@given(TEXTS, TEXTS)
def test_names_can_be_shown_and_two_stay_two(one: str, other: str) -> None:
    shown = printable(one)
    shown.encode()
    assert not odd(shown)
    assert not set("\n\t") & set(shown)
    assert clean(shown) == shown
    assert (shown == printable(other)) == (one == other)


@quietly
@given(TEXTS)
def test_a_program_stays_what_it_is_but_for_what_cannot_be_sent(text: str) -> None:
    sent = encodable(text).encode().decode()
    assert sent == "".join("?" if "\ud800" <= c < "\ue000" else c for c in text)


def test_what_people_write_stays() -> None:
    for text in (
        "李雷",
        "Ana María",
        "cafe\u0301",
        "第一行\n\t第二行",
        "a\u00a0b\u3000c",
        "✓ √d ≤ 🙂",
    ):
        assert clean(text) == text


def hostile(course: Course, name: str, words: str) -> Report:
    """A report in which everything that a student may have a hand in is theirs."""
    facts = {"says": "%(what)s", "what": words, words: [words], "help": {"en": [words]}}
    failed = result("scale", "failed", id=words, message=words, help=words, facts=facts)
    named = result("score", "failed", message=words, help=words, help_id=words)
    figures = {words: {words: [0.0, 1.0]}, "heads": {"values": [[1.0]], "rows": [words]}}
    about: dict[str, Any] = {"message": words, "file": name, "figures": figures}
    about |= {"found": words, "unknown": [words], "facts": facts}
    return report(course, name, "attention", failed, named, **about)


@quietly
@given(TEXTS, TEXTS)
def test_nothing_hostile_is_in_what_is_made_of_a_report(
    course: Course, tmp_path: Path, name: str, words: str
) -> None:
    """The report, pages, the log, a terminal, every export, and nbgrader's comments."""
    found = hostile(course, name, words)
    student = student_of([found])
    made = [encode(found).decode()]
    for language in get_args(Language):
        made += [student_page(student, course, language), class_page([student], course, language)]
        made += [reasons(found.tests, language)]
        for target in get_args(Target):
            files = render(target, [student], course, language, datetime(2026, 1, 1, tzinfo=UTC))
            made += [b"".join(data).decode("utf-8-sig") for _name, data in files.files]
            made += files.notes
    lines, terminal = io.BytesIO(), io.StringIO()
    console = Console(file=terminal, width=60)
    with Follower(1, {}, console, tmp_path / "log", lines, quiet=False) as follower:
        follower(Event("graded", found))
    print_class(console, {student.name: student.reports}, course.units)
    print_changes(console, [Changed(student.name, found.unit, Change("scale", 0.0, 1.0, ""))])
    made += [lines.getvalue().decode(), (tmp_path / "log").read_text("utf-8"), terminal.getvalue()]
    for text in made:
        text.encode()
        assert not odd(text.replace("\r\n", "\n"))  # which Canvas and Moodle end their lines with


@quietly
@given(TEXTS)
def test_nothing_hostile_is_in_what_a_local_run_says(
    course: Course, tmp_path: Path, words: str
) -> None:
    """`check`, `watch` and plain pytest on a terminal; a CI's summary and annotations."""
    unit = course.unit("rnn")
    where = unit.name, unit.exercises[0].name
    said = explain(ValueError(words), LocalBackend(tmp_path), "test", "en").text
    failed: Any = SimpleNamespace(
        when="call", failed=True, passed=False, longrepr=said, capstdout=words
    )
    tally, terminal = Tally(), io.StringIO()
    item: Any = SimpleNamespace(name="test", path=tmp_path / "test_rnn.py")
    tally.count(item, where, failed)
    show(tally, [unit], Console(file=terminal, width=60), "en")
    made = [said, terminal.getvalue(), step_summary(tally, tally.failure, [unit], "en")]
    for text in [*made, *errors(tally.failure, tmp_path)]:
        text.encode()
        assert not odd(text)


def test_nothing_hostile_is_in_what_the_sandbox_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what `doctor` prints, the one part that is not ours."""
    host = WarmHost.__new__(WarmHost)
    monkeypatch.setattr(
        host, "_said", io.BytesIO(f"{ODD}".encode("utf-8", "ignore")), raising=False
    )
    assert not odd(host.said)
    assert host.said


# Lines: what a terminal and a CI job read


SHOUTS = [
    "::error file=course/course.toml,line=1::The course is broken",
    "::add-mask::12",
    "  \t::stop-commands::x",
    "##[error]forged",
    "words ##[add-mask]12 and ##vso[task.complete result=Succeeded;] and ##teamcity[x]",
    "\x1b[31m::error::red",
    "boom\n::error::x\n ::add-mask::12\n##[group]y\nalice, attention: full marks",
    "###[error]x",
    "x" * 13 + "::error::where a line or a cell is folded::error::",
]


def commands(text: str) -> list[str]:
    """The lines that GitHub, Azure or TeamCity would take for a command; see their runners.

    GitHub: ActionCommand.TryParseV2 trims the line's start; TryParse looks for ##[ anywhere.
    """
    lines = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", text).splitlines()
    return [x for x in lines if x.strip().startswith("::") or re.search(r"##\w*\[", x)]


@quietly
@given(st.text(st.sampled_from("#:[a\n \t\x1bvso;31m"), max_size=30))
def test_what_is_inert_holds_no_command(text: str) -> None:
    assert not commands(inert(text))
    assert inert(inert(text)) == inert(text)
    assert not commands(quoted(text))
    assert all(line.startswith("| ") for line in quoted(text).splitlines())


@quietly
@given(TEXTS)
def test_one_line_is_one(text: str) -> None:
    assert len(one_line(text).splitlines() or [""]) == 1
    assert not odd(one_line(text))


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("words", SHOUTS)
def test_nobodys_words_are_a_command_or_start_a_line(
    words: str,
    terminal: bool,
    course: Course,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever a grading or an export prints, on however narrow a terminal; and its JSON lines."""
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "34")
    name = printable(words.replace("/", "_"))
    found = hostile(course, name, words)
    lost = hostile(course, name, words)
    lost = structs.replace(lost, status="incomplete", score=None, message=words)
    unread = Work("unread", "", say("%(what)s", what=words).facts, [name])
    handed_in = Submission(name, [], "", {"rnn": unread}, [name])
    seen, student = Seen(), student_of([found])
    rows = seen.add(handed_in, [course.unit("rnn")])
    lines = sys.stdout.buffer
    with contextlib.suppress(typer.Exit):
        bar = console(stderr=True)
        with Follower(1, {}, bar, tmp_path / "log", lines, quiet=False) as follower:
            follower(Event("again", lost))
            follower(Event("graded", lost))
        print_class(console(), {student.name: student.reports}, course.units)
        print_changes(console(), [Changed(name, "rnn", Change("scale", 0.0, 1.0, ""))])
        print_seen(console(), seen)
        print_rows(console(), rows)
        lines.write(line({"message": words}))
        sys.stdout.flush()
        fail("\n".join([*map(one_line, follower.reasons), *undecided(seen, tmp_path)]))
    out, err = capfd.readouterr()
    told = out + err + (tmp_path / "log").read_text("utf-8")
    assert len(told) > 500
    assert not commands(told)
    last = words.split("\n")[-1][:12].strip()
    whole = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", out + err)
    assert terminal or words.count("\n") == 0 or f"\n{last}" not in whole
    assert json.loads(line({"message": words}))["message"] == words


FORMULAS = st.text(st.sampled_from("=+-@;|%\"',\n\r\t a1＝＋－＠；−\u3000\u00a0"), max_size=8)


@quietly
@given(st.lists(FORMULAS, min_size=1, max_size=3))
def test_no_cell_is_a_formula(cells: list[str]) -> None:
    """In any spreadsheet: whatever it takes for a separator, for blank, and for a narrow sign."""
    text = csv_of([cells])
    for separator in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                start = unicodedata.normalize("NFKC", cell.lstrip()[:1])
                assert not start or start not in "=+-@;|%−"
    (read_back,) = csv.reader(io.StringIO(text, newline=""))
    assert [_text(cell) for cell in read_back] == cells
    assert text.startswith('"')
    assert text.endswith('"\n')


@pytest.mark.parametrize("dirty", ["\u202e", "\x07", "\x7f", "\x9b", "\u2028", "\r", "\ue000"])
def test_a_report_that_others_wrote_is_cleaned_when_it_is_read(
    course: Course, tmp_path: Path, dirty: str
) -> None:
    """Catches: a quick look at the file that takes it for clean."""
    found = encode(report(course, "ann", "rnn", message="MESSAGE 李 \\u0007"))
    for text in (dirty, json.dumps(dirty).strip('"')):
        path = tmp_path / "rnn.json"
        path.write_bytes(found.replace(b"MESSAGE", text.encode()))
        kept = read(path)
        assert kept is None or kept.message == f"{MARK} 李 \\u0007"
    path.write_bytes(found)
    assert (kept := read(path)) and kept.message == "MESSAGE 李 \\u0007"
