"""Odd replies before all hidden tests: ordinary failures, in bounded memory, in every wording."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from machine import patience

from autograder.core import processes
from autograder.reports.store import MOST_BYTES

PROGRAM = Path(__file__).with_name("value_fuzz.py")


# Rounds, replies in all, and replies that each test gets at least: at every change, and before a
# release. A test may have passed before the first odd reply of a round.
@pytest.mark.parametrize(("rounds", "replies", "fewest"), [(1, 80, 0), (60, 5000, 20)])
def test_no_reply_is_more_than_a_failure(rounds: int, replies: int, fewest: int) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(rounds), "20170612"],
        env=processes.testing_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=patience(120 * rounds),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not told["wrong"]
    assert "Traceback" not in done.stderr  # of what is looked into for help alone
    assert told["code"] == 0
    assert told["replies"] >= replies
    assert told["fewest"][1] >= fewest, told["fewest"]
    assert set(told["statuses"]) == {"passed", "failed"}
    assert told["largest_report"] <= MOST_BYTES
    assert told["peak_mib"] < 1500
