"""`autograder watch`: a verdict at every save, whatever the program before it did."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from autograder.bench.watch_latency import VERDICT
from autograder.core.course import Course
from autograder.local.watch import Watch

SECONDS = 120.0  # a busy machine's; nothing here is timed
RESAVE = 5.0  # the first save may come before the folder is watched
RIGHT = (ROOT / "solutions" / "rnn.py").read_text("utf-8")
LOOP = "def rnn_step(*_):\n    while True:\n        pass\n"
# In C, which hears no signal.
DEAF = "import itertools\n\n\ndef rnn_step(*_):\n    sum(itertools.repeat(0))\n"
EXIT = "import os\n\n\ndef rnn_step(*_):\n    os._exit(0)\n"
CRASH = "import ctypes\n\n\ndef rnn_step(*_):\n    ctypes.string_at(0)\n"


class Watching:
    """A running `watch`, its lines, and the student's file."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.file = folder / "exercises" / "rnn.py"
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "autograder", "watch", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=os.environ | {"PYTHONUTF8": "1", "COLUMNS": "80"},
            start_new_session=True,  # as a terminal's foreground group
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)

    def save(self, text: str) -> None:
        self.file.write_text(text, "utf-8")

    def until(self, words: str, resave: str | None = None) -> str:
        """Wait for a line with these words in it."""
        end, again = time.monotonic() + SECONDS, time.monotonic() + RESAVE
        while time.monotonic() < end:
            try:
                self.seen.append(self._lines.get(timeout=0.2))
            except queue.Empty:
                if resave and time.monotonic() > again:
                    self.save(resave)
                    again += RESAVE
                continue
            if words in self.seen[-1]:
                return self.seen[-1]
        raise AssertionError(f"{words!r} was never said:\n{''.join(self.seen)}")

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        status = self.process.wait(SECONDS)
        while self.process.poll() is None or not self._lines.empty():
            self.seen.append(self._lines.get())
        return status


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "作业 one"
    (root / "course").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "course.toml", root / "course")
    shutil.copytree(ROOT / "exercises", root / "exercises")
    return root


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    found = Watching(folder, "--lang", "en", "--limit", "1")
    yield found
    if found.process.poll() is None:
        os.killpg(found.process.pid, signal.SIGKILL)
        found.process.wait()


def test_every_save_gets_its_verdict_whatever_came_before(watching: Watching) -> None:
    """Catches: a stale module, a check that a loop blocks, a watch that a crash ends."""
    watching.until("Save a file in")
    watching.save(RIGHT)
    watching.until("─ rnn · ", resave=RIGHT)
    assert "15 of 15 points" in watching.until(VERDICT)
    watching.save(RIGHT.replace("torch.tanh", "torch.sigmoid"))
    assert "0 of 15 points" in watching.until(VERDICT)
    watching.save(EXIT)
    watching.until("No verdict: the program ended or crashed (exit status 0).")
    watching.until("test_rnn_step_by_hand")
    watching.save(LOOP)
    watching.until("─ rnn · ")
    watching.save(RIGHT)  # perhaps before the loop began, perhaps in its midst
    assert "15 of 15 points" in watching.until(VERDICT)
    watching.save(LOOP)
    watching.until("had not ended after 1 seconds of computing")
    watching.save(DEAF)
    watching.until("No verdict after ")
    watching.save(CRASH)
    watching.until("No verdict: the program ended or crashed")
    watching.save(RIGHT)
    assert "15 of 15 points" in watching.until(VERDICT)
    assert watching.interrupt() == 0
    assert "Traceback" not in "".join(watching.seen)
    assert "KeyboardInterrupt" not in "".join(watching.seen)


def test_one_unit_is_checked_at_once_and_for_every_file(folder: Path) -> None:
    """A unit that others build on: a save of any file checks the unit that was asked for."""
    watching = Watching(folder, "cost", "--lang", "zh")
    try:
        watching.until("─ cost · ")
        watching.until("还没有写。")
        watching.save(RIGHT)
        watching.until("─ cost · ", resave=RIGHT)
        watching.until("还没有写。")
        assert watching.interrupt() == 0
    finally:
        if watching.process.poll() is None:
            os.killpg(watching.process.pid, signal.SIGKILL)


def test_a_notebook_that_is_saved_is_a_save_of_its_unit(course: Course) -> None:
    watch = Watch.__new__(Watch)
    watch._course, watch._unit = course, None
    assert watch._unit_of([Path("x/notes.txt")]) is None
    assert watch._unit_of([Path("x/rnn.ipynb")]) == course.unit("rnn")


def test_a_unit_that_is_none() -> None:
    command = [Path(sys.executable).parent / "autograder", "watch", "nothing"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "There is no unit 'nothing'" in done.stderr
