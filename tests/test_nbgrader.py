"""nbgrader's own commands, from the lesson to the exported marks, with our sandbox."""

from __future__ import annotations

import csv
import functools
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import hostile_notebook
import msgspec
import pytest
from conftest import ROOT, autograder
from formgrader import browser, formgrader
from machine import patience

from autograder.core import course as courses
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.units import hidden_tests
from autograder.grading.protocol import Options
from autograder.notebooks import build as notebooks
from autograder.notebooks.build import ANSWER, QUESTION
from autograder.notebooks.gradebook import save
from autograder.reports import store
from autograder.reports.reading import each

Gradebook = pytest.importorskip("nbgrader.api").Gradebook
sqlalchemy = pytest.importorskip("sqlalchemy")
nbformat = pytest.importorskip("nbformat")
HTMLExporter = pytest.importorskip("nbconvert.exporters").HTMLExporter

UNIT = "attention"
BY_HAND = 2  # points of its question
COLLECTED = r".*_(?P<student_id>\w+)_attempt_(?P<timestamp>[0-9\-]+)_(?P<file_id>\w+)"
REMOTE = pwd.getpwuid(os.getuid()).pw_name  # who hands in through nbgrader's exchange
NOT_WRITTEN = "raise NotImplementedError"
FORGED = """
import IPython, sqlite3
open("{marker}", "w").write("a cell was executed")
db = sqlite3.connect("{gradebook}")
db.execute("update grade set manual_score = 1000")
db.commit()
IPython.get_ipython().input_transformers_post.append(lambda lines: ["pass"])
"""


# One process for every command, which imports nbgrader once; each as from the command line. It is
# told a folder, a file for the log, and commands; it answers with how each of them ended.
COMMANDS = """
import json, os, sys
from jupyter_core.application import NoStart
from nbgrader.apps import NbGraderApp
for line in sys.stdin:
    folder, log, commands = json.loads(line)
    os.chdir(folder)
    os.dup2(os.open(log, os.O_WRONLY), 2)
    ended = []
    for arguments in commands:
        app, status = NbGraderApp.instance(), 0
        try:
            app.initialize(arguments)
            app.start()
        except NoStart:  # the subcommand has run
            pass
        except SystemExit as exit:
            status = exit.code or 0
        ended.append(f"{arguments[0]} {status}")
        app.subapp.clear_instance()
        NbGraderApp.clear_instance()
    print(json.dumps(ended), flush=True)
"""
Nbgrader = Callable[..., tuple[list[str], str]]


