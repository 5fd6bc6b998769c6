"""A unit laid out and looked over: `autograder unit new` and `autograder unit check`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from conftest import UNITS
from rich.console import Console
from typer.testing import CliRunner

from autograder.authoring import MISTAKES as MISTAKES_ASKED
from autograder.authoring import RIGHT_ANSWERS, check, measured, static
from autograder.authoring.draft import Bar, Draft, Gap
from autograder.authoring.scaffold import MANIFEST, lay_out, layout
from autograder.bench.validity.graders import CorrectnessGraders
from autograder.cli import app
from autograder.core.course import Course, load
from autograder.core.errors import CourseError, GraderError
from autograder.core.units import Task, chinese_docstrings

TEXT = """# Kept, to the letter.
[course]
title = { en = "A course",   zh = "课程" }

[[units]] # the first
name = "first"
title = { en = "First", zh = "第一" }
exercises = []"""
FOLDER = "course/units/fresh"
SOLUTION, STARTER, PUBLIC = "solutions/fresh.py", "exercises/fresh.py", "exercises/test_fresh.py"
HIDDEN = f"{FOLDER}/hidden/test_fresh.py"
MISTAKES = f"{FOLDER}/hidden/mistakes.py"
RIGHT = f"{FOLDER}/hidden/right"
ZH = f"{FOLDER}/docstrings.zh.toml"
LESSON = f"{FOLDER}/lesson.zh.md"
SHAPE = "assert student.fresh.bad(x).shape == x.shape"
REST = 'centred64, [x], draw.normal(2, 5, 3), ["x"])'
FLOAT32 = "x, x.double(), dtype=torch.float32"
AGREEMENT = """import torch

def layers(modules):
    yield "twice as much", torch.zeros(2), torch.ones(2)
