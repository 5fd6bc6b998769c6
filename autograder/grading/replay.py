"""One hidden test again, as it was drawn for one submission: for who is asked why."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autograder.core.language import Language
from autograder.core.processes import python, testing_environment
from autograder.grading.protocol import TesterSetup, UnitTask
from autograder.intake.submission import File


class Replay(msgspec.Struct, frozen=True):
    """What is to be run again. test: its name in the report."""

    setup: TesterSetup
    task: UnitTask
    test: str
    language: Language


def run(replay: Replay, root: Path) -> tuple[bool, str]:
    """Run it in a process that may import torch, replayer.py: whether it did, and its words."""
    done = subprocess.run(
        python("-m", "autograder.grading.replayer"),
        input=msgspec.json.encode(replay),
        stdout=subprocess.PIPE,
        cwd=root,
        env=testing_environment(),
        check=False,
    )
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def place(files: Sequence[File], unit: str, function: str) -> tuple[str, int] | None:
    """The file and line where a student begins a function; in a notebook, of all its cells."""
    for file in files:
        text = "\n".join(file.cells) if file.module == unit else ""
        if found := re.search(rf"^[^\S\n]*(?:async )?def {function}\b", text, re.MULTILINE):
            return file.name, text.count("\n", 0, found.start()) + 1
    return None
