"""What a student starts from: the solutions, with not a line of an answer left in them."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autograder.core.course import load
from autograder.core.errors import CourseError
from autograder.release import starters

ROOT = Path(__file__).parents[1]
COURSE = load(ROOT)

MANIFEST = """
[course]
title = { en = "Sums", zh = "求和" }

[[units]]
name = "sums"
title = { en = "Sums", zh = "求和" }

[[units.exercises]]
name = "double"
title = { en = "Twice", zh = "两倍" }
points = { correctness = 1 }
"""
SOLUTION = '''"""Sums, 求和."""


def double(x: int) -> int:
    """Return x twice."""
    ### BEGIN SOLUTION
    total = x + x
    return total
    ### END SOLUTION


HALF = 0.5  # stays
'''
STARTER = f'''"""Sums, 求和."""


def double(x: int) -> int:
    """Return x twice."""
    {starters.STUB}


HALF = 0.5  # stays
'''


@pytest.fixture(autouse=True)
def nbgrader():
    pytest.importorskip("nbgrader")


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    """A course of one unit, with its solution and no starter yet."""
    for folder, name, text in (
        ("course", "course.toml", MANIFEST),
        ("solutions", "sums.py", SOLUTION),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(course: Path, *arguments: str) -> Result:
    return CliRunner().invoke(starters.app, [*arguments, "--course", str(course)])


def answer_lines(solution: str) -> set[str]:
    """The lines that stand only inside solution regions, but for those too short to tell much."""
    inside: set[str] = set()
    outside: set[str] = set()
    lines = outside
    for line in map(str.strip, solution.splitlines()):
        if line == starters.BEGIN:
            lines = inside
        elif line == starters.END:
            lines = outside
        else:
            lines.add(line)
    return {line for line in inside - outside if len(line) > 12}


def test_the_starter_is_the_solution_with_a_stub_for_every_region():
    assert starters.starter(SOLUTION) == STARTER


def test_committed_starters_do_not_drift():
    drifted = [path.name for path in starters.drifted(COURSE)]
    assert not drifted, "run `python -m autograder.release.starters`"


@pytest.mark.parametrize("unit", COURSE.unit_names)
def test_no_starter_gives_an_answer_away(unit):
    solution = (ROOT / "solutions" / f"{unit}.py").read_text(encoding="utf-8")
    starter = (ROOT / "exercises" / f"{unit}.py").read_text(encoding="utf-8")
    answers = answer_lines(solution)
    assert answers
    assert not answers & set(map(str.strip, starter.splitlines()))


@pytest.fixture
def exercises(monkeypatch):
    """Lets a test import the starters, which import one another, and forgets them afterwards."""
    monkeypatch.syspath_prepend(ROOT / "exercises")
    loaded = {name: sys.modules.pop(name, None) for name in COURSE.unit_names}
    yield
    for name, module in loaded.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)
def test_every_exercise_is_there_to_be_written(unit, exercises):
    starter = importlib.import_module(unit.name)
    for exercise in unit.exercises:
        function = getattr(starter, exercise.function)
        with pytest.raises(NotImplementedError):
            function(*[None] * len(inspect.signature(function).parameters))


def test_starters_are_formatted():
    pytest.importorskip("ruff")
    files = [f"exercises/{unit}.py" for unit in COURSE.unit_names]
    ruff = [sys.executable, "-m", "ruff", "format", "--check", "--no-cache", *files]
    result = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_check_names_a_drift_and_its_remedy_and_writes_nothing(mini):
    assert run(mini).exit_code == 0
    assert run(mini, "--check").exit_code == 0
    solution = mini / "solutions" / "sums.py"
    solution.write_text(SOLUTION.replace("twice", "times two"), encoding="utf-8")
    done = run(mini, "--check")
    assert done.exit_code == 1
    printed = done.output
    assert "exercises/sums.py" in printed
    assert "python -m autograder.release.starters" in printed
    assert (mini / "exercises" / "sums.py").read_text(encoding="utf-8") == STARTER


def test_another_answer_is_no_drift(mini):
    assert run(mini).exit_code == 0
    solution = mini / "solutions" / "sums.py"
    solution.write_text(SOLUTION.replace("x + x", "2 * x"), encoding="utf-8")
    assert run(mini, "--check").exit_code == 0


def test_an_unchanged_starter_is_not_written_again(mini):
    starter = mini / "exercises" / "sums.py"
    assert run(mini).exit_code == 0
    before = starter.stat().st_mtime_ns
    done = run(mini)
    assert (done.exit_code, done.output) == (0, "")
    assert starter.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (SOLUTION.replace(starters.END, "# done"), "no end solution"),
        (SOLUTION.replace("total = x + x", starters.BEGIN), "nested begin solution"),
        (
            SOLUTION.replace(starters.BEGIN, "#").replace(starters.END, "#"),
            "give the solution away",
        ),
    ],
)
def test_a_solution_that_no_starter_can_be_made_of_is_named(mini, broken, why):
    (mini / "solutions" / "sums.py").write_text(broken, encoding="utf-8")
    done = run(mini)
    assert done.exit_code == 2
    assert "sums.py" in done.output
    assert why in done.output
    assert "total = " not in done.output


def test_a_missing_solution_is_named(mini):
    (mini / "solutions" / "sums.py").unlink()
    with pytest.raises(CourseError, match=r"sums\.py is missing"):
        starters.drifted(load(mini))


def test_without_nbgrader_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader.preprocessors", None)
    with pytest.raises(CourseError, match=r"\[course\]"):
        starters.starter(SOLUTION)
