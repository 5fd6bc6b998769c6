"""A batch under faults: nothing lost, nothing twice; and what is graded again, and why."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from conftest import ROOT, GradeText, autograder
from machine import patience
from reports import report

from autograder.batch.run import Batch, Event
from autograder.batch.workers import Graders, windowed
from autograder.bench.faults import FAULTS, Fault, Grading, Marked, Skipped, disturb, kill_one
from autograder.bench.generate import generate
from autograder.core import course as courses
from autograder.core.course import Course, Unit
from autograder.core.errors import GraderError, ResultsError
from autograder.core.units import hidden_tests
from autograder.grading import grader, keys
from autograder.grading.grader import Grader
from autograder.grading.keys import key
from autograder.grading.protocol import Options
from autograder.intake.submission import File, Submission
from autograder.reports import schema, store
from autograder.reports.changes import REASONS, changes
from autograder.reports.schema import Report
from autograder.reports.store import sole_writer
from autograder.supervisor.bubblewrap import HOST

SUBMISSIONS = 6
OPTIONS = Options(speed=False)
FILES = [File("rnn", "rnn.py", [""])]


@pytest.fixture(scope="module")
def small(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Grading:
    """A small class, and the command that grades it."""
    folder = tmp_path_factory.mktemp("small") / "class"
    generate(course, folder, SUBMISSIONS, "rnn")
    return Grading(course, folder, "rnn", jobs=1)


@pytest.fixture(scope="module")
def undisturbed(
    small: Grading, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Marked | None]:
    results = tmp_path_factory.mktemp("undisturbed") / "results"
    small.finish(results)
    return small.marks(results)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_is_lost_and_nothing_twice(
    fault: Fault, small: Grading, undisturbed: dict[str, Marked | None], tmp_path: Path
) -> None:
    """Seeds follow the work, so the marks must be those of the undisturbed run to the last test."""
    assert len(undisturbed) == SUBMISSIONS
    try:
        result = disturb([fault], small, undisturbed, tmp_path / "results")
    except Skipped as reason:
        pytest.skip(str(reason))
    assert result.good, result


def test_the_second_of_two_graders_is_told(tmp_path: Path) -> None:
    with (
        sole_writer(tmp_path),
        pytest.raises(ResultsError, match="Another `autograder grade` is writing"),
        sole_writer(tmp_path),
    ):
        pass
    with sole_writer(tmp_path):
        pass  # whoever had it has let go


def test_what_a_killed_writer_left_goes(tmp_path: Path) -> None:
    left = tmp_path / "ann" / f"{store.WRITING}rnn"
    left.parent.mkdir()
    left.write_bytes(b'{"sch')
    with sole_writer(tmp_path):
        assert not left.exists()


def test_results_that_cannot_be_written_say_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ResultsError, match="cannot be written: Not a directory"):
        store.write(tmp_path / "file" / "ann" / "rnn.json", b"{}")


def test_files_of_a_group_are_all_flushed_before_any_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a report that is told as kept, and is gone with the machine's power."""
    files = {tmp_path / name / "rnn.json": name.encode() for name in ("ann", "bob", "李雷")}
    there: list[list[bool]] = []
    monkeypatch.setattr(store.os, "fsync", lambda _file: there.append([p.exists() for p in files]))
    store.write_all(files)
    assert there == [[False] * 3] * 3
    assert {path: path.read_bytes() for path in files} == files


