"""The workflows of classrooms: their own steps, run here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from conftest import ROOT, autograder

from autograder.core import course as courses
from autograder.core.course import ON_CPU
from autograder.core.github import annotation, line_in
from autograder.core.language import Language
from autograder.grading.protocol import Options
from autograder.release import classroom50_run
from autograder.release import students as releases
from autograder.reports.store import read

BIN = Path(sys.executable).parent
SECRET = "a-token-that-no-program-may-see"
WRONG = "import torch\n\n\ndef rnn_step(x, h, w_xh, w_hh, b):\n    return x @ w_xh + h @ w_hh + b\n"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's repository: rnn_step is wrong, rnn cannot run, the other units are untouched."""
    folder = tmp_path_factory.mktemp("ci") / "作业 repo"
    assert not autograder("release", folder, cwd=ROOT).returncode
    crash = "\n\ndef rnn(x, h, w_xh, w_hh, b):\n    states = []\n    return states[0]\n"
    (folder / "exercises" / "rnn.py").write_text(WRONG + crash)
    return folder


def step(workflow: Path, job: str, name: str) -> dict[str, Any]:
    steps = yaml.safe_load(workflow.read_text("utf-8"))["jobs"][job]["steps"]
    return next(step for step in steps if step.get("name") == name)


def run(
    script: str, folder: Path, binaries: Path = BIN, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a step as a CI does: with bash, in the repository's folder, first error out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GIT_"))}
    kept["PATH"] = f"{binaries}{os.pathsep}{kept['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def student_bin(released: Path) -> Path:
    """`autograder` as it is where only the release is installed."""
    folder = released.parent / "bin"
    folder.mkdir()
    code = f"import sys; sys.path[:] = [{str(released)!r}, *sys.path[1:]]\n"
    code += "from autograder.local.commands import app\n"
    code += "if __name__ == '__main__':\n    app(prog_name='autograder')\n"
    (folder / "program.py").write_text(code)
    script = f'#!/bin/sh\nexec "{sys.executable}" "{folder / "program.py"}" "$@"\n'
    (folder / "autograder").write_text(script)
    (folder / "autograder").chmod(0o755)
    return folder


def test_github_shows_a_student_what_to_mend(released: Path, student_bin: Path) -> None:
    """The step's summary, the points in it, and a note at each line to mend."""
    workflow = released / ".github" / "workflows" / "classroom.yml"
    script = step(workflow, "tests", "Public tests")["run"]
    page = released.parent / "summary.md"
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    done = run(script, released, student_bin, **github)
    assert done.returncode == 1, done.stderr
    commands = [line for line in done.stdout.splitlines() if line.startswith("::")]
    at = [re.match(r"::error file=(.*?),line=(\d+),title=(\w+)::", line) for line in commands]
    places = [found.groups() for found in at if found]
    assert places == [("exercises/rnn.py", "4", "rnn_step"), ("exercises/rnn.py", "10", "rnn")]
    assert len(commands) == len(places)
    course = courses.load(ROOT)
    most = sum(unit.max_score(ON_CPU) for unit in course.units)
    text = page.read_text("utf-8")
    assert f": 0 / {most}" in text
    assert all(f"| `{e.name}` | 0 / " in text for unit in course.units for e in unit.exercises)
    assert text.count("\n- ") == 2  # what is not written yet is no mistake


def test_gitlab_gets_junit(released: Path, student_bin: Path) -> None:
    """The job's last command, with a right answer; nothing of the package's own in the report.

    Elsewhere than on GitHub, its commands are not spoken.
    """
    job = yaml.safe_load((released / ".gitlab-ci.yml").read_text("utf-8"))["tests"]
    shutil.copy(ROOT / "solutions" / "vanishing_gradient.py", released / "exercises")
    done = run(job["script"][-1], released, student_bin)
    assert done.returncode == 1, done.stderr
    assert not re.search(r"^\s*::", done.stdout, re.MULTILINE)
    suite = ElementTree.parse(released / job["artifacts"]["reports"]["junit"]).getroot()[0]
    passed = [c for c in suite.iter("testcase") if not len(c)]
    assert {c.get("classname", "").rpartition(".")[2] for c in passed} == {
        "test_vanishing_gradient"
    }
    failures = list(suite.iter("failure"))
    assert len(failures) == int(suite.get("failures", ""))
    assert not any("autograder/local/pytest_summary.py" in (f.text or "") for f in failures)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two students' repositories, one with a link and a hook, and a list that names a third."""
    folder = tmp_path_factory.mktemp("classroom")
    for student in ("ann", "bob"):
        (folder / "git" / student / "exercises").mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / "rnn.py", folder / "git" / student / "exercises")
        (folder / "git" / student / "exercises" / "cost.py").symlink_to("/etc/passwd")
        commands = "git init -q && git add -A && git -c user.name=x -c user.email=x commit -qm x"
        assert not run(commands, folder / "git" / student).returncode
    for name in ("course", "solutions"):
        ignored = shutil.ignore_patterns("sample_class", "lesson.*", ".secret")
        shutil.copytree(ROOT / name, folder / "work" / name, ignore=ignored)
    return folder


