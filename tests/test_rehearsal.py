"""The whole way of `--device cuda`, on any machine: the pretend GPU stands for CUDA."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT, autograder
from rich.console import Console
from test_sample_class import CLASS, EXPECTED, came_to, report

from autograder.core.course import KINDS, Course
from autograder.sandbox.pretend import REHEARSAL, can_pretend
from autograder.supervisor import gpu
from autograder.supervisor.bubblewrap import has_gpu

pytestmark = pytest.mark.skipif(not can_pretend(), reason="torch is too old")
FEW, UNITS = ["li_na", "grace.hopkins"], ["rnn", "attention"]


class Rehearsal(NamedTuple):
    """What a class was graded to with CUDA, and what the command said."""

    students: list[str]
    units: list[str]
    results: Path
    said: str


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("full", "auto", FEW, UNITS), id="full"),
        pytest.param(("full", "cuda", list(EXPECTED), []), id="all", marks=pytest.mark.long),
        pytest.param(("reduced", "cuda", list(EXPECTED), []), id="reduced", marks=pytest.mark.long),
    ],
)
def rehearsed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Rehearsal:
    level, device, students, units = request.param
    submissions = tmp_path_factory.mktemp("class")
    for student in students:
        shutil.copytree(CLASS / student, submissions / student)
    _leave_on_the_cpu(submissions / "of_two_devices")
    results = tmp_path_factory.mktemp("results")
    options = ["--device", device, "--isolation", level, "--no-speed", "--results", results]
    options += ["--jobs", 1] if students == FEW else []
    for unit in units:
        options += ["--unit", unit]
    done = autograder("grade", submissions, *options, cwd=ROOT, env=os.environ | {REHEARSAL: "1"})
    assert done.returncode in (0, 3), done.stderr
    return Rehearsal(students, units, results, done.stdout)


def _leave_on_the_cpu(folder: Path) -> None:
    """Hand in a solution that makes one tensor on the CPU."""
    folder.mkdir()
    text = (ROOT / "solutions" / "attention.py").read_text("utf-8")
    before = "scores / math.sqrt(d_k)"
    after = "scores / torch.full((1,), float(d_k), dtype=scores.dtype).sqrt()"
    assert before in text
    (folder / "attention.py").write_text(text.replace(before, after))


def test_points_on_the_gpu_follow_those_on_the_cpu(rehearsed: Rehearsal) -> None:
    """All of an exercise's where all on the CPU were right, and none of its devices' was wrong."""
    other = []
    for student in rehearsed.students:
        for unit, exercises in EXPECTED[student].items():
            if (rehearsed.units and unit not in rehearsed.units) or "status" in exercises:
                continue
            found = report(rehearsed.results, student, unit)
            on_gpu = {test.exercise for test in found.tests if test.kind == "gpu"}
            for exercise in on_gpu & exercises.keys():
                kinds = {k: v for k, v in exercises[exercise].items() if k != "speed"}
                right = set(kinds.values()) == {"all"}
                if (came_to(found, exercise, "gpu") == "all") != right:
                    other.append((student, unit, exercise, kinds))
    assert not other


def test_such_marks_are_advice_and_say_so(rehearsed: Rehearsal, course: Course) -> None:
    assert "CUDA was rehearsed on the pretend GPU. These marks are advisory." in rehearsed.said
    found = report(rehearsed.results, "li_na", "attention")
    assert (found.status, found.device) == ("advisory", "pretend cuda")
    wanted = course.unit("attention").max_score(frozenset(KINDS) - {"speed"})
    assert found.score == found.max_score == wanted


def test_a_tensor_on_the_cpu_costs_the_points_of_both(rehearsed: Rehearsal) -> None:
    found = report(rehearsed.results, "of_two_devices", "attention")
    assert came_to(found, "scale", "correctness") == "all"
    assert {came_to(found, "scale", kind) for kind in ("device", "gpu")} == {"none"}
    told = [test.message for test in found.tests if test.id == "test_scale_values[cuda]"]
    assert told[0].startswith("On a GPU this would fail: `torch.full` in attention.py, line ")


@pytest.mark.parametrize("level", ["full", pytest.param("reduced", marks=pytest.mark.long)])
def test_what_doctor_tries(level: gpu.Level, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REHEARSAL, "1")
    monkeypatch.setattr(gpu, "LEVELS", (level,))
    found = gpu.look(Console(quiet=True))
    assert len(found) == len(gpu.CHECKS) + 3
    assert all(finding.fine for finding in found), found


def test_what_comes_out_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REHEARSAL, "1")
    monkeypatch.setattr(gpu, "FLOAT32", 0.0)
    monkeypatch.setattr(gpu, "CHECKS", {"a product": gpu._product})
    *_, wrong, other = gpu.findings("full")
    assert not wrong.fine
    assert wrong.seen.startswith("off by ")
    assert wrong.what == "a product"
    assert not other.fine


@pytest.mark.skipif(has_gpu(), reason="there is one")
def test_without_a_gpu_it_says_that_nothing_was_tried() -> None:
    done = autograder("bench", "gpu", cwd=ROOT)
    assert done.stdout.startswith("There is no GPU here")
    assert done.returncode == 1
