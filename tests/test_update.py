"""A newer release over a student's folder: what is the course's changes, what is theirs stays."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from autograder.core import course as courses
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.local.commands import app
from autograder.local.update import GIVEN, OURS, digest_of, update
from autograder.release import students as releases

SOLUTION = (ROOT / "solutions" / "rnn.py").read_bytes()


@pytest.fixture(scope="module")
def given(course: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("given")
    releases.release(course, folder, "en")
    return everything(folder)


@pytest.fixture
def student(given: dict[str, bytes], tmp_path: Path) -> Path:
    """A student's folder, with `rnn` written."""
    for name, data in given.items():
        path = tmp_path / "my course" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "my course" / "exercises" / "rnn.py").write_bytes(SOLUTION)
    return tmp_path / "my course"


def packed(folder: Path, files: dict[str, bytes], top: str = "course-main/") -> Path:
    """A zip as GitHub makes it, with a folder around everything."""
    path = folder.parent / "newer.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{top}{name}", data)
    return path


def newer(given: dict[str, bytes], **changed: bytes) -> dict[str, bytes]:
    """A release in which some files are others; b"" takes one out."""
    files = {name: data for name, data in (given | changed).items() if data}
    listed = {name: digest_of(data) for name, data in files.items() if name != GIVEN}
    return files | {GIVEN: msgspec.json.encode(listed)}


def everything(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(folder: Path, path: Path, language: str = "en") -> tuple[int, str]:
    command = ["update", str(path), "--course", str(folder), "--lang", language]
    done = CliRunner().invoke(app, command)
    return done.exit_code, " ".join(done.output.split())


def test_what_the_course_changed_changes_and_work_stays(
    given: dict[str, bytes], student: Path
) -> None:
    """Tests, lessons and programs; an untouched starter; not one that is written in."""
    test, starter = given["exercises/test_rnn.py"], given["exercises/gates.py"]
    files = newer(
        given,
        **{
            "exercises/test_rnn.py": test + b"# newer\n",
            "exercises/rnn.py": given["exercises/rnn.py"] + b"# newer\n",
            "exercises/gates.py": starter.replace(b"\n", b"\r\n") + b"# newer\n",
            "lessons/01_rnn.html": b"",
            "lessons/00_rnn.html": given["lessons/01_rnn.html"],
            "autograder/local/check.py": given["autograder/local/check.py"] + b"\n",
        },
    )
    mine = student / "lessons" / "mine.ipynb"
    mine.write_text("{}")
    code, said = run(student, packed(student, files))
    assert code == 0, said
    assert "Replaced: exercises/gates.py, exercises/test_rnn.py, and 2 files of the" in said
    assert "New: lessons/00_rnn.html" in said
    assert "removed: lessons/01_rnn.html" in said
    assert "Yours, and kept as it is: exercises/rnn.py" in said
    assert "exercises/rnn.py has a newer starter, for you to compare: .autograder/starters" in said
    assert "pip install -c constraints.txt ." in said
    now = everything(student)
    assert now["exercises/rnn.py"] == SOLUTION and mine.is_file()
    assert {n: now[n] for n in files if n != "exercises/rnn.py"} == {
        n: files[n] for n in files if n != "exercises/rnn.py"
    }
    assert "lessons/01_rnn.html" not in now
    [backup] = (student / ".autograder" / "backups").iterdir()
    assert (backup / "exercises" / "test_rnn.py").read_bytes() == test
    code, said = run(student, packed(student, files), "zh")
    assert code == 0 and "无需更改" in said


def test_without_a_list_of_what_was_given_no_exercise_is_touched(
    given: dict[str, bytes], student: Path
) -> None:
    """As in a folder of before this command, and one whose list is damaged."""
    (student / GIVEN).write_text("[")
    before = given["exercises/gates.py"]
    files = newer(given, **{"exercises/gates.py": before + b"# newer\n"})
    assert "Yours, and kept" in run(student, packed(student, files, ""))[1]
    assert (student / "exercises" / "gates.py").read_bytes() == before


def test_a_notebook_in_an_exercise_s_place_gets_no_starter_beside(
    given: dict[str, bytes], student: Path
) -> None:
    (student / "exercises" / "rnn.py").rename(student / "exercises" / "rnn.ipynb")
    (student / "exercises" / "gates.py").unlink()
    files = newer(given, LICENSE=b"another")
    assert "New: exercises/gates.py" in run(student, packed(student, files))[1]
    assert not (student / "exercises" / "rnn.py").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py",
        "/tmp/outside.py",
        "lessons/../../outside.py",
        "C:/outside.py",
        "a\\..\\..\\x",
    ],
)
def test_a_path_that_leads_out_changes_nothing(
    given: dict[str, bytes], student: Path, name: str
) -> None:
    before = everything(student.parent)
    path = packed(student, newer(given, LICENSE=b"another") | {name: b"x"}, "")
    code, said = run(student, path)
    assert code == 2 and "leads out of it" in said
    path.unlink()
    assert everything(student.parent) == before


def test_what_is_no_release_s_is_not_written(given: dict[str, bytes], student: Path) -> None:
    """Hooks of Git, an environment, a student's own files: nothing would ask before it ran them."""
    others = [
        ".git/hooks/post-checkout", ".venv/lib/site.py", "sitecustomize.py", "handin.zip",
        ".autograder/hints.json", "exercises/deep/rnn.py", "lessons/.hidden/x", "exercises/x.pth",
    ]  # fmt: skip
    files = newer(given, LICENSE=b"another") | dict.fromkeys(others, b"x")
    assert run(student, packed(student, files))[0] == 0
    assert not [name for name in others if (student / name).exists()]
    assert (student / "LICENSE").read_bytes() == b"another"


def test_links_lead_nowhere(given: dict[str, bytes], student: Path) -> None:
    """One in the zip, and one in the folder where the zip has files."""
    path = packed(student, newer(given, LICENSE=b"another"))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("course-main/lessons/link.html")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert run(student, path)[0] == 2
    assert (student / "LICENSE").read_bytes() == given["LICENSE"]
    outside = student.parent / "outside"
    shutil.move(student / "lessons", outside)
    before = everything(outside)
    (student / "lessons").symlink_to(outside)
    code, said = run(student, packed(student, newer(given, **{"lessons/new.html": b"x"})))
    assert code == 2 and "is a link, or lies behind one" in said
    assert everything(outside) == before


def test_what_is_no_zip_too_large_or_no_course(given: dict[str, bytes], student: Path) -> None:
    before = everything(student)
    bomb = packed(student, newer(given, **{"lessons/bomb.html": bytes(60 << 20)}))
    assert "unpacks to more" in run(student, bomb)[1]
    assert "no release of a course" in run(student, packed(student, {"a.txt": b"x"}))[1]
    damaged = student.parent / "damaged.zip"
    damaged.write_bytes(bomb.read_bytes()[:1000])
    assert run(student, damaged)[0] == 2
    assert run(student, student.parent / "none.zip")[0] == 2
    assert everything(student) == before


def test_the_course_itself_is_not_updated(course: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="is the course itself"):
        update(course, tmp_path / "x.zip", "en")


def test_every_file_of_a_release_may_be_updated(given: dict[str, bytes], student: Path) -> None:
    assert [name for name in given if not OURS.fullmatch(name)] == []
    assert courses.load(student).unit_names
