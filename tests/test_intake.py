"""Whatever a class hands in: found under its names, or named; never a zero for what is right."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import struct
import sys
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import msgspec
import pytest
from conftest import ROOT, UNITS, autograder
from machine import unless_it_hangs
from names import made_of
from rich.console import Console

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.text import printable
from autograder.grading import keys
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake import archives, decisions, tree
from autograder.intake.names import read_name
from autograder.intake.newer import newer
from autograder.intake.reading import beside, find_students, read
from autograder.intake.seen import Row, Seen, print_seen, undecided
from autograder.intake.submission import Submission
from autograder.intake.unreadable import Unreadable
from autograder.local.ci import other_files
from autograder.local.tally import Tally
from autograder.release.students import release

CASES = ROOT / "tests" / "intake"
RIGHT = {unit: (ROOT / "solutions" / f"{unit}.py").read_text("utf-8") for unit in UNITS}
STARTER = {unit: (ROOT / "exercises" / f"{unit}.py").read_text("utf-8") for unit in UNITS}
CLASS = ROOT / "course" / "sample_class"
PERFECT = ["li_na", "Ana María", "han_meimei"]  # of whom everything is right


def put(folder: Path, **files: str | bytes) -> Path:
    """Files of one student, by their paths."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def of(folder: Path, course: Course, **decided: str) -> Submission:
    """What a student's folder holds."""
    return read(folder.parent, folder.name, course, decided=decided)


def notebook(*cells: str, **more: object) -> str:
    code = [{"cell_type": "code", "source": cell, "outputs": [], "metadata": {}} for cell in cells]
    return json.dumps({"cells": code, "nbformat": 4, "nbformat_minor": 5, "metadata": {}} | more)


def zipped(**files: str | bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


RNN, START = RIGHT["rnn"], STARTER["rnn"]
NOTEBOOK = notebook(RNN)
HALF = RNN.partition("def rnn(")[0] + "def rnn(" + START.partition("def rnn(")[2]


# Cases from public reports: of a unit, how it was found, as which file, and what is said of it.
EXPECTED = [
    ("nan_in_output", "attention", "asked", "attention.ipynb", ""),
    ("capital_name", "attention", "renamed", "Attention.ipynb", ""),
    ("copy_number", "attention", "renamed", "attention (1).ipynb", ""),
    ("py_txt", "attention", "renamed", "attention.py.txt", ""),
    ("nested_repo", "attention", "asked", "hw-main/exercises/attention.py", ""),
    ("starter_and_notebook", "attention", "asked", "attention.ipynb", ""),
    ("zipped", "attention", "asked", "attention.zip/attention.py", ""),
    ("helper_package", "attention", "asked", "attention.py", ""),
    ("newer_fstring", "attention", "asked", "attention.py", "for Python 3.12 or newer (line 59"),
    ("nbgrader_renamed", "attention", "renamed", "attention/attention (1).ipynb", ""),
    ("unit_folder_helper", "attention", "asked", "attention/attention.py", ""),
    ("clone_and_stray", "attention", "asked", "exercises/attention.py", ""),
    ("clone_and_stray", "rnn", "asked", "rnn.py", ""),
    ("macosx/jane", "attention", "asked", "attention.py", ""),
    ("notebook_beside_starter", "attention", "asked", "exercises/attention.ipynb", ""),
]
HANDED_IN = (
    RIGHT["attention"].replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "")
)
MACOSX = {"jane/attention.py": RIGHT["attention"], "__MACOSX/jane/._attention.py": b"\0\5"}
MADE: dict[str, dict[str, str | bytes]] = {  # of the cases, those that are the solution elsewhere
    "clone_and_stray": {"exercises/attention.py": HANDED_IN, "rnn.py": "# draft\n"},
    "macosx/jane": {"attention.py": RIGHT["attention"]},
    "nested_repo": {"hw-main/exercises/attention.py": HANDED_IN},
    "py_txt": {"attention.py.txt": HANDED_IN},
}
HELPERS = {"helper_package": {"utils", "utils.ops"}, "unit_folder_helper": {"utils"}}


@pytest.mark.parametrize(("case", "unit", "how", "file", "words"), EXPECTED)
def test_cases_of_public_reports(
    course: Course, tmp_path: Path, case: str, unit: str, how: str, file: str, words: str
) -> None:
    found = of(folder_of(case, tmp_path), course)
    work, main = found.work(unit), found.file(unit)
    assert main is not None
    assert (work.how, main.name) == (how, file)
    assert words in main.problem
    assert work.state == ("unread" if words else "read")
    helpers = {each.module for each in found.files if each.module not in UNITS}
    assert helpers == HELPERS.get(case, set())


def folder_of(case: str, tmp_path: Path) -> Path:
    """The folder of a case: as it was handed in, or made."""
    return put(tmp_path / case, **MADE[case]) if case in MADE else CASES / case


RIGHT_CASES = [
    case for case, unit, _how, _file, words in EXPECTED if unit == "attention" and not words
]


@pytest.mark.parametrize("case", RIGHT_CASES)
def test_cases_that_are_right_get_full_marks(
    course: Course, grader: Grader, tmp_path: Path, case: str
) -> None:
    unit = course.unit("attention")
    report = grader.grade(of(folder_of(case, tmp_path), course), unit)
    lost = [test.message for test in report.tests if test.status == "failed"]
    assert (report.status, lost) == ("graded", [])


def test_folders_of_systems_are_no_students(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "class", **MACOSX)
    for name in ("@eaDir", ".git", "#recycle", "System Volume Information", "__pycache__"):
        (tmp_path / "class" / name).mkdir()
    assert find_students(tmp_path / "class", course) == ["jane"]


# Names


def variants(unit: str, students: list[str]) -> Iterator[tuple[str, bytes]]:
    """A name that something made of each student's right file of a unit, with its contents."""
    for student in students:
        for suffix in ("py", "ipynb"):
            path = CLASS / student / f"{unit}.{suffix}"
            for name in made_of(unit, suffix) if path.is_file() else []:
                yield name, path.read_bytes()