@pytest.fixture(scope="module")
def nbgrader() -> Iterator[Nbgrader]:
    """Runs nbgrader's commands in a folder; gives how each ended, and the log."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic
    process = subprocess.Popen(
        [sys.executable, "-c", COMMANDS],
        env=os.environ | {"PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    asked, told = process.stdin, process.stdout

    def run(folder: Path, *commands: Sequence[str]) -> tuple[list[str], str]:
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:
            print(json.dumps([str(folder), log.name, commands]), file=asked, flush=True)
            answer = told.readline()
            said = log.read()
        assert answer, said
        return json.loads(answer), said

    with process:
        yield run


Notebook = dict[str, Any]


def named(notebook: Notebook, grade_id: str) -> Notebook:
    """The cell with this grade_id."""
    cells = notebook["cells"]
    return next(c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def code(source: str) -> Notebook:
    return {
        "cell_type": "code", "id": f"own-{abs(hash(source))}", "metadata": {}, "source": source,
        "outputs": [], "execution_count": None,
    }  # fmt: skip


def perfect(_: Notebook, solved: Notebook) -> Notebook:
    return solved


def untouched(released: Notebook, _: Notebook) -> Notebook:
    return released


def partial(_: Notebook, solved: Notebook) -> Notebook:
    """One known mistake; it costs `scale` and what builds on it."""
    cell = named(solved, "scale")
    cell["source"] = "".join(cell["source"]).replace("math.sqrt(d_k)", "d_k")
    return solved


def tampered(_: Notebook, solved: Notebook) -> Notebook:
    """Right functions in a notebook whose cells were deleted, duplicated, moved and relabelled."""
    cells = solved["cells"]
    for grade_id in ("test_softmax", "test_score", "score"):
        cells.remove(named(solved, grade_id))
    cells.append(code("def score(q, k):\n    return torch.einsum('...id,...jd->...ij', q, k)"))
    cells += json.loads(json.dumps([named(solved, "test_scale"), named(solved, "weighted_sum")]))
    test = named(solved, "test_weighted_sum")
    test["metadata"]["nbgrader"] |= {"points": 99, "solution": True, "locked": False}
    test["source"] = "print('my own test')"
    answer = named(solved, "softmax")
    answer["metadata"]["nbgrader"] |= {"grade": True, "points": 50}
    named(solved, "test_attention")["metadata"]["nbgrader"] = {"grade": True}
    return solved


def hostile(released: Notebook, _: Notebook, marker: Path, gradebook: Path) -> Notebook:
    """Wrong functions, and cells that would take the marks if a kernel ran them."""
    attack = FORGED.format(marker=marker, gradebook=gradebook)
    released["cells"].insert(0, code(attack))
    raising = "raise ValueError('<script>alert(1)</script>\\n\\n# large\\n[a](javascript:b)')"
    named(released, "softmax")["source"] = f"def softmax(scores, dim=-1):\n    {raising}"
    named(released, "scale")["source"] = f"def scale(scores, d_k):\n    exec({attack!r})"
    named(released, "test_score")["source"] = "23.0"
    return released


def active_everywhere(released: Notebook, _: Notebook) -> Notebook:
    """Nothing written, but what would run on nbgrader's pages wherever these look at a notebook."""
    changed = named(released, "softmax")
    changed["metadata"]["tags"] = [f"'><script>{hostile_notebook.RUN}</script>"]
    released["cells"][0]["source"] += hostile_notebook.MARKUP[0]
    released["cells"] += hostile_notebook.cells()
    released["metadata"] |= hostile_notebook.METADATA
    return released


def hand_in_by_exchange(
    nbgrader: Nbgrader, home: Path, options: Sequence[str], notebook: str
) -> None:
    """What a student does who shares a machine with the course: list, fetch, solve, submit."""
    home.mkdir()
    listed, log = nbgrader(home, ["list", *options], ["fetch_assignment", UNIT, *options])
    assert listed == ["list 0", "fetch_assignment 0"] and f"nlp {UNIT}" in log, log
    work = home / UNIT / f"{UNIT}.ipynb"
    assert NOT_WRITTEN in work.read_text("utf-8")
    work.write_text(notebook, "utf-8")
    (home / UNIT / "evil.html").write_text(hostile_notebook.MARKUP[0], "utf-8")
    assert nbgrader(home, ["submit", UNIT, *options])[0] == ["submit 0"]


class Class:
    """The course's folder after the round trip."""

    def __init__(self, folder: Path, marker: Path, log: str) -> None:
        self.folder = folder
        self.marker = marker
        self.log = log
        with (folder / "grades.csv").open(encoding="utf-8") as file:
            self.marks = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
            file.seek(0)
            self.most = {float(row["max_score"]) for row in csv.DictReader(file)}

    def feedback(self, student: str) -> str:
        return (self.folder / "feedback" / student / UNIT / f"{UNIT}.html").read_text("utf-8")


@pytest.fixture(scope="module")
def one_unit(course: Course) -> Course:
    unit = msgspec.structs.replace(course.unit(UNIT), question=BY_HAND)
    return msgspec.structs.replace(course, units=[unit])


