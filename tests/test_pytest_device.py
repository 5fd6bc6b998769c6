"""`pytest --device`: the public tests on an accelerator; the pretend one stands for a real one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, UNITS

REGISTER = """
from autograder.sandbox import accelerator
from autograder.testing import accelerators
accelerator.register()
"""
NO_FLOAT64 = "accelerators._has_float64 = lambda name: False"


def run(folder: Path, setup: str, *options: object) -> tuple[int, str]:
    """Run public tests where a plugin has brought the device; the exit status and what is said."""
    (folder / "brings_a_device.py").write_text(REGISTER + setup)
    path = f"{folder}{os.pathsep}{ROOT}"
    command = [sys.executable, "-m", "pytest", "-p", "brings_a_device", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *map(str, options)],
        cwd=ROOT / "exercises",
        env=os.environ | {"PYTHONPATH": path, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("setup", ["", NO_FLOAT64], ids=["float64", "no float64"])
@pytest.mark.parametrize(
    "units", [["attention", "rnn"], pytest.param(UNITS, marks=pytest.mark.long)], ids=["two", "all"]
)
def test_solutions_pass(tmp_path: Path, setup: str, units: list[str]) -> None:
    files = [f"test_{unit}.py" for unit in units]
    options = ["--device", "auto", "-rs", "--submission", "../solutions"]
    status, said = run(tmp_path, setup, *options, *files)
    assert status == 0, said
    assert "The tests run on gpu" in said
    assert ("which has no float64" in said) == bool(setup)
    assert "SKIPPED" not in said
    assert "not run" not in said  # the tests of kind device are none of this run's
    counts = re.search(r"(\d+) passed, (\d+) deselected", said)
    assert counts and 0 < int(counts[2]) < int(counts[1]) / 2
    assert re.search(r"The public tests pass for (\d+) of \1 points", said), said


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("scores / math.sqrt(d_k)", "scores / torch.full_like(scores, d_k).cpu()", "gpu"),
        ("scores / math.sqrt(d_k)", "scores / d_k", "expected"),
    ],
    ids=["a tensor left on the CPU", "a wrong number, in float32"],
)
def test_a_mistake_fails(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    text = (ROOT / "solutions" / "attention.py").read_text("utf-8")
    assert right in text
    (tmp_path / "attention.py").write_text(text.replace(right, wrong))
    options = [
        "--device",
        "auto",
        "--submission",
        tmp_path,
        "test_attention.py",
        "-k",
        "test_scale",
    ]
    status, said = run(tmp_path, NO_FLOAT64, *options)
    assert status == 1, said
    assert told in said


def test_a_device_that_is_not_here(tmp_path: Path) -> None:
    status, said = run(tmp_path, "", "--device", "no-such", "--lang", "zh", "test_rnn.py")
    assert status == 4
    assert "--device no-such：这里没有这个设备" in said
