"""Programs that are alike: a copy in a class of right answers, and what is no copy."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, autograder
from machine import unless_it_hangs
from reports import HOSTILE

from autograder.core.course import Course
from autograder.reports.pages.similar import Pair, Part, similar_page
from autograder.similar import gather
from autograder.similar.gather import LONGEST, similar, too_short


class Renamed(ast.NodeTransformer):
    """A function with other names for what it binds, and without annotations and docstring."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not is_read(n)}
        self._names |= {name: f"value_{n}" for n, name in enumerate(sorted(stored))}
        for argument in node.args.args:
            argument.annotation = None
        node.returns = None
        if ast.get_docstring(node):
            node.body = node.body[1:]
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node


def is_read(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


def disguised(text: str) -> list[str]:
    """A program renamed, laid out anew, its functions in another order, in parts: for cells."""
    body = ast.parse(text).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    others = [node for node in body if node not in functions and not isinstance(node, ast.Expr)]
    return [
        *(ast.unparse(node) for node in others),
        *(ast.unparse(Renamed().visit(node)) for node in reversed(functions)),
    ]


def notebook(cells: list[str]) -> str:
    made = [
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": cell,
        }
        for cell in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made})


def hand_in(folder: Path, student: str, name: str, text: str) -> None:
    place = folder / student
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(text, "utf-8")


def right(unit: str) -> dict[str, str]:
    folder = ROOT / "course" / "units" / unit / "hidden" / "right"
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.py"))}


@pytest.mark.parametrize("unit", ["attention", "gates", "rnn", "order"])
def test_a_disguised_copy_is_found_in_a_class_of_right_answers(
    course: Course, tmp_path: Path, unit: str
) -> None:
    """Renamed, reordered, laid out anew, in a notebook; and nobody else of the class is named."""
    answers = right(unit)
    for name, text in answers.items():
        hand_in(tmp_path / "class", name, f"{unit}.py", text)
    copied = list(answers)[-1]
    hand_in(tmp_path / "class", "copy", f"{unit}.ipynb", notebook(disguised(answers[copied])))
    said: list[str] = []
    found = similar(course, [course.unit(unit)], tmp_path / "class", [], said.append)
    classmates = {(p.one, p.other) for p in found if {p.one, p.other} <= {*answers, "copy"}}
    assert classmates in ({("copy", copied)}, {(copied, "copy")})
    assert not said
    published = {p.other for p in found if p.one == "copy"}
    assert f"course/units/{unit}/hidden/right/{copied}.py" in published


def test_starters_are_alike_and_nobody_s(course: Course, tmp_path: Path) -> None:
    """Nor is who wrote a line or two of what everybody writes."""
    starter = (ROOT / "exercises" / "attention.py").read_text("utf-8")
    begun = starter.replace("raise NotImplementedError", "return scores / math.sqrt(d_k)", 2)
    for student, text in {"a": starter, "b": starter, "c": begun, "d": begun}.items():
        hand_in(tmp_path / "class", student, "attention.py", text)
    assert not similar(course, course.units, tmp_path / "class", [], print)


def test_solutions_and_earlier_years_are_archives(course: Course, tmp_path: Path) -> None:
    """They are compared with the class, and not with one another; what is long is told of."""
    mine = right("gates")["own_sigmoid"]
    hand_in(tmp_path / "class", "ann", "gates.py", mine)
    hand_in(tmp_path / "class", "long", "gates.py", mine + "# \n" * LONGEST)
    for student in ("bea", "cyd"):
        hand_in(tmp_path / "2025", student, "gates.py", "\n".join(disguised(mine)))
    said: list[str] = []
    found = similar(course, course.units, tmp_path / "class", [tmp_path / "2025"], said.append)
    assert {p.one for p in found} == {"ann"}
    assert {"2025/bea", "2025/cyd", "course/units/gates/hidden/right/own_sigmoid.py"} <= {
        p.other for p in found
    }
    assert said == ["Too long to be compared: long (gates)."]


def test_which_functions_are_too_short_to_tell(course: Course) -> None:
    """As docs/marks.md says."""
    short = {name for unit in course.units for name in too_short(course, unit)}
    (said,) = re.findall(
        r"too short to tell:\s(.+?)\.\n", (ROOT / "docs" / "marks.md").read_text(), re.S
    )
    assert short == set(re.findall(r"`(\w+)`", said))


def test_a_page_of_hostile_programs_is_inert(course: Course) -> None:
    """Names and programs are escaped in both languages. Catches: markup, active content."""
    parts = [Part(HOSTILE, True), Part(f"</pre>{HOSTILE}", False)]
    pair = Pair("attention", 0.75, HOSTILE, "b", parts, parts)
    for language in ("en", "zh"):
        page = similar_page([pair], course.units, {"attention": ["scale"]}, course, language)
        assert "<script" not in page and "default-src 'none'" in page
        assert page.count("<pre ") == page.count("</pre>") == 2
        assert "75 %" in page and "<code>scale</code>" in page


@pytest.mark.parametrize("text", [" \n" * 30_000, "x = '" + "\\N{" * 20_000 + "'"])
def test_what_pygments_searches_for_minutes(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(gather, "SECONDS", 0.5)
    hand_in(tmp_path / "class", "eve", "rnn.py", f"def rnn(): ...\n{text}")
    told: list[str] = []
    with unless_it_hangs():
        similar(course, [course.unit("rnn")], tmp_path / "class", [], told.append)
    assert told == ["Too long to be compared: eve (rnn)."]


def test_the_command(tmp_path: Path) -> None:
    """It writes its page and nothing else."""
    for student in ("ann", "bob"):
        hand_in(tmp_path / "class", student, "cost.py", right("cost")["recursive"])
    page = tmp_path / "similar.html"
    before = {*tmp_path.rglob("*")}
    done = autograder("similar", tmp_path / "class", "--unit", "cost", "--output", page, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "Pairs: 3" in done.stdout
    assert {*tmp_path.rglob("*")} - before == {page}
    assert "100 % · What a layer costs" in page.read_text("utf-8")
