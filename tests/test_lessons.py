"""The lessons: every notebook runs from top to bottom with the solutions in it, plots included."""

from __future__ import annotations

import importlib
import itertools
import json
import re
import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from conftest import ROOT
from machine import patience

from autograder.core.assignments import Assignment
from autograder.core.course import Course, load
from autograder.core.errors import CourseError
from autograder.core.language import LANGUAGES
from autograder.core.units import shared
from autograder.grading.protocol import Options
from autograder.notebooks import build as notebooks
from autograder.notebooks import lessons, pages
from autograder.notebooks.build import QUESTION, TEST, unit_notebook
from autograder.release.lessons import course_map
from autograder.release.starters import STUB
from autograder.reports.wording import Language

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("jupytext")

COURSE = load(ROOT)
CPU = Options().kinds
SECONDS = 60  # for one cell


def built(unit: str, language: Language) -> Any:
    return nbformat.reads(unit_notebook(COURSE, COURSE.unit(unit), language, CPU), as_version=4)


def test_an_assignment_s_lessons_alone(tmp_path: Path) -> None:
    """With the course's id, which nbgrader's exchange asks for, where nobody has set one."""
    week1 = Assignment(units=["rnn", "cost"])
    course = msgspec.structs.replace(COURSE, assignments={"week1": week1})
    notebooks.build(course, tmp_path / "nlp", assignments=["week1"])
    built = [path.name for path in (tmp_path / "nlp" / "source").iterdir()]
    assert sorted(built) == ["cost", "rnn"]
    config = (tmp_path / "nlp" / "nbgrader_config.py").read_text("utf-8")
    assert "setdefault(\"course_id\", 'nlp')" in config
    notebooks.build(course, tmp_path / "nlp")  # the others are no strangers
    with pytest.raises(CourseError, match="no assignment 'week2'"):
        notebooks.build(course, tmp_path / "other", assignments=["week2"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_notebooks_run_with_the_solutions(
    tmp_path: Path, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One kernel a language, emptied between notebooks: torch is imported once."""
    monkeypatch.setenv("LESSONS_TRAIN", "hardly")
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
    assert set(points) == {p + e.name for e in exercises for p in ("", TEST)} | {QUESTION}
    assert sum(p for p in points.values() if p) == COURSE.unit(unit).max_score(CPU)
    assert all(c.metadata.nbgrader.locked != c.metadata.nbgrader.solution for c in cells)


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


OPENING = {
    "en": r"# .+\n\n> “.+” .+\n\nAfter this unit you can\n\n(?:- .+\n){3}\n"
    r"\*\*Time:\*\* about (\d+) minutes\. \*\*Difficulty:\*\* [123] of 3\. \*\*Needs:\*\* .+ "
    r"for \d+ minutes: `autograder hint (\w+)` .+\n\n## ",
    "zh": r"# .+\n\n> “.+”.+\n\n学完本单元，你能够\n\n(?:- .+\n){3}\n"
    r"\*\*时间\*\*：约 (\d+) 分钟。\*\*难度\*\*：[123]（共 3 级）。\*\*先修\*\*：.+"
    r"卡住 \d+ 分钟.+ `autograder hint (\w+)`.+\n\n## ",
}


def source(unit: str, language: Language) -> str:
    return (ROOT / "course" / "units" / unit / f"lesson.{language}.md").read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lesson_opens_with_what_it_is_for_and_closes_with_two_questions(
    language: Language,
) -> None:
    """The article's sentence, three aims, time as the manifest has it; two folded answers."""
    for unit in COURSE.units:
        text = source(unit.name, language)
        opening = re.match(OPENING[language], text)
        assert opening, unit.name
        assert int(opening[1]) == unit.minutes
        assert opening[2] in [exercise.name for exercise in unit.exercises]
        for name in unit.after:
            assert f"“{COURSE.unit(name).title.in_(language)}”" in opening[0], unit.name
        assert text.count("<details>") == text.count("</details>") == 2
        rubric = text.partition("<!-- question -->")[2].partition("</summary>")[2]
        assert len(re.findall("^- ", rubric, re.MULTILINE)) == 3, unit.name


def test_each_plot_is_foretold_and_compared_in_notebooks_alone() -> None:
    """A cell that asks before each plot, one that compares after it; a page has neither."""
    for unit in COURSE.units:
        cells = [c.source for c in built(unit.name, "en").cells if c.cell_type == "code"]
        plots = [i for i, cell in enumerate(cells) if cell.startswith("%%experiment")]
        for i in plots:
            assert cells[i - 1].startswith("%%predict\n# ") and "guess = None" in cells[i - 1]
            assert cells[i + 1].startswith("%%predict") and "{guess}" in cells[i + 1]
        assert plots and "%%predict" not in pages.unexecuted(COURSE, unit, "en")


def test_a_question_with_points_keeps_its_answer_back(course: Course) -> None:
    """nbgrader takes it out of what it releases; pages and students' notebooks do not have it."""
    unit = course.unit("rnn")
    marked = msgspec.structs.replace(unit, question=3)
    cell = next(c for c in nbformat.reads(unit_notebook(course, marked, "en", CPU), 4).cells
                if c.metadata.get("nbgrader", {}).get("grade_id") == QUESTION)  # fmt: skip
    assert cell.cell_type == "markdown" and cell.metadata.nbgrader.points == 3
    answer = "must wait for it"
    assert answer in cell.source
    for make in (pages.unexecuted, lessons.notebook):
        assert answer in make(course, unit, "en") and answer not in make(course, marked, "en")


def test_the_short_path_runs_alone() -> None:
    """Its lessons and solutions import no unit that it lacks, and nothing comes before it."""
    core = {unit.name for unit in COURSE.units if unit.core}
    others = set(COURSE.unit_names) - core
    assert core and others
    for unit in (COURSE.unit(name) for name in core):
        assert set(unit.after) <= core
        code = "".join(c.source for c in built(unit.name, "en").cells if c.cell_type == "code")
        code += (ROOT / "solutions" / f"{unit.name}.py").read_text("utf-8")
        assert not others & set(re.findall(r"^(?:from|import) (\w+)", code, re.MULTILINE))


def test_the_map_shows_each_unit_once_and_after_what_it_needs() -> None:
    order = COURSE.unit_names
    for unit in COURSE.units:
        assert all(order.index(name) < order.index(unit.name) for name in unit.after)
    shown = course_map(COURSE, {name: name for name in order}, "en")
    assert [row[0] for row in re.findall(r"<td>\d+\. (\w+)</td><td>(\d+)", shown)] == order
    assert shown.count("●") == len([unit for unit in COURSE.units if unit.core])


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)]


def test_figures_that_move_show_what_is_measured() -> None:
    """Drawn anew they are the same; the script multiplies a radius as real networks do."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("safetensors")
    figures = runpy.run_path(str(ROOT / "course" / "figures.py"))
    for name in figures["TEXTS"]:
        for language in LANGUAGES:
            kept = (figures["FOLDER"] / f"{name}.{language}.html").read_text("utf-8")
            made = figures["figure"](name, language)
            assert re.sub(r"[\d.e+-]+", "", kept) == re.sub(r"[\d.e+-]+", "", made)
            assert numbers(kept) == pytest.approx(numbers(made), rel=0.02, abs=0.11)
    for radius in (0.7, 1.05):
        rows = [figures["demonstrate"](radius, 60, 32, seed)[::-1] for seed in range(9)]
        drawn = [norm * radius**back for back, norm in enumerate(figures["norms"]())]
        measured = np.median([row / row[0] for row in rows], axis=0)
        assert np.log10(drawn) == pytest.approx(np.log10(measured), abs=0.1)
    script = (figures["FOLDER"] / "figures.js").read_text("utf-8")
    assert len(script.splitlines()) <= 150


@pytest.mark.parametrize("page", ["teaching.md", "teaching.zh.md"])
def test_the_plan_for_teaching_fits_the_course(page: str) -> None:
    """What comes before what, the mistakes by their names, twelve questions; in both languages."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    chains = [re.findall(r"`(\w+)`", chain) for chain in re.findall(r"`\w+`(?: → `\w+`)+", text)]
    arrows = {pair for chain in chains for pair in itertools.pairwise(chain)}
    assert arrows == {(before, unit.name) for unit in COURSE.units for before in unit.after}
    named = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", text, re.MULTILINE)
    assert len({unit for unit, _ in named}) > 10
    for unit, mistake in named:
        hidden = ROOT / "course" / "units" / unit / "hidden" / "mistakes.py"
        assert f'"{mistake}"' in hidden.read_text("utf-8"), mistake
    assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) == 12