@pytest.fixture(scope="module")
def graded(nbgrader: Nbgrader, one_unit: Course, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """Build, generate, release, hand in, collect, autograde, feedback, export."""
    folder = tmp_path_factory.mktemp("course")
    marker = folder / "marker"
    notebooks.build(one_unit, folder, "en", Options(speed=False))
    exchange = folder / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    options = [f"--Exchange.root={exchange}", "--CourseDirectory.course_id=nlp"]
    prepared, log = nbgrader(
        folder, ["generate_assignment", UNIT], ["release_assignment", UNIT, *options]
    )
    assert prepared == ["generate_assignment 0", "release_assignment 0"], log
    released = (exchange / "nlp" / "outbound" / UNIT / f"{UNIT}.ipynb").read_text("utf-8")
    solved = (folder / "source" / UNIT / f"{UNIT}.ipynb").read_text("utf-8")
    hand_in_by_exchange(nbgrader, folder / "at home", options, solved)

    def hostile_here(one: Notebook, other: Notebook) -> Notebook:
        return hostile(one, other, marker, folder / "gradebook.db")

    students: dict[str, Callable[[Notebook, Notebook], Notebook]] = {
        "perfect": perfect,
        "untouched": untouched,
        "partial": partial,
        "tampered": tampered,
        "hostile": hostile_here,
        "active": active_everywhere,
    }
    archive = folder / "downloaded" / UNIT / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "notebooks.zip", "w") as handed_in:
        for student, change in students.items():
            text = json.dumps(change(json.loads(released), json.loads(solved)))
            handed_in.writestr(f"ps_{student}_attempt_2026-11-23-12-00-00_{UNIT}.ipynb", text)
        handed_in.writestr(f"ps_broken_attempt_2026-11-23-12-00-00_{UNIT}.ipynb", "{ not JSON")
    collected = f"--FileNameCollectorPlugin.named_regexp={COLLECTED}"
    ended, log = nbgrader(
        folder,
        ["list", "--inbound", *options],
        ["collect", UNIT, *options],
        ["zip_collect", UNIT, collected],
        ["autograde", UNIT],
        ["generate_feedback", UNIT],
        ["export"],
    )
    broken = "autograde 1"  # one notebook could not be read, and it says so
    collected = ["list 0", "collect 0", "zip_collect 0"]
    assert ended == [*collected, broken, "generate_feedback 0", "export 0"], log
    assert f"nlp {REMOTE} {UNIT}" in log
    return Class(folder, marker, log)


def test_marks_are_those_of_the_grade_command(graded: Class, tmp_path: Path) -> None:
    """The same work gets the same points from either command."""
    submitted = graded.folder / "submitted"
    options = ["--unit", UNIT, "--device", "cpu", "--no-speed", "--jobs", 1]
    done = autograder("grade", submitted, "--results", tmp_path, *options)
    assert done.returncode == 3, done.stderr
    assert "broken, attention: attention/attention.ipynb is not a Jupyter notebook" in done.stderr
    for student in (REMOTE, "perfect", "untouched", "partial", "tampered", "hostile"):
        report = store.read(store.path_for(tmp_path, student, UNIT))
        assert report
        assert graded.marks[student] == pytest.approx(report.score)
        assert graded.most == {report.max_score + BY_HAND}


def test_a_question_waits_for_whoever_marks_it_once_it_is_answered(graded: Class) -> None:
    """Its answer and rubric are in no release; what was left blank earns 0 and waits for nobody."""
    released = (graded.folder / "release" / UNIT / f"{UNIT}.ipynb").read_text("utf-8")
    asked = named(json.loads(released), QUESTION)
    assert "".join(asked["source"]) == ANSWER["en"] and "One point" not in released
    with Gradebook(f"sqlite:///{graded.folder / 'gradebook.db'}") as gradebook:
        for student, waits in {"perfect": True, "untouched": False, "hostile": False}.items():
            grade = gradebook.find_grade(QUESTION, UNIT, UNIT, student)
            assert (grade.max_score, grade.needs_manual_grade) == (BY_HAND, waits), student
            assert grade.auto_score == (None if waits else 0)