def outcomes(
    course: Course, folder: Path, unit: str, students: list[str], beside: dict[str, str | bytes]
) -> dict[str, str]:
    """By name, what became of right work under it, beside other files; "read" if it is graded."""
    found = {}
    for name, data in variants(unit, students):
        shutil.rmtree(folder, ignore_errors=True)
        handed_in = of(put(folder, **(beside | {name: data})), course)
        work, file = handed_in.work(unit), handed_in.file(unit)
        state: str = work.state
        if state == "read" and (file is None or file.name != printable(name)):
            state = "another file"
        if state == "unread" and printable(name) not in work.files:
            state = "not named"
        found[name] = state
    return found


def test_there_are_enough_names() -> None:
    for unit in UNITS:
        assert all(len(made_of(unit, suffix)) >= 60 for suffix in ("py", "ipynb"))


@pytest.mark.parametrize("unit", ["rnn", "self_attention"])
def test_right_work_is_found_under_any_name(course: Course, tmp_path: Path, unit: str) -> None:
    states = outcomes(course, tmp_path / "ann", unit, ["li_na", "han_meimei"], {})
    assert {name: state for name, state in states.items() if state != "read"} == {}


@pytest.mark.parametrize(
    "unit", [unit for unit in UNITS if (CLASS / "Ana María" / f"{unit}.py").exists()]
)
@pytest.mark.parametrize("beside", ["nothing", "a starter", "a clone", "an empty file", "others"])
def test_fuzz_of_names(course: Course, tmp_path: Path, unit: str, beside: str) -> None:
    """Right work of each student under each name: graded or named, with nothing else for it."""
    clone = {f"exercises/{name}.py": text for name, text in STARTER.items()}
    others = {
        "nothing": {},
        "a starter": {f"{unit}.py": STARTER[unit], "README.md": "x"},
        "a clone": {**clone, "course/course.toml": "", "autograder/x.py": RIGHT[unit]},
        "an empty file": {f"old/{unit}.py": "\n"},
        "others": {f"{name}.py": text for name, text in RIGHT.items() if name != unit},
    }
    states = outcomes(course, tmp_path / "ann", unit, PERFECT, others[beside])
    own = {f"{unit}.py": "read"}  # which takes the starter's own place
    assert {n: s for n, s in (states | own).items() if s != "read"} == {}


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "x = 1\n", RIGHT["cost"]])
def test_wrong_work_under_such_names_is_nobody_elses(
    course: Course, tmp_path: Path, content: str
) -> None:
    """An empty or foreign file is that unit's own loss, or is named; the others are not touched."""
    for name in made_of("rnn", "py"):
        shutil.rmtree(tmp_path / "ann", ignore_errors=True)
        found = of(
            put(tmp_path / "ann", **{"attention.py": RIGHT["attention"], name: content}), course
        )
        attention, rnn = found.file("attention"), found.file("rnn")
        assert attention and attention.name == "attention.py" and not attention.problem
        assert rnn is None or rnn.name == printable(name)
        states = {unit: found.work(unit).state for unit in UNITS}
        assert all(
            states[unit] == "missing" for unit in UNITS if unit not in ("attention", "rnn", "cost")
        )
        assert states["cost"] != "read", "it was never handed in under its name"
        if content == RIGHT["cost"]:
            assert (states["rnn"], states["cost"]) == ("unread", "unread")


def test_right_work_beside_a_wrong_copy_is_never_guessed(course: Course, tmp_path: Path) -> None:
    for name in made_of("rnn", "py")[1:]:
        shutil.rmtree(tmp_path / "ann", ignore_errors=True)
        wrong = RNN.replace("tanh", "sigmoid")
        found = of(put(tmp_path / "ann", **{"rnn.py": RNN, name: wrong}), course)
        assert found.work("rnn").state == "unread", name
        assert sorted(found.work("rnn").files) == sorted(["rnn.py", printable(name)])


def test_a_picture_beside_a_file_that_nobody_knows_hides_it_for_no_unit(
    course: Course, tmp_path: Path
) -> None:
    found = of(put(tmp_path / "ann", **{"hw.py": "def step(x): return x", "rnn.png": b"x"}), course)
    assert {found.work(unit).state for unit in UNITS} == {"unread"}


@pytest.mark.parametrize("line", ["N = (7\n%{})\n", 'NOTE = """\n!{}\n"""\n'])
def test_what_begins_like_a_command_and_is_none_is_compared(
    course: Course, tmp_path: Path, line: str
) -> None:
    files = {f"{place}/rnn.py": line.format(number) + RNN for number, place in enumerate("ab", 2)}
    assert of(put(tmp_path / "ann", **files), course).work("rnn").state == "unread"


# A student's units must not be taken for one another's.
@pytest.mark.parametrize(
    "name", ["lab-1.py", "lab_1 (2).py", "Lab1.py", "lab 1.py.txt", "lab_1_2.py"]
)
def test_numbered_units_stay_themselves(name: str) -> None:
    assert read_name(name).of({"lab1": "lab_1", "lab2": "lab_2"}) == "lab_1"


# What is where


