"""Classroom 50: what autograder.py writes of a student's checkout, by the rules of its schema.

The rules are those of schemas/result-v1.schema.json and of runner.py, which checks a result before
it is published (foundation50/classroom50, commit 0c499034f24703425496698992fedc41fbc1162f). PyTorch
and what the tests need are there, and are not installed again.

`CLASSROOM50=DIR pytest tests/test_classroom50.py`, where DIR is a clone of that repository, also
has its own runner fetch the folder, run it and check the result, and its own collector take that.
"""

from __future__ import annotations

import functools
import html
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from autograder.core import course as courses
from autograder.release import classroom50_run
from autograder.release.classroom50 import assignment_folder

RIGHT = (ROOT / "solutions" / "rnn.py").read_text("utf-8")
GIVEN = {
    "CLASSROOM": "cs1-fall",
    "ASSIGNMENT": "week1",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "ann",
    "USERNAME": "ann",
    "SUBMISSION_TAG": "submit/2026-11-26T10-00-00Z-abc1234",
    "COMMIT_URL": "https://github.com/cs1/cs1-fall-week1-ann/commit/abc",
    "RELEASE_URL": "https://github.com/cs1/cs1-fall-week1-ann/releases/tag/x",
}
FIELDS = {"schema", "classroom", "assignment", "assignment_type", "owner", "submission", "commit"}
FIELDS |= {"release", "review", "datetime", "score", "max-score", "tests"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an assignment of one unit, as the runner unpacks it."""
    clone = tmp_path_factory.mktemp("clone")
    shutil.copytree(
        ROOT / "course", clone / "course", ignore=shutil.ignore_patterns("sample_class")
    )
    for name in ("solutions", "exercises", "pyproject.toml", "constraints.txt", "LICENSE"):
        (clone / name).symlink_to(ROOT / name)
    with (clone / "course" / "course.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[assignments.week1]\nunits = ['rnn']\n")
    folder = tmp_path_factory.mktemp("runtime") / "week1"
    assignment_folder(courses.load(clone), folder, "en", ["week1"])
    return folder


def graded(
    bundle: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> dict[str, Any]:
    """The result of a checkout that holds these files, by the rules."""
    for name, text in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text, "utf-8")
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(classroom50_run, "install", lambda work: None)
    for name, value in {**GIVEN, "CLASSROOM50_BUNDLE_DIR": str(bundle)}.items():
        monkeypatch.setenv(name, value)
    classroom50_run.main()
    result: dict[str, Any] = json.loads((checkout / "result.json").read_text("utf-8"))
    check(result)
    return result


def check(result: dict[str, Any]) -> None:
    """As the schema has it: no other field at the top, whole numbers, none above its most."""
    assert result.keys() == FIELDS
    assert result["schema"] == "classroom50/result/v1"
    assert (result["classroom"], result["assignment"]) == ("cs1-fall", "week1")
    assert result["submission"].startswith("submit/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["datetime"])
    for one in [result, *result["tests"]]:
        assert type(one["score"]) is type(one["max-score"]) is int
        assert 0 <= one["score"] <= one["max-score"]
    for test in result["tests"]:
        assert test["test-name"] and type(test["passed"]) is bool


def test_the_folder_can_be_published(bundle: Path) -> None:
    """At most 10 MiB, and nothing in it that is hidden: it is a students' release."""
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10 << 20
    names = {path.relative_to(bundle).as_posix() for path in files}
    assert {"autograder.py", "course-files/exercises/test_rnn.py"} <= names
    assert not [name for name in names if "hidden" in name or "solutions" in name]
    assert not [name for name in names if name.endswith("test_gates.py")]


def test_right_work(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = graded(bundle, tmp_path, monkeypatch, {"exercises/rnn.py": RIGHT})
    assert result["score"] == result["max-score"] > 0
    assert [test["test-name"] for test in result["tests"]] == ["rnn: rnn_step", "rnn: rnn"]


def test_partly_right_work_whose_tests_were_edited(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests are those of the folder. A module of the repository shadows none of Python's."""
    files = {
        "exercises/rnn.py": f"{RIGHT}\n\ndef rnn(*args):\n    return None\n",
        "exercises/test_rnn.py": "def test_all():\n    pass\n",
        "exercises/conftest.py": "raise SystemExit\n",
        "json.py": "raise SystemExit\n",
        ".git/config": "x",
    }
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    result = graded(bundle, tmp_path, monkeypatch, files)
    step, whole = result["tests"]
    assert step["passed"] and not whole["passed"]
    assert "None (is a `return` missing?)" in whole["message"]
    assert result["score"] == step["max-score"]
    page = html.unescape((tmp_path / "release-body.md").read_text("utf-8"))
    assert f"{step['max-score']} / {result['max-score']}" in page
    assert "None (is a `return` missing?)" in page


def test_what_ends_the_tests_is_no_error_of_the_runner(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = graded(bundle, tmp_path, monkeypatch, {"exercises/rnn.py": "import os\nos._exit(3)\n"})
    assert result["score"] == 0 and len(result["tests"]) == 2
    assert all("ended before their verdict" in test["message"] for test in result["tests"])


@pytest.mark.parametrize(
    "told",
    [
        "{",
        "[1]",
        '[{"unit": "rnn", "exercise": "rnn", "passed": 1, "score": 999}]',
        '[{"unit": ["rnn"], "exercise": "rnn", "passed": true}]',
        '{"unit": "rnn"}',
        "[" * 100_000,
    ],
)
def test_what_the_tests_process_wrote_may_be_anything(tmp_path: Path, told: str) -> None:
    written = tmp_path / "points.json"
    written.write_text(told, "utf-8")
    exercises = [{"unit": "rnn", "exercise": "rnn", "max-score": 8}]
    (test,) = classroom50_run.tests_of(exercises, written, "it ended")
    assert (test["score"], test["max-score"], test["passed"]) == (0, 8, False)


def test_too_much_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkout").mkdir()
    for number in range(4):
        (tmp_path / "checkout" / f"{number}.txt").write_text("x")
    monkeypatch.setattr(classroom50_run, "MOST_FILES", 3)
    with pytest.raises(SystemExit, match="holds too much"):
        classroom50_run.bring(tmp_path / "checkout", tmp_path)


# Its own runner and collector


SCRIPTS = "cli/gh-teacher/skeleton/dotgithub/scripts"
COLLECTED = """
import json, sys
sys.path.insert(0, sys.argv[1])
from collect_scores import validate_result
validate_result(json.load(open("result.json")), "cs1-fall", "week1", "ann")
"""
MUCH = "ended before their verdict"
SUBMISSIONS: dict[str, tuple[str, int, str]] = {  # rnn.py, the exercises that pass, what is said
    "right": (RIGHT, 2, ""),
    "wrong": ("def rnn_step(*a):\n    return None\n\n\ndef rnn(*a):\n    return 1\n", 0, "None"),
    "partly done": (f"{RIGHT}\n\ndef rnn(*args):\n    return None\n", 1, "None"),
    "endless": (f"{RIGHT}\n\ndef rnn(*args):\n    while True:\n        pass\n", 1, "while True"),
    "crashing": ("import os\nos._exit(3)\n", 0, MUCH),
    "not handed in": ("", 0, "rnn"),
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """What was fetched is in the runner's own output."""


@pytest.fixture(scope="module")
def pages(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The teacher's site on this machine, with the folder packed as publish-pages.yaml packs it."""
    site = tmp_path_factory.mktemp("site")
    packed = site / "cs1-fall" / "autograders" / "week1.tar.gz"
    packed.parent.mkdir(parents=True)
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(bundle, "week1")
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif("CLASSROOM50" not in os.environ, reason="CLASSROOM50 names no clone of theirs")
@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_their_runner_and_their_collector_take_it(kind: str, pages: str, tmp_path: Path) -> None:
    scripts = Path(os.environ["CLASSROOM50"]).resolve() / SCRIPTS
    text, passing, said = SUBMISSIONS[kind]
    checkout, nothing = tmp_path / "checkout", tmp_path / "stand-in" / "pip"
    for folder in (checkout / "exercises", nothing):
        folder.mkdir(parents=True)
    for name in ("__init__.py", "__main__.py"):  # in the place of pip: all is installed
        (nothing / name).touch()
    (checkout / ".classroom50.yaml").write_text("classroom: cs1-fall\nassignment: week1\n")
    if text:
        (checkout / "exercises" / "rnn.py").write_text(text, "utf-8")
    git = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Submission"]):
        subprocess.run([*git, *command], cwd=checkout, check=True)
    asked = [*git, "rev-parse", "HEAD"]
    commit = subprocess.run(asked, cwd=checkout, check=True, capture_output=True, text=True).stdout
    environment = {
        "PAGES_BASE_URL": pages,
        "MODE": "individual",
        "GITHUB_REPOSITORY": "cs1/cs1-fall-week1-ann",
        "GITHUB_SHA": commit.strip(),
        "GITHUB_ACTOR": "ann",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "PYTHONPATH": str(nothing.parent),
        **{name: GIVEN[name] for name in ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG")},
    }
    done = subprocess.run(
        [sys.executable, scripts / "runner.py"],
        cwd=checkout,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert status["status"] == ("success" if passing == 2 else "failure"), done.stdout + done.stderr
    result = json.loads((checkout / "result.json").read_text("utf-8"))
    assert [test["passed"] for test in result["tests"]].count(True) == passing
    assert result["score"] == sum(t["max-score"] for t in result["tests"] if t["passed"])
    assert any(said in test["message"] for test in result["tests"])
    shown = (tmp_path / "summary").read_text("utf-8")  # the run's page, and its release's
    assert kind == "crashing" or f"{result['score']} / {result['max-score']}" in shown
    subprocess.run([sys.executable, "-c", COLLECTED, scripts], cwd=checkout, check=True)
