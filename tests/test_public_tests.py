"""The public tests: every solution passes them, every starter fails them, in a student's words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from conftest import ROOT

from autograder.core import course as courses

UNITS = courses.load(ROOT).unit_names


class Run(NamedTuple):
    """What pytest printed, and what it reported of each unit's tests: why they failed, or ""."""

    printed: str
    reasons: dict[str, list[str]]


def public_tests(folder: Path, *arguments: str) -> Run:
    """Run every unit's public tests, as a student does; torch is imported once."""
    report = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lang=en"]
    done = subprocess.run(
        [*command, f"--junitxml={report}", *arguments],
        cwd=ROOT / "exercises",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    reasons: dict[str, list[str]] = {unit: [] for unit in UNITS}
    for case in ElementTree.parse(report).iter("testcase"):
        unit = case.get("classname", "").rpartition("test_")[2]
        reasons[unit].append(case[0].get("message", case[0].tag) if len(case) else "")
    return Run(done.stdout, reasons)


@pytest.fixture(scope="module")
def solutions(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("solutions")
    return public_tests(folder, "--submission", str(ROOT / "solutions"))


@pytest.fixture(scope="module")
def starters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return public_tests(tmp_path_factory.mktemp("starters"))


@pytest.mark.parametrize("unit", UNITS)
def test_solution_passes_the_public_tests(unit: str, solutions: Run) -> None:
    assert set(solutions.reasons[unit]) == {""}, solutions.printed


@pytest.mark.parametrize("unit", UNITS)
def test_starter_fails_every_public_test_in_a_students_words(unit: str, starters: Run) -> None:
    reasons = starters.reasons[unit]
    assert reasons
    assert all(f"in {unit}.py is not implemented yet" in reason for reason in reasons)
    assert "autograder/" not in starters.printed, "a framework frame is shown to the student"