"""
POINTS, MIXED = "correctness = 3, gradient = 1", "correctness = 3, speed = 1"
EQUIVALENT = """[[mutant]]
line = "return y"
why = "It is not there."
"""
MEASURED = [c for c, _ in check.CHECKS if c.__module__ == measured.__name__]
BAR = Bar(mistakes=1, right=3)


@pytest.fixture
def empty(tmp_path: Path) -> Course:
    """A course with a unit that has nothing in it."""
    (tmp_path / "course" / "shared").mkdir(parents=True)
    (tmp_path / "course" / "shared" / "lesson.py").touch()
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "first.py").touch()
    (tmp_path / MANIFEST).write_text(TEXT, "utf-8")
    return load(tmp_path)


@pytest.fixture
def fresh(empty: Course) -> Course:
    """The same with a unit `fresh`, just laid out, of two exercises."""
    lay_out(empty, "fresh", ["good", "bad"])
    return load(empty.root)


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_what_is_laid_out_and_what_stays(empty: Course) -> None:
    """Catches: a manifest that is written anew, an entry glued to a last line without its end."""
    before = files(empty.root)
    made = lay_out(empty, "fresh", ["one", "two"])
    places = {path.relative_to(empty.root).as_posix() for path in made}
    assert places == {*layout("fresh"), "exercises/fresh.py"}
    assert files(empty.root) == before | places
    assert (empty.root / MANIFEST).read_text("utf-8").startswith(f"{TEXT}\n\n[[units]]\n")
    unit = load(empty.root).unit("fresh")
    assert [exercise.name for exercise in unit.exercises] == ["one", "two"]


@pytest.mark.parametrize(
    ("unit", "exercises", "words"),
    [
        ("Fresh", ["one"], "small letters"),
        ("2nd", ["one"], "small letters"),
        ("fresh", ["a-b"], "'a-b' can be no name"),
        ("fresh", ["class"], "no keyword"),
        ("test_fresh", ["one"], "keeps the name 'test_fresh'"),
        ("fresh", ["tests"], "keeps the name 'tests'"),
        ("fresh", ["one", "one"], "--exercise one was given twice"),
        ("first", ["one"], "has a unit 'first' already"),
        ("lesson", ["one"], "shared/lesson.py already"),
        ("random", ["one"], "Python finds a module 'random' already"),
        ("numpy", ["one"], "Python finds a module 'numpy' already"),
        ("fresh", ["torch"], "keeps the name 'torch'"),
    ],
)
def test_a_name_that_cannot_be_taken(
    empty: Course, unit: str, exercises: list[str], words: str
) -> None:
    before = files(empty.root)
    with pytest.raises(CourseError, match=words):
        lay_out(empty, unit, exercises)
    assert files(empty.root) == before


def test_nothing_is_overwritten(empty: Course) -> None:
    (empty.root / "solutions" / "fresh.py").write_text("mine")
    before = files(empty.root)
    told = CliRunner().invoke(app, ["unit", "new", "fresh", "--course", str(empty.root)])
    assert told.exit_code == 2
    assert "There already: solutions/fresh.py. Nothing was written." in told.stderr
    assert files(empty.root) == before
    assert (empty.root / "solutions" / "fresh.py").read_text() == "mine"


def test_what_cannot_be_written_whole_is_not_written(empty: Course) -> None:
    (empty.root / "exercises").touch()
    before = files(empty.root)
    with pytest.raises(GraderError, match=r"exercises/test_fresh\.py cannot be written"):
        lay_out(empty, "fresh", ["one"])
    assert files(empty.root) == before


def test_a_manifest_that_no_entry_can_be_added_to(empty: Course) -> None:
    (empty.root / MANIFEST).write_text(f"units = []\n{TEXT[: TEXT.index('[[')]}", "utf-8")
    before = files(empty.root)
    with pytest.raises(CourseError, match=r"course\.toml would not be read .*\[\[units\]\]"):
        lay_out(load(empty.root), "fresh", ["one"])
    assert files(empty.root) == before


@pytest.mark.parametrize("command", ["new", "check"])
def test_help_teaches(command: str) -> None:
    said = CliRunner().invoke(app, ["unit", command, "--help"]).output
    assert "TODO" in said
    assert "Exit status" in said


def test_docstrings_in_chinese(fresh: Course) -> None:
    assert chinese_docstrings(fresh.root, "first") is None
    spoil(fresh.root / ZH, "TODO：两行数", "两行数")
    found = chinese_docstrings(fresh.root, "fresh")
    assert found
    assert found.tasks["bad"].docstring.startswith("TODO：")
    assert isinstance(found.tasks["good"], Task)
    assert found.tests["test_good"] == "两行数"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[good", r"docstrings\.zh\.toml cannot be read"),
        ("\udcff", r"docstrings\.zh\.toml cannot be read"),
        ('[good]\ndocstrng = ""', r"\[good\].*docstrng.*docstring = "),
        ("[good]\n", r"\[good\].*missing required field `docstring`"),
        ("good = 1", r"\[good\]: Expected `object`, got `int`"),
        ("[tests]\ntest_good = 1", r"\[tests\]: Expected `str`, got `int`"),
    ],
)
def test_docstrings_that_cannot_be_read(fresh: Course, text: str, words: str) -> None:
    (fresh.root / ZH).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CourseError, match=words):
        chinese_docstrings(fresh.root, "fresh")


def draft(course: Course, unit: str = "fresh", bar: Bar = BAR) -> Draft:
    graders = CorrectnessGraders(course, 1)  # none is started before it is asked
    return Draft(course, course.unit(unit), bar, graders, 1)


@pytest.fixture
def files_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run."""
    looks = [(c, needs) for c, needs in check.CHECKS if c.__module__ == static.__name__]
    monkeypatch.setattr(check, "CHECKS", looks)


def gaps(asked: Draft) -> list[Gap]:
    """All gaps but for what every new unit is told to write."""
    return [gap for gap in check.checked(asked) if "TODO in" not in gap.what]


@pytest.mark.usefixtures("files_only")
@pytest.mark.parametrize("unit", UNITS)
def test_no_unit_of_the_course_has_a_gap_that_its_files_show(unit: str, course: Course) -> None:
    assert [
        g
        for g in gaps(draft(course, unit, Bar(MISTAKES_ASKED, RIGHT_ANSWERS)))
        if g.state != "note"
    ] == []


@pytest.mark.usefixtures("files_only")
def test_a_new_unit_has_no_gap_but_what_is_to_be_written(fresh: Course) -> None:
    assert gaps(draft(fresh)) == []
    left = {gap.where for gap in static.left_to_do(draft(fresh))}
    assert left == set(layout("fresh")) - {MANIFEST}
    assert {gap.where for gap in static.titles(draft(fresh))} == {MANIFEST}


LINE = "return x - x.mean(dim=-1, keepdim=True)  # (N, T, D) - (N, T, 1) -> (N, T, D)"


