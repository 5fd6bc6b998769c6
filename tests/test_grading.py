"""One submission in, one report out: limits, crashes, words, seeds and reproducibility."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT, GradeText

from autograder.batch.run import Batch
from autograder.batch.workers import Graders
from autograder.core import course as courses
from autograder.core.course import Course
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options, UnitOutcome, UnitTask
from autograder.grading.scoring import count_points
from autograder.intake.reading import read
from autograder.reports import schema, store
from autograder.reports.schema import Report, TestStatus
from autograder.reports.wording import help_for, reason
from autograder.testing.direct import LocalBackend

SOLUTION = (ROOT / "solutions" / "rnn.py").read_text("utf-8")


def messages(report: Report, exercise: str) -> set[str]:
    failed = {t.message for t in report.tests if t.exercise == exercise and t.status == "failed"}
    assert failed
    return failed


def broken(function: str, body: str) -> str:
    """The right solution with one function replaced."""
    return f"{SOLUTION}\n\ndef {function}(*args):\n    {body}\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no idea')", "raised ValueError: no idea in rnn.py, line"),
        ("return None", "None (is a `return` missing?)"),
        ("return 'text'", "is 'text', expected a tensor"),
        ("return object()", "a value of type object"),
        ("return (x for x in args)", "a value of type generator"),
        ("return args[0].numpy()", "NumPy array"),
        ("exit()", "SystemExit"),
        ("import os; os._exit(0)", "ended the Python process"),
        ("import ctypes; ctypes.string_at(0)", "crashed (segmentation fault)"),
        ("import os; os.abort()", "the program crashed"),  # process 1 is deaf to SIGABRT
        ("import jax", "No module named 'jax'"),
        ("return rnn(*args)", "RecursionError"),
        ("return [0] * 300_000", "too many parts"),
        ("return torch.zeros(9 << 20, dtype=torch.uint8)", "more than 8 MiB"),
        ("return torch.zeros(9 << 30, dtype=torch.uint8)", "can't allocate memory"),
        ("return input('x')", "EOFError"),
    ],
)
def test_each_kind_of_failure_has_its_words(grade_text: GradeText, body: str, words: str) -> None:
    report = grade_text("rnn", broken("rnn", body))
    assert report.status == "graded"
    assert any(words in message for message in messages(report, "rnn"))
    others = [t for t in report.tests if t.exercise == "rnn_step" and t.status != "not_run"]
    assert all(t.status == "passed" for t in others), "one crash costs only its own tests"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def rnn(:\n", "Python cannot read rnn.py, line 1"),
        ("x = 1\n", "defines no function `rnn`"),
        ("rnn = 3\n", "is of type `int`, not a function"),
        ("import tensorflow\n", "No module named 'tensorflow'"),
        ("1 / 0\n", "rnn.py cannot be imported: ZeroDivisionError"),
        ("import os; os._exit(0)\n", "Importing rnn.py: the program ended"),
        ("raise SystemExit\n", "rnn.py cannot be imported: SystemExit"),
        ("# nothing yet\n", "defines no function `rnn`"),
    ],
)
def test_a_file_that_does_not_load(grade_text: GradeText, text: str, words: str) -> None:
    report = grade_text("rnn", text)
    assert (report.score, report.status) == (0, "graded")
    assert any(words in message for message in messages(report, "rnn"))


def test_nothing_handed_in(tmp_path: Path, course: Course, grader: Grader) -> None:
    (tmp_path / "ann").mkdir()
    report = grader.grade(read(tmp_path, "ann", course), course.unit("rnn"))
    assert (report.status, report.score, report.tests) == ("missing", None, [])
    assert report.max_score == course.unit("rnn").max_score(Options().kinds)
    assert "No rnn.py or rnn.ipynb was handed in (handed in: nothing)" in report.message


def test_a_hang_ends_within_its_limit(course: Course, tmp_path: Path) -> None:
    limits = msgspec.structs.replace(course.limits, call_seconds=0.5, unit_seconds=10.0)
    quick = msgspec.structs.replace(course, limits=limits)
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "rnn.py").write_text(broken("rnn", "while True: pass"), "utf-8")
    with Grader(quick, Options(), [course.root]) as grader:
        grader.grade(read(ROOT, "solutions", course), course.unit("rnn"))  # warms it
        report = grader.grade(read(tmp_path, "ann", course), course.unit("rnn"))
    said = [t.message for t in report.tests if t.exercise == "rnn" and t.status == "failed"]
    assert said.count("`rnn` took more than 0.5 CPU-seconds.") == 2, "it was tried twice"
    assert all("was not called again" in m for m in said if "took more" not in m)


def test_units_may_import_one_another(grade_text: GradeText) -> None:
    attention = (ROOT / "solutions" / "attention.py").read_text("utf-8")
    own = (ROOT / "solutions" / "self_attention.py").read_text("utf-8")
    report = grade_text("self_attention", own, attention=attention)
    assert report.score == report.max_score


def test_inputs_follow_the_work_and_come_back_with_it(
    course: Course, grader: Grader, tmp_path: Path
) -> None:
    """The same work gets the same inputs (a mark can be reproduced); other work gets others."""
    seeds = []
    for name, text in [("ann", "x"), ("ann", "x"), ("ann", "y"), ("bob", "x")]:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "rnn.py").write_text(text)
        seeds.append(grader.grade(read(tmp_path, name, course), course.unit("rnn")).seed)
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3


def test_points_are_shared_by_kind_and_never_shrink(course: Course) -> None:
    unit = course.unit("rnn")
    tests = [
        schema.TestResult("a", "rnn", "correctness", "passed"),
        schema.TestResult("b", "rnn", "correctness", "failed"),
        schema.TestResult("c", "rnn", "gpu", "not_run"),
    ]
    counted = count_points(unit, tests, frozenset({"correctness"}))
    share = unit.exercise("rnn").points["correctness"] / 2
    assert [(t.points, t.max_points) for t in counted] == [(share, share), (0, share), (0, 0)]


def test_a_report_survives_its_file_and_nothing_else_does(
    grade_text: GradeText, tmp_path: Path
) -> None:
    report = grade_text("rnn", SOLUTION)
    path = store.path_for(tmp_path, "李雷", "rnn")
    store.write(path, store.encode(report))
    assert store.read(path) == report
    for damaged in (b"", b"{", path.read_bytes()[:-20], b'{"schema": 99}'):
        path.write_bytes(damaged)
        assert store.read(path) is None
    assert store.read(tmp_path / "nowhere.json") is None


def test_the_reports_fields_are_the_documented_ones(grade_text: GradeText) -> None:
    report = msgspec.to_builtins(grade_text("rnn", broken("rnn", "return args[0]")))
    outer = "schema student unit status isolation score max_score tests figures".split()
    assert set(outer) <= set(report)
    fields = "id exercise kind status points max_points message help help_id facts"
    fields = [*fields.split(), "follows"]
    assert all(list(test) == fields for test in report["tests"])


# Speed


def test_speed_that_is_not_asked_for_costs_nothing(course: Course, graders: Graders) -> None:
    with graders.borrow() as grader:
        report = grader.grade(read(ROOT, "solutions", course), course.unit("rnn"))
    asked, all_kinds = course.unit("rnn").max_score(Options(speed=False).kinds), Options().kinds
    assert report.score == report.max_score == asked < course.unit("rnn").max_score(all_kinds)
    assert {t.status for t in report.tests if t.kind == "speed"} == {"not_run"}
    assert report.status == "graded"


def test_a_wrong_value_fails_the_test_of_speed_too(grade_timed: GradeText) -> None:
    report = grade_timed("rnn", broken("rnn", "return torch.zeros(256, 4, 4)"))
    timed = [t for t in report.tests if t.kind == "speed"]
    assert [t.status for t in timed] == ["failed", "failed"]
    assert all("expected" in t.message for t in timed)


def test_what_could_not_be_measured_is_no_zero(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is incomplete, and the batch tries once more before it says so."""
    tries: list[str] = []

    def run(self: Grader, task: UnitTask) -> UnitOutcome:
        tries.append(task.unit)
        first = tries.count(task.unit) == 1
        status: TestStatus = "not_run" if first else "passed"
        timed = schema.TestResult(
            "a", task.unit, "speed", status, message="Not measured this time."
        )
        return UnitOutcome([timed], unmeasured="too busy" if first else "")

    monkeypatch.setattr(Grader, "_run", run)
    units = [course.unit("rnn")]
    batch = Batch(course, ROOT / "course" / "sample_class", tmp_path, units, Options())
    batch.asked = ["li_na"]
    with Grader(course, Options(), []) as grader:
        report = grader.grade(read(batch.submissions, "li_na", course), units[0])
    assert (report.status, report.message) == ("incomplete", "too busy")
    assert report.tests[0].max_points == units[0].exercise("rnn").points["speed"]
    tries.clear()
    told: list[tuple[str, str]] = []
    with Graders(course, Options(), [], jobs=1) as graders:
        batch.run(graders, lambda event: told.append((event.what, event.report.status)))
    assert tries == ["rnn", "rnn"]
    assert told == [("again", "incomplete"), ("graded", "graded")]