def test_a_class_is_fetched_and_graded(classroom: Path) -> None:
    """The instructor's workflow, its own steps; the one that grades has no secret."""
    workflow = ROOT / ".github" / "workflows" / "grade-class.yml"
    fetch, grade = (step(workflow, "grade", name) for name in ("Fetch", "Grade"))
    assert "secrets" in str(fetch["env"])
    assert "secrets" not in str(grade)
    checkout = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]["grade"]["steps"][0]
    assert checkout["with"]["persist-credentials"] is False
    work, page = classroom / "work", classroom / "summary.md"
    server = {"CLASSROOM_SERVER": f"file://{classroom}/git", "GITHUB_ACTIONS": "true"}
    asked = {"REPOSITORIES": "ann bob nobody", "CLASSROOM_TOKEN": SECRET}
    done = run(fetch["run"], work, **server, **asked)
    assert done.returncode == 0, done.stderr
    assert "::warning::nobody could not be fetched." in done.stdout
    assert "::warning::ann: exercises/cost.py is a link" in done.stdout
    handed_in = [path for path in (work / "submissions").rglob("*") if path.is_file()]
    students = {path.relative_to(work / "submissions").as_posix() for path in handed_in}
    assert {name for name in students if not name.startswith(".")} == {
        "ann/exercises/rnn.py",
        "bob/exercises/rnn.py",
        "people.csv",
    }
    assert not any(path.is_symlink() for path in handed_in)
    files = [path for path in work.rglob("*") if path.is_file()]
    found = [path for path in files if SECRET.encode() in path.read_bytes()]
    assert found == []
    github = {"UNIT": "rnn", "SPEED": "--no-speed", "GITHUB_STEP_SUMMARY": str(page)}
    done = run(f"{grade['run']} --isolation best --jobs 1", work, **github)
    assert done.returncode == 0, done.stderr
    most = courses.load(ROOT).unit("rnn").max_score(Options(speed=False).kinds)
    for student in ("ann", "bob"):
        report = read(work / "results" / student / "rnn.json")
        assert report is not None
        assert report.score == most
    assert f"| ann | {most} / {most} |" in page.read_text("utf-8")
    assert (work / "results" / "junit.xml").is_file()


def test_nothing_is_fetched_twice_or_from_nowhere(classroom: Path, tmp_path: Path) -> None:
    """The step of GitLab's job, whose last line it is."""
    (tmp_path / "list.txt").write_text("# the class\n\nann first\nann second")
    (tmp_path / "twice.txt").write_text("ann\nann\n")
    (tmp_path / "none.txt").write_text("nobody\n")
    server = f"file://{classroom}/git"
    script = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))["fetch"]["script"][-1]
    for name, status, students in [("list", 0, 2), ("twice", 2, 0), ("none", 2, 0)]:
        folder = tmp_path / name
        (folder / "course").mkdir(parents=True)
        shutil.copy(ROOT / "course" / "course.toml", folder / "course")
        shutil.copy(tmp_path / f"{name}.txt", folder / "course" / "students.txt")
        done = run(script, folder, CLASSROOM_SERVER=server)
        assert done.returncode == status, done.stderr
        assert len(list(folder.glob("submissions/[a-z]*/"))) == students


@pytest.mark.parametrize(
    ("schema", "ours", "theirs"),
    [
        (
            "github-workflows",
            [f".github/workflows/{name}.yml" for name in ("ci", "grade-class", "long", "pages")],
            ".github/workflows/classroom.yml",
        ),
        ("github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"], ""),
        ("github-issue-forms", [f".github/ISSUE_TEMPLATE/{n}.yml" for n in ("bug", "idea")], ""),
        ("gitlab-ci", [".gitlab-ci.yml"], ".gitlab-ci.yml"),
    ],
)
def test_files_pass_the_published_schemas(
    schema: str, ours: list[str], theirs: str, released: Path
) -> None:
    names = [str(ROOT / name) for name in ours]
    if theirs:  # at every push, and for a tag alone
        tagged = released.parent / "tagged" / theirs
        tagged.parent.mkdir(parents=True, exist_ok=True)
        tagged.write_bytes(releases.files(courses.load(ROOT), "en", on_submit=True)[theirs])
        names += [str(released / theirs), str(tagged)]
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", *names])
    assert done.exit_code == 0, done.output


