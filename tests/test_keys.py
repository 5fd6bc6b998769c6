"""What judges is found by program, and whatever of it changes, marks are not kept."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from modulefinder import ModuleFinder
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT

from autograder.core import course as courses
from autograder.core.course import Course
from autograder.core.errors import GraderError
from autograder.grading import keys
from autograder.grading.closure import _imports_of, closure
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.reading import read

UNIT = "cross_attention"  # its tests read data and share a module; its solution imports others
TIMED = "self_attention"  # and this one is raced against a sequential control


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course in a folder of its own, with a copy of the package."""
    root = tmp_path_factory.mktemp("clone")
    no_bytecode = shutil.ignore_patterns("__pycache__")
    for name in ("autograder", "solutions", "course/parameters", "course/shared", "course/units"):
        shutil.copytree(ROOT / name, root / name, ignore=no_bytecode)
    shutil.copy(ROOT / "course" / "course.toml", root / "course")
    return courses.load(root)


@pytest.fixture(autouse=True)
def of_the_clone(clone: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is the clone's."""
    monkeypatch.setattr(keys, "PACKAGE", clone.root / "autograder")
    monkeypatch.setattr(keys, "_seen", {})


def key_of(course: Course, unit: str) -> str:
    """A unit's key as far as it depends on the clone, computed anew."""
    keys._seen.clear()
    return keys.key(keys.course_basis(course.unit(unit), course))


def keys_of(course: Course) -> dict[str, str]:
    """Every unit's key."""
    return {unit: key_of(course, unit) for unit in course.unit_names}


def judging(course: Course, unit: str) -> dict[str, Path]:
    """The files that judge a unit, by name."""
    found = keys.judging(course.unit(unit), course)
    return {name: path for files in found.values() for name, path in files.items()}


@contextmanager
def changed(path: Path) -> Iterator[None]:
    """A file with a line more, for a while."""
    before = path.read_bytes()
    path.write_bytes(before + b"\n# one line more\n")
    yield
    path.write_bytes(before)


@contextmanager
def deleted(path: Path) -> Iterator[None]:
    before = path.read_bytes()
    path.unlink()
    yield
    path.write_bytes(before)


@pytest.mark.parametrize("unit", [UNIT, TIMED])
def test_every_file_that_judges_changes_the_key(clone: Course, unit: str) -> None:
    files, before = judging(clone, unit), key_of(clone, unit)
    for name, path in files.items():
        with changed(path):
            assert key_of(clone, unit) != before, name
    assert key_of(clone, unit) == before
    told = {path.relative_to(clone.root).as_posix() for path in files.values()}
    assert {
        "autograder/intake/submission.py",
        f"course/units/{unit}/hidden/test_{unit}.py",
    } <= told
    assert {"course/parameters/vocabulary.json", "solutions/attention.py"} <= told
    assert ("course/units/self_attention/hidden/sequential.py" in told) == (unit == TIMED)


def test_what_only_a_function_imports_judges_too(clone: Course) -> None:
    """The sandbox's host imports its worker when it warms up, and not before."""
    host = (clone.root / "autograder" / "sandbox" / "host.py").read_text("utf-8")
    assert not re.search("^from .* import worker", host, re.MULTILINE)
    found = closure(["autograder.sandbox.host"], {"autograder": clone.root})
    assert {"autograder.sandbox.worker", "autograder.sandbox.loader"} <= found.keys()


def test_another_finder_finds_the_same(clone: Course) -> None:
    """modulefinder follows compiled programs, not their text."""
    finder = ModuleFinder([str(clone.root)])
    for root in keys.JUDGES:
        finder.import_hook(root)
    theirs = {name for name, module in finder.modules.items() if module.__file__}
    ours = closure(keys.JUDGES, {"autograder": clone.root}).keys()
    assert ours == theirs


def test_no_process_of_ours_judges_unseen(clone: Course) -> None:
    """A module that a string names, as `-m` and `-p` do, is among those that judge."""
    found = judging(clone, UNIT)
    named = {
        name
        for path in found.values()
        if path.suffix == ".py"
        for text in _strings(path)
        for name in re.findall(r"\bautograder(?:\.\w+)+", text)
    }
    assert {"autograder.testing.plugin", *keys.JUDGES} - {"autograder.grading.grader"} <= named
    assert not [name for name in named - found.keys() if _exists(clone.root, name)]


def _exists(root: Path, module: str) -> bool:
    path = root.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _strings(path: Path) -> Iterator[str]:
    """The strings of a program but for docstrings."""
    tree = ast.parse(path.read_bytes())
    documents = {n.value for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in documents:
            yield str(node.value)


def test_the_versions_of_what_judging_imports_are_in_the_key(clone: Course) -> None:
    found = judging(clone, UNIT)
    imported = {
        name.partition(".")[0]
        for module, path in found.items()
        if path.suffix == ".py"
        for name in _imports_of(module, path)
    }
    others = imported - sys.stdlib_module_names - {"autograder", "course", *clone.unit_names}
    judge_nothing = {"babel", "matplotlib", "packaging"}  # words, plots and versions
    assert others - {*keys.PACKAGES} == judge_nothing
    assert {*keys.PACKAGES, "bubblewrap", "libseccomp"} < keys.versions().keys()
    assert keys.NONE not in keys.versions().values()


def test_the_bubblewrap_that_is_used_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho bubblewrap 99.1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(keys, "find_bubblewrap", keys.find_bubblewrap.__wrapped__)
    assert keys.versions.__wrapped__()["bubblewrap"] == "99.1"


def test_what_does_not_judge_regrades_nothing(clone: Course) -> None:
    """Renderings, commands, what a student is told in a local run, another unit's tests."""
    before = keys_of(clone)
    judges = {path for unit in clone.unit_names for path in judging(clone, unit).values()}
    package = clone.root / "autograder"
    others = [p for p in package.rglob("*") if p.is_file() and p not in judges]
    told = {path.relative_to(package).as_posix() for path in others}
    assert {"cli/grade.py", "batch/run.py", "plugin.py", "local/check.py"} < told
    assert {"reports/pages/html.py", "core/locale/zh.po", "release/students.py"} < told
    for path in others:
        path.write_bytes(path.read_bytes() + b"\n# one line more\n")
    assert keys_of(clone) == before


@pytest.mark.parametrize(
    ("file", "units"),
    [
        ("course/units/rnn/hidden/test_rnn.py", "rnn"),
        ("course/units/gates/hidden/mistakes.py", "gates"),
        ("course/shared/decoding.py", "seq2seq cross_attention"),
        ("course/units/rnn/hidden/sequential.py", "rnn"),
        ("solutions/rnn.py", "rnn gradient_paths pronoun"),
        ("solutions/receptive_field.py", "receptive_field cost pronoun"),
    ],
)
def test_a_file_of_some_units_regrades_these(clone: Course, file: str, units: str) -> None:
    before = keys_of(clone)
    with changed(clone.root / file):
        after = keys_of(clone)
    assert {unit for unit in before if before[unit] != after[unit]} == set(units.split())


def test_a_missing_file_is_an_error_that_names_it(clone: Course) -> None:
    """What the course may do without gives another key: known mistakes, data, an __init__.py."""
    before = key_of(clone, TIMED)
    for path in judging(clone, TIMED).values():
        optional = "parameters" in path.parts or path.name in ("mistakes.py", "__init__.py")
        with deleted(path):
            try:
                assert key_of(clone, TIMED) != before, path
                assert optional, path
            except GraderError as error:
                assert optional or str(path) in str(error)
                assert "git restore" in str(error)


def test_a_file_that_is_no_python_is_named(clone: Course) -> None:
    path = clone.root / "course" / "units" / "rnn" / "hidden" / "test_rnn.py"
    before = path.read_bytes()
    path.write_text("def test_rnn(:\n")
    with pytest.raises(GraderError, match=f"{path}, which marks depend on, is not Python"):
        key_of(clone, "rnn")
    path.write_bytes(before)


def test_a_closure_follows_imports_of_every_spelling(tmp_path: Path) -> None:
    texts = {
        "ours/__init__.py": "from .given import name\n",
        "ours/given.py": "name = 1\n",
        "ours/root.py": (
            "import os, ours.plain, torch\n"
            "from ours import part, name\n"
            "from ours.folder import inner as other\n"
            "def late():\n"
            "    if name:\n"
            "        try:\n"
            "            from . import lazy\n"
            "        except ImportError:\n"
            "            import importlib\n"
            "    with open('x'):\n"
            "        return importlib.import_module('ours.literal')\n"
        ),
        "ours/plain.py": "'''from ours import nowhere'''\nimport ours.root\n",
        "ours/part.py": "match 1:\n    case 1:\n        from ours.sub.deep import *\n",
        "ours/sub/__init__.py": "",
        "ours/sub/deep.py": "from importlib import import_module\nimport_module('.far', 'ours')\n",
        "ours/sub/far.py": "",
        "ours/folder/inner.py": "from ..beside import Beside\n",
        "ours/beside.py": "class Beside: ...\n",
        "ours/lazy.py": "",
        "ours/literal.py": "",
        "ours/unused.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = closure(["ours.root"], {"ours": tmp_path})
    files = {path.relative_to(tmp_path).as_posix() for path in found.values()}
    assert files == texts.keys() - {"ours/unused.py"}
    (tmp_path / "ours/lazy.py").unlink()
    with pytest.raises(GraderError, match=r"ours/lazy\.py, which marks depend on"):
        closure(["ours.root"], {"ours": tmp_path})


def test_hidden_tests_read_the_data_that_the_key_covers(clone: Course) -> None:
    """The course's own, and not those beside the package or below the current folder."""
    path = clone.root / "course" / "parameters" / "seq2seq_copy.safetensors"
    (clone.root / "class").mkdir()
    shutil.copytree(clone.root / "solutions", clone.root / "class" / "ann")
    with changed(path), Grader(clone, Options(speed=False), [clone.root]) as grader:
        path.write_bytes(b"no tensors")
        report = grader.grade(read(clone.root / "class", "ann", clone), clone.unit("seq2seq"))
    (failed,) = [test for test in report.tests if test.status == "failed"]
    assert "SafetensorError" in failed.message


def digest_of(folder: Path, course: Course, *files: str) -> str:
    """The digest of a student whose files all have the same text."""
    for file in files:
        (folder / "ann" / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / "ann" / file).write_text("import helper\n")
    return read(folder, "ann", course).digest


def test_work_that_was_moved_is_other_work(course: Course, tmp_path: Path) -> None:
    layouts = [
        ["rnn/solution.py"],
        ["attention/solution.py"],
        ["rnn/rnn.py"],
        ["rnn.py"],
        ["exercises/rnn.py"],
        ["helper.py"],
        ["rnn/a b\n.py"],
        ["rnn/a b\n.py", "helper.py"],
    ]
    digests = [digest_of(tmp_path / str(i), course, *files) for i, files in enumerate(layouts)]
    assert len({*digests}) == len(layouts)
    units = [unit for unit in course.units if unit.name != "rnn"]
    without = msgspec.structs.replace(course, units=units)
    assert digest_of(tmp_path / "other", without, "rnn.py") != digests[3], "a helper there"