@pytest.mark.usefixtures("files_only")
@pytest.mark.parametrize(
    ("place", "old", "new", "words"),
    [
        (MANIFEST, 'zh = "TODO：单元的标题"', 'zh = "Title"', "fresh has no title in Chinese"),
        (MANIFEST, 'en = "TODO: the unit\'s title"', 'en = ""', "fresh has no title in English"),
        (SOLUTION, "good(x:", "good(y:", "the docstring of good does not name y"),
        (
            SOLUTION,
            "Returns (N, T, D): each",
            "Returns each",
            "the docstring of good gives no shape",
        ),
        (SOLUTION, "def bad", "def worse", "it defines no function bad"),
        (
            SOLUTION,
            "import torch\n",
            "import torhc\n",
            "not every solution can be imported: Module",
        ),
        (SOLUTION, "### END SOLUTION", "# end", "nested begin solution"),
        (STARTER, "import torch", "", "it is not what solutions/fresh.py makes"),
        (PUBLIC, '"bad"', '"worse"', "no test of bad"),
        (PUBLIC, '"bad"', '"worse"', "test_bad belongs to no exercise"),
        (PUBLIC, "import torch\n", f"import torch\n# {LINE}\n", "it gives away what is hidden"),
        (HIDDEN, '"""Autograd reaches x', '""  # """', "test_good_gradient has no docstring"),
        (
            HIDDEN,
            "import torch\n",
            "import torhc\n",
            "ModuleNotFoundError: No module named 'torhc'",
        ),
        (
            MISTAKES,
            '@mistake(\n    "bad"',
            '@mistake(\n    "worse"',
            "0 of 1 known mistakes of bad",
        ),
        (MISTAKES, '@mistake(\n    "bad"', '@mistake(\n    "worse"', "worse, which is no exercise"),
        (
            MISTAKES,
            "求的是一列的平均值。一行沿着哪个轴？",
            "?",
            "wrong_axis of bad has no help in Chinese",
        ),
        (f"{RIGHT}/einsum.py", "return", "retrun", "SyntaxError: invalid syntax"),
        (LESSON, "## 数学", "# 数学", "other headings than lesson.en.md"),
        (LESSON, "assert good(", "print(good(", "was never closed"),
        (LESSON, "assert good(", "good(", "other code than lesson.en.md"),
        (LESSON, "<!-- exercise: bad -->", "", "no exercise, or no check, for bad"),
        (ZH, "TODO：两行数", "Two rows", "no title of test_good, test_bad"),
        (ZH, "[bad]", "[worse]", "no docstring of bad"),
        (ZH, "[bad]", "[worse]", "a docstring of worse, which is not there"),
        (ZH, "docstring =", "doc =", "[good]: Object"),
    ],
)
def test_a_gap_that_the_files_show(
    fresh: Course, place: str, old: str, new: str, words: str
) -> None:
    spoil(fresh.root / place, old, new)
    found = [gap for gap in gaps(draft(load(fresh.root))) if words in gap.what]
    assert [gap.state for gap in found] in (["weak"], ["missing"])
    assert found[0].where in (place, FOLDER)
    assert found[0].remedy


def test_a_number_in_a_tensor_has_a_shape_too(fresh: Course) -> None:
    spoil(fresh.root / SOLUTION, "Returns (N, T, D): each", "Returns a tensor of shape (): each")
    assert list(static.docstrings(draft(load(fresh.root)))) == []


@pytest.mark.parametrize(
    ("chinese", "same"),
    [
        ('f(x, label=f"{r} 的半径", name="圆")  # 图', True),
        ('f(x, label=f"radius {r}", name="circle")', True),
        ('f(x, label=f"半径 {r}", name="。")', True),
        ('f(x, label=f"半径 {r}", name="cercle")', False),
        ('f(x, label=f"半径 {x}", name="圆")', False),
        ('f(y, label=f"半径 {r}", name="圆")', False),
        ('f(x, title=f"半径 {r}", name="圆")', False),
        ('f(x, label=f"半径 {r}", name="圆")\ng()', False),
        ('f(x, label="半径", name="圆")', False),
    ],
)
def test_texts_of_a_lesson_are_translated_and_nothing_else(chinese: str, same: bool) -> None:
    english = 'f(x, label=f"radius {r}", name="circle")'
    assert static._says_same([english], [chinese]) == same


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_there_in_chinese(course: Course, unit: str) -> None:
    """Lessons with the same code, and every docstring that students read."""
    told = draft(course, unit)
    assert [*static.lessons(told), *static.in_chinese(told)] == []


@pytest.mark.usefixtures("files_only")
@pytest.mark.parametrize("place", [SOLUTION, STARTER, PUBLIC, HIDDEN, MISTAKES, LESSON])
def test_a_file_that_is_not_there(fresh: Course, place: str) -> None:
    (fresh.root / place).unlink()
    first, *_, last = gaps(draft(fresh))
    assert first[:3] == ("missing", place, "it is not there")
    assert last.what.startswith("not looked at: ")


