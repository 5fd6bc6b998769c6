"""What students are told, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from conftest import ROOT
from typer.testing import CliRunner

from autograder.cli import app
from autograder.core.course import Course
from autograder.core.language import VARIABLES, Sentence, language_here, render, say, translations
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.submission import Submission
from autograder.reports.store import encode
from autograder.reports.wording import message
from autograder.sandbox import wire
from autograder.supervisor.reasons import explain

PACKAGE = ROOT / "autograder"
TEMPLATES = [("**.py", "python"), ("reports/pages/templates/**.html", "jinja2.ext:babel_extract")]
MARKS = dict.fromkeys(["_", "say", "said", "gettext"])  # functions whose first text is translated


def test_the_catalogue_is_complete_and_nothing_is_left_over() -> None:
    assert catalogue(PACKAGE / "core" / "locale" / "zh.po") == said_in(PACKAGE)


def test_the_course_s_catalogue_is_complete_and_nothing_is_left_over() -> None:
    """It has the sentences of the course's tests, and the names of values that stand in others."""
    said = said_in(ROOT / "exercises") | said_in(ROOT / "course" / "units")
    translated = catalogue(ROOT / "course" / "shared" / "locale" / "zh.po")
    assert said <= translated
    text = "".join(
        path.read_text("utf-8")
        for folder in ("course/units", "course/shared", "exercises")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert [name for name in translated - said if f'"{name}"' not in text] == []


def said_in(folder: Path) -> set[str]:
    """What the programs and templates of a folder want translated."""
    return {found[2] for found in extract_from_dir(folder, TEMPLATES, keywords=MARKS)}


def catalogue(path: Path) -> set[str]:
    """What a catalogue translates, once it is known to be in order."""
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    messages = [message for message in catalogue if message.id]
    translated = {message.id: message.string for message in messages}
    assert all(translated.values())
    assert not [message.id for message in messages if message.fuzzy]
    assert not catalogue.obsolete
    places = re.compile(r"%\(\w+\)s")
    for english, chinese in translated.items():
        assert sorted(places.findall(english)) == sorted(places.findall(chinese)), english
    return set(translated)


@pytest.mark.parametrize(
    ("facts", "english", "chinese"),
    [
        (
            say(
                "%(name)s is %(got)s, expected %(expected)s.",
                name="the result",
                got=say("a %(dtype)s tensor of shape %(shape)s", dtype="x", shape=[2, 3]),
                expected="100% %(name)s",
            ),
            "the result is a x tensor of shape (2, 3), expected 100% %(name)s.",
            "结果 是 形状为 (2, 3) 的 x 张量，应为 100% %(name)s。",
        ),
        (
            say(
                "%(name)s is %(got)s, expected %(expected)s (allowed difference %(allowed)s).",
                name=say("the gradient of %(input)s", input="x"),
                got=1 / 3,
                expected="nan",
                allowed=1.23456e-8,
            ),
            "the gradient of x is 0.333333333, expected nan (allowed difference 1.2e-08).",
            "x 的梯度 是 0.333333333，应为 nan（允许误差 1.2e-08）。",
        ),
    ],
)
def test_facts_say_the_same_in_both_languages(facts: Sentence, english: str, chinese: str) -> None:
    """What fills a template is never read as a template itself. Catches: student text as format."""
    assert facts == render(facts.facts) == english
    assert render(facts.facts, "zh") == chinese


def test_the_catalogue_has_its_header_and_no_empty_key() -> None:
    assert translations("zh").gettext("ok") == "通过"
    told = say("%(failure)s Expected a %(error)s.", failure="", error="E")
    assert render(told.facts, "zh").startswith(" ")


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "AUTOGRADER_LANG": "zh"}, "zh"),
        ({"LANGUAGE": "zh_TW:en", "LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_here() == language


@pytest.mark.parametrize(
    ("reply", "english", "chinese"),
    [
        (
            wire.Raised(1, "call", "ValueError", "100%", [wire.Frame("rnn.py", 7, "rnn", "x()")]),
            "`rnn` raised ValueError: 100% in rnn.py, line 7 (`x()`).",
            "`rnn` 抛出了 ValueError: 100%，位于 rnn.py 第 7 行 (`x()`)。",
        ),
        (
            wire.Raised(1, "import", "KeyError", "", []),
            "rnn.py cannot be imported: KeyError in rnn.py.",
            "rnn.py 无法导入：KeyError，位于 rnn.py。",
        ),
        (
            wire.Raised(1, "call", "NotImplementedError", "", []),
            "`rnn` in rnn.py is not implemented yet.",
            "rnn.py 里的 `rnn` 还没有写。",
        ),
        (  # torch's own, of a dtype that it cannot take
            wire.Raised(
                1, "call", "NotImplementedError", "no", [wire.Frame("rnn.py", 7, "rnn", "m @ m")]
            ),
            "`rnn` raised NotImplementedError: no in rnn.py, line 7 (`m @ m`).",
            "`rnn` 抛出了 NotImplementedError: no，位于 rnn.py 第 7 行 (`m @ m`)。",
        ),
    ],
)
def test_what_happened_in_the_sandbox_is_said_in_both(
    reply: wire.Raised, english: str, chinese: str
) -> None:
    failure = explain(reply, "rnn", "rnn", "rnn.py")
    assert failure.message == english
    assert render(failure.facts, "zh") == chinese


def test_what_was_not_handed_in_is_said_in_both(course: Course) -> None:
    """It is known before any test runs, and none is."""
    unit = course.unit("rnn")
    with Grader(course, Options(speed=False), []) as grader:
        report = grader.grade(Submission("ann", [], "digest"), unit, "a seed")
    told = message(report, "zh")
    assert "No rnn.py or rnn.ipynb was handed in (handed in: nothing)." in encode(report).decode()
    assert told == "没有提交 rnn.py 或 rnn.ipynb（已提交：无）。"


def test_wrong_use_is_told_in_the_student_s_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was meant is found in capitals, too. What an instructor types is English."""
    monkeypatch.setenv("AUTOGRADER_LANG", "zh")
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, ["check", "RNN"])
    assert (done.exit_code, done.stderr[:14]) == (2, "没有名为 'RNN' 的单元")
    assert "是不是想写 'rnn'？" in done.stderr.replace("\n", "")
    assert "没有名为 'sofmax' 的练习" in CliRunner().invoke(app, ["hint", "sofmax"]).stderr
    assert "There is no unit" in CliRunner().invoke(app, ["grade", ".", "--unit=x"]).stderr
    monkeypatch.chdir(tmp_path)
    assert "请先用 `cd` 进入课程的文件夹" in CliRunner().invoke(app, ["check"]).stderr
