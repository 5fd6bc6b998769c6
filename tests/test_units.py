"""The engine knows no unit by name, and what is installed is the engine alone."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from conftest import ROOT, UNITS

from autograder import __version__
from autograder.bench.validity import known, right
from autograder.bench.validity.graders import CorrectnessGraders, Job, solutions
from autograder.core import console
from autograder.core import course as courses
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.processes import PACKAGE
from autograder.core.units import hidden_tests
from autograder.local import commands
from autograder.local.tally import Tally, summary

# What a unit or an exercise is called, and the engine must call something too: the word, and why.
IDENTIFIERS = {
    "cost": "the seconds that a bench counts",
    "decode": "Python's own method, and the wire's function",
    "encode": "Python's own method, and the wire's function",
    "generate": "to make a class for a bench",
    "gradients": "what autograd gives",
    "order": "what comes first",
    "project": "the table of pyproject.toml",
    "scale": "of a plot, and of a tolerance",
    "score": "the report's own word",
}
TEXTS = {
    "accuracy": "what a figure shows",
    "generate": "a command of another grader",
    "gradients": "what autograd gives, in sentences",
    "order": "what comes first, in sentences",
    "positions": "of the numbers in a plot",
    "predict": "how a notebook's cell begins",
    "project": "the table of pyproject.toml",
    "scale": "of a plot, in a web page",
    "score": "the report's own word",
    "softmax": "PyTorch's function, among those that a mutant swaps",
    "train": "PyTorch's word for a layer's state, and what its recurrent layers are told",
}
WORD = re.compile(r"(?<![\w-])[A-Za-z]\w*(?![\w-])")  # of attention-autograder none is a word
TORCH, NUMPY = "rnn", "vanishing_gradient"  # the first is timed, too


def names(course: Course, *units: str) -> set[str]:
    """What some units and their exercises are called."""
    found = [course.unit(unit) for unit in units]
    return {*units, *(exercise.name for unit in found for exercise in unit.exercises)}


# The engine's texts


def identifiers(tree: ast.AST) -> Iterator[str]:
    """All that is a name in a program, each part of a dotted one by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            continue
        for _, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str):
                    yield from item.split(".")


def strings(tree: ast.AST) -> Iterator[str]:
    """The strings of a program and the parts of its f-strings, but for docstrings."""
    documents = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documents:
            yield node.value