def test_the_networks_that_were_trained_do_what_the_lesson_says() -> None:
    """It copies up to the 16 letters it saw, and looks at 北京 while it writes "welcome"."""
    pytest.importorskip("safetensors")
    training = runpy.run_path(str(ROOT / "course" / "train.py"))
    load = importlib.import_module("safetensors.torch").load_file
    words, accuracy, unit = training["words"], training["accuracy"], "cross_attention"
    copying = load(training["PARAMETERS"] / f"{unit}_copy.safetensors")
    fixed = load(training["PARAMETERS"] / "seq2seq_copy.safetensors")

    def share(unit: str, params: Any, length: int) -> float:
        random = torch.Generator().manual_seed(1)
        return float(accuracy(unit, params, words(torch.full((100,), length), random)))

    assert share(unit, copying, 16) > 0.9 and share(unit, copying, 17) < 0.1
    assert share("seq2seq", fixed, 3) > 0.9 and share("seq2seq", fixed, 16) < 0.1
    task = training["translate_task"]()
    ids = torch.tensor([[task.source.index(word) for word in "欢迎 来 北京".split()]])
    translating = load(training["PARAMETERS"] / f"{unit}_translate.safetensors")
    decode = training[unit].decode_with_attention
    written, weights = decode(ids, torch.tensor([3]), translating, training["START"], 1, 8)
    assert task.target[written[0, 0]] == "welcome" and weights[0, 0].argmax() == 2
    assert (weights[0].sum(-1) - 1).abs().max() < 1e-5


