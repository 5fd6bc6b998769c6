"""Elsewhere than on Linux: the students' release works there, and grading says what to do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from conftest import ROOT, autograder

from autograder.cli import grade

SECONDS = 240.0  # against a watch that never says anything; nothing here is timed
# Of os and signal what Python's own library and PyTorch can do without on Linux.
WITHOUT_POSIX = """
import os, signal, sys

for module in "fcntl grp pty pwd resource syslog termios tty".split():
    sys.modules[module] = None
for name in (
    "chown fork forkpty getegid geteuid getloadavg getpgid getpgrp killpg mkfifo nice posix_spawn "
    "sched_getaffinity sched_setaffinity setgid setsid setuid wait wait3 wait4 waitid"
).split():
    delattr(os, name)
for name in (
    "SIGALRM SIGCHLD SIGCONT SIGHUP SIGPIPE SIGQUIT SIGSTOP SIGUSR1 SIGUSR2 SIGXCPU SIGXFSZ alarm "
    "getitimer pause pthread_kill setitimer siginterrupt sigwait"
).split():
    delattr(signal, name)
"""
COMMAND = "from autograder.local.commands import app; app(prog_name='autograder')"
VERDICT = "The public tests pass for"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's repository, solved."""
    folder = tmp_path_factory.mktemp("windows") / "My Repo"
    assert not autograder("release", folder, cwd=ROOT).returncode
    for solution in (ROOT / "solutions").glob("*.py"):
        shutil.copy(solution, folder / "exercises")
    (folder.parent / "sitecustomize.py").write_text(WITHOUT_POSIX)
    return folder


@pytest.fixture(scope="module")
def mistaken(released: Path) -> Path:
    """The same with a known mistake in attention."""
    folder = released.parent / "Mistaken"
    shutil.copytree(released, folder)
    wrong = ROOT / "course" / "sample_class" / "tom_baker" / "attention.py"
    shutil.copy(wrong, folder / "exercises")
    return folder


def environment(released: Path) -> dict[str, str]:
    """Every Python, those that a command starts too, lacks POSIX and finds the release first."""
    path = os.pathsep.join([str(released.parent), str(released)])
    return os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "cp1252"}


def run(released: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=released,
        env=environment(released),
        capture_output=True,
        encoding="cp1252",
        check=False,
    )


def test_posix_is_taken_away(released: Path) -> None:
    """Else nothing here would show anything; it is the release that is imported."""
    code = "import autograder, os, signal; print(autograder.__file__)\n"
    code += "assert not hasattr(os, 'fork') and not hasattr(signal, 'setitimer')\n"
    done = run(released, "-c", f"{code}import resource")
    assert done.stdout.strip() == str(released / "autograder" / "__init__.py")
    assert "ModuleNotFoundError: import of resource halted" in done.stderr


def test_the_public_tests_run(released: Path) -> None:
    done = run(released, "-m", "pytest", "-q")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failed_test_is_explained(mistaken: Path) -> None:
    done = run(mistaken, "-m", "pytest", "--lang", "en", "exercises/test_attention.py")
    assert done.returncode == 1, done.stderr
    assert "The scores are divided by the width itself." in done.stdout


def test_check_says_what_to_fix(mistaken: Path) -> None:
    done = run(mistaken, "-c", COMMAND, "check", "attention", "--lang", "en")
    assert done.returncode == 1, done.stderr
    assert "Fix first: scale" in done.stdout
    assert "The scores are divided by the width itself." in done.stdout


def test_letters_that_a_pipe_lacks_are_replaced(mistaken: Path) -> None:
    """Catches: a report in Chinese that ends a run, in a pipe of a Windows with Latin letters."""
    done = run(mistaken, "-c", COMMAND, "ci", "--junit", "junit.xml", "--lang", "zh")
    assert done.returncode == 1, done.stderr
    assert "UnicodeEncodeError" not in done.stderr
    assert "attention.py" in done.stdout
    assert (mistaken / "junit.xml").is_file()


def test_help(released: Path) -> None:
    done = run(released, "-c", COMMAND, "--help")
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("check", "watch", "ci"))


def test_grade_says_that_it_needs_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and what to do; no traceback from a module that a system lacks."""
    monkeypatch.setattr(grade, "sys", SimpleNamespace(platform="darwin"))
    with pytest.raises(typer.Exit) as ended:
        grade.grade(tmp_path)
    assert ended.value.exit_code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("Grading needs Linux: use the container or WSL 2, as docs/faq.md says.")


def test_make_demo_says_so_before_it_installs_anything(tmp_path: Path) -> None:
    (tmp_path / "uname").write_text("#!/bin/sh\necho Darwin\n")
    (tmp_path / "uname").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    command = ["make", "-C", str(tmp_path), "-f", str(ROOT / "Makefile"), "demo"]
    done = subprocess.run(
        command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "Grading needs Linux" in done.stdout
    assert [entry.name for entry in tmp_path.iterdir()] == ["uname"]


def test_every_container_loosens_the_same(released: Path) -> None:
    """The instructor's dev container and the line that people copy; a student's loosens nothing."""
    line = re.search(r"^docker run .*", (ROOT / "docs" / "faq.md").read_text("utf-8"), re.MULTILINE)
    assert line
    place = Path(".devcontainer") / "devcontainer.json"
    ours, theirs = (json.loads((root / place).read_text("utf-8")) for root in (ROOT, released))
    assert re.findall(r"--security-opt (\S+)", line[0]) == ours["securityOpt"]
    assert "securityOpt" not in theirs


def test_help_lists_every_target() -> None:
    command = ["make", "--no-print-directory", "help"]  # which make says if make runs the tests
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    phony = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert sorted(listed) == sorted(set(phony[1].split()) - {"linux"})


def test_watch_checks_a_unit(released: Path) -> None:
    """It starts, and its warm process, which no fork made, gives a verdict."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", COMMAND, "watch", "rnn", "--lang", "en"],
        cwd=released,
        env=environment(released),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="cp1252",
    )
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        assert process.stdout
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if VERDICT in line:
                break
        assert "15 of 15 points" in seen[-1], "".join(seen)
    finally:
        timer.cancel()
        process.terminate()
        process.wait()
