"""The commands as users type them."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, autograder
from machine import patience

from autograder.core import course as courses
from autograder.grading.protocol import Options

SOLUTIONS = ROOT / "solutions"


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """A small class in a folder whose name has a space and Chinese letters."""
    folder = tmp_path / "作业 1"
    for student in ("ann", "bob"):
        shutil.copytree(SOLUTIONS, folder / student)
    return folder


def test_help_teaches() -> None:
    said = autograder("grade", "--help").stdout
    assert "<student>/<unit>.py" in said
    assert "Exit status" in said


@pytest.mark.parametrize("command", [["--help"], ["grade", "--help"], ["grade", "/nowhere"]])
def test_start_up_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\nfrom autograder.cli import app\n"
        f"try: app({command!r})\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'nbgrader', 'distributed', 'pytest'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/nowhere"], "does not exist"),
        (["{empty}"], "holds no submissions"),
        (["{class}", "--unit", "rnnn"], "There is no unit 'rnnn'. The units are: rnn,"),
        (["{class}", "--course", "{empty}"], "is no course"),
        (["{class}/ann"], "Name the folder above it"),
        (["{class}", "--results", "{class}/ann/.."], "is where the submissions are. Name another"),
    ],
)
def test_wrong_use_exits_2_with_a_remedy(
    submissions: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"class": submissions, "empty": tmp_path / "empty"}
    done = autograder("grade", *[a.format(**places) for a in arguments], cwd=ROOT)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split()).replace("│ ", "")


def test_a_gpu_that_is_demanded_and_missing_exits_2(submissions: Path) -> None:
    if any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("there is a GPU here")
    done = autograder("grade", submissions, "--device", "cuda", cwd=ROOT)
    assert done.returncode == 2
    assert "sees no GPU" in done.stderr


def test_a_sandbox_that_cannot_start_exits_3_and_writes_nothing(
    submissions: Path, tmp_path: Path
) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "bwrap").write_text(
        "#!/bin/sh\n[ $1 = --version ] && exec echo bubblewrap 0.11.0\n"
        "echo 'no namespaces here' >&2\nexit 1\n"
    )
    (bin_folder / "bwrap").chmod(0o755)
    results = tmp_path / "results"
    command = ["grade", submissions, "--unit=rnn", "--no-speed", "--results", results, "--jobs=1"]
    done = autograder(*command, cwd=ROOT, env={"PATH": f"{bin_folder}:/usr/bin:/bin"})
    assert done.returncode == 3
    assert "no namespaces here" in done.stderr
    assert "autograder doctor" in done.stderr
    assert not list(results.rglob("*.json"))
    again = autograder(*command, cwd=ROOT)
    assert again.returncode == 0, again.stderr
    assert '"status": "graded"' in (results / "ann" / "rnn.json").read_text()


def test_ctrl_c_loses_nothing(submissions: Path, tmp_path: Path) -> None:
    for number in range(6):
        shutil.copytree(SOLUTIONS, submissions / f"student {number}")
    results = tmp_path / "results"
    command = [Path(sys.executable).parent / "autograder", "grade", submissions]
    command += ["--unit", "rnn", "--no-speed", "--results", results, "--jobs", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + patience(60)
    while not list(results.glob("*/rnn.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=patience(20))
    assert process.returncode == 130
    assert "run the same command again to go on" in said
    done_before = {p: p.stat().st_mtime_ns for p in results.glob("*/rnn.json")}
    assert 0 < len(done_before) < 8
    assert not list(results.rglob(".writing-*"))
    again = autograder(*command[1:], cwd=ROOT)
    assert again.returncode == 0
    assert f"{len(done_before)} of 8 reports were up to date" in again.stdout
    assert all(path.stat().st_mtime_ns == when for path, when in done_before.items())


def test_check_shows_what_to_fix_first(tmp_path: Path) -> None:
    for folder in ("course", "exercises"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("sample_*"))
    done = autograder("check", "rnn", cwd=tmp_path)
    assert done.returncode == 1
    assert "Fix first: rnn_step · rnn.py" in done.stdout
    assert "`rnn_step` in rnn.py is not implemented yet." in done.stdout
    shutil.copy(SOLUTIONS / "rnn.py", tmp_path / "exercises")
    done = autograder("check", "rnn", cwd=tmp_path)
    assert done.returncode == 0
    assert "The public tests pass for 15 of 15 points." in done.stdout


def test_doctor_tells_what_is_here() -> None:
    done = autograder("doctor")
    assert "bubblewrap" in done.stdout
    assert "tests of devices" in done.stdout
    assert done.returncode == 0, done.stdout


def test_bench_startup_prints_its_ratio() -> None:
    done = autograder("bench", "startup", "--rounds", "3", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "ratio" in done.stdout
    assert "autograder check rnn" in done.stdout


@pytest.mark.long
def test_bench_class_tells_what_a_student_costs() -> None:
    done = autograder("bench", "class", "--students", "2", "--unit", "cost", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "2 students, 1 units, speed measured, 2 at once" in done.stdout
    seconds = re.search(r"CPU-seconds +│ +([\d.]+) │ +([\d.]+) │", done.stdout)
    assert seconds and float(seconds[1]) == pytest.approx(2 * float(seconds[2]), rel=0.02)


def test_the_article_is_measured_by_the_course(tmp_path: Path) -> None:
    done = autograder("bench", "article", "--longest", "64", "--course", ROOT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search("^ attention +1 +1 *$", done.stdout, re.MULTILINE)
    row = re.compile(r"^ attention, width \d+ +([\d.]+)% +([\d.]+)% *$", re.MULTILINE)
    shares = row.findall(done.stdout)
    assert len(shares) == 3 and all(float(share) > 0 for row in shares for share in row)
    (tmp_path / "course").mkdir()
    shutil.copy(ROOT / "course" / "course.toml", tmp_path / "course")
    done = autograder("bench", "article", cwd=tmp_path)
    assert done.returncode == 2
    assert "it has no course/shared/article.py" in done.stderr


def test_python_may_lie_below_the_folder_for_temporary_files(
    submissions: Path, tmp_path: Path
) -> None:
    """A checkout in /tmp, as CI systems make them: scratch space must not hide its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (site / "real.pth").write_text("\n".join(p for p in sys.path if p.endswith("-packages")))
    (site / "ours.pth").write_text(str(ROOT))
    code = "import sys; from autograder.cli import app; app(sys.argv[1:])"
    command = [tmp_path / "venv" / "bin" / "python", "-c", code, "grade", submissions]
    command += ["--unit", "vanishing_gradient", "--results", tmp_path / "results"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    most = courses.load(ROOT).unit("vanishing_gradient").max_score(Options().kinds)
    assert f'"score": {most:.1f}' in (tmp_path / "results/ann/vanishing_gradient.json").read_text()