LAYOUTS: list[tuple[str, dict[str, str | bytes], str]] = [
    ("deep", {"a/b/c/d/rnn.py": RNN}, "a/b/c/d/rnn.py"),
    ("a unit's folder", {"rnn/my homework.py": RNN}, "rnn/my homework.py"),
    ("and ours in it", {"rnn/x.ipynb": NOTEBOOK, "rnn/lesson.py": "x"}, "rnn/x.ipynb"),
    ("any name", {"Untitled.ipynb": NOTEBOOK}, "Untitled.ipynb"),
    ("beside a starter", {"rnn.py": START, "mine.py": RNN}, "mine.py"),
    ("a copy of itself", {"rnn.py": RNN, "rnn (1).py": RNN + "\n"}, "rnn.py"),
    ("exported", {"rnn.ipynb": NOTEBOOK, "rnn.py": "# In[1]:\n" + RNN}, "rnn.py"),
    ("exported by Jupyter", {"rnn.ipynb": notebook("%matplotlib inline\n" + RNN), "rnn.py":
     f"# In[1]:\nget_ipython().run_line_magic('matplotlib', 'inline')\n{RNN}"}, "rnn.ipynb"),
    ("exported by Colab", {"rnn.ipynb": notebook("!pip list\n%cd x\n" + RNN), "rnn.py":
     f'"""rnn\n\nBy Colab.\n"""\n\n!pip list\n# %cd x\n{RNN}\n"""# The end"""\n'}, "rnn.ipynb"),
    ("laid out anew", {"rnn.py": RNN, "old/rnn.py": RNN.replace(" @ ", "@")}, "rnn.py"),
    ("a notebook that shows it", {"rnn.py": RNN, "rnn.ipynb":
     notebook("from rnn import *\nimport rnn, torch", "rnn.rnn(torch.ones(1, 2, 3))")}, "rnn.py"),
    ("a document of it", {"rnn.ipynb": NOTEBOOK, "rnn.pdf": b"%PDF"}, "rnn.ipynb"),
    ("a text about it", {"rnn.py": RNN, "rnn.txt": "my notes on it"}, "rnn.py"),
    ("a notebook called .py", {"rnn.py": NOTEBOOK}, "rnn.py"),
    ("a notebook called .txt", {"rnn.txt": NOTEBOOK}, "rnn.txt"),
    ("no suffix", {"rnn": RNN}, "rnn"),
    ("a suffix cut short", {"RNN~1.IPY": NOTEBOOK}, "RNN~1.IPY"),
    ("another keyboard's suffix", {"rnn.ру": RNN, "notes.txt": "def rnn: see below"}, "rnn.ру"),
    ("a name that was lost", {"download": RNN, "README.md": f"Try:\n\n{RNN}"}, "download"),
    ("a text with it all", {"rnn.py": RNN, "all of it": RNN + "x = 1\n"}, "rnn.py"),
    ("a zip in a zip", {"hw.zip": zipped(**{"x/a.zip": zipped(**{"rnn.py": RNN})})},
     "hw.zip/x/a.zip/rnn.py"),
    ("a zip that lost its suffix", {"homework": zipped(**{"rnn.py": RNN})}, "homework/rnn.py"),
    ("for another unit's use", {"attention/rnn.py": "import rnn", "rnn/rnn.py": RNN}, "rnn/rnn.py"),
    ("an environment", {"env/pyvenv.cfg": "", "env/rnn.py": "x = 1", "rnn.py": RNN}, "rnn.py"),
    ("checkpoints", {".ipynb_checkpoints/rnn-checkpoint.ipynb": "{", "rnn.ipynb": NOTEBOOK},
     "rnn.ipynb"),
    ("an older, half done", {"rnn.py": START, "x/rnn.ipynb": NOTEBOOK}, "x/rnn.ipynb"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "file"), [row[1:] for row in LAYOUTS], ids=[r[0] for r in LAYOUTS]
)
def test_one_clear_candidate_is_read(
    course: Course, tmp_path: Path, files: dict[str, str | bytes], file: str
) -> None:
    found = of(put(tmp_path / "ann", **files), course)
    main = found.file("rnn")
    assert found.work("rnn").state == "read"
    assert main is not None
    assert main.name == file
    assert "def rnn_step" in "".join(main.cells)


DOUBTS: list[tuple[str, dict[str, str | bytes], str]] = [
    ("two", {"rnn.py": RNN, "rnn.ipynb": notebook(HALF)}, "rnn.py, rnn.ipynb"),
    ("one that shows and changes it", {"rnn.py": RNN, "rnn.ipynb":
     notebook("from rnn import *", "rnn_step = print")}, "rnn.py, rnn.ipynb"),
    ("exported, then run another", {"rnn.ipynb": notebook("%run x.py\n" + RNN), "rnn.py": RNN},
     "rnn.py, rnn.ipynb"),
    ("two places", {"rnn.py": RNN, "new/rnn.py": HALF}, "rnn.py, new/rnn.py"),
    ("two without its name", {"a.py": RNN, "b.py": RNN + "x = 1\n"}, "a.py, b.py"),
    ("a part", {"rnn.py": START, "a.ipynb": notebook("def rnn(x):\n    return x")}, "a.ipynb"),
    ("half, and whole elsewhere", {"rnn.py": HALF, "done.py": RNN}, "rnn.py, done.py"),
    ("starter and broken", {"rnn.py": START, "mine.ipynb": "{"}, "mine.ipynb is not a"),
    ("starter and locked", {"rnn.py": START, "hw.rar": b"Rar!"}, "hw.rar is an archive"),
    ("a document", {"rnn.pdf": b"%PDF"}, "rnn.pdf is neither"),
    ("a text of it", {"rnn (1).qmd": f"Mine:\n```{{python}}\n{RNN}\n```\n"}, "is neither a"),
    ("Markdown, indented", {"rnn.md": "    " + RNN.replace("\n", "\n    ")}, "rnn.md is neither"),
    ("a picture of it", {"Rnn (2).JPG": b"\xff\xd8\xff"}, "Rnn (2).JPG is neither a .py nor"),
    ("a screen", {"Screenshot.png": b"\x89PNG"}, "known as work: Screenshot.png"),
    ("what Python keeps", {"rnn.cpython-311.pyc": b"\xa7\r\r\n"}, "rnn.cpython-311.pyc is neither"),
    ("a shortcut", {"rnn.ipynb.url": "[InternetShortcut]\n"}, "rnn.ipynb.url is neither"),
    ("another kind of notebook", {"rnn.deepnote": "version: 1.0.0\n"}, "rnn.deepnote is neither"),
    ("a link", {"rnn.py": "https://colab.research.google.com/drive/1x\n"}, "is a link to a page"),
    ("unfinished", {"rnn.ipynb.crdownload": b"{"}, "rnn.ipynb.crdownload is a download"),
    ("a backup", {"rnn.py~": RNN}, "rnn.py~ is called like"),
    ("another unit's", {"rnn.py": RIGHT["gates"]}, "but the functions of gates"),
    ("nothing known", {"onlinetext.html": "<p>my homework"}, "onlinetext.html"),
    ("a web page", {"rnn.py": "\n<!DOCTYPE html>\n<html>"}, "rnn.py is a web page, and no program"),
    ("a formatted text", {"rnn.py": r"{\rtf1\ansi import torch}"}, "rnn.py is a formatted text"),
    ("a pointer", {"rnn.py": "version https://git-lfs.github.com/spec/v1\n"}, "what Git LFS keeps"),
    ("two units' in one", {"gates.py": RIGHT["gates"] + RNN, "rnn.py": START}, "gates.py may be"),
    ("a part, under no name", {"rnn,py": "def rnn(x):\n    return x"}, "rnn,py may be the work"),
    ("nothing but zeros", {"rnn.py": bytes(4096)}, "holds zero bytes (line 1)"),
    ("blank", {"rnn.py": "\ufeff \n\n"}, "rnn.py holds no program at all"),
    ("a notebook without code", {"rnn.ipynb": notebook()}, "rnn.ipynb holds no program at all"),
    ("XML", {"rnn.py": "<?xml version='1.0'?>\n<Error/>"}, "is a text in XML, and no program"),
    ("no file", {"rnn.py": "404: Not Found"}, "rnn.py is a server's word that there is none"),
    ("zeros", {"rnn.py": RNN.replace("\n", "\n\0", 1)}, "holds zero bytes (line 2)"),
    ("helper unreadable", {"rnn.py": "from h import *\n", "h.py": b"\xff"}, "h.py is not text"),
    ("two helpers", {"rnn.py": "import h\n", "a/h.py": "x = 1", "b/h.py": "x = 2"}, "a/h, b/h"),
    ("a unit in doubt", {"rnn.py": "import cost", "cost.py": "x=1", "x/cost.py": "x=2"}, "`cost`"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "words"), [row[1:] for row in DOUBTS], ids=[r[0] for r in DOUBTS]
)
def test_what_is_not_sure_is_named(
    course: Course, tmp_path: Path, files: dict[str, str | bytes], words: str
) -> None:
    work = of(put(tmp_path / "ann", **files), course).work("rnn")
    assert work.state == "unread"
    assert words in said(work.facts)
    assert "None" not in said(work.facts).replace("None of", "")