def test_a_group_that_fails_leaves_what_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the second: neither is half there, and nothing is left beside them."""
    ann, bob = tmp_path / "ann.json", tmp_path / "bob.json"
    ann.write_bytes(b"before")
    whole, calls = os.fsync, list[int]()

    def full(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        whole(file)

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(ResultsError, match="No space left on device"):
        store.write_all({ann: b"after", bob: b"after"})
    assert [path.name for path in tmp_path.iterdir()] == ["ann.json"]
    assert ann.read_bytes() == b"before"


def test_a_report_is_told_once_its_group_is_on_the_disk(
    course: Course, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is killed between the two is graded again, and was told to nobody."""
    told: list[Event] = []

    def killed(files: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_all", killed)
    with pytest.raises(KeyboardInterrupt):
        batch(course, submissions).run(Pretended(course), told.append)
    assert not told
    monkeypatch.undo()
    batch(course, submissions).run(Pretended(course), told.append)
    assert [event.what for event in told] == ["graded"] * 4


class Pretended:
    """Workers that give full marks at once, and count."""

    width = 4

    def __init__(self, course: Course) -> None:
        self.course = course
        self.graded: list[tuple[str, str]] = []
        self.score = 1.0
        self.status = "graded"

    def submit(self, handed_in: Submission, unit: Unit, seed: str) -> Future[bytes]:
        self.graded.append((handed_in.student, unit.name))
        basis = keys.basis(handed_in, unit, OPTIONS, self.course)
        test = schema.TestResult("a", "rnn", "correctness", "passed", points=self.score)
        facts = {"status": self.status, "key": key(basis), "basis": basis, "tests": [test]}
        made = report(self.course, handed_in.student, unit.name, seed=seed)
        made = msgspec.structs.replace(made, score=self.score, **facts)
        answer: Future[bytes] = Future()
        answer.set_result(store.encode(made))
        return answer


@pytest.fixture
def submissions(course: Course, tmp_path: Path) -> Path:
    folder = tmp_path / "作业 1"
    for student in ("ann", "李雷"):
        shutil.copytree(ROOT / "solutions", folder / student)
    return folder


@pytest.fixture
def clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Course:
    """A copy of the course and of the package, which judges in place of the installed one."""
    ignored = shutil.ignore_patterns("__pycache__", "sample_class")
    for name in ("autograder", "course", "solutions"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=ignored)
    monkeypatch.setattr(keys, "PACKAGE", tmp_path / "copy" / "autograder")
    monkeypatch.setattr(keys, "_seen", {})
    return courses.load(tmp_path / "copy")


def batch(course: Course, submissions: Path, fresh: bool = False) -> Batch:
    units = [course.unit("rnn"), course.unit("attention")]
    return Batch(course, submissions, submissions.parent / "out", units, OPTIONS, fresh=fresh)


@pytest.mark.parametrize(
    ("changed", "units", "words"),
    [
        ("course/units/rnn/hidden/test_rnn.py", {"rnn"}, "other hidden tests"),
        ("autograder/intake/submission.py", {"rnn", "attention"}, "another grader"),
        ("autograder/reports/pages/html.py", set(), ""),
    ],
)
def test_what_changed_decides_what_is_graded_again(
    clone: Course,
    submissions: Path,
    changed: str,
    units: set[str],
    words: str,
) -> None:
    """What changes is a real file: one of a copy of the clone, with a line more."""
    told: list[Event] = []
    workers = Pretended(clone)
    batch(clone, submissions).run(workers, lambda event: None)
    with (clone.root / changed).open("a") as file:
        file.write("# one line more\n")
    keys._seen.clear()
    workers.graded.clear()
    workers.score = 0.5
    batch(clone, submissions).run(workers, told.append)
    assert sorted(workers.graded) == sorted((s, u) for s in ("ann", "李雷") for u in units)
    assert len([event for event in told if event.what == "kept"]) == 4 - 2 * len(units)
    again = [event.report for event in told if event.what == "graded"]
    made = [(c.exercise, c.before, c.after, c.reason) for r in again for c in r.changes]
    assert made == [("rnn", 1.0, 0.5, words)] * 2 * len(units)


def test_a_missing_file_stops_a_grading_before_it_begins(clone: Course, submissions: Path) -> None:
    """Catches: an error that comes after hours, once the first work of that unit is reached."""
    hidden_tests(clone.root, "attention").unlink()
    workers = Pretended(clone)
    with pytest.raises(GraderError, match=r"test_attention\.py, which marks depend on"):
        batch(clone, submissions).run(workers, lambda event: None)
    assert not workers.graded


def test_fresh_grades_everything_again(course: Course, submissions: Path) -> None:
    workers = Pretended(course)
    for fresh in (False, False, True):
        batch(course, submissions, fresh).run(workers, lambda event: None)
    assert len(workers.graded) == 2 * 4


def test_an_incomplete_try_does_not_take_the_old_marks_away(
    course: Course, submissions: Path
) -> None:
    """Only when the second try fails too does the report say that there is no mark."""
    workers = Pretended(course)
    batch(course, submissions).run(workers, lambda event: None)
    out = submissions.parent / "out"
    workers.status = "incomplete"
    seen = []

    def tell(event: Event) -> None:
        seen.append(event.what)
        if event.what == "again":
            found = store.read(store.path_for(out, event.report.student, event.report.unit))
            assert found
            assert found.status == "graded"

    batch(course, submissions, fresh=True).run(workers, tell)
    assert seen == ["again"] * 4 + ["graded"] * 4
    assert {r.status for p in out.glob("*/*.json") if (r := store.read(p))} == {"incomplete"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("submission", "other", "another submission"),
        ("tests", "other", "other hidden tests"),
        ("manifest", "other", "other points or limits"),
        ("reference", "other", "another reference, control or network"),
        ("one more", "", "graded before by a version that kept no such account"),
        ("versions", "python 3.12, torch 2.5", "other versions: torch 2.4 → torch 2.5"),
        ("grader", "one", "graded again"),
    ],
)
def test_a_changed_mark_says_why(course: Course, name: str, value: str, words: str) -> None:
    basis = dict.fromkeys(REASONS, "one")
    basis |= {"options": "cpu, full", "versions": "python 3.12, torch 2.4"}
    empty = Submission("ann", [], "digest")
    assert basis.keys() == keys.basis(empty, course.unit("rnn"), OPTIONS, course).keys()
    before = report(course, "ann", "rnn", basis=basis)
    tests = [msgspec.structs.replace(before.tests[0], points=0.25), *before.tests[1:]]
    after = msgspec.structs.replace(before, tests=tests, basis=basis | {name: value})
    (change,) = changes(before, after)
    assert (change.before, change.after, change.reason) == (1.0, 0.25, words)
    assert not changes(before, before)
    assert not changes(msgspec.structs.replace(before, status="incomplete"), after)


