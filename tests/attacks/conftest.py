"""An arena: a warm grader, submissions to put in front of it, and a look at what they leave."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil
import pytest
from machine import patience

from autograder.core import course as courses
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.reading import read
from autograder.reports.schema import Report
from autograder.reports.store import encode

collect_ignore = ["forged", "stolen", "bombs", "survivors", "signals"]  # not for pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COURSE = courses.load(ROOT)
UNIT = COURSE.unit("rnn")
KINDS = Options(speed=False).kinds


@dataclass
class Arena:
    """A grader with a warm tester, and the folder that it grades."""

    grader: Grader
    submissions: Path
    results: Path

    def hand_in(self, student: str, *files: Path, name: str = "rnn.py") -> Path:
        """Make a student's folder of these files: the first is the unit's, the others helpers."""
        folder = self.submissions / student
        folder.mkdir()
        for file in files:
            copy = file.name if file != files[0] else name
            shutil.copy(file, folder / copy)
        return folder

    def grade(self, student: str) -> Report:
        """Read and grade what a student handed in."""
        return self.grader.grade(read(self.submissions, student, COURSE), UNIT)

    def attack(self, attack: Path) -> Report:
        """Grade an attack: a file, or a folder of files; with the wrong program if it uses that.

        Beside a file that defines nothing it would itself be taken for the work.
        """
        student = attack.stem
        if attack.is_dir():
            shutil.copytree(attack, self.submissions / student)
            shutil.copy(HERE / "wrong.py", self.submissions / student)
        else:
            needs = b"wrong" in attack.read_bytes()
            self.hand_in(student, attack, *([HERE / "wrong.py"] if needs else []))
        return self.grade(student)

    def worth(self, *exercises: str) -> float:
        """The points of these exercises, or of all."""
        wanted = exercises or [exercise.name for exercise in UNIT.exercises]
        points = [UNIT.exercise(name).points for name in wanted]
        return float(sum(n for by_kind in points for kind, n in by_kind.items() if kind in KINDS))

    @staticmethod
    def words(report: Report) -> str:
        """All that a report says."""
        return encode(report).decode()

    @staticmethod
    def traces() -> set[str]:
        """What an attack left in the places that everyone may write to."""
        places = [Path(place) for place in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/dev", "/")]
        return {
            str(path)
            for place in places
            for path in place.iterdir()
            if "TRACE" in path.name or path.name.startswith("core.")
        }

    @property
    def tester(self) -> psutil.Process:
        """The process that runs the hidden tests."""
        assert self.grader._tester, "the tester was lost"
        return psutil.Process(self.grader._tester._process.pid)

    def processes(self) -> set[int]:
        """The tester and everything it started that lives, but for its fork, which is replaced."""
        tester = self.tester
        forks = {child for child in tester.children() if _command(child) == _command(tester)}
        assert len(forks) <= 1
        every = {tester, *tester.children(recursive=True)}
        return {process.pid for process in every - forks}

    def peak(self) -> int:
        """The most bytes that the processes which run the tests have held so far."""
        tester = self.tester
        ours = [tester, *(c for c in tester.children() if _command(c) == _command(tester))]
        status = [Path(f"/proc/{process.pid}/status").read_text() for process in ours]
        return max(
            int(held) << 10 for text in status for held in re.findall(r"VmHWM:\s+(\d+)", text)
        )

    def settled(self, wanted: set[int]) -> set[int]:
        """The processes, as soon as they are those wanted; otherwise after a while."""
        deadline = time.monotonic() + patience(2)
        while (found := self.processes()) != wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        return found


def _command(process: psutil.Process) -> list[str]:
    """A process's command line; empty once it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture(scope="module")
def level():
    """How students' programs are isolated."""
    return "full"


@pytest.fixture(scope="module")
def arena(tmp_path_factory, level):
    """One grader for a whole module: every attack meets the traces of those before it."""
    base = tmp_path_factory.mktemp("class")
    submissions, results = base / "submissions", base / "results"
    submissions.mkdir(), results.mkdir()
    os.environ["CANARY"] = "known to the grader alone"
    options = Options(isolation=level, speed=False)
    limits = courses.Limits(call_seconds=patience(0.4), unit_seconds=patience(1.2), memory_mib=256)
    course = msgspec.structs.replace(COURSE, limits=limits)
    with Grader(course, options, [ROOT, submissions, results]) as grader:
        yield Arena(grader, submissions, results)
    del os.environ["CANARY"]


@pytest.fixture(scope="module")
def honest(arena):
    """A right program, and the processes that are there once it was graded."""
    arena.hand_in("honest", ROOT / "solutions" / "rnn.py")
    assert arena.grade("honest").score == arena.worth()
    return arena.processes()
