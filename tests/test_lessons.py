"""The lessons: every notebook runs from top to bottom with the solutions in it, plots included."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from machine import patience

from autograder.core.course import Course, load
from autograder.core.errors import CourseError
from autograder.core.language import LANGUAGES
from autograder.grading.protocol import Options
from autograder.notebooks import build as notebooks
from autograder.notebooks import pages
from autograder.notebooks.build import TEST, unit_notebook
from autograder.release.starters import STUB
from autograder.reports.wording import Language

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")

COURSE = load(ROOT)
CPU = Options().kinds
SECONDS = 60  # for one cell


def built(unit: str, language: Language) -> Any:
    return nbformat.reads(unit_notebook(COURSE, COURSE.unit(unit), language, CPU), as_version=4)


@pytest.mark.parametrize("language", LANGUAGES)
def test_notebooks_run_with_the_solutions(tmp_path: Path, language: Language) -> None:
    """One kernel a language, emptied between notebooks: torch is imported once."""
    client = pytest.importorskip("nbclient")
    notebooks.build(COURSE, tmp_path, language)
    every = nbformat.v4.new_notebook()
    for unit in COURSE.unit_names:
        folder = tmp_path / "source" / unit
        forget = f"for m in {['lesson', *COURSE.unit_names]}: sys.modules.pop(m, None)"
        start = (
            f"%reset -f\nimport os, sys\nos.chdir({str(folder)!r})\nsys.path[:] = [p for p in "
            f"sys.path if 'source' not in p]\nsys.path.insert(0, os.getcwd())\n{forget}"
        )
        own = nbformat.read(folder / f"{unit}.ipynb", as_version=4).cells
        every.cells += [nbformat.v4.new_code_cell(start), *own]
    client.NotebookClient(every, timeout=int(patience(SECONDS)), kernel_name="python3").execute()
    pictures: dict[str, int] = {}
    for cell in every.cells:
        unit = re.sub(r"-\d+$", "", cell.id)
        found = [o for o in cell.get("outputs", []) if "image/svg+xml" in o.get("data", {})]
        pictures[unit] = pictures.get(unit, 0) + len(found)
        warned = [o for o in cell.get("outputs", []) if o.get("name") == "stderr"]
        assert not warned, f"{cell.id} wrote to stderr: {warned}"
    assert all(pictures[unit.replace("_", "-")] for unit in COURSE.unit_names)


@pytest.mark.parametrize("unit", COURSE.unit_names)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exercise_has_its_cells_and_points(unit: str, language: Language) -> None:
    cells = [c for c in built(unit, language).cells if "nbgrader" in c.metadata]
    points = {c.metadata.nbgrader.grade_id: c.metadata.nbgrader.get("points") for c in cells}
    exercises = COURSE.unit(unit).exercises
    assert set(points) == {p + e.name for e in exercises for p in ("", TEST)}
    assert sum(p for p in points.values() if p) == COURSE.unit(unit).max_score(CPU)
    assert all(c.metadata.nbgrader.locked == c.metadata.nbgrader.grade for c in cells)


def test_a_notebook_is_the_same_whenever_it_is_built() -> None:
    texts = {unit_notebook(COURSE, COURSE.unit("attention"), "en", CPU) for _ in range(2)}
    assert len(texts) == 1


def test_gpu_points_count_where_they_are_asked_for() -> None:
    unit = COURSE.unit("attention")
    kinds = Options(cuda=True).kinds
    text = unit_notebook(COURSE, unit, "en", kinds)
    notebook = nbformat.reads(text, as_version=4)
    total = sum(c.metadata.get("nbgrader", {}).get("points", 0) for c in notebook.cells)
    assert total == unit.max_score(kinds) > unit.max_score(CPU)


@pytest.mark.parametrize(
    ("lesson", "words"),
    [
        ("# Title\n\n```python\n1\n```\n", "no exercise, or no check, for rnn_step, rnn"),
        ("<!-- exercise: gru -->\n\n```python\n1\n```\n", "'gru' must name one of rnn_step, rnn"),
        ("<!-- exercise: rnn -->\n\nText.\n\n```python\n1\n```\n", "stand right before a code"),
        ("<!-- exercise: rnn -->\n", "no check, for rnn, rnn_step"),
    ],
)
def test_a_lesson_that_does_not_fit_its_unit(
    course: Course, tmp_path: Path, lesson: str, words: str
) -> None:
    (tmp_path / "course" / "units" / "rnn").mkdir(parents=True)
    (tmp_path / "course" / "units" / "rnn" / "lesson.en.md").write_text(lesson, "utf-8")
    (tmp_path / "solutions").symlink_to(ROOT / "solutions")
    (tmp_path / "course" / "course.toml").write_bytes((ROOT / "course/course.toml").read_bytes())
    elsewhere = load(tmp_path)
    with pytest.raises(CourseError, match=re.escape(words)):
        unit_notebook(elsewhere, course.unit("rnn"), "en", CPU)


def test_pages_have_formulas_and_no_solutions() -> None:
    """Of every lesson, without running it: no formula is left as LaTeX, no answer is shown."""
    pytest.importorskip("latex2mathml")
    for unit in COURSE.unit_names:
        for language in LANGUAGES:
            for cell in built(unit, language).cells:
                if cell.cell_type == "markdown":
                    shown = re.sub(r"<code>.*?</code>", "", pages.markdown(cell.source), flags=re.S)
                    assert not re.search(r"\$|\\[a-z]+|\N{OBJECT REPLACEMENT CHARACTER}", shown)
    shown = pages.markdown("`$a$` and $a < b$, $$\\sqrt 2$$ <script>")
    assert "<code>$a$</code>" in shown
    assert shown.count("<math") == 2
    assert "msqrt" in shown


def test_pages_take_solutions_out() -> None:
    notebook = pages.without_solutions(built("attention", "en"))
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "keepdim" not in text and "SOLUTION" not in text and STUB in text