def test_workflows_pass_actionlint(released: Path) -> None:
    """Where there is one: its packages for pip fetch it from elsewhere, so it is no dependency."""
    if not (actionlint := shutil.which("actionlint")):
        pytest.skip("actionlint is not installed")
    files = workflows(ROOT) + workflows(released)
    done = subprocess.run([actionlint, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def workflows(repository: Path) -> list[Path]:
    return sorted((repository / ".github" / "workflows").glob("*.yml"))


def test_actions_are_pinned_by_commit(released: Path) -> None:
    """Catches: a tag, which its owner can move, and a commit that nobody can tell the age of."""
    pinned = re.compile(r"actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    for path in workflows(ROOT) + workflows(released):
        used = re.findall(r"uses: (.*)", path.read_text("utf-8"))
        assert [action for action in used if not pinned.fullmatch(action)] == [], path
    assert pinned.search(workflows(released)[0].read_text("utf-8"))


def test_an_environment_is_kept_whatever_becomes_of_the_tests(released: Path) -> None:
    """Most jobs fail, since not all is written; by default a cache is saved only after success.

    What it is kept under changes with every file that students are given.
    """
    steps = yaml.safe_load(workflows(released)[0].read_text("utf-8"))["jobs"]["tests"]["steps"]
    does = [step.get("name") or step["uses"].partition("@")[0] for step in steps]
    order = ["actions/cache/restore", "Install", "actions/cache/save", "Public tests"]
    assert does[-4:] == order
    assert "course/given.json" in steps[-4]["with"]["key"]
    unless = "steps.environment.outputs.cache-hit != 'true'"
    assert steps[-3]["if"] == steps[-2]["if"] == unless
    job = yaml.safe_load((released / ".gitlab-ci.yml").read_text("utf-8"))["tests"]
    assert job["cache"] == {
        "key": {"files": ["course/given.json"]},
        "paths": [".venv"],
        "when": "always",
    }


@pytest.mark.parametrize(("language", "said"), [("en", "for each tag"), ("zh", "标签")])
def test_only_a_tag_that_hands_in_is_offered(language: Language, said: str) -> None:
    """A course that is new runs once, too: GitHub lets a tag take what is cached for a branch."""
    made = releases.files(courses.load(ROOT), language, on_submit=True)
    assert yaml.safe_load(made[".github/workflows/classroom.yml"])[True] == {  # `on`, in YAML 1.1
        "push": {"tags": ["submit/*"], "branches": ["**"], "paths": ["course/given.json"]},
        "workflow_dispatch": None,
    }
    assert [rule["if"] for rule in yaml.safe_load(made[".gitlab-ci.yml"])["tests"]["rules"]] == [
        r"$CI_COMMIT_TAG =~ /^submit\//",
        '$CI_PIPELINE_SOURCE == "web"',
    ]
    readme = made["README.md"].decode()
    assert said in readme and "git tag submit/1 && git push origin submit/1" in readme


def test_notebooks_are_read_in_ci(released: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student cannot install there what reads them."""
    installed = " . ipython #"
    assert installed in step(workflows(released)[0], "tests", "Install")["run"]
    assert installed in (released / ".gitlab-ci.yml").read_text("utf-8")
    commands: list[list[str]] = []
    monkeypatch.setattr("subprocess.run", lambda command, **_: commands.append(command))
    classroom50_run.install(released)
    assert commands[-1][-2:] == [str(released), "ipython"]


def test_three_systems_install_what_the_readme_says(released: Path) -> None:
    """The commands of a student's first minute, and no other ones."""
    script = step(ROOT / ".github" / "workflows" / "ci.yml", "students", "Install")["run"]
    readme = (released / "README.md").read_text("utf-8")
    assert script.replace('"$BIN/pip"', ".venv/bin/pip") in readme


def test_scripts_pass_shellcheck() -> None:
    templates = ROOT / "autograder" / "release" / "templates"
    files = [ROOT / "course/classroom.sh", ROOT / "tests/as_a_user.sh", templates / "setup.sh"]
    command = [BIN / "shellcheck", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_text_of_students_gives_no_command() -> None:
    said = annotation("a\n::set-output::\x1b[0m 100%", file="a,b:c.py", title="t")
    assert said == "::error file=a%2Cb%3Ac.py,title=t::a%0A::set-output::\ufffd[0m 100%25"
    assert line_in("rnn.py", "x in rnn.py, line 7 (`y`).\n  exercises/rnn.py:12  (f)") == "12"
    assert line_in("rnn.py", "`rnn_step` in rnn.py is 3 numbers long") == ""