def test_reports_lie_beside_the_gradebook(graded: Class) -> None:
    report = store.read(store.path_for(graded.folder / "results", "partial", UNIT))
    assert report and report.score == pytest.approx(graded.marks["partial"])


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a database of our own, on a socket in a folder that only its owner can enter."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (installed[-1] if installed else None)
    if not found:
        pytest.skip("no PostgreSQL server is installed here (Debian: apt install postgresql)")
    programs = Path(found).parent
    user = "nobody" if os.getuid() == 0 else None  # PostgreSQL refuses to be root
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        if user:
            shutil.chown(name, user)
        run = functools.partial(
            subprocess.run, cwd=name, user=user, check=True, stdout=subprocess.DEVNULL
        )
        data = f"{name}/data"
        run([programs / "initdb", "-D", data, "-U", "gradebook", "-A", "trust", "--no-sync"])
        options = f"-c listen_addresses= -c fsync=off -k {name}"
        control = [programs / "pg_ctl", "-D", data, "-w", "-l", f"{name}/log"]
        run([*control, "-o", options, "start"])
        try:
            yield f"postgresql+psycopg://gradebook@/postgres?host={name}"
        finally:
            run([*control, "-m", "immediate", "stop"])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gradebook.db"
    url: str = request.getfixturevalue("postgresql")
    return url


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    engine = sqlalchemy.create_engine(url)
    known = sqlalchemy.MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for name, table in known.tables.items()
        }


def test_reports_go_into_a_gradebook_again_and_again(graded: Class, database: str) -> None:
    """`autograder export --to nbgrader` makes the same marks as grading inside nbgrader.

    A second export changes no row, and what an instructor wrote meanwhile stays.
    """
    course = courses.load(ROOT)
    unit = course.unit(UNIT)
    students = list(each(graded.folder / "results", [unit]))
    assert save(students, course, database, "zh") == []
    with Gradebook(database) as gradebook:
        submissions = gradebook.assignment_submissions(UNIT)
        found = {s.student.id: (s.score, s.max_score) for s in submissions}
        assert {name: marks[0] for name, marks in found.items()} == {
            name: pytest.approx(graded.marks[name]) for name in found
        }
        assert {marks[1] + BY_HAND for marks in found.values()} == graded.most
        grades = gradebook.find_submission_notebook(UNIT, UNIT, "partial").grades
        assert len(grades) == len(unit.exercises)
        said = gradebook.find_comment("scale", UNIT, UNIT, "partial").comment
        assert "个测试中通过了" in said and "宽度" in said
    before = everything(database)
    assert save(students, course, database, "zh") == []
    assert everything(database) == before
    with Gradebook(database) as gradebook:
        grade = gradebook.find_grade("test_scale", UNIT, UNIT, "partial")
        grade.manual_score, grade.extra_credit = 1.5, 0.25
        gradebook.find_comment("scale", UNIT, UNIT, "partial").manual_comment = "Come and see me."
        gradebook.find_student("partial").email = "partial@example.org"
        gradebook.db.commit()
    (told,) = save(students, course, database, "en")
    assert (
        told == "partial: attention keeps what was given by hand in the gradebook for test_scale."
    )
    with Gradebook(database) as gradebook:
        grade = gradebook.find_grade("test_scale", UNIT, UNIT, "partial")
        assert (grade.auto_score, grade.manual_score, grade.score) == (0, 1.5, 1.75)
        comment = gradebook.find_comment("scale", UNIT, UNIT, "partial")
        assert comment.comment == "Come and see me."
        assert "tests passed" in comment.auto_comment
        assert gradebook.find_student("partial").email == "partial@example.org"


@pytest.mark.parametrize(
    "url", ["no database at all", "postgresql+psycopg://nobody@/none?host=/no/such/folder"]
)
def test_a_gradebook_that_cannot_be_had_is_an_error_in_words(url: str) -> None:
    with pytest.raises(CourseError, match="gradebook's database cannot be used"):
        save([], courses.load(ROOT), url, "en")


