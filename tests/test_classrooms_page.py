"""docs/classrooms.md: its commands, typed as they stand; and what it names as holding a recipe.

Those that fetch and grade a class are in tests/test_ci.py, out of the workflows that have them too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from reports import report
from test_marks import ROSTERS

from autograder.core.course import Course
from autograder.reports.store import encode, path_for, write

PAGE = (ROOT / "docs" / "classrooms.md").read_text("utf-8")
TYPED = re.findall(r"^(autograder (?:release|export) .*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
TYPED += re.findall(r"`(autograder (?:release|export) [^`]*)`", PAGE)
MAKES = {  # what is there afterwards
    "release DIR": ["DIR/exercises/rnn.py", "DIR/.github/workflows/classroom.yml"],
    "release --classroom50": ["classroom50/CLASSROOM/autograders/ASSIGNMENT/autograder.py"],
    "release --gradescope": ["autograder.zip"],
    "export results --to gradescope": ["results/gradescope/*/results.json"],
    "export results --to canvas": ["results/canvas.csv"],
    "export results --to moodle": ["results/moodle.csv"],
    "export results --to moodle --assignment": ["results/moodle_worksheet.csv"],
    "export results --to junit": ["results/junit.xml"],
}


@pytest.fixture
def clone(course: Course, tmp_path: Path) -> Path:
    """A clone with an assignment, a roster that is Moodle's worksheet, and marks."""
    ignored = shutil.ignore_patterns("sample_class", ".secret")
    shutil.copytree(ROOT / "course", tmp_path / "course", ignore=ignored)
    for name in (
        "solutions",
        "exercises",
        "pyproject.toml",
        "constraints.txt",
        "README.md",
        "LICENSE",
    ):
        (tmp_path / name).symlink_to(ROOT / name)
    with (tmp_path / "course" / "course.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[assignments.week1]\nunits = ['rnn']\n")
    (tmp_path / "course" / "roster.csv").write_text(ROSTERS["moodle worksheet"], "utf-8")
    for unit in ("rnn", "attention"):
        found = report(course, "s001", unit)
        write(path_for(tmp_path / "results", "s001", unit), encode(found))
    return tmp_path


def test_every_command_does_what_the_page_says(clone: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = set()
    for line in dict.fromkeys(" ".join(line.split()) for line in TYPED):
        shutil.rmtree(clone / "DIR", ignore_errors=True)
        command = ["bash", "-e", "-c", line]
        ran = subprocess.run(
            command,
            cwd=clone,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
        does = line.removeprefix("autograder ")
        kind = max((begin for begin in MAKES if does.startswith(begin)), key=len)
        assert all(any(clone.glob(name)) for name in MAKES[kind]), line
        done.add(kind)
    assert done == MAKES.keys()


def test_what_holds_a_recipe_is_there() -> None:
    named = set(re.findall(r"`(tests/\w+\.py)`", PAGE))
    assert len(named) > 5
    assert not [name for name in named if not (ROOT / name).is_file()]
    (sentence,) = re.findall(r"[^.\n]*GitHub Classroom[^.]*\.", PAGE)
    assert "retired" in sentence


def test_commits_are_named_whole() -> None:
    """So that whoever doubts can read what was read."""
    tried = PAGE.partition("## What was tried")[2]
    commits = re.findall(r"`([0-9a-f]{7,40})`", tried)
    assert len(commits) >= 5 and all(len(commit) == 40 for commit in commits)
