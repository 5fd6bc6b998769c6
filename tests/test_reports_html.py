"""The pages of reports: whole, escaped, readable, the same for the same reports."""

from __future__ import annotations

import itertools
import math
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from reports import HOSTILE, report, result, sample, student_of

from autograder.core.course import Course
from autograder.core.language import say
from autograder.reports.pages import figures
from autograder.reports.pages.html import (
    PAGE,
    class_page,
    common_mistakes,
    student_page,
    write_pages,
)
from autograder.reports.people import Account, Person, Place, Step
from autograder.reports.reading import StudentReports, each, in_order
from autograder.reports.schema import Change
from autograder.reports.store import encode, path_for, write
from autograder.reports.wording import LABELS, Language, reason, translations

FOLDER = Path(figures.__file__).parent
VOID = {"meta", "br", "rect", "line", "circle", "polyline", "link", "img"}
LANGUAGES: list[Language] = ["en", "zh"]


class Page(HTMLParser):
    """What is in a page: its tags, texts and attributes; every tag has to be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(course: Course, language: Language) -> list[str]:
    students = sample(course)
    singles = [student_page(student, course, language) for student in students]
    return [class_page(students, course, language), *singles]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_whole_static_and_accessible(course: Course, language: Language) -> None:
    for text in pages(course, language):
        page = Page(text)
        names = [name for name, _ in page.tags]
        assert names.count("h1") == 1
        assert "script" not in names
        assert not {"link", "img", "iframe", "object", "form"} & set(names)
        assert ("html", {"lang": "zh-Hans" if language == "zh" else "en"}) in page.tags
        for name, attributes in page.tags:
            assert not [key for key in attributes if key.startswith("on")]
            assert "://" not in (attributes.get("href") or "")
            assert name != "th" or attributes.get("scope") in ("col", "row")
            assert name != "svg" or attributes.get("aria-label")
        assert names.count("table") == names.count("caption")
        levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_students_write_is_text(course: Course, language: Language) -> None:
    for text in pages(course, language):
        assert "<script" not in text
        assert "49" not in Page(text).text.split()
        assert "\u202e" not in text
        assert "\x1b" not in text
    hostile = student_page(sample(course)[2], course, language)
    assert "<script>alert(1)</script>'\"&{{ 7 * 7 }}{% raw %}" in Page(hostile).text


def test_a_student_page_says_what_is_wrong_and_where_to_look(course: Course) -> None:
    text = Page(student_page(sample(course)[1], course, "en")).text
    assert "the result[1, 2] is 2, expected 0.5." in text
    assert "The scores are divided by the width itself." in text
    assert "isolation: full" in text


def test_chinese_pages_are_chinese_to_the_last_fact(course: Course) -> None:
    text = Page(student_page(sample(course)[1], course, "zh")).text
    assert "结果[1, 2] 是 2，应为 0.5（允许误差 1e-08）；6 个数中有 3 个不对。" in text
    assert "隔离：完整" in text
    assert "分数除以了宽度本身。" in text
    assert "divided by" not in text


def test_incomplete_is_no_zero(course: Course) -> None:
    lost = sample(course)[3]
    text = " ".join(Page(student_page(lost, course, "en")).text.split())
    assert "is no zero" in text
    assert "total?incomplete" in text
    row = class_page([lost], course, "en").split("<tbody>")[1].split("</tbody>")[0]
    assert row.count('aria-hidden="true">?') == 2  # the unit and the total
    assert "mean" not in Page(class_page([lost], course, "en")).text.split("Students")[0]


def test_the_class_page_counts_students_and_not_tests(course: Course) -> None:
    students = sample(course)
    wrong = next(t for t in students[1].reports["attention"].tests if t.help_id == "scale_by_d")
    twice = [wrong, wrong, wrong]
    students.append(student_of([report(course, "Bob", "attention", *twice)]))
    mistakes = common_mistakes(course.units, students, "en")
    assert (mistakes[0].id, mistakes[0].count) == ("scale_by_d", 2)
    text = class_page(students, course, "en")
    waiting = text.split('id="waiting"')[1]
    assert "=late" in waiting
    assert "Ann" not in waiting


def of_section(student: StudentReports, section: str, place: Place = "in") -> StudentReports:
    return replace(student, person=Person(student.name, section=section), place=place)


def test_the_class_page_filters_and_sorts_without_a_program(course: Course) -> None:
    """By rules of CSS that name what is in the rows; each order is a page of its own."""
    places: list[tuple[str, Place]] = [
        ("B", "in"),
        ("A", "in"),
        ("", "out"),
        ("B", "in"),
        ("", "gone"),
    ]
    students = [of_section(s, *p) for s, p in zip(sample(course), places, strict=True)]
    text = class_page(students, course, "en", "section")
    rules = re.findall(r":has\(#(\w+):checked\) .marks tbody tr:not\(.(\w+)\)", text)
    assert rules and all(a == b for a, b in rules)
    ids = {a["id"] for tag, a in Page(text).tags if tag == "input" and "id" in a}
    assert {"s0", "s1", "u0", "u1"} <= ids and {name for name, _ in rules} <= ids
    rows = re.findall(r'<tr class="([^"]*)"><th scope="row">.*?<bdi>(.*?)</bdi>', text)
    assert [(kind, name) for kind, name in rows if "script" not in name] == [
        ("s0 m1", "李雷"),
        ("s1", "Ann"),
        ("s1", "lost"),
        ("", "=late"),
    ]
    assert text.index("not in the roster</th>") < text.index("gone from the submissions</th>")
    assert 'href="by-total.html"' in text and 'href="by-section.html"' not in text
    by_total = class_page(students, course, "zh", "total").split("<tbody>")[1]
    assert by_total.index("lost") < by_total.index("李雷") < by_total.index("Ann")


def test_the_class_page_says_who_and_how_each_test_went_and_what_changed(course: Course) -> None:
    students = sample(course)
    ann = students[0].reports["attention"]
    changed = structs.replace(ann, changes=[Change("scale", None, 1.0, "other hidden tests")])
    students[0] = replace(students[0], reports={"attention": changed})
    text = class_page(students, course, "en")
    who = text.split('id="mistakes"')[1].split("scale_by_d")[1].split("</details>")[0]
    assert "李雷" in who and "Ann" not in who
    page = " ".join(Page(text).text.split())
    row = text.split("<code>test_scale_values</code>")[1].split("</tr>")[0]
    assert "1 of 3" in row and "33 %" in row
    assert "attention: scale–1other hidden tests" in page.replace(" –", "–")


def test_pages_are_pure_and_fit_any_number_of_reports(course: Course) -> None:
    students = sample(course)
    assert class_page(students, course, "en") == class_page(students, course, "en")
    assert "<h1>" in class_page([], course, "en")


def test_pages_are_written_where_the_reports_are(course: Course, tmp_path: Path) -> None:
    students = sample(course)
    for student in students:
        for found in student.reports.values():
            write(path_for(tmp_path, found.student, found.unit), encode(found))
    read = in_order(each(tmp_path, course.units))
    assert {s.name for s in read} == {s.name for s in students}
    write_pages(tmp_path, read, course, "en")
    links = [a["href"] for tag, a in Page((tmp_path / PAGE).read_text()).tags if tag == "a"]
    from urllib.parse import unquote

    files = [tmp_path / unquote(link) for link in links if link and not link.startswith("#")]
    assert files
    assert all(file.is_file() for file in files)


def test_rendering_imports_nothing_heavy() -> None:
    code = "import sys, autograder.reports.pages.html; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_figures_are_drawn_from_what_can_be_drawn(course: Course) -> None:
    given = {
        "attention_weights": [[0.25, 0.75], [1.0, 0.0]],
        "heads": [[[1.0]], [[0.5]]],
        "gradient_norms": {"yours": [1.0, 0.1, 0.001], HOSTILE: [1.0, 0.9, 0.8]},
        "alignment": {"values": [[0.5, 0.5]], "rows": [HOSTILE], "columns": ["欢迎", "来"]},
        "no_words": {"values": [[0.5, 0.5]], "rows": "x", "columns": [1]},
        "accuracy_by_length": {"x": [2, 4, 16], "accuracy": [1.0, 1.0, 0.25]},
        "only_places": {"x": [1, 2]},
        "nothing": [],
        "ragged": [[1.0], [1.0, 2.0]],
        "missing": [1.0, None],
        "text": HOSTILE,
        "endless": [[0.0] * 65],
        "huge": [1e308, math.nan],
    }
    drawn = figures.figures(given)
    kinds = [type(figure).__name__ for figure in drawn]
    assert kinds == ["HeatMap"] * 3 + ["Plot"] + ["HeatMap"] * 2 + ["Plot"]
    assert [bool(figure.row_names) for figure in drawn[4:6]] == [True, False]
    assert [x for x, _ in drawn[6].lines[0].points] == [0, 45.71, 320]
    student = student_of([report(course, "Ann", "attention", figures=given)])
    page = Page(student_page(student, course, "en"))
    assert sum(tag == "svg" for tag, _ in page.tags) == 7
    headings = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert headings.count("row") > headings.count(None)


def test_the_speed_scale(course: Course) -> None:
    fast, slow = (figures.scale({"share": share, "gate": 0.05}) for share in (0.01, 0.9))
    assert fast is not None
    assert slow is not None
    assert slow.position < slow.gate_position < fast.position <= 100
    nonsense: list[Any] = [0, -1, None, "fast", True, math.nan]
    assert not any(figures.scale({"share": share, "gate": 0.05}) for share in nonsense)
    assert not any(figures.scale({"share": 0.9, "gate": gate}) for gate in nonsense)
    assert figures.scale({"ratio": 0.9, "gate": 0.3}) is None, "as reports of before have it"
    facts = {"over": "keys", "share": 0.9, "gate": 0.05}
    timed = result("attention", "failed", kind="speed", message="slow", facts=facts)
    student = student_of([report(course, "Ann", "attention", timed)])
    said = "0.9 of the time that a loop takes; less than 0.05 is asked for."
    assert said in Page(student_page(student, course, "en")).text


def test_a_full_histogram() -> None:
    counts = [bar.count for bar in figures.histogram([0.0, 0.099, 0.7, 1.0, 1.0])]
    assert counts == [2, 0, 0, 0, 0, 0, 0, 1, 0, 2]


def test_every_label_reads_in_both_languages() -> None:
    for name, label in LABELS.items():
        test = result("x", "failed", help_id=name, message="what happened")
        assert reason(test, "en") == "what happened"
        assert reason(test, "zh") == f"{translations('zh').gettext(label)} what happened"


def test_colours_have_the_contrast_of_wcag_aa() -> None:
    css = (FOLDER / "templates" / "style.css").read_text()
    for theme in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", theme))
        for ground in ("page", "panel"):
            for name in ("text", "muted", "link", "good", "bad", "warn"):
                assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        assert _contrast(colours["accent"], colours["page"]) >= 3


def _contrast(a: str, b: str) -> float:
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_names_in_what_changed_a_mark_are_set_as_code(course: Course) -> None:
    """And what is said there is text, whoever wrote it."""
    student = student_of([report(course, "ann", "rnn")])
    step, note = Step(1, say("`softmax`, by hand: <b>")), say("a mistake in `attention.scale`")
    account = Account(before=1, most=2, steps=[step], notes=[note])
    page = student_page(replace(student, accounts={"rnn": account}), course, "en")
    assert "<code>softmax</code>, by hand: &lt;b&gt;" in page
    assert "a mistake in <code>attention.scale</code>" in page