def test_tampering_with_cells_costs_and_earns_nothing(graded: Class) -> None:
    assert graded.marks["perfect"] == graded.marks["tampered"] == max(graded.most) - BY_HAND
    assert graded.marks[REMOTE] == max(graded.most) - BY_HAND
    assert 0 < graded.marks["partial"] < graded.marks["perfect"]
    assert graded.marks["untouched"] == 0


def test_no_cell_is_executed(graded: Class) -> None:
    assert graded.marks["hostile"] < graded.marks["partial"]
    assert not graded.marker.exists()
    assert all(mark <= max(graded.most) for mark in graded.marks.values())


def test_a_notebook_that_cannot_be_read_stops_nobody_else(graded: Class) -> None:
    assert "'attention' for student 'broken'" in graded.log
    assert graded.marks["broken"] == 0


def test_feedback_tells_reasons_and_no_test_s_source(graded: Class) -> None:
    hidden = hidden_tests(ROOT, UNIT).read_text("utf-8")
    secrets = [line.strip() for line in hidden.splitlines() if "assert_" in line and "(" in line]
    secrets += re.findall(r'^    """(\w.*?)"*\n', hidden, re.MULTILINE)
    for student in ("perfect", "untouched", "partial", "tampered", "hostile"):
        text = graded.feedback(student)
        assert not [line for line in secrets if line in text]
    assert "divided by the width itself" in graded.feedback("partial")
    assert "is not implemented yet" in graded.feedback("untouched")
    assert "All 8 tests passed." in graded.feedback("perfect")


def test_a_program_s_words_stay_words(graded: Class) -> None:
    text = graded.feedback("hostile")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert 'href="javascript' not in text


def test_formgrader_shows_marks_and_reasons(graded: Class) -> None:
    """A Jupyter server really runs it, and a browser, where there is one, looks at its pages."""
    with formgrader(graded.folder) as server:
        (assignment,) = server.answer("api/assignments")
        assert (assignment["name"], assignment["max_score"]) == (UNIT, max(graded.most))
        found = {
            one["student"]: one for one in server.answer(f"api/submitted_notebooks/{UNIT}/{UNIT}")
        }
        assert {name: one["score"] for name, one in found.items()} == {
            name: pytest.approx(graded.marks[name]) for name in found
        }
        students = {REMOTE, "perfect", "untouched", "partial", "tampered", "hostile", "active"}
        assert set(found) == students
        evil = f"submissions/{found[REMOTE]['id']}/evil.html"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            server.answer(evil)
        partial = found["partial"]["id"]
        said = server.answer(f"api/comments?submission_id={partial}")
        assert any("divided by the width itself" in one["auto_comment"] for one in said)
        if not browser():
            pytest.skip("its answers are right; its pages need chromium, which is not installed")
        assert f">{UNIT}<" in server.page("manage_assignments")
        listed = server.page(f"manage_submissions/{UNIT}")
        assert all(f">{name}<" in listed for name in found)
        assert "divided by the width itself" in server.page(f"submissions/{partial}/")
        page = server.page(f"submissions/{found['hostile']['id']}/")
        assert "alert(1)" in page
        assert "<script>alert(1)" not in page
        assert 'href="javascript:b' not in page
        pages = [server.page(f"submissions/{found[one]['id']}/") for one in ("active", "untouched")]
        assert hostile_notebook.OWNED not in pages[0].partition("<head")[0]
        assert active(pages[0]) == active(pages[1])
        assert server.answer(f"api/submitted_notebooks/{UNIT}/{UNIT}") == [*found.values()]


def test_nothing_withheld_is_released(graded: Class) -> None:
    release = json.loads((graded.folder / "release" / UNIT / f"{UNIT}.ipynb").read_text("utf-8"))
    for exercise in ("score", "softmax", "attention"):
        assert NOT_WRITTEN in "".join(named(release, exercise)["source"])
        assert "SOLUTION" not in "".join(named(release, exercise)["source"])


