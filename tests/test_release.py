"""The students' repository: it runs by itself, and nothing hidden is in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT, autograder

from autograder import __version__
from autograder.cli import release as commands
from autograder.core import course as courses
from autograder.core.assignments import Assignment
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.language import Language
from autograder.grading.closure import closure
from autograder.intake.submission import File, Submission
from autograder.release import leaks, starters
from autograder.release import students as releases
from autograder.release.answers import release_answers
from autograder.release.students import release
from autograder.release.supplied import complete, supplied

UNIT = "rnn"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, made by the command."""
    folder = tmp_path_factory.mktemp("release") / "作业 repo"
    done = autograder("release", folder, "--lang", "zh", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def run(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the release's own package, and with no other of that name."""
    code = f"import sys; sys.path[:] = [{str(folder)!r}, *sys.path[1:]]\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_hidden_is_released(released: Path, course: Course) -> None:
    """Every passage of every hidden program, and every file by its name. Catches: any copy."""
    passages = leaks.hidden_passages(course)
    assert len(passages) > 500
    found = {str(path): path.read_bytes() for path in files(released)}
    assert list(leaks.leaks(found, passages)) == []
    folders = {part for path in files(released) for part in path.relative_to(released).parts}
    assert not folders & {"hidden", "solutions", "sample_class", ".secret"}


def test_the_search_finds_what_is_hidden(course: Course) -> None:
    """The other side of the search: each hidden program is found, whole and in parts."""
    passages = leaks.hidden_passages(course)
    hidden = [ROOT / "solutions" / f"{unit}.py" for unit in course.unit_names]
    units = ROOT / "course" / "units"
    for name in ("test_*", "mistakes", "sequential", "agreement", "right/[a-p]*", "clock/*/*"):
        found = sorted(units.glob(f"*/hidden/{name}.py"))
        assert found, name
        hidden += found
    for path in hidden:
        assert any(leaks.leaks({"x": path.read_bytes()}, passages)), path
    region = (ROOT / "solutions" / "attention.py").read_text().split(starters.BEGIN)[-1]
    indented = "\n".join("        " + line for line in region.splitlines())
    assert any(leaks.leaks({"notes.md": indented.encode()}, passages))


def test_a_starter_that_holds_a_solution_is_not_released(course: Course, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    for name in ("course", "exercises", "solutions"):
        ignored = shutil.ignore_patterns("sample_class", ".secret")
        shutil.copytree(ROOT / name, clone / name, ignore=ignored)
    for name in ("pyproject.toml", "constraints.txt", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    shutil.copy(ROOT / "solutions" / f"{UNIT}.py", clone / "exercises")
    with pytest.raises(CourseError, match="would give hidden text away"):
        releases.release(courses.load(clone), tmp_path / "out", "en")
    assert not (tmp_path / "out").exists()
    (clone / "exercises" / f"{UNIT}.py").unlink()
    with pytest.raises(CourseError, match=r"rnn\.py, which belongs into the release"):
        releases.release(courses.load(clone), tmp_path / "out", "en")


def test_a_folder_in_use_is_refused(course: Course, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert releases.release(course, tmp_path, "en")
    with pytest.raises(CourseError, match="is not empty"):
        releases.release(course, tmp_path, "en")


def test_the_students_half_is_what_a_local_run_imports() -> None:
    """Catches: a module that is missing from the release, or a room that nothing local needs."""
    exercises = ROOT / "exercises"
    tests = [path.stem for path in exercises.glob("test_*.py")]
    named = [name.removesuffix(".py").replace("/", ".") for name in releases.SHARED]
    named = [f"autograder.{name}" for name in named if not name.endswith("__init__")]
    places = dict.fromkeys(tests, exercises) | {"autograder": ROOT}
    found = closure(
        ["autograder.local.commands", "autograder.local.pytest_summary", *named, *tests], places
    ).values()
    wanted = {path for path in found if path.is_relative_to(ROOT / "autograder")}
    given = {path for path in releases._students_half() if path.suffix == ".py"}
    assert wanted <= given
    assert {path.parent for path in wanted} == {path.parent for path in given}


def test_check_works_in_the_release_alone(released: Path, tmp_path: Path) -> None:
    code = "from autograder.local.commands import app; app(sys.argv[1:])"
    done = run(released, code, "check", UNIT)
    assert done.returncode == 1, done.stderr
    assert "Fix first: rnn_step" in done.stdout
    wrong = (ROOT / "course" / "sample_class" / "tom_baker" / "attention.py").read_text("utf-8")
    clone = tmp_path / "clone"
    shutil.copytree(released, clone)
    (clone / "exercises" / "attention.py").write_text(wrong, "utf-8")
    done = run(clone, code, "check", "attention", "--lang", "zh")
    assert "先改这里： scale" in done.stdout
    assert "分数除以了宽度本身。" in done.stdout, "known mistakes are named without their programs"
    code = "import autograder, pathlib; print(pathlib.Path(autograder.__file__).parents[1])"
    assert run(released, code).stdout.strip() == str(released)


def test_solutions_pass_in_the_release_alone(released: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(released, clone)
    for unit in (UNIT, "attention"):
        shutil.copy(ROOT / "solutions" / f"{unit}.py", clone / "exercises")
    code = (
        "import pytest\n"
        "args = ['-q', '-p', 'autograder.plugin', '-p', 'no:cacheprovider', *sys.argv[1:]]\n"
        "sys.exit(pytest.main(args))"
    )
    tests = [f"exercises/test_{unit}.py" for unit in (UNIT, "attention")]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    code = f"import os; os.environ.update({environment})\n{code}"
    done = run(clone, code, *tests)
    assert done.returncode == 0, done.stdout


def test_the_project_file_names_what_is_needed(released: Path) -> None:
    project = tomllib.loads((released / "pyproject.toml").read_text())["project"]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__, "for course.toml asks for it"
    assert project["dependencies"] == ours["dependencies"]
    assert project["requires-python"] == ours["requires-python"]
    assert project["scripts"] == {"autograder": "autograder.local.commands:app"}
    assert project["entry-points"]["pytest11"] == {"autograder": "autograder.plugin"}


def test_the_readme_is_in_the_language_asked_for(released: Path, course: Course) -> None:
    chinese = (released / "README.md").read_text("utf-8")
    english = releases.files(course, "en")["README.md"].decode()
    assert course.title.zh in chinese
    assert course.title.en in english
    for text in (chinese, english):
        assert all(f"`{unit}.py`" in text for unit in course.unit_names)
        assert "pip install -c constraints.txt ." in text


def test_workflows_are_filled_in(released: Path) -> None:
    """Their steps run in test_ci.py."""
    for name in (".github/workflows/classroom.yml", ".gitlab-ci.yml"):
        text = (released / name).read_text()
        assert "autograder ci --lang zh" in text
        assert not re.search(r"\{%|\{\{ [a-z]+ \}\}", text)


def test_an_assignment_is_released_with_what_it_builds_on(course: Course, tmp_path: Path) -> None:
    """What nobody is asked for is supplied, and nothing else of the solutions."""
    manifest = tmp_path / "clone" / "course" / "course.toml"
    shutil.copytree(ROOT / "course", manifest.parent, ignore=shutil.ignore_patterns("sample_class"))
    for name in ("solutions", "exercises", "pyproject.toml", "constraints.txt", "LICENSE"):
        (manifest.parents[1] / name).symlink_to(ROOT / name)
    weeks = "[assignments.a]\nunits = ['rnn']\n[assignments.b]\nunits = ['self_attention']\n"
    manifest.write_text(f"{manifest.read_text('utf-8')}\n{weeks}", "utf-8")
    loaded = courses.load(manifest.parents[1])
    written = {path.name: path for path in release(loaded, tmp_path / "b", "en", assignments=["b"])}
    assert written["attention.py"].read_bytes() == (ROOT / "solutions/attention.py").read_bytes()
    assert "raise NotImplementedError" in written["self_attention.py"].read_text()
    assert not {"rnn.py", "gates.py", "test_attention.py"} & written.keys()
    theirs = courses.load(tmp_path / "b")
    assert theirs.unit_names == ["self_attention"] and [*theirs.assignments] == ["b"]
    both = {path.name for path in release(loaded, tmp_path / "all", "zh")}
    assert {"rnn.py", "self_attention.py", "attention.py"} <= both


def test_who_hands_in_without_what_is_supplied_is_graded_with_it(course: Course) -> None:
    week = {"b": Assignment(["self_attention"])}
    given = supplied(msgspec.structs.replace(course, assignments=week))
    assert given.keys() == {"attention"} and not supplied(course)
    mine = Submission("ann", [File("self_attention", "self_attention.py", ["x = 1\n"])], "digest")
    completed = complete(mine, given)
    assert [file.module for file in completed.files_of("self_attention")] == [
        "self_attention",
        "attention",
    ]
    assert completed.digest != mine.digest
    own = msgspec.structs.replace(mine, files=[File("attention", "attention.py", ["y = 2\n"])])
    assert complete(own, given) == own and complete(mine, {}) == mine


@pytest.mark.parametrize("language", ["en", "zh"])
def test_solutions_come_with_two_right_answers_and_why(
    course: Course, tmp_path: Path, language: Language
) -> None:
    """Of every unit; that they are right, tests/test_validity.py shows."""
    for unit in course.units:
        paths = release_answers(course, tmp_path, unit, language)
        assert len(paths) == 3 and all(compile(p.read_text(), p.name, "exec") for p in paths)
        assert "### " not in paths[0].read_text()
        told = (tmp_path / unit.name / "README.md").read_text("utf-8")
        assert all(f"`{path.name}`" in told for path in paths)
        assert unit.title.in_(language) in told
    with pytest.raises(CourseError, match="is not empty"):
        release_answers(course, tmp_path, course.unit("rnn"), language)


def test_solutions_that_are_early_are_told(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    due = datetime.now(UTC) + timedelta(days=1)
    for when, told in ((due, True), (due - timedelta(days=2), False), (None, False)):
        week = {"w": Assignment(["rnn"], due=when)}
        commands._tell_if_early(msgspec.structs.replace(course, assignments=week), "rnn")
        assert ("rnn is part of w, which is due" in capsys.readouterr().err) == told
    done = autograder("release", tmp_path / "s", "--solutions", "--unit", "rnn", cwd=ROOT)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3