@pytest.mark.usefixtures("files_only")
def test_what_is_timed_needs_sizes_and_a_loop(fresh: Course) -> None:
    spoil(fresh.root / MANIFEST, "gradient = 1", "speed = 1")
    (fresh.root / FOLDER / "public").mkdir()
    (fresh.root / FOLDER / "public" / "loops.py").write_text("SCALINGS = {'good': []}\n")
    lost, sizes = (gap for gap in gaps(draft(load(fresh.root))) if gap.state == "missing")
    assert lost[:3] == ("missing", f"{FOLDER}/hidden/sequential.py", "it is not there")
    assert sizes.what == "SCALINGS has no sizes at which bad is timed"


@pytest.mark.usefixtures("files_only")
def test_chinese_docstrings_are_a_note_until_they_are_there(fresh: Course) -> None:
    (fresh.root / ZH).unlink()
    assert [gap[:2] for gap in gaps(draft(fresh))] == [("note", ZH)]


@pytest.mark.usefixtures("files_only")
def test_a_layer_of_torchs_is_to_be_compared_with(fresh: Course) -> None:
    spoil(fresh.root / f"{RIGHT}/einsum.py", "def bad(", "LAYER = torch.nn.LSTM\n\n\ndef bad(")
    (gap,) = gaps(draft(fresh))
    what = "nothing compares the solution with nn.LSTM, which right answers use"
    assert gap[:3] == ("weak", f"{FOLDER}/hidden/agreement.py", what)
    (fresh.root / gap.where).write_text(AGREEMENT)
    assert gaps(draft(fresh)) == []


@pytest.mark.usefixtures("files_only")
def test_each_gap_is_one_line_in_a_pipe(fresh: Course) -> None:
    text = io.StringIO()
    console = Console(file=text)
    assert not check.check(fresh, [fresh.unit("fresh")], BAR, "full", 1, console)
    lines = text.getvalue().splitlines()
    assert sum("TODO in" in line and "write your own" in line for line in lines) == 13
    assert lines[-1] == "Gaps: 13."


def test_what_running_it_shows(fresh: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two exercises, one is spoiled everywhere: every gap is the spoiled one's, or listed."""
    root = fresh.root
    spoil(root / PUBLIC, "student.fresh.bad(x)", "expected")
    spoil(root / HIDDEN, "assert_close(student.fresh.bad(x), centred64(x))", SHAPE)
    spoil(root / HIDDEN, f"assert_gradients(student.fresh.bad, {REST}", SHAPE)
    spoil(root / HIDDEN, "student.fresh.bad(x), expected, dtype=torch.float32", FLOAT32)
    spoil(root / HIDDEN, "assert_unchanged(student.fresh.bad, x)", "pass")
    spoil(root / f"{RIGHT}/einsum.py", "def bad(x):", "def bad(x):\n    x = x[..., :1]")
    (root / f"{FOLDER}/hidden/agreement.py").write_text(AGREEMENT)
    (root / f"{FOLDER}/hidden/equivalent_mutants.toml").write_text(EQUIVALENT)
    (root / MANIFEST).write_text(MIXED.join((root / MANIFEST).read_text("utf-8").rsplit(POINTS, 1)))
    (root / f"{FOLDER}/hidden/sequential.py").touch()
    monkeypatch.setattr(sys, "path", sys.path[:])  # the public tests run in this process
    asked = draft(load(root), bar=Bar(1, 4))
    with asked.graders:
        found = {look: list(look(asked)) for look in MEASURED}
    del sys.modules["fresh"]
    what = {look.__name__: [gap.what for gap in some] for look, some in found.items()}
    assert what["public_tests"] == ["the starter passes 1 of 1 tests of bad"]
    assert what["hidden_tests"] == [
        "no test of bad has the kind speed, which has points",
        "tests of bad have the kind gradient, which has no points",
    ]
    assert (
        "a function whose body is `return args[0]` passes test_bad_values" in what["empty_programs"]
    )
    assert what["known_mistakes"] == ["bad: wrong_axis (bad_wrong_axis) is not caught"]
    assert "bad: cached (a cache by shape) is not caught" in what["any_mistakes"]
    few, wrong = what["right_answers"]
    assert few == "3 of 4 right answers"
    assert wrong.startswith("no full marks: test_bad_values: ")
    alive = "bad may be changed unseen: return x - x.mean(dim=-1, keepdim=True) → return x"
    assert alive in what["mutants_die"]
    assert "listed, and no mutant: return y" in what["mutants_die"]
    assert what["agreements"] == ["the solution is 1.0e+00 from twice as much"]
    assert what["published"] == [f"it is not what {MISTAKES} and the public tests make"]
    assert not [
        text for some in what.values() for text in some if "good" in text and "right →" not in text
    ]
    assert asked.counts == {"known mistakes": 2, "right answers": 3, "mutants": 58}