def said(facts: dict) -> str:
    from autograder.core.language import restate

    return str(restate(facts))


def test_starters_alone_are_graded_and_nothing_is_nothing(course: Course, tmp_path: Path) -> None:
    clone = put(tmp_path / "ann", **{f"exercises/{unit}.py": t for unit, t in STARTER.items()})
    assert {of(clone, course).work(unit).state for unit in UNITS} == {"read"}
    (tmp_path / "bob").mkdir()
    bob = of(tmp_path / "bob", course)
    assert bob.empty
    assert "(handed in: nothing)" in said(bob.work("rnn").facts)
    put(tmp_path / "dee", **{"._rnn.ipynb": b"\0\5\x16\7"})
    dee = of(tmp_path / "dee", course)
    assert dee.empty
    assert "(handed in: ._rnn.ipynb)" in said(dee.work("rnn").facts)
    put(tmp_path / "cem", **{"data.csv": "1,2"})
    cem = of(tmp_path / "cem", course)
    assert not cem.empty
    assert "(handed in: data.csv)" in said(cem.work("rnn").facts)


def test_the_whole_folder_that_students_got_may_be_handed_in(
    course: Course, tmp_path: Path
) -> None:
    """Its lessons are no work, as notebooks or pages; but who writes into a notebook has worked."""
    release(course, tmp_path / "ann", "zh")
    zipped = shutil.make_archive(str(tmp_path / "bob" / "all"), "zip", tmp_path, "ann")
    for folder in (tmp_path / "ann", Path(zipped).parent):
        handed_in = of(folder, course)
        found = {(handed_in.work(unit).how, handed_in.work(unit).state) for unit in UNITS}
        assert found == {("asked", "read")}
    lesson = tmp_path / "ann" / "lessons" / "01_rnn.ipynb"
    lesson.write_text(notebook(RIGHT["rnn"], "lesson.check(rnn)"))
    written = of(tmp_path / "ann", course).file("rnn")
    assert written and written.name == "lessons/01_rnn.ipynb"


def test_helpers_at_any_depth(course: Course, tmp_path: Path) -> None:
    """By every kind of import; what nobody imports stays where it is."""
    files = {
        "src/rnn.py": "from tools import f\nimport pkg.sub.deep\nimport shared\n",
        "src/tools (1).py": "from importlib import import_module\nimport_module('later')\n",
        "src/later.py": "",
        "src/pkg/sub/deep.py": "from ..beside import x\n",
        "src/pkg/beside.py": "",
        "src/pkg/unused.py": "",
        "lib/shared.py": "",
        "torch.py/README": "",
    }
    found = of(put(tmp_path / "ann", **files), course)
    assert found.work("rnn").state == "read"
    modules = {file.module: file.name for file in found.files if file.module != "rnn"}
    assert modules == {
        "tools": "src/tools (1).py",
        "later": "src/later.py",
        "pkg.sub.deep": "src/pkg/sub/deep.py",
        "pkg.beside": "src/pkg/beside.py",
        "shared": "lib/shared.py",
    }