def right(found: dict[str, Any], kind: str, words: int) -> float:
    return float(found[kind][str(words)]["right"])


def test_the_first_five_minutes_say_what_the_networks_answered() -> None:
    """All know at 5 words, the plain network guesses at 20, only attention knows at 80."""
    found = json.loads((ROOT / "course" / "parameters" / "first_minutes.json").read_text())
    assert all(right(found, kind, 5) > 0.95 for kind in found)
    assert right(found, "rnn", 20) < 0.2 < 0.3 < right(found, "lstm", 20) < 0.9
    assert max(right(found, "rnn", 80), right(found, "lstm", 80)) < 0.2
    assert right(found, "attention", 80) > 0.75
    for language in LANGUAGES:
        page = pages.opening_page(COURSE, language)
        for kind in found:
            for words in (5, 20, 80):
                assert f"<td>{right(found, kind, words):.0%}</td>" in page


@pytest.mark.long
def test_the_first_five_minutes_can_be_had_again() -> None:
    minutes = runpy.run_path(str(ROOT / "course" / "first_minutes.py"))
    kept = json.loads(minutes["KEPT"].read_text())
    for kind, found in minutes["run"]((5, 20)).items():
        for words, answers in found.items():
            assert answers["right"] == pytest.approx(right(kept, kind, int(words)), abs=0.1)


def test_the_operations_of_training_are_counted_as_torch_counts_them() -> None:
    """Forward and backward, projections too; the loop's first state, zeros, needs no gradient."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    article = shared(ROOT, "article")
    for name in ("RNN, a loop", "attention"):
        x = torch.randn(3, 64, 16, requires_grad=True)
        layer = article.layers(16, "cpu")[name]
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted:
            layer(x).sum().backward()
        ours = article.training_flops(name, 3, 64, 16)
        assert counted.get_total_flops() == pytest.approx(ours, rel=0.005)
