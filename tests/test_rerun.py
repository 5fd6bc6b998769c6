"""A run again: what has not changed is neither read nor made, and what has is never kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT
from reports import report

from autograder.batch import looked, run
from autograder.batch.run import Batch
from autograder.core import course as courses
from autograder.core import stamps
from autograder.core.course import Course, Unit
from autograder.core.language import Language
from autograder.grading import keys
from autograder.grading.protocol import Options
from autograder.intake.submission import Submission
from autograder.marks import class_files
from autograder.marks.class_files import write_up
from autograder.reports import reading, store
from autograder.reports.pages import html, kept

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 26, 12, 0, tzinfo=UTC)
OPTIONS = Options(speed=False)
STUDENTS = ("ann", "bob", "李雷")
DUE = '\n[assignments.first]\nunits = ["rnn"]\ndue = 2026-12-01T00:00:00Z\nmissing = "zero"\n'


class Pretended:
    """Workers that give full marks at once, and count."""

    width = 4

    def __init__(self, course: Course) -> None:
        self.course = course
        self.graded: list[str] = []

    def submit(self, handed_in: Submission, unit: Unit, seed: str) -> Future[bytes]:
        self.graded.append(handed_in.student)
        basis = keys.basis(handed_in, unit, OPTIONS, self.course)
        made = report(self.course, handed_in.student, unit.name, seed=seed)
        made = msgspec.structs.replace(made, key=keys.key(basis), basis=basis)
        answer: Future[bytes] = Future()
        answer.set_result(store.encode(made))
        return answer


class Class:
    """A clone of the course, a class, its results, and what a run has done."""

    def __init__(self, place: Path) -> None:
        ignored = shutil.ignore_patterns("__pycache__", "sample_class", ".secret")
        for name in ("course", "solutions", "exercises"):
            shutil.copytree(ROOT / name, place / "clone" / name, ignore=ignored)
        self.root, self.results = place / "clone", place / "results"
        self.submissions, self.fresh = place / "class", place / "fresh"
        for name in STUDENTS:
            (self.submissions / name).mkdir(parents=True)
            shutil.copy(ROOT / "solutions" / "rnn.py", self.submissions / name)

    def run(self, language: Language = "en", now: datetime = NOW) -> list[str]:
        """Grade again and write up; who was graded."""
        course = courses.load(self.root)
        batch = Batch(course, self.submissions, self.results, [course.unit("rnn")], OPTIONS)
        batch.look()
        workers = Pretended(course)
        batch.run(workers, lambda event: None)
        batch.remember()
        write_up(course, self.results, self.submissions, batch.folders, language, now)
        return workers.graded

    def as_if_new(self, language: Language, now: datetime) -> dict[str, bytes]:
        """What stands in the files that are made of these reports where none of them is there."""
        shutil.rmtree(self.fresh, ignore_errors=True)
        for path in self.results.glob("*/*.json"):
            (self.fresh / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self.fresh / path.parent.name)
        course, names = courses.load(self.root), dict(zip(STUDENTS, STUDENTS, strict=True))
        write_up(course, self.fresh, self.submissions, names, language, now)
        return self.made(self.fresh)

    def made(self, results: Path) -> dict[str, bytes]:
        """The files that are made of reports."""
        paths = [*results.rglob("*.html"), *results.glob("*.csv")]
        return {str(path.relative_to(results)): path.read_bytes() for path in paths}

    def written(self) -> dict[str, int]:
        """When these files were written."""
        return {name: (self.results / name).stat().st_ctime_ns for name in self.made(self.results)}


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    """A class that was graded, long enough ago for files to be known by how they look."""
    monkeypatch.setattr(stamps, "SETTLED", 0)
    made = Class(tmp_path)
    assert made.run() == list(STUDENTS)
    return made


def test_with_nothing_to_do_nothing_is_read_and_nothing_written(
    settled: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settled.written()

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("this was done before")

    monkeypatch.setattr(run, "read", refused)
    monkeypatch.setattr(reading, "read", refused)
    monkeypatch.setattr(html, "student_page", refused)
    assert settled.run() == []
    assert settled.written() == before


def _another_mark(made: Class) -> None:
    path = made.results / "bob" / "rnn.json"
    found = store.read(path)
    assert found
    tests = [msgspec.structs.replace(test, points=0.0, status="failed") for test in found.tests]
    path.write_bytes(store.encode(msgspec.structs.replace(found, tests=tests, score=0.0)))


def _a_roster(made: Class) -> None:
    (made.root / "course" / "roster.csv").write_text("name,login\nBob Roe,bob\n,ann\n,李雷\n")


def _an_adjustment(made: Class) -> None:
    text = "student,unit,points,why\nbob,rnn,-1,copied\n"
    (made.root / "course" / "adjustments.csv").write_text(text)


def _another_manifest(made: Class) -> None:
    path = made.root / "course" / "course.toml"
    path.write_text(path.read_text("utf-8").replace('en = "', 'en = "New: ', 1), "utf-8")


def _an_attempt(made: Class) -> None:
    (made.results / "bob" / "attempts" / "1").mkdir(parents=True)
    shutil.copy(made.results / "bob" / "rnn.json", made.results / "bob" / "attempts" / "1")


def _a_page_less(made: Class) -> None:
    (made.results / "bob" / "index.html").unlink()


def _a_page_changed(made: Class) -> None:
    path = made.results / "bob" / "index.html"
    path.write_text(path.read_text("utf-8").replace("<body", "<body title='10 / 10'"), "utf-8")


def _half_a_page(made: Class) -> None:
    path = made.results / "bob" / "index.html"
    path.write_bytes(path.read_bytes()[:2000])


def _a_table_less(made: Class) -> None:
    (made.results / "summary.csv").unlink()


BOB, CLASS = {"bob/index.html"}, {"index.html", "by-section.html", "by-total.html"}
PAGES = {f"{name}/index.html" for name in STUDENTS} | CLASS
TABLES = {"summary.csv", "changes.csv"}


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        (_another_mark, BOB | CLASS | TABLES),
        (_a_roster, PAGES | TABLES),
        (_an_adjustment, BOB | CLASS | TABLES),
        (_another_manifest, PAGES | TABLES),
        (_an_attempt, TABLES | BOB | CLASS),
        (_a_page_less, BOB | TABLES),
        (_a_page_changed, BOB | TABLES),
        (_half_a_page, BOB | TABLES),
        (_a_table_less, TABLES),
    ],
)
def test_what_changes_is_made_anew_and_nothing_else(
    settled: Class, change: Callable[[Class], None], anew: set[str]
) -> None:
    """Afterwards all is as if there had been nothing before."""
    before = settled.written()
    change(settled)
    settled.run()
    after = settled.written()
    assert {name for name in after if after[name] != before.get(name)} == anew
    if change is not _an_attempt:  # which as_if_new does not copy
        assert settled.made(settled.results) == settled.as_if_new("en", NOW)


def test_another_language_and_another_grader_make_pages_anew(
    settled: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.run("zh")
    assert settled.made(settled.results) == settled.as_if_new("zh", NOW)
    before = settled.written()
    monkeypatch.setattr(kept, "digest_of_code", lambda: "another")
    settled.run("zh")
    after = settled.written()
    assert {name for name in after if after[name] != before[name]} == PAGES | TABLES


def test_a_due_date_that_passes_makes_pages_anew(settled: Class) -> None:
    with (settled.root / "course" / "course.toml").open("a") as file:
        file.write(DUE)
    settled.run()
    before = settled.made(settled.results)
    settled.run(now=LATER)
    assert settled.made(settled.results) == settled.as_if_new("en", LATER)
    assert settled.run(now=LATER) == []
    assert before.keys() == settled.made(settled.results).keys()


def test_a_stop_in_the_middle_leaves_nothing_old(
    settled: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the first of the pages that are to be made anew."""
    _a_roster(settled)
    whole, made = html.student_page, list[object]()

    def stopped(*args: object, **options: object) -> object:
        if made:
            raise KeyboardInterrupt
        made.append(args)
        return whole(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(html, "student_page", stopped)
    with pytest.raises(KeyboardInterrupt):
        settled.run()
    monkeypatch.setattr(html, "student_page", whole)
    settled.run()
    assert settled.made(settled.results) == settled.as_if_new("en", NOW)


def test_work_that_looks_the_same_but_for_its_last_change_is_read_again(settled: Class) -> None:
    """As long, and with its time set back: the clock of the last change is nobody's to set."""
    path = settled.submissions / "bob" / "rnn.py"
    times, text = path.stat(), path.read_text("utf-8")
    path.write_text(text.replace("return", "retrun", 1), "utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (times.st_size, times.st_mtime_ns)
    assert settled.run() == ["bob"]


@pytest.mark.parametrize("where", ["bob", "clone/solutions", "intake.toml"])
def test_all_that_decides_what_is_found_is_looked_at(
    settled: Class, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A file more beside the work, another course, another decision."""
    if where == "intake.toml":
        (settled.submissions / where).write_text('["bob"]\nrnn = "rnn.py"\n')
    elif where == "bob":
        (settled.submissions / "bob" / "rnn.ipynb").write_text("{}")
    else:
        (settled.root / "solutions" / "more.py").write_text("")
    whole, read = run.read, list[str]()

    def noted(*args: object, **options: object) -> Submission:
        read.append(str(args[1]))
        return whole(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "read", noted)
    settled.run()
    assert set(read) == (set(STUDENTS) if where.startswith("clone") else {"bob"})


def test_what_has_just_been_written_is_read_again(tmp_path: Path) -> None:
    """Catches: a file that is changed within one tick of the clock after it was read."""
    made = Class(tmp_path)
    made.run()
    assert not (made.results / looked.FILE).exists()


def test_what_was_not_read_is_tried_again(settled: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that answers again, or another account: of neither does a file look otherwise."""
    (settled.submissions / "bob" / "gates.py").write_text("import rnn")
    whole, opened = os.open, list[str]()

    def shut(path: Path, *more: int, dir_fd: int | None = None) -> int:
        opened.append(str(path))
        if str(path).endswith("bob/rnn.py"):
            raise OSError(5, "Input/output error")
        return whole(path, *more, dir_fd=dir_fd)

    monkeypatch.setattr("autograder.intake.tree.os.open", shut)
    assert settled.run() == ["bob"]
    monkeypatch.setattr("autograder.intake.tree.os.open", whole)
    assert settled.run() == ["bob"]
    assert settled.run() == []


def test_fresh_reads_everything(settled: Class) -> None:
    course = courses.load(settled.root)
    known = [looked.load(settled.results, course, {}, fresh=fresh) for fresh in (False, True)]
    assert [sorted(one._students) for one in known] == [sorted(STUDENTS), []]


def test_reports_behind_a_link_are_read_again(settled: Class) -> None:
    """Results that somebody keeps on another disk."""
    (settled.results / "bob").rename(settled.fresh)
    (settled.results / "bob").symlink_to(settled.fresh)
    settled.run()
    before = settled.made(settled.results)
    _another_mark(settled)
    settled.run()
    assert settled.made(settled.results)["summary.csv"] != before["summary.csv"]


@pytest.mark.parametrize("damage", [{"schema": 2}, {"tests": [{}]}, {"device": 7}])
def test_a_report_that_no_page_can_show_is_made_anew(
    settled: Class, damage: dict[str, object]
) -> None:
    """Catches: one whose key is right, and that then stands in no table."""
    path = settled.results / "bob" / "rnn.json"
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | damage))
    assert store.read(path) is None
    assert settled.run() == ["bob"]


@pytest.mark.parametrize("name", [looked.FILE, class_files.FILE])
@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_from": 1}', '{"": ' + "[" * 9999])
def test_a_broken_memory_is_none(settled: Class, name: str, text: str) -> None:
    (settled.results / name).write_text(text)
    assert settled.run() == []
    assert settled.made(settled.results) == settled.as_if_new("en", NOW)