def test_grading_again_changes_nothing_but_what_was_graded_by_hand(
    nbgrader: Nbgrader, graded: Class
) -> None:
    url = f"sqlite:///{graded.folder}/gradebook.db"
    with Gradebook(url) as gradebook:
        grade = gradebook.find_grade("test_scale", UNIT, UNIT, "partial")
        grade.manual_score = 1.5
        gradebook.db.commit()
    again = ["autograde", UNIT, "--student", "partial", "--force"]
    assert nbgrader(graded.folder, again)[0] == ["autograde 0"]
    with Gradebook(url) as gradebook:
        grade = gradebook.find_grade("test_scale", UNIT, UNIT, "partial")
        assert (grade.auto_score, grade.manual_score, grade.score) == (0, 1.5, 1.5)
        assert grade.needs_manual_grade
        notebook = gradebook.find_submission_notebook(UNIT, UNIT, "partial")
        assert notebook.score == pytest.approx(graded.marks["partial"] + 1.5)


# Nothing active on anyone's page


class Active(HTMLParser):
    """Counts, in a page, what a browser may run or fetch."""

    TAGS = frozenset("script iframe object embed form meta link base svg img style math".split())

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += tag in self.TAGS
        for name, value in attrs:
            self.found[name] += name.startswith("on") or name == "srcdoc"
            lead = re.sub(r"[\s\x00-\x1f]", "", value or "")[:11].lower()
            self.found[lead] += lead.startswith(("javascript:", "data:text", "vbscript:"))


def active(page: str) -> dict[str, int]:
    return {what: count for what, count in Active(page).found.items() if count}


def test_hostile_notebooks_put_nothing_active_on_a_page(graded: Class) -> None:
    """No more than an untouched notebook's: every kind of cell, output, attachment and metadata."""
    assert active(graded.feedback("active")) == active(graded.feedback("untouched"))
    kept = graded.folder / "autograded" / "active" / UNIT / f"{UNIT}.ipynb"
    notebook = json.loads(kept.read_text("utf-8"))
    assert notebook["metadata"] == notebooks.METADATA
    assert all(cell["metadata"].keys() <= {"nbgrader"} for cell in notebook["cells"])
    assert not any(cell.get("outputs") for cell in notebook["cells"])
    assert {cell["cell_type"] for cell in notebook["cells"]} == {"markdown", "code"}
    whole = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert all(markup in whole for markup in hostile_notebook.MARKUP), "it can be read, though"
    assert not (graded.folder / "autograded" / REMOTE / UNIT / "evil.html").exists()
    assert (graded.folder / "submitted" / REMOTE / UNIT / "evil.html").exists()


@pytest.mark.parametrize("template", ["classic", pytest.param("lab", marks=pytest.mark.long)])
def test_these_notebooks_are_hostile(graded: Class, tmp_path: Path, template: str) -> None:
    """As nbgrader would have it without us, a browser runs what they bring; with us it does not."""
    if not browser():
        pytest.skip("what a page runs, a browser tells: chromium is not installed")
    submitted = graded.folder / "submitted" / "active" / UNIT / f"{UNIT}.ipynb"
    kept = graded.folder / "autograded" / "active" / UNIT / f"{UNIT}.ipynb"
    for path, owned in ((submitted, True), (kept, False)):
        exporter = HTMLExporter(template_name=template, mathjax_url="", require_js_url="")
        page, _ = exporter.from_notebook_node(nbformat.read(path, as_version=4))
        (tmp_path / "page.html").write_text(page, "utf-8")
        assert (hostile_notebook.OWNED in dom(tmp_path / "page.html")) is owned