def test_the_tester_knows_what_could_not_be_measured() -> None:
    from autograder.grading.outcomes import Recorder, Whereabouts
    from autograder.mistakes.diagnose import Recording
    from autograder.speed.clock import Unmeasured

    recorder = Recorder(
        Recording(LocalBackend(ROOT), *[lambda unit: []] * 2, lambda unit, function: print),
        Whereabouts(),
        lambda *_: iter(()),
    )
    status, message, *_ = recorder._judge(Unmeasured("too busy"))
    assert (status, recorder.unmeasured, recorder.error) == ("not_run", "too busy", "")
    assert "too busy" in message


def test_a_slow_program_is_told_so_in_both_languages(grade_timed: GradeText) -> None:
    courses.load(ROOT)  # whose words are translated, whatever course another test was about
    slow = (
        "\n\nall_at_once = rnn\n\n\ndef rnn(x, h, *weights):\n"
        "    return torch.cat([all_at_once(x[[n]], h[[n]], *weights) for n in range(len(x))])\n"
    )
    report = grade_timed("rnn", SOLUTION + slow)
    race, other = [test for test in report.tests if test.kind == "speed"]
    assert other.status == "passed", "it takes all units of the state at once"
    assert (race.status, race.help_id) == ("failed", "looped")
    assert "the time that a loop over the 4,096 sentences takes; without a" in race.message
    assert "Counted beside your program, as advice: a GPU would run" in race.help
    assert "逐个循环处理 4,096 个句子所用时间的" in reason(race, "zh")
    assert "仅供参考" in help_for(race, "zh")


def test_files_of_ours_that_do_not_load_cost_the_other_units_nothing(tmp_path: Path) -> None:
    """One unit's solution does not load, another's mistakes, a third one's hidden tests."""
    no_bytecode = shutil.ignore_patterns("__pycache__", "sample_class")
    for name in ("course", "solutions"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=no_bytecode)
    hidden = "course/units/{0}/hidden/{1}.py".format
    for name in ("solutions/cost.py", hidden("gates", "mistakes"), hidden("rnn", "test_rnn")):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write("\nnothing_has_this_name\n")
    course = courses.load(tmp_path)
    units = [course.unit(name) for name in ("cost", "gates", "rnn", "receptive_field")]
    with Grader(course, Options(speed=False), [course.root]) as grader:
        ann = read(tmp_path, "solutions", course)
        reports = {unit.name: grader.grade(ann, unit) for unit in units}
    whole = reports.pop("receptive_field")
    assert (whole.status, whole.score) == ("graded", whole.max_score)
    for name, report in reports.items():
        assert report.status == "incomplete"
        assert f"The course's own files of {name} do not load" in report.message
        assert "nothing_has_this_name" in report.message