USES = "import torch\n{}\n" + RNN.replace("torch.tanh(", "squash(")
SQUASH = "import torch\n\n\ndef squash(x):\n    return torch.tanh(x)\n"
WAYS = {  # to import a file, by where both lie
    "from the root": ("src/rnn.py", "from src.helpers import squash", "src/helpers.py"),
    "from the root, too": ("src/rnn.py", "from src import helpers; squash = helpers.squash",
                           "src/helpers.py"),
    "relatively": ("hw/rnn.py", "from .helpers import squash", "hw/helpers.py"),
    "relatively, a module": ("rnn.py", "from . import helpers\nsquash = helpers.squash",
                             "helpers.py"),
    "from above": ("hw/rnn/rnn.py", "from ..helpers import squash", "hw/helpers.py"),
    "from a named folder": ("exercises/rnn.py", "import sys\nsys.path.append('../lib')\n"
                            "from helpers import squash", "lib/helpers.py"),
    "from a package of its name": ("rnn/rnn.py", "from rnn.helpers import squash",
                                   "rnn/helpers.py"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_helper_is_imported_as_its_folder_has_it(
    course: Course, grader: Grader, tmp_path: Path, way: str
) -> None:
    main, line, helper = WAYS[way]
    files = {main: USES.format(line), helper: SQUASH, f"{Path(helper).parent}/__init__.py": ""}
    report = grader.grade(of(put(tmp_path / "ann", **files), course), course.unit("rnn"))
    assert [test.message for test in report.tests if test.status == "failed"] == []


def test_another_unit_is_imported_as_its_folder_has_it(
    course: Course, grader: Grader, tmp_path: Path
) -> None:
    own = "from exercises.more import squash\nimport torch\n" + RNN.replace("torch.tanh", "squash")
    files = {
        "exercises/rnn.py": own,
        "exercises/more.py": "from .attention import math\nfrom exercises.attention import torch\n"
        "squash = torch.tanh\n",
        "exercises/attention.py": RIGHT["attention"],
    }
    report = grader.grade(of(put(tmp_path / "ann", **files), course), course.unit("rnn"))
    assert [test.message for test in report.tests if test.status == "failed"] == []


@pytest.mark.parametrize(
    "files",
    [
        ["h.py", "h (1).py"],
        ["h (1).py", "h (2).py"],
        ["h.ipynb", "h (1).ipynb"],
        ["h.py", "h/__init__.py"],
        ["src/h.py", "h.py"],
    ],
)
def test_two_files_of_one_helper_s_name(course: Course, tmp_path: Path, files: list[str]) -> None:
    """The likelier one is it. They took turns: reading never ended, for a class of whoever."""
    main = "src/rnn.py" if files[0].startswith("src/") else "rnn.py"
    texts = {name: "{}" if name.endswith("b") else "" for name in files}
    with unless_it_hangs():
        found = of(put(tmp_path / "ann", **{main: f"import h\n{RNN}"}, **texts), course)
    assert {file.module: file.name for file in found.files} == {"rnn": main, "h": files[0]}


def test_a_notebook_may_be_a_helper(course: Course, tmp_path: Path) -> None:
    """For `%run` and import_ipynb; a .py file of its name is what Python would import."""
    files = {
        "rnn.ipynb": notebook("import import_ipynb\nfrom own import f", "%run lib/more.ipynb"),
        "own.ipynb": notebook("def f(): return 1"),
        "lib/more.ipynb": notebook("import two", "%run -i '../01-parts.py' --all"),
        "01-parts.py": "",
        "lib/two.ipynb": "{",
        "lib/two.py": "K = 1\n",
    }
    found = of(put(tmp_path / "ann", **files), course)
    modules = {file.module: file.name for file in found.files if file.module != "rnn"}
    assert found.work("rnn").state == "read"
    assert modules == {
        "own": "own.ipynb",
        "01-parts": "01-parts.py",
        "lib.more": "lib/more.ipynb",
        "lib.two": "lib/two.py",
        "two": "lib/two.py",
    }


@pytest.mark.parametrize(
    ("text", "as_notebook"),
    [
        (f"# Automatically generated by Colab.\n\n!pip install d2l\n{RNN}", True),
        (f"# %% [code]\n%matplotlib inline\n{RNN}", True),
        (f"try:\n    import d2l\nexcept ImportError:\n    !pip install d2l\n{RNN}", True),
        (f"# In[1]:\n\n\nget_ipython().run_line_magic('matplotlib', 'inline')\n{RNN}", True),
        (f"X = (7\n%4)\n{RNN}", False),
        (f"NOTE = '''\n!pip install d2l\n'''\n{RNN}", False),
    ],
)
def test_a_notebook_saved_as_a_program(
    course: Course, tmp_path: Path, text: str, as_notebook: bool
) -> None:
    """Colab and Kaggle leave `!` and `%` in it: it is read as it was written."""
    file = of(put(tmp_path / "ann", **{"rnn.py": text}), course).file("rnn")
    assert file and file.notebook == as_notebook and not file.problem


def test_each_unit_gets_its_own_helper(course: Course, tmp_path: Path) -> None:
    files = {
        "rnn/rnn.py": "import h",
        "rnn/h.py": "x = 1",
        "cost/cost.py": "import h",
        "cost/h.py": "",
    }
    found = of(put(tmp_path / "ann", **files), course)
    for unit in ("rnn", "cost"):
        names = {file.name for file in found.files_of(unit) if file.module == "h"}
        assert names == {f"{unit}/h.py"}


def test_a_helper_of_a_unit_that_an_imported_unit_imports(course: Course, tmp_path: Path) -> None:
    """order.py imports self_attention.py, that imports attention.py, and that a helper."""
    files = {
        "order.py": "from self_attention import self_attention\n",
        "self_attention.py": "from attention import attention\n",
        "attention.py": "from utils import stable\n",
        "utils.py": "import more\n",
        "more.py": "",
    }
    found = of(put(tmp_path / "ann", **files), course)
    for unit in ("order", "self_attention", "attention"):
        assert {file.module for file in found.files_of(unit)} >= {"utils", "more"}


# Formats


PLAIN = notebook("x = 1")


def with_output(output: str) -> bytes:
    return PLAIN.replace('"outputs": []', f'"outputs": {output}').encode()


def older(version: int, **cell: object) -> bytes:
    cells = [{"cell_type": "code"} | cell, {"cell_type": "heading", "level": 1, "source": "x"}]
    sheets = [{"cells": cells, "metadata": {}}]
    told = {"nbformat": version, "nbformat_minor": 0, "metadata": {}, "worksheets": sheets}
    return json.dumps(told).encode()


FORMATS: dict[str, bytes] = {
    "NaN": with_output('[{"output_type": "x", "a": NaN, "b": -Infinity}]'),
    "long number": PLAIN.replace('"nbformat_minor": 5', f'"nbformat_minor": {"9" * 9999}').encode(),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "version 3": older(3, input=["x = 1"], language="python", outputs=[], metadata={}),
    "version 2": older(2, input="x = 1", language="python", outputs=[]),
    "version 4.0": notebook("x = 1", nbformat_minor=0).encode(),
    "widgets": notebook("x = 1", metadata={"widgets": {"state": {"a": {"name": 3}}}}).encode(),
    "zero in an output": with_output('[{"output_type": "stream", "text": "\\u0000"}]'),
    "bad outputs": with_output("3"),
    "half a letter in an output": with_output('"?"').replace(b"?", b"\xff"),
    "unknown cells": PLAIN.replace("}], ", '}, {"cell_type": "new", "source": 3}], ', 1).encode(),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_form_of_a_notebook_is_read(course: Course, tmp_path: Path, kind: str) -> None:
    file = of(put(tmp_path / "ann", **{"rnn.ipynb": FORMATS[kind]}), course).file("rnn")
    assert file is not None
    assert (file.problem, file.cells) == ("", ["x = 1"])


def test_what_nbformat_reads_is_read() -> None:
    """Of the forms above, those that nbformat reads give the same cells there."""
    nbformat = pytest.importorskip("nbformat")
    for kind in ("NaN", "version 3", "version 2", "version 4.0", "widgets", "zero in an output"):
        with warnings.catch_warnings(action="ignore"):
            cells = nbformat.reads(FORMATS[kind].decode(), as_version=4).cells
        assert [cell.source for cell in cells if cell.cell_type == "code"] == ["x = 1"], kind


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfx = 1\n", "x = 1\n".encode("utf-16"), b"x = 1\n" + bytes(512)]
)
def test_every_form_of_a_text_is_read(course: Course, tmp_path: Path, data: bytes) -> None:
    file = of(put(tmp_path / "ann", **{"rnn.py": data}), course).file("rnn")
    assert file is not None
    assert (file.problem, file.cells) == ("", ["x = 1\n"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("f'{d['a']}'", "3.12"),
        ("f'{\"\\n\".join(d)}'", "3.12"),
        ("rf'{d['a']}'", "3.12"),
        ("print(f'of {\n    d}')", "3.12"),
        ("print(f'of {d\n)", ""),
        ("type X = int", "3.12"),
        ("def f[T](x): pass", "3.12"),
        ("t'{d}'", "3.14"),
        ("try: pass\nexcept A, B: pass", "3.14"),
        ("lazy import os", "3.15"),
        ("def f(:", ""),
        ("'''\ntype X = int\n'''", ""),
        ("# f'{d['a']}'\nx = [", ""),
    ],
)
def test_newer_syntax_is_said_with_both_versions(
    course: Course, tmp_path: Path, line: str, words: str
) -> None:
    """Where this Python is too old for it; whatever else does not compile is graded."""
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    work = of(put(tmp_path / "ann", **{"rnn.py": f"d = {{'a': 1}}\n{line}\n"}), course).work("rnn")
    too_new = words and tuple(map(int, words.split("."))) > sys.version_info[:2]
    assert work.state == ("unread" if too_new else "read")
    assert not too_new or (
        f"Python {words}" in said(work.facts) and f"Python {ours}" in said(work.facts)
    )


def test_to_look_for_newer_syntax_takes_little() -> None:
    """A braced text's parts are sought from its start each: 128 KiB took 3 CPU-seconds a file."""
    parts = "{a}" * 43_000
    before = os.times().children_user
    assert newer([f"f'''{{a:{parts}}}'''\n'''\ntype X = int\n'''"]) is None
    assert os.times().children_user - before < 0.5


# Bounds


def bomb(**files: bytes) -> bytes:
    return zipped(**{"attention.py": RIGHT["attention"], **files})


def locked(data: bytes) -> bytes:
    """The same zip, marked as locked with a password."""
    marked = bytearray(data)
    for start, at in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        place = marked.find(start)
        struct.pack_into("<H", marked, place + at, 1)
    return bytes(marked)


def linked() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo("rnn.py")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return data.getvalue()


def far() -> bytes:
    """A zip whose list has its file at a place that no number of C's holds."""
    data = bytearray(zipped(**{"rnn.py": "x = 1"}))
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    place = struct.pack("<HHQ", 1, 8, 1 << 63)  # zip64's
    struct.pack_into("<H", data, start + 30, len(place))
    struct.pack_into("<L", data, start + 42, 0xFFFFFFFF)
    struct.pack_into("<L", data, end + 12, end - start + len(place))
    data[end:end] = place
    return bytes(data)


ARCHIVES = {
    "hw.zip": (bomb(big=bytes(60 << 20)), "hw.zip unpacks to more"),
    "ratio.zip": (bomb(big=bytes(20 << 20)), "ratio.zip unpacks to more"),
    "many.zip": (zipped(**{f"{n}.txt": b"" for n in range(2001)}), "many.zip unpacks to more"),
    "list.zip": (b"PK\1\2" * 7000, "list.zip unpacks to more"),
    "locked.zip": (locked(bomb()), "locked.zip is locked"),
    "cut.zip": (bomb()[:-30], "cut.zip is damaged"),
    "no.zip": (b"no zip at all", "no.zip is damaged"),
    "hw.7z": (b"7z", "hw.7z is an archive"),
    "homework": (b"\x1f\x8b\x08", "homework is an archive"),
    "rar.zip": (b"Rar!\x1a\x07\0", "rar.zip is an archive"),
    "empty.zip": (zipped(), "empty.zip holds no file"),
    "folders.zip": (zipped(**{"hw/": b""}), "folders.zip holds no file"),
    "far.zip": (far(), "far.zip/rnn.py is damaged"),
    "hw.tar.gz": (b"\x1f\x8b", "hw.tar.gz is an archive"),
    "deep.zip": (zipped(**{"a.zip": zipped(**{"b.zip": bomb()})}), "a zip in a zip in a zip"),
    "out.zip": (zipped(**{"../../rnn.py": "x = 1", "C:\\x": "y"}), "out of it (../../rnn.py)"),
    "link.zip": (linked(), "link.zip/rnn.py is a link"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_what_stays_closed_is_named_and_the_rest_is_read(
    course: Course, tmp_path: Path, name: str
) -> None:
    data, words = ARCHIVES[name]
    put(tmp_path / "ann", **{name: data, "gates.py": RIGHT["gates"]})
    with unless_it_hangs():
        found = of(tmp_path / "ann", course)
    assert found.work("gates").state == "read"
    assert found.work("rnn").state == "unread"
    assert words in said(found.work("rnn").facts)
    assert not list(tmp_path.glob("rnn.py"))


def test_zips_share_one_allowance(course: Course, tmp_path: Path) -> None:
    """Each within the limits, all together beyond them."""
    half = zipped(**{"data.bin": os.urandom(26 << 20)})
    put(tmp_path / "ann", **{"a.zip": half, "b.zip": half, "gates.py": RIGHT["gates"]})
    told = said(of(tmp_path / "ann", course).work("rnn").facts)
    assert "b.zip unpacks to more" in told


def test_a_zip_that_lies_about_a_size() -> None:
    """It is unpacked as far as it says, and no further: of gigabytes 2 GiB were held at once."""
    data = bytearray(zipped(**{"rnn.py": bytes(32 << 20)}))
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 24, 100)
    ((_path, read),) = archives.members("a.zip", lambda _: bytes(data), archives.Budget())
    assert not isinstance(read, Unreadable)
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="is damaged"):
            read(1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_many_large_zips_are_not_all_read(course: Course, tmp_path: Path) -> None:
    """Padded, each within the limits and unpacking to nothing: what is read has an end, too."""
    padded = bytes(archives.MOST_BYTES // 2) + zipped(**{"notes.txt": "x"})
    files = {f"{number}.zip": padded for number in range(4)}
    put(tmp_path / "ann", **files, **{"gates.py": RIGHT["gates"]})
    found = tree.look_through(tmp_path / "ann")
    assert [path for path, _ in found.sealed] == ["2.zip", "3.zip"]
    assert of(tmp_path / "ann", course).work("gates").state == "read"


@pytest.mark.parametrize("seed", range(4))
def test_damaged_zips_are_read_or_named(course: Course, tmp_path: Path, seed: int) -> None:
    """Bytes changed, cut or doubled anywhere: no error, and what can be read is not lost."""
    whole = zipped(**{"gates.py": RIGHT["gates"], "?": "", "a/": "", "b/rnn.py": RNN})
    random = Random(seed)
    for number in range(50):
        data = bytearray(whole)
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data))] = random.randrange(256)
        cut = random.choice([len(data), random.randrange(len(data))])
        put(tmp_path / "ann", **{"hw.zip": bytes(data[:cut]), "attention.py": RIGHT["attention"]})
        found = of(tmp_path / "ann", course)
        assert found.work("attention").state == "read", (seed, number)
        for unit in ("gates", "rnn"):
            known = data.count(f"{unit}.py".encode()) == 2  # once in the zip's list
            assert found.work(unit).state in ("read", "unread") or not known, (seed, number)


def test_a_zip_of_windows_has_its_letters(course: Course, tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("rnn - NAME.py", RNN)
    chinese = data.getvalue().replace(b"NAME", "副本".encode("gbk"))
    file = of(put(tmp_path / "ann", **{"作业.zip": chinese}), course).file("rnn")
    assert file is not None
    assert file.name == "作业.zip/rnn - 副本.py"


def test_a_folder_that_cannot_be_looked_into_is_named(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to be read is not to be absent, and no reason to stop; here its path is too long."""
    ann = put(tmp_path / "ann", **{"gates.py": RIGHT["gates"]})
    monkeypatch.chdir(ann)
    for _ in range(17):
        Path("d" * 250).mkdir()
        monkeypatch.chdir("d" * 250)
    Path("rnn.py").write_text(RNN)
    monkeypatch.chdir(tmp_path)
    found = of(ann, course)
    assert found.work("gates").state == "read"
    assert found.work("rnn").state == "unread"
    assert "cannot be read: File name too long" in said(found.work("rnn").facts)


def test_ten_thousand_files_and_nested_repositories(course: Course, tmp_path: Path) -> None:
    """The work is read, whatever lies beside it; where it is not found, that is said."""
    ann = put(tmp_path / "ann", **{"gates.py": RIGHT["gates"], "lib/.git/rnn.py": "x = 1"})
    for number in range(tree.MOST_FILES // 100 + 1):
        folder = ann / "data" / str(number)
        folder.mkdir(parents=True)
        for file in range(100):
            (folder / f"{file}.csv").touch()
    with unless_it_hangs():
        found = of(ann, course)
    assert found.work("gates").state == "read"
    assert "more than 10,000 files" in said(found.work("rnn").facts)
    assert found.work("rnn").state == "unread"


def test_deep_trees_end(course: Course, tmp_path: Path) -> None:
    deep = tmp_path / "ann" / "/".join("d" * 300)
    deep.mkdir(parents=True)
    put(deep, **{"rnn.py": RNN})
    assert of(tmp_path / "ann", course).work("rnn").state == "unread"


def test_many_programs_cost_little(course: Course, tmp_path: Path) -> None:
    """Hundreds of files of the name, and thousands of others: bounded in what is read of them."""
    files = {f"rnn ({n}).py": f"def rnn(): return {n}" for n in range(300)}
    files |= {f"x{n}.py": f"import x{n + 1}, rnn" for n in range(2000)}
    with unless_it_hangs():
        found = of(put(tmp_path / "ann", **files), course)
    assert found.work("rnn").state == "unread"
    assert said(found.work("rnn").facts).count(".py") <= 10


# Decisions


def test_who_grades_decides_once(course: Course, tmp_path: Path) -> None:
    put(
        tmp_path / "jane",
        **{"rnn.py": RNN, "rnn (1).py": HALF, "x.zip": zipped(a=b"x = 1")},
    )
    (tmp_path / decisions.FILE).write_text(  # with a mark, as Notepad saves it
        '\ufeff["jane"]\nrnn = "rnn (1).py"\ncost = ""\ngates = "x.zip/a"\n'
    )
    decided = decisions.load(tmp_path, ["jane"], course)["jane"]
    found = of(tmp_path / "jane", course, **decided)
    assert [found.work(unit).state for unit in ("rnn", "cost", "gates")] == [
        "read",
        "missing",
        "read",
    ]
    file = found.file("rnn")
    assert file is not None
    assert (file.name, found.work("rnn").how) == ("rnn (1).py", "decided")
    assert found.digest != of(tmp_path / "jane", course, rnn="rnn.py").digest


@pytest.mark.parametrize("path", ["../bob/rnn.py", "/etc/passwd", "link.py", "no.py", "folder"])
def test_a_decision_stays_inside_the_students_folder(
    course: Course, tmp_path: Path, path: str
) -> None:
    put(tmp_path / "bob", **{"rnn.py": RNN})
    jane = put(tmp_path / "jane", **{"folder/x.py": "x = 1"})
    (jane / "link.py").symlink_to(tmp_path / "bob" / "rnn.py")
    if path == "link.py":
        work = of(jane, course, rnn=path).work("rnn")
        assert work.state == "unread"
        assert "is a link" in said(work.facts)
        return
    with pytest.raises(SubmissionsError, match="none of the files there"):
        of(jane, course, rnn=path)


def test_what_is_proposed_is_a_choice(tmp_path: Path) -> None:
    """Catches: a lone file that is no program, which stands first, in place of one of several."""
    rows = [
        Row("bo", "rnn", "typed.html", "", "unread", "none is known", ["typed.html"]),
        Row("jane", "rnn", "", "", "unread", "several", ["rnn.py", "rnn.ipynb"]),
    ]
    assert '["jane"]' in undecided(Seen(noted=rows), tmp_path)
    assert '["bo"]' in undecided(Seen(noted=rows[:1]), tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('["nobody"]\nrnn = "x"', "no folder"),
        ('["jane"]\nrnm = "x"', "no unit 'rnm'"),
        ('["jane"]\nrnn = 3', "cannot be read"),
        ("jane", "cannot be read"),
        ("jane = " + "[" * 9999, "cannot be read"),
    ],
)
def test_a_decision_that_cannot_be_followed_is_named(
    course: Course, tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / decisions.FILE).write_text(text)
    with pytest.raises(SubmissionsError, match=words):
        decisions.load(tmp_path, ["jane"], course)


# What is said of it


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """Four students: as asked, renamed, in doubt, with nothing; and a note for all."""
    folder = tmp_path / "class"
    put(folder / "ann", **{"rnn.py": RNN})
    put(folder / "bob", **{"Copy of rnn.ipynb": NOTEBOOK, "notes.docx": b"PK"})
    put(folder / "jane", **{"rnn.py": RNN, "rnn (1).py": HALF})
    (folder / "zoe").mkdir()
    return folder


def test_the_list_before_grading(submissions: Path, tmp_path: Path) -> None:
    command = ["grade", submissions, "--unit", "rnn", "--results", tmp_path / "out", "--dry-run"]
    done = autograder(*command, cwd=ROOT)
    assert done.returncode == 3
    told = "files read: 2, under another name: 1 · not read: 1 · of no unit: 1"
    assert f"Students: 4 · with nothing: 1 · {told}" in done.stdout
    assert "Copy of rnn.ipynb" in done.stdout
    assert '["jane"]\nrnn = "rnn.py"' in done.stderr
    assert not (tmp_path / "out").exists()
    (submissions / decisions.FILE).write_text('["jane"]\nrnn = "rnn.py"\n')
    done = autograder(*command, "--json", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    states = {row["student"]: (row["state"], row["found"], row["file"]) for row in rows}
    assert states == {
        "ann": ("read", "asked", "rnn.py"),
        "bob": ("read", "renamed", "Copy of rnn.ipynb"),
        "jane": ("read", "decided", "rnn.py"),
        "zoe": ("missing", "", ""),
    }


def test_work_in_no_students_folder_is_told(tmp_path: Path) -> None:
    """Who put a zip there, or is a link, is not silently out of the class."""
    put(tmp_path / "class", **{"ann/rnn.py": RNN, "bo.zip": b"PK", "cy - rnn.ipynb": "{}"})
    put(tmp_path / "class", **{"people.csv": "", "intake.toml": "", "README.md": "", ".x.py": ""})
    (tmp_path / "class" / "dee").symlink_to(tmp_path)
    assert beside(tmp_path / "class") == ["bo.zip", "cy - rnn.ipynb", "dee"]
    text = io.StringIO()
    print_seen(Console(file=text, width=200), Seen(beside=beside(tmp_path / "class")))
    told = "In no student's folder, and not read: bo.zip, cy - rnn.ipynb, dee."
    assert told in text.getvalue()


def test_the_key_knows_under_which_name_it_was_found(course: Course, tmp_path: Path) -> None:
    """Also where there is nothing: a list of what else there is must not grow old."""
    unit = course.unit("rnn")
    found = []
    for files in (
        {"rnn.py": "x"},
        {"rnn (1).py": "x"},
        {"b/rnn.py": "x"},
        {"a.csv": ""},
        {"b.csv": ""},
    ):
        shutil.rmtree(tmp_path / "ann", ignore_errors=True)
        handed_in = of(put(tmp_path / "ann", **files), course)
        found.append(keys.key(keys.basis(handed_in, unit, Options(), course)))
    assert len({*found}) == len(found)


MARKDOWN = {"cell_type": "markdown", "metadata": {}, "source": "def rnn_step(x):\n    return x"}


def test_what_nobody_runs_changes_no_digest(course: Course, tmp_path: Path) -> None:
    """A picture more in an output is the same work, with the same inputs."""
    plain = notebook("x = 1")
    one = of(put(tmp_path / "ann", **{"rnn.ipynb": plain}), course).digest
    other = plain.replace('"outputs": []', '"outputs": [{"png": "abc"}]')
    assert of(put(tmp_path / "ann", **{"rnn.ipynb": other}), course).digest == one
    written = plain.replace('"cells": [', f'"cells": [{json.dumps(MARKDOWN)}, ')
    assert of(put(tmp_path / "ann", **{"rnn.ipynb": written}), course).digest != one, "it is named"


def test_students_are_told_what_would_be_graded(course: Course, tmp_path: Path) -> None:
    """Where no instructor is: `autograder ci` in a student's repository."""
    clone = {f"exercises/{unit}.py": text for unit, text in STARTER.items()}
    put(tmp_path / "repo", **clone, **{"course/course.toml": "", "autograder/rnn.py": RNN})
    own = msgspec.structs.replace(course, root=tmp_path / "repo")
    units = [course.unit("rnn"), course.unit("cost")]
    assert list(other_files(own, units, Tally())) == []
    put(
        tmp_path / "repo",
        **{"rnn.ipynb": NOTEBOOK, "cost (1).py": HALF, "x/cost.py": "y = 1"},
    )
    told = dict(other_files(own, units, Tally()))
    assert told["rnn"].startswith("rnn.ipynb is what is graded for rnn")
    assert "x/cost.py, cost (1).py" in told["cost"]


def test_the_budget_is_the_documented_one() -> None:
    limits = SimpleNamespace(members=2_000, size=50 << 20, ratio=100, depth=2)
    assert (limits.members, limits.size) == (archives.MOST_MEMBERS, archives.MOST_BYTES)
    assert (limits.ratio, limits.depth) == (archives.RATIO, archives.DEEPEST)