def written(folder: Path) -> Iterator[tuple[str, str, str]]:
    """A package's words: the file, "identifier" or "text", and the word."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        name, text = path.relative_to(folder).as_posix(), path.read_text("utf-8")
        if path.suffix == ".py":  # of other files every word counts
            tree = ast.parse(text)
            yield from ((name, "identifier", word) for word in set(identifiers(tree)))
            text = "\n".join(strings(tree))
        yield from ((name, "text", word) for word in set(WORD.findall(text)))


def named(folder: Path, unit_names: set[str]) -> list[tuple[str, str, str]]:
    """Where a package names a unit, an exercise or the tests of one."""
    searched = unit_names | {f"test_{name}" for name in unit_names}
    return [found for found in written(folder) if found[-1] in searched]


def test_the_engine_names_no_unit_and_no_exercise(course: Course) -> None:
    """A docstring or a comment may, as an example. Catches: a list of units, a default, a path.

    A word is let through only while it is needed: the next offender would go through with it.
    """
    found = named(PACKAGE, names(course, *UNITS))
    generic = {"identifier": IDENTIFIERS, "text": TEXTS}
    assert [place for place in found if place[-1] not in generic[place[1]]] == []
    for kind, allowed in generic.items():
        assert {word for _, as_what, word in found if as_what == kind} == allowed.keys()


@pytest.mark.parametrize(
    "text",
    [
        "def gates(): ...",
        "import solutions.gates",
        "from solutions.gates import lstm",
        "run(gates=1)",
        "x.gates",
        "unit = 'gates'",
        "path = f'{folder}/gates.py'",
        "def f(unit='gates'): 'Says something.'",
        "units = 'others gates'",
        "'test_gates.py'.strip()",
    ],
)
def test_every_way_to_name_one_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    assert len(named(tmp_path, {"gates"})) == 1
    (tmp_path / "a.py").write_text("def f():\n    'Such as gates.'\n# gates\nx = 'gates-like'\n")
    assert not named(tmp_path, {"gates"})


# A course of other names


@pytest.fixture(scope="module")
def renamed(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """The course with two units and all their exercises called by their names read backwards."""
    root = tmp_path_factory.mktemp("renamed")
    ignored = shutil.ignore_patterns("sample_class", ".secret", "__pycache__")
    for name in ("course", "solutions", "exercises"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    old = names(course, TORCH, NUMPY)
    for path in [path for path in root.rglob("*") if path.suffix != ".safetensors"]:
        if path.is_file():
            path.write_text(backwards(path.read_text("utf-8"), old), "utf-8")
    for path in sorted(root.rglob("*"), reverse=True):  # a folder after what is in it
        path.rename(path.with_name(backwards(path.name, old)))
    yield courses.load(root)
    courses.load(ROOT)  # whose words are to be translated again


def backwards(text: str, words: set[str]) -> str:
    """A text with each of some words read backwards, also where `test_` stands before it."""
    found = rf"\b(test_)?({'|'.join(words)})\b"
    return re.sub(found, lambda match: f"{match[1] or ''}{match[2][::-1]}", text)


def handed_in(course: Course, *units: str) -> list[Job[object]]:
    """Of each unit the solution, and some of the right answers and of the known mistakes."""
    found: list[Job[object]] = []
    for unit in map(course.unit, units):
        right_ones = right.written_differently(course, [unit])[::8]
        wrong_ones = known.mistaken(course, [unit])[2::9]
        found += [("solution", unit, solutions(course)), *right_ones, *wrong_ones]
    return found


def came_to(graders: CorrectnessGraders, todo: list[Job[object]]) -> list[list[tuple]]:
    """What each report says but for its words, all of them on the inputs of one seed."""
    return [
        [(report.unit, report.status, report.score, report.max_score)]
        + [(t.id, t.exercise, t.kind, t.status, t.points, t.help_id) for t in report.tests]
        for _, report in graders.grade(todo, seed="the same")
    ]


def test_a_course_of_invented_names_gets_the_same_marks(
    course: Course, graders: CorrectnessGraders, renamed: Course
) -> None:
    """Test by test. Catches: whatever in the engine goes by a unit's or an exercise's name."""
    old = names(course, TORCH, NUMPY)
    new = {name[::-1] for name in old}
    assert names(course, *UNITS) - names(renamed, *renamed.unit_names) == old
    assert not hidden_tests(renamed.root, TORCH).exists()
    ours = came_to(graders, handed_in(course, TORCH, NUMPY))
    for unit in (TORCH, NUMPY):
        scores = {score for (name, _, score, _), *_ in ours if name == unit}
        assert len(scores) > 1
    with CorrectnessGraders(renamed, jobs=1) as others:
        theirs = came_to(others, handed_in(renamed, TORCH[::-1], NUMPY[::-1]))
    assert ast.literal_eval(backwards(repr(theirs), new)) == ours


# The versions that a course is for


@pytest.fixture
def needing(tmp_path: Path) -> Iterator[Path]:
    """A folder with a manifest, in which `NEEDS` is to be replaced."""
    text = (ROOT / "course" / "course.toml").read_text("utf-8")
    changed = re.sub("^needs = .*", "NEEDS", text, flags=re.MULTILINE)
    assert changed != text
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "course.toml").write_text(changed, "utf-8")
    yield tmp_path
    courses.load(ROOT)


def say(root: Path, needs: str) -> Path:
    path = root / "course" / "course.toml"
    path.write_text(path.read_text("utf-8").replace("NEEDS", needs), "utf-8")
    return root


def test_this_course_says_what_it_is_for(course: Course) -> None:
    assert course.about.needs


@pytest.mark.parametrize("needs", [">=99", f"!={__version__}", f"<{__version__}"])
def test_a_course_for_another_version_is_refused(needing: Path, needs: str) -> None:
    """With both versions and what to do."""
    with pytest.raises(CourseError) as caught:
        courses.load(say(needing, f'needs = "{needs}"'))
    said = str(caught.value)
    assert f"is for version {needs} of autograder, and this is version {__version__}" in said
    assert f"pip install {needing}" in said


def test_a_development_version_may_fit(needing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone between two releases; by itself PEP 440 leaves them out."""
    monkeypatch.setattr(courses, "__version__", "1.3.dev4")
    assert courses.load(say(needing, 'needs = ">=1.2"')).about.needs == ">=1.2"


def test_a_specifier_that_is_none_is_named(needing: Path) -> None:
    with pytest.raises(CourseError, match=r'course\.toml: needs = "0\.1 or so" names no versions'):
        courses.load(say(needing, 'needs = "0.1 or so"'))


def test_a_course_that_does_not_say_is_used_with_one_warning(
    needing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told to whoever keeps the course, and not to a student, who could not mend it."""
    console.load(say(needing, ""))
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("does not say which versions of autograder") == 1
    assert f'needs = "=={__version__}"' in told
    console.load(needing, warns=False)
    assert capsys.readouterr() == ("", "")


def test_students_are_told_of_another_version(
    needing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By their commands, and by the summary of a plain pytest."""
    with pytest.raises(typer.Exit) as ended:
        commands.check(course=say(needing, 'needs = ">=99"'))
    assert ended.value.exit_code == 2
    assert "is for version >=99 of autograder" in capsys.readouterr().err
    assert "is for version >=99 of autograder" in summary(Tally(needing), "en", 80, colour=False)


# What is installed


def test_a_wheel_holds_the_engine_alone(tmp_path: Path) -> None:
    """No test, no solution, nothing that only we run; the commands that are there start."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = tmp_path.glob("*.whl")
    assert f"-{__version__}-" in built.name
    with zipfile.ZipFile(built) as archive:
        held = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    about = f"attention_autograder-{__version__}.dist-info/"
    package = {name for name in held if not name.startswith(about)}
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    ours = {path.relative_to(ROOT).as_posix() for path in files}
    left_out = ("autograder/bench/", "autograder/authoring/", "autograder/cli/unit.py")
    kept = {"autograder/bench/__init__.py", "autograder/bench/startup.py"}
    assert package == {name for name in ours if not name.startswith(left_out)} | kept
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from autograder.cli import app; app()"
    started = subprocess.run(
        [sys.executable, "-P", "-c", code, tmp_path / "installed", "bench", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    commands = started.stdout.partition("Commands:")[2]
    assert re.findall(r"^  (\w+)  ", commands, re.MULTILINE) == ["startup", "article"]