def dom(page: Path) -> str:
    """What a browser makes of a file, after its scripts have run."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
    command = [str(browser()), *options, f"--user-data-dir={page.parent / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, page.as_uri()], capture_output=True, text=True, check=True, timeout=patience(120)
    )
    return done.stdout.partition("<html")[2].partition(">")[0]


# nbgrader without our sandbox


OTHER = "\nc.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.Execute']\n"


def test_other_settings_and_other_assignments_are_refused(
    nbgrader: Nbgrader, one_unit: Course, tmp_path: Path
) -> None:
    """Nothing runs or is marked, and what is not graded here is exported as no zero."""
    marker = tmp_path / "marker"
    notebooks.build(one_unit, tmp_path, "en", Options(speed=False))
    source = tmp_path / "source" / UNIT / f"{UNIT}.ipynb"
    released = json.loads(source.read_text("utf-8"))
    assert "hidden tests" in released["cells"][0]["source"][0]
    released["cells"].insert(0, code(f"open({str(marker)!r}, 'w').close()"))
    (tmp_path / "source" / "ps1").mkdir()
    (tmp_path / "source" / "ps1" / "ps1.ipynb").write_text(json.dumps(released), "utf-8")
    markup = '";alert(1);"<img src=x>'
    for student, assignment in (("ann", UNIT), ("ann", "ps1"), (markup, UNIT)):
        folder = tmp_path / "submitted" / student / assignment
        folder.mkdir(parents=True)
        (folder / f"{assignment}.ipynb").write_text(json.dumps(released), "utf-8")
    config = tmp_path / "nbgrader_config.py"
    ours = config.read_text("utf-8")
    config.write_text(ours + OTHER, "utf-8")
    ended, log = nbgrader(
        tmp_path, ["generate_assignment", UNIT], ["generate_assignment", "ps1"], ["autograde", UNIT]
    )
    assert ended[2] == "autograde 1", log
    assert "without SandboxGrade, without SaveSandboxGrades, with Execute" in log
    config.write_text(ours + "\nc.SandboxGrade.enabled = False\n", "utf-8")
    assert "without SandboxGrade." in nbgrader(tmp_path, ["autograde", UNIT])[1]
    config.write_text(ours, "utf-8")
    ended, log = nbgrader(
        tmp_path,
        ["autograde", "ps1"],
        ["export"],
        ["export", "--assignment", "['ps1']"],
        ["autograde", UNIT, "--student", markup],
    )
    assert ended[:2] == ["autograde 1", "export 0"]
    assert ended[2].endswith("There is no unit of this course to export.")
    assert ended[3] == "autograde 1"
    assert f"{markup} has signs of markup in it" in log
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        assert not gradebook.students
    assert "'ps1' is no unit of this course, and was not graded" in log
    assert "left out, not exported as zeros: ps1" in log
    assert "ps1" not in (tmp_path / "grades.csv").read_text("utf-8")
    assert not list(tmp_path.glob("autograded/*/*"))
    assert not marker.exists()
    with pytest.raises(CourseError, match=r"no units of this course: ps1\."):
        notebooks.build(one_unit, tmp_path)


def test_a_folder_that_nbgrader_has_made_gets_our_settings(
    nbgrader: Nbgrader, one_unit: Course, tmp_path: Path
) -> None:
    """They join its own, once, and stay the last word; where they cannot, that is an error."""
    nbgrader(tmp_path, ["quickstart", "nlp"])
    folder = tmp_path / "nlp"
    config = folder / "nbgrader_config.py"
    before = config.read_text("utf-8")
    with pytest.raises(CourseError, match=r"no units of this course: ps1\."):
        notebooks.build(one_unit, folder)
    assert config.read_text("utf-8") == before
    shutil.rmtree(folder / "source" / "ps1")
    config.write_text(before + OTHER, "utf-8")
    for _ in range(2):
        notebooks.build(one_unit, folder, "zh")
        joined = config.read_text("utf-8")
        assert joined.startswith(before + OTHER)
        assert joined.count("load_subconfig(") == 1
    notebooks._check_settings(folder)
    for broken in ("this is no Python", "raise SystemExit(1)"):
        config.write_text(broken, "utf-8")
        with pytest.raises(CourseError, match="cannot be added"):
            notebooks.build(one_unit, folder)
        assert config.read_text("utf-8") == broken