def test_the_command_tells_machines_people_and_a_log(submissions: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    command = [
        "grade",
        submissions,
        "--unit",
        "rnn",
        "--no-speed",
        "--results",
        results,
        "--jobs",
        1,
    ]
    done = autograder(*command, "--json", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    *lines, last = map(json.loads, done.stdout.splitlines())
    assert {(line["student"], line["score"]) for line in lines} == {("ann", 14.0), ("李雷", 14.0)}
    assert last == {"event": "finished", "graded": 2, "kept": 0, "incomplete": 0, "unread": 0}
    with (submissions / "ann" / "rnn.py").open("a") as file:
        file.write("\ndef rnn(*args):\n    return None\n")
    with (results / "log.jsonl").open("ab") as log:
        log.write(b'{"time": "cut sh')  # a grader that was killed in mid-line
    again = autograder(*command, cwd=ROOT)
    assert "Marks that changed" in again.stdout
    with (results / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row.values()) == ["ann", "rnn", "rnn", "7", "0", "another submission"]
    assert not autograder(*command, "--quiet", cwd=ROOT).stdout
    beside = {path.name for path in results.iterdir() if path.is_file()}
    assert {n for n in beside if n[0] != "."} <= store.RESERVED, "a student may have that name"
    log = (results / "log.jsonl").read_bytes().splitlines()
    started = json.loads(log[0])
    assert (started["students"], started["read"], started["renamed"]) == (2, 2, 0)
    events = [json.loads(line)["event"] for line in log if line.endswith(b"}")]
    assert events == [
        *["started", "graded", "graded", "finished"],
        *["started", "graded", "finished"],
        *["started", "finished"],
    ]


def test_the_window_is_bounded() -> None:
    """No more than so many are under way, and items are taken only as there is room."""
    taken: list[int] = []
    most = 0

    def items() -> Iterator[int]:
        nonlocal most
        for number in range(50):
            taken.append(number)
            most = max(most, len(taken) - len(seen))
            yield number

    seen: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        for group in windowed(lambda n: pool.submit(pow, n, 2), items(), 5):
            for number, square in group:
                seen.append(number)
                assert square == number * number
    assert sorted(seen) == list(range(50))
    assert most <= 5


def test_a_program_killed_from_outside_is_tried_again(course: Course) -> None:
    """Whoever killed it, the mark is that of its work."""
    sleepy = (ROOT / "solutions" / "rnn.py").read_text("utf-8") + "\nimport time; time.sleep(3)\n"
    handed_in = Submission("ann", [File("rnn", "rnn.py", [sleepy])], "digest")
    with Graders(course, OPTIONS, [course.root], jobs=1) as graders:
        future = graders.submit(handed_in, course.unit("rnn"), "seed")
        kill_one(os.getpid(), HOST, youngest=True)
        graded = msgspec.json.decode(future.result(timeout=patience(120)), type=Report)
    assert (graded.status, graded.score) == ("graded", graded.max_score), graded.message


def test_a_program_that_is_killed_every_time_has_failed(grade_text: GradeText) -> None:
    """It cannot keep itself from being marked: here it hangs up, and is ended for it."""
    graded = grade_text("rnn", "import os\nos.closerange(0, 99)\n")
    assert (graded.status, graded.score) == ("graded", 0)


def test_a_closed_grader_starts_no_process(course: Course) -> None:
    """Ctrl-C between a lost tester and the next one must not leave a new one behind."""
    graders = Graders(course, OPTIONS, [], jobs=1)
    with graders.borrow() as grader:
        grader.close()
        found = grader.grade(Submission("ann", FILES, "digest"), course.unit("rnn"))
    graders.__exit__()
    assert (found.status, found.message) == ("incomplete", "Grading was stopped.")


def test_a_tester_that_cannot_start_makes_a_report_incomplete(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    fake = SimpleNamespace(Popen=refused, DEVNULL=-3)
    monkeypatch.setattr(grader, "subprocess", fake)
    with Grader(course, OPTIONS, []) as warm:
        found = warm.grade(Submission("ann", FILES, "digest"), course.unit("rnn"))
    assert found.status == "incomplete"
    assert "No process could be started: Resource temporarily unavailable" in found.message
