"""Looks for hidden tests, answers, secrets and other submissions wherever Python has paths."""

import os
import sys
from pathlib import Path

from wrong import attempt, rnn, rnn_step, succeed

LOOT = (
    "course/units/rnn/hidden",
    "hidden/test_rnn.py",
    "solutions",
    "course/.secret",
    "course/course.toml",
    "autograder/grading/grader.py",
    "grading/grader.py",
    "hidden/mistakes.py",
    "submissions",
    "results",
)
places = {Path(p) for p in (sys.prefix, sys.base_prefix, sys.executable, os.getcwd(), *sys.path)}
for line in open("/proc/self/mountinfo"):
    places |= {Path(line.split()[3]), Path(line.split()[4])}
for package in sys.path:
    places |= {Path(package, "autograder"), Path(package, "autograder", "sandbox")}
    for pointer in attempt(lambda p: list(Path(p).glob("*.pth")), package) or []:
        places |= {Path(p) for p in attempt(pointer.read_text).split("\n") if p.startswith("/")}
for place in places | {parent for place in places for parent in place.parents}:
    for loot in LOOT:
        if attempt((place / loot).exists) and attempt(os.listdir, place / loot) != []:
            succeed(f"{place / loot} can be seen")
