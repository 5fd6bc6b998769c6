"""How much memory the grader takes while it grades attacks, as an instructor would grade them.

    python tests/attacks/peaks.py [--isolation reduced] [FOLDER ...]

Each group of attacks is a class with an honest student among them; so is each FOLDER, whose
folders are its students. Prints a line a class, and ends with 1 where a bound was passed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
from test_attacks import ATTACKS, HERE

from autograder.core import course as courses
from autograder.reports.reading import each

GRADE, TESTS = 200, 4096  # MiB, as docs/threat-model.md states them
REPORT = 1 << 20  # bytes
COURSE = courses.load(HERE.parents[1])
SOLUTION = COURSE.root / "solutions" / "rnn.py"


def attacks(group: str, folder: Path) -> None:
    """Make a class of a group's attacks; one that needs the wrong program gets it as a helper."""
    for attack in (attack for attack in ATTACKS if attack.parent.name == group):
        student = folder / attack.stem
        if attack.is_dir():
            shutil.copytree(attack, student)
        else:
            student.mkdir()
            shutil.copy(attack, student / SOLUTION.name)
        if attack.is_dir() or b"wrong" in attack.read_bytes():
            shutil.copy(HERE / "wrong.py", student)
    (folder / "honest").mkdir()
    shutil.copy(SOLUTION, folder / "honest")


def held(process: psutil.Process) -> int:
    """The most KiB that a process has held; 0 when it has ended."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    return int(*re.findall(r"VmHWM:\s+(\d+)", text) or ["0"])


def ours(running: psutil.Process) -> list[psutil.Process]:
    """The processes that run the tests: children of `grade`, and their forks."""
    try:
        return [
            process
            for child in running.children()
            for process in [child, *child.children()]
            if process.cmdline() == child.cmdline()
        ]
    except psutil.Error:  # one of them has just ended
        return []


def grade(submissions: Path, results: Path, isolation: str) -> tuple[int, int]:
    """Grade a class; the most MiB that `grade` and a process that runs tests held."""
    command = [sys.executable, "-m", "autograder", "grade", submissions, "--results", results]
    command += ["--isolation", isolation, "--no-speed", "--jobs", "1"]
    running = psutil.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=sys.stderr)
    most = tests = 0
    while running.poll() is None:
        most = max(most, held(running))
        tests = max([tests, *map(held, ours(running))])
        try:
            running.wait(0.02)
        except psutil.TimeoutExpired:
            continue
    return most >> 10, tests >> 10


def measured(name: str, submissions: Path, isolation: str) -> bool:
    """Grade one class and print its line; whether every bound holds."""
    with tempfile.TemporaryDirectory() as results:
        most, tests = grade(submissions, Path(results), isolation)
        largest = max((p.stat().st_size for p in Path(results).glob("*/*.json")), default=0)
        reports = [r for s in each(Path(results), COURSE.units) for r in s.reports.values()]
    lost = sum(report.status == "incomplete" for report in reports)
    print(
        f"{name}: {len(list(submissions.iterdir()))} students, {lost} units incomplete, `grade` "
        f"{most} MiB, tests' process {tests} MiB, largest report {largest:,} bytes; at most "
        f"{max((report.score or 0 for report in reports), default=0):g} points a unit",
        flush=True,
    )
    return most < GRADE and tests < TESTS and largest < REPORT and not lost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--isolation", default="full")
    parser.add_argument("folders", nargs="*", type=Path)
    asked = parser.parse_args()
    well = [measured(folder.name, folder, asked.isolation) for folder in asked.folders]
    for group in [] if asked.folders else sorted({attack.parent.name for attack in ATTACKS}):
        with tempfile.TemporaryDirectory() as folder:
            attacks(group, Path(folder))
            well.append(measured(group, Path(folder), asked.isolation))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
