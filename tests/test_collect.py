"""Downloads as platforms make them, by rule: each becomes a folder a student; nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import http.server
import io
import json
import os
import random
import re
import stat
import subprocess
import sys
import threading
import typing
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import typer
from conftest import ROOT, autograder
from machine import unless_it_hangs

from autograder.cli.collect import collect as command
from autograder.core.course import Course
from autograder.core.errors import ResultsError, SubmissionsError
from autograder.core.language import restate
from autograder.intake import left_out, reading
from autograder.intake.collect import archives, download, gradescope, people, repositories, run
from autograder.intake.collect.platforms import NAMES, PLATFORMS, RECEIPT, recognise
from autograder.intake.collect.run import Summary, collect, fetch
from autograder.intake.names import plain
from autograder.intake.reading import find_students
from autograder.local import handin
from autograder.reports.store import read

CODE = (ROOT / "solutions" / "rnn.py").read_bytes()
CLASS = ["Jane Roe", "Çelik Ünal", "王小明", "Ольга Иванова", "مريم العلي", "प्रिया शर्मा"]
Files = dict[str, bytes]


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def packed(files: Mapping[str, bytes], **options: typing.Any) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def there(into: Path) -> dict[str, bytes]:
    """What `grade` would find: files in folders of students, by their paths."""
    students = [p for p in into.iterdir() if p.is_dir() and not p.name.startswith(".")]
    found = [path for student in students for path in student.rglob("*") if path.is_file()]
    return {path.relative_to(into).as_posix(): path.read_bytes() for path in found}


def rows(into: Path, *columns: str) -> set[tuple[str, ...]]:
    return {tuple(getattr(p, column) for column in columns) for p in people.read(into)}


# Each gives a download's files, and what must come of it: files, and people (folder, id, name).
def canvas() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    """github.com/instructure/canvas-lms, lib/content_zipper.rb; a sortable name's letters."""
    files, wanted, who = {}, {}, set()
    for number, name in enumerate(CLASS, 12345):
        short = re.sub(r"[ ,.]", "", name).lower()
        late = "LATE_" if number % 2 else ""
        files[f"{short}_{late}{number}_{number + 600}_rnn-1.py"] = CODE
        files[f"{short}_{late}{number}_{number + 100}_rnn.py"] = b"# before\n"
        files[f"{short}_{late}{number}_{number + 300}_part-2.ipynb"] = b"{}"
        wanted |= {f"{short}_{number}/rnn.py": CODE, f"{short}_{number}/part-2.ipynb": b"{}"}
        who.add((f"{short}_{number}", str(number), short))
    files |= {"anon_x7Kq2_51_rnn.py": CODE, "LATE_anon_99999_52_3_4_rnn.py": CODE}
    files |= {"typo_777_text.html": b"<p>my text", "linker_778_link.html": b"<a href=x>"}
    wanted |= {"anon_x7Kq2/rnn.py": CODE, "anon_99999/3_4_rnn.py": CODE}
    wanted |= {"typo_777/typed.html": b"<p>my text", "linker_778/typed.html": b"<a href=x>"}
    who |= {("anon_x7Kq2", "anon_x7Kq2", ""), ("anon_99999", "anon_99999", "")}
    return files, wanted, who | {("typo_777", "777", "typo"), ("linker_778", "778", "linker")}


def moodle(flat: bool = False, old: bool = False) -> tuple[Files, Files, set[tuple[str, str, str]]]:
    """github.com/moodle/moodle, mod/assign/classes/downloader.php; before 4.1 with "_/"."""
    between = "_" if flat else "_/" if old else "/"
    files, wanted, who = {}, {}, set()
    for number, name in enumerate([*CLASS, "Participant", "Group A"], 4711):
        files[f"{name}_{number}_assignsubmission_file{between}rnn.py"] = CODE
        wanted[f"{name}_{number}/rnn.py"] = CODE
        who.add((f"{name}_{number}", str(number), name))
    files[f"Default group_assignsubmission_file{between}rnn.ipynb"] = b"{}"
    files[f"Bo Q_99_assignsubmission_onlinetext{between}onlinetext.html"] = b"<p>mine"
    wanted |= {"Default group/rnn.ipynb": b"{}", "Bo Q_99/onlinetext.html": b"<p>mine"}
    who |= {("Default group", "", "Default group"), ("Bo Q_99", "99", "Bo Q")}
    if not flat:
        files[f"Bo Q_99_assignsubmission_file{between}deep/er/a.py"] = b""
        wanted["Bo Q_99/deep/er/a.py"] = b""
    return files, wanted, who


def blackboard() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    """Blackboard Original: a text file an attempt, which has the name and the login."""
    files, wanted, who = {}, {}, set()
    for number, name in enumerate(CLASS):
        login = f"s_{number}" if number % 2 else f"s{number}@uni.example"
        word = "poging" if number % 3 else "attempt"
        for day, code in (("26", CODE), ("25", b"# before\n")):
            start = f"My unit_1_{login}_{word}_2025-11-{day}-21-33-00"
            receipt = f"\ufeffName: {name} ({login})\r\nAssignment: My unit_1\r\n"
            files |= {f"{start}_rnn.py": code, f"{start}.txt": receipt.encode()}
        wanted |= {f"{login}/rnn.py": CODE, f"{login}/typed.txt": receipt.encode()}
        who.add((login, login, name))
    return files, wanted, who


def brightspace() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    times = ["Nov 26, 2025 933 PM", "26 November 2025 1205 AM", "May 3, 2025 1:12 PM"]
    files, wanted, who = {"index.html": b"<table>"}, {}, set()
    for number, name in enumerate(CLASS, 10):
        number_pair = f"{number}-777"
        files[f"{number_pair} - {name} - {times[number % 3]}/rnn.py"] = CODE
        files[f"{number_pair} - {name} - May 3, 2025 112 AM/rnn.py"] = b"# before\n"
        wanted[f"{name}_{number_pair}/rnn.py"] = CODE
        who.add((f"{name}_{number_pair}", number_pair, name))
    files["16-777 - A - B - May 3, 2025 112 PM/rnn.py"] = CODE
    return (
        files,
        wanted | {"A - B_16-777/rnn.py": CODE},
        who | {("A - B_16-777", "16-777", "A - B")},
    )


def sakai(flat: bool = False) -> tuple[Files, Files, set[tuple[str, str, str]]]:
    """github.com/sakaiproject/sakai, AssignmentServiceImpl.java; a sorted name, and the login."""
    files, wanted, who = {"grades.csv": b"Task,Points\n"}, {}, set()
    for number, name in enumerate(CLASS):
        first, _, last = name.partition(" ")
        start, login = f"{last}, {first}(s{number})", f"s{number}"
        folder = "_Submission attachment(s)_" if flat else "/Submission attachment(s)/"
        files[f"{start}{folder}rnn.py"] = CODE
        label = f"{last}, {first}".strip() + f"_{login}"
        wanted[f"{label}/rnn.py"] = CODE
        who.add((label, login, f"{last}, {first}"))
        if not flat:
            files[f"{start}/timestamp.txt"] = b"2025-11-26T21:33:00.123Z"
            files[f"{start}/Submission attachment(s)/timestamp.txt"] = b"mine"
            files[f"{start}/comments.txt"] = b"an instructor's"
            wanted[f"{label}/timestamp.txt"] = b"mine"
    if not flat:
        group = "Team A (0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f)"
        files[f"{group}/Entregas/rnn.py"] = CODE
        files[f"{group}/members.txt"] = b"Roe, Ann(ann); &#29579;, Bo(bo)"
        files["Q, Cy(cy)/Q, Cy(cy)_submissionText.html"] = b"<p>mine"
        wanted |= {"Team A/rnn.py": CODE, "Q, Cy_cy/typed.html": b"<p>mine"}
        who |= {
            ("Team A", "ann", "Roe, Ann"),
            ("Team A", "bo", "王, Bo"),
            ("Q, Cy_cy", "cy", "Q, Cy"),
        }
    return files, wanted, who


def gradescope_export() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    """Several submitters are a group; any of their fields may be missing; one is in no list."""
    lines, files, wanted, who = [], {}, {}, set()
    for number, name in enumerate(CLASS, 100):
        lines += [f"submission_{number}:", "  :submitters:", f"  - :name: {name}"]
        lines += [f"    :sid: '00{number}'", f"    :email: s{number}@uni.example"]
        lines += ["  :created_at: 2025-11-26 20:14:13.123456789 Z", "  :history:", "  - :score: 1"]
        files[f"submission_{number}/rnn.py"] = CODE
        wanted[f"{name}_00{number}/rnn.py"] = CODE
        who.add((f"{name}_00{number}", f"00{number}", name))
    lines += ["submission_7:", "  :submitters:", "  - :name: Ann", "    :sid:"]
    lines += ["  - :name: Bo", "    :sid: '8'", "  - :name: ~", "  :results: {}"]
    text = "\n".join(lines).encode()
    files |= {"submission_7/rnn.py": CODE, "submission_8/rnn.py": CODE}
    wanted |= {"Ann + Bo/rnn.py": CODE, "submission_8/rnn.py": CODE}
    who |= {("Ann + Bo", "", "Ann"), ("Ann + Bo", "8", "Bo"), ("submission_8", "", "")}
    return files | {"submission_metadata.yml": text}, wanted, who


def nbgrader() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    files, wanted, who = {}, {}, set()
    for number, name in enumerate(CLASS):
        login = f"s{number}" if number else name
        work = {f"{login}/rnn/rnn.ipynb": b"{}", f"{login}/rnn/timestamp.txt": b"2025-11-26 UTC\n"}
        files |= {f"submitted/{path}": data for path, data in work.items()}
        wanted |= work
        who.add((login, login, ""))
    return files | {"source/rnn/rnn.ipynb": b"{}"}, wanted, who


def zips() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    files = {f"{name}.zip": packed({"rnn.py": CODE, "__MACOSX/._rnn.py": b""}) for name in CLASS}
    files["Jane Roe (1).zip"] = packed({"hw/rnn.py": CODE})
    files["Bo.RAR"] = b"Rar!"
    wanted = {f"{name}/rnn.py": CODE for name in CLASS[1:]} | {"Jane Roe/hw/rnn.py": CODE}
    return files, wanted | {"Bo/Bo.RAR": b"Rar!"}, {(name, "", name) for name in [*CLASS, "Bo"]}


def drive() -> tuple[Files, Files, set[tuple[str, str, str]]]:
    forms = ["Copy of rnn - {}.ipynb", "{} - RNN.ipynb", "rnn_{} (1).ipynb", "rnn ({}).ipynb"]
    files = {forms[n % 4].format(name): name.encode() for n, name in enumerate(CLASS)}
    files["self attention - Jane Roe.py.txt"] = CODE
    files["Jane Roe - Copy of gates.ipynb"] = b"{}"  # as Classroom names a copy of a Colab's
    wanted = {f"{name}/rnn.ipynb": name.encode() for name in CLASS}
    wanted |= {"Jane Roe/self_attention.py": CODE, "Jane Roe/gates.ipynb": b"{}"}
    return files, wanted, {(name, "", name) for name in CLASS}


DOWNLOADS = {
    "canvas": canvas(),
    "moodle": moodle(),
    "moodle before 4.1": moodle(old=True),
    "moodle flat": moodle(flat=True),
    "blackboard": blackboard(),
    "brightspace": brightspace(),
    "sakai": sakai(),
    "sakai flat": sakai(flat=True),
    "gradescope": gradescope_export(),
    "nbgrader": nbgrader(),
    "zips": zips(),
    "drive": drive(),
}


@pytest.mark.parametrize("form", ["folder", "zip", "zip of a folder"])
@pytest.mark.parametrize("name", DOWNLOADS)
def test_every_platform_s_download(name: str, form: str, course: Course, tmp_path: Path) -> None:
    """In four scripts, late, again, as groups, typed, anonymous; nobody is lost or merged."""
    files, wanted, who = DOWNLOADS[name]
    files = files | {"__MACOSX/x/._rnn.py": b"", ".DS_Store": b""}
    source = tmp_path / "download"
    if form == "folder":
        put(source, files)
    else:
        wrap = "the class/" if "of" in form else ""
        source.write_bytes(packed({wrap + path: data for path, data in files.items()}))
    summary = collect(course, source, tmp_path / "to")
    assert summary.platform == name.split()[0]
    assert there(tmp_path / "to") == wanted
    assert rows(tmp_path / "to", "folder", "id", "name") == who
    assert summary.counts["students"] == summary.counts["new"] == len({row[0] for row in who})
    assert find_students(tmp_path / "to", course) == sorted({row[0] for row in who})
    assert summary.unknown == (["source/rnn/rnn.ipynb"] if name == "nbgrader" else [])


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_raw_download_is_named_and_a_collected_one_is_not(
    name: str, course: Course, tmp_path: Path
) -> None:
    files, _, _ = DOWNLOADS[name]
    put(tmp_path / "raw", files)
    assert recognise(tmp_path / "raw", course.unit_names) == name.split()[0]
    collect(course, tmp_path / "raw", tmp_path / "to")
    assert recognise(tmp_path / "to", course.unit_names) is None


def test_ordinary_folders_are_no_download(course: Course, tmp_path: Path) -> None:
    """What `grade` reads as it is, stays so: nbgrader's own folder, zips of one, stray files."""
    for number, files in enumerate(
        [
            {"jane/rnn.py": CODE, "bo/rnn.py": CODE, "x_1_2_rnn.py": CODE},
            {"jane/submitted/rnn.py": CODE, "bo/rnn.zip": b""},
            {"jane/rnn.zip": b""},
            {"rnn.py": CODE, "attention.py": CODE, "utils.py": CODE, "helpers.py": CODE},
            {"submission_1/rnn.py": CODE},
            {"Jane Roe (s1)/rnn.py": CODE, "Bo (2)/rnn.py": CODE},
        ]
    ):
        assert recognise(put(tmp_path / str(number), files), course.unit_names) is None
    submitted = put(tmp_path / "submitted", {"jane/rnn/rnn.ipynb": b"{}"})
    assert recognise(submitted, course.unit_names) is None
    assert recognise(ROOT / "course" / "sample_class", course.unit_names) is None
    assert collect(course, submitted, tmp_path / "to").platform == "nbgrader"
    assert there(tmp_path / "to") == {"jane/rnn/rnn.ipynb": b"{}"}


def test_the_table_and_the_command_have_the_same_names(course: Course) -> None:
    """Catches: a platform that can be recognised and not asked for; an example that is none."""
    asked = typing.get_args(typing.get_type_hints(command)["platform"])[0]
    assert typing.get_args(asked) == NAMES
    for platform in PLATFORMS:
        fits = [p.name for p in PLATFORMS if p.form.fullmatch(platform.example.split(", and ")[0])]
        assert platform.name in fits
        assert not {"canvas", "moodle", "blackboard", "brightspace"} & set(fits) - {platform.name}


def test_times_late_marks_and_attempts(course: Course, tmp_path: Path) -> None:
    """A platform's clock is `time`; what the student's computer wrote is `claimed`."""
    for name in ("canvas", "blackboard", "brightspace", "sakai", "gradescope", "nbgrader"):
        put(tmp_path / name, DOWNLOADS[name][0])
        summary = collect(course, tmp_path / name, tmp_path / "to" / name)
        found = rows(tmp_path / "to" / name, "time", "attempt", "claimed", "late")
        if name == "canvas":
            assert ("", "12945", "", "late") in found
            assert (summary.counts["late"], summary.counts["earlier"]) == (4, 6)
        elif name == "blackboard":
            assert found == {("2025-11-26T21:33:00", "2", "", "")}
        elif name == "brightspace":
            times = {"2025-11-26T21:33:00", "2025-11-26T00:05:00", "2025-05-03T13:12:00"}
            assert {row[0] for row in found} == times
        elif name == "sakai":
            assert ("2025-11-26T21:33:00.123000+00:00", "", "", "") in found
            assert summary.counts["groups"] == 1
        elif name == "gradescope":
            assert ("2025-11-26T20:14:13.123456+00:00", "2", "", "") in found
            assert summary.counts["groups"] == 1
        else:
            assert found == {("", "", "2025-11-26 UTC", "")}


def test_what_is_not_recognised_is_told_with_what_is_known(course: Course, tmp_path: Path) -> None:
    source = put(tmp_path / "odd", {f"{n}/{n}/x.py": CODE for n in "abcdefg"})
    with pytest.raises(SubmissionsError) as told:
        collect(course, source, tmp_path / "to")
    assert "a/, b/, c/, d/, e/ and 2 more" in str(told.value)
    assert all(f"  {platform.name}" in str(told.value) for platform in PLATFORMS)
    assert collect(course, source, tmp_path / "to", "folders").counts["students"] == 7
    single = put(tmp_path / "one", {"jane/rnn.py": CODE})
    assert there_after(course, single, tmp_path / "alone", "folders") == {"jane/rnn.py": CODE}
    named = put(tmp_path / "names", {"Jane Roe.ipynb": b"{}", "Bo.ipynb": b"{}"})
    wanted = {"Jane Roe/rnn/Jane Roe.ipynb": b"{}", "Bo/rnn/Bo.ipynb": b"{}"}
    assert there_after(course, named, tmp_path / "drive", "drive", "rnn") == wanted
    with pytest.raises(SubmissionsError, match="no zip that can be read"):
        collect(course, put(tmp_path, {"x.7z": b"7z"}) / "x.7z", tmp_path / "to")
    with pytest.raises(SubmissionsError, match="are in one another"):
        collect(course, tmp_path, tmp_path / "to")


def there_after(
    course: Course, source: Path, into: Path, asked: str | None = None, unit: str = ""
) -> dict[str, bytes]:
    collect(course, source, into, asked, unit)
    return there(into)


def test_a_folder_of_classes_is_no_class(course: Course, tmp_path: Path) -> None:
    """Catches: an assignment's zip taken for a student's."""
    source = put(
        tmp_path / "zips", {"rnn.zip": packed(canvas()[0]), "cost.zip": packed(canvas()[0])}
    )
    with pytest.raises(SubmissionsError, match="are themselves downloads from canvas"):
        collect(course, source, tmp_path / "to")


# Repeated runs


@pytest.fixture
def again(course: Course, tmp_path: Path) -> typing.Callable[..., Summary]:
    """Collect a Canvas download of these files; each call is a newer download."""
    runs = iter(range(100))

    def collect_again(files: Mapping[str, bytes], **options: str) -> Summary:
        source = put(tmp_path / f"run {next(runs)}", files)
        return collect(course, source, tmp_path / "to", **options)

    return collect_again


Again = typing.Callable[..., Summary]
FIRST = {"ann_1_11_rnn.py": b"1", "bo_2_12_rnn.py": b"2", "cy_3_13_rnn.py": b"3"}


def states(summary: Summary) -> dict[str, int]:
    return {s: n for s in ("new", "later", "unchanged", "older") if (n := summary.counts[s])}


def test_a_newer_download_updates_and_deletes_nothing(again: Again, tmp_path: Path) -> None:
    """It says what is new, later, unchanged and gone; what an instructor put there stays."""
    to = tmp_path / "to"
    assert states(again(FIRST)) == {"new": 3}
    assert states(again(FIRST)) == {"unchanged": 3}
    own = {"intake.toml": b"x", "ann_1/remarks.md": b"good", "ann_1/sub/notes.txt": b"more"}
    put(to, own)
    (to / "bo_2" / "rnn.py").write_bytes(b"mended by hand")
    summary = again(
        {"ann_1_21_rnn-1.py": b"1 again", "bo_LATE_2_22_rnn.ipynb": b"{}", "di_4_24_rnn.py": b"4"}
    )
    assert states(summary) == {"new": 1, "later": 2}
    assert summary.gone == ["cy_3"]
    assert (
        "bo_2: changed by hand since, and in .earlier/bo_2/replaced 1 now: rnn.py." in summary.notes
    )
    assert there(to) == {
        "ann_1/rnn.py": b"1 again",
        "ann_1/remarks.md": b"good",
        "ann_1/sub/notes.txt": b"more",
        "bo_2/rnn.ipynb": b"{}",
        "cy_3/rnn.py": b"3",
        "di_4/rnn.py": b"4",
    }
    assert (to / ".earlier/ann_1/replaced 1/rnn.py").read_bytes() == b"1"
    assert (to / ".earlier/bo_2/replaced 1/rnn.py").read_bytes() == b"mended by hand"
    assert (to / "intake.toml").read_bytes() == b"x"
    assert rows(to, "folder", "attempt", "late") == {
        ("ann_1", "21", ""),
        ("bo_2", "22", "late"),
        ("cy_3", "13", ""),
        ("di_4", "24", ""),
    }


def test_an_older_download_changes_nothing(again: Again, tmp_path: Path) -> None:
    again({"ann_1_21_rnn.py": b"new", "bo_2_22_rnn.py": b"new"})
    summary = again({"ann_1_11_rnn.py": b"old", "bo_2_32_rnn.py": b"newer"})
    assert states(summary) == {"later": 1, "older": 1}
    assert there(tmp_path / "to") == {"ann_1/rnn.py": b"new", "bo_2/rnn.py": b"newer"}
    assert rows(tmp_path / "to", "folder", "attempt") == {("ann_1", "21"), ("bo_2", "32")}


def test_rows_that_were_added_by_hand_stay(again: Again, tmp_path: Path) -> None:
    """An address that was filled in, and a group's members."""
    to = tmp_path / "to"
    again(FIRST)
    text = (
        (to / "people.csv")
        .read_text("utf-8-sig")
        .replace('"ann_1","1","ann","",', '"ann_1","1","ann","a@x.org",')
    )
    (to / "people.csv").write_text(text + "ann_1,9,Her Partner,p@x.org\n", "utf-8")
    again(FIRST | {"ann_1_31_rnn.py": b"later"})
    found = rows(to, "folder", "id", "email")
    assert {("ann_1", "1", "a@x.org"), ("ann_1", "9", "p@x.org")} <= found
    assert len(found) == 4


@pytest.mark.parametrize("text", ['"ann,1,Ann\nbo,2,Bo\n', f"ann,{'1' * 200_000},Ann\n"])
def test_people_that_cannot_be_read_are_told(tmp_path: Path, text: str) -> None:
    """A quote that is never closed takes in all who come after."""
    (tmp_path / "people.csv").write_text(f"folder,id,name\n{text}", "utf-8")
    with pytest.raises(SubmissionsError, match="cannot be read"):
        people.read(tmp_path)


def test_two_assignments_in_one_folder_are_told(course: Course, tmp_path: Path) -> None:
    """Catches: one assignment's file taken for a later attempt of another's."""
    names = [f"{work}_jo_attempt_2025-11-26-21-33-00_rnn.py" for work in ("HW 1", "HW_2")]
    with pytest.raises(SubmissionsError, match="several assignments: HW 1, HW_2"):
        collect(course, put(tmp_path / "in", dict.fromkeys(names, CODE)), tmp_path / "to")


def test_a_full_disk_is_no_student_s_fault(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is noted, and the next run collects all of it."""
    source, opens = put(tmp_path / "in", FIRST | {"di_4_14_x.zip": packed({"y": b""})}), Path.open

    def full(path: Path, mode: str = "r", **options: typing.Any) -> typing.Any:
        if mode == "xb" and path.name == "y":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opens(path, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(ResultsError, match="No space left on device"):
            collect(course, source, tmp_path / "to")
    assert there(tmp_path / "to") == {}
    assert states(collect(course, source, tmp_path / "to")) == {"new": 4}


def test_a_group_that_changes(course: Course, tmp_path: Path) -> None:
    """Other people are another submission; the same in another submission is a later attempt."""

    def export(number: int, day: int, *names: str) -> Path:
        people = "".join(f"  - :name: {n}\n    :sid: '{n}'\n" for n in names)
        when = f"  :created_at: 2025-11-{day} 20:14:13 Z\n"
        text = f"submission_{number}:\n  :submitters:\n{people}{when}"
        files = {
            "submission_metadata.yml": text.encode(),
            f"submission_{number}/rnn.py": names[0].encode(),
        }
        return put(tmp_path / f"export {number}", files)

    to = tmp_path / "to"
    collect(course, export(1, 11, "ann", "bo"), to)
    assert states(collect(course, export(2, 12, "bo", "ann"), to)) == {"later": 1}
    assert there(to) == {"ann + bo/rnn.py": b"bo"}
    assert states(collect(course, export(3, 13, "ann"), to)) == {"new": 1}
    assert rows(to, "folder", "id") == {("ann + bo", "ann"), ("ann + bo", "bo"), ("ann_ann", "ann")}


def test_a_run_that_was_stopped_is_repeated(again: Again, tmp_path: Path) -> None:
    """Half a copy is nobody's; a folder without a note is kept aside, as another's would be."""
    to = tmp_path / "to"
    put(to, {".collecting/last/ann_1/rnn.py": b"half", "bo_2/rnn.py": b"whose?"})
    summary = again(FIRST)
    assert states(summary) == {"new": 2, "later": 1}
    assert (
        "bo_2 was there, and not collected: it is in .earlier/bo_2/replaced 1 now." in summary.notes
    )
    assert there(to) == {"ann_1/rnn.py": b"1", "bo_2/rnn.py": b"2", "cy_3/rnn.py": b"3"}
    assert not (to / ".collecting").exists()
    (to / ".collected" / "ann_1.json").unlink()
    assert states(again(FIRST)) == {"later": 1, "unchanged": 2}


def test_another_assignment_is_not_put_over_the_first(again: Again, tmp_path: Path) -> None:
    again(FIRST)
    cost = {"ann_1_51_cost.py": b"1", "bo_2_52_cost.py": b"2"}
    with pytest.raises(SubmissionsError, match="holds rnn, and this download cost: is it another"):
        again(cost)
    with pytest.raises(SubmissionsError, match="was collected without --unit"):
        again(cost, unit="cost")
    assert there(tmp_path / "to") == {
        f"{n}/rnn.py": d for n, d in zip(("ann_1", "bo_2", "cy_3"), (b"1", b"2", b"3"), strict=True)
    }


def test_assignments_by_unit_stand_beside_each_other(again: Again, tmp_path: Path) -> None:
    again(FIRST, unit="rnn")
    again({"ann_1_51_hw.py": b"5", "bo_2_52_cost.py": b"6"}, unit="cost")
    summary = again({"ann_1_61_hw-1.py": b"7"}, unit="cost")
    assert (states(summary), summary.gone) == ({"later": 1}, ["bo_2/cost"])
    assert there(tmp_path / "to") == {
        "ann_1/rnn/rnn.py": b"1",
        "ann_1/cost/hw.py": b"7",
        "bo_2/rnn/rnn.py": b"2",
        "bo_2/cost/cost.py": b"6",
        "cy_3/rnn/rnn.py": b"3",
    }
    found = rows(tmp_path / "to", "folder", "attempt", "unit")
    assert {("ann_1", "11", "rnn"), ("ann_1", "61", "cost"), ("bo_2", "52", "cost")} <= found


# Names


def test_names_that_collide_stay_two(course: Course, tmp_path: Path) -> None:
    """By case, by how accents are composed, by our own files; and the same each time."""
    names = ["José", unicodedata.normalize("NFD", "José"), "JOSÉ", "people", "straße", "STRASSE"]
    source = tmp_path / "zips.zip"
    source.write_bytes(
        packed({f"{n}.zip": packed({"rnn.py": bytes([i])}) for i, n in enumerate(names)})
    )
    first = there_after(course, source, tmp_path / "to")
    assert sorted(first.values()) == [bytes([i]) for i in range(6)]
    folders = {unicodedata.normalize("NFC", n.split("/")[0]).casefold() for n in first}
    assert len(folders) == 6
    assert collect(course, source, tmp_path / "to").counts["unchanged"] == 6
    assert there(tmp_path / "to") == first


def test_names_that_nobody_should_have(course: Course, tmp_path: Path) -> None:
    """From a YAML file any text can come: it is one folder's name, and no spreadsheet runs it."""
    names = [
        "../../up",
        "/etc",
        "people.csv",
        "-rf",
        ".earlier",
        "=1+1",
        "a\tb",
        "n" * 300,
        "con\x1b[2J",
    ]
    lines = [
        f"submission_{i}:\n  :submitters:\n  - :name: {json.dumps(n)}\n"
        for i, n in enumerate(names)
    ]
    files = {f"submission_{i}/rnn.py": bytes([i]) for i in range(len(names))}
    source = put(tmp_path / "in", files | {"submission_metadata.yml": "".join(lines).encode()})
    found = there_after(course, source, tmp_path / "to")
    assert sorted(found.values()) == [bytes([i]) for i in range(len(names))]
    assert {path.count("/") for path in found} == {1}
    assert {p.name for p in tmp_path.iterdir()} == {"in", "to"}
    text = (tmp_path / "to" / "people.csv").read_text("utf-8-sig")
    assert "\x1b" not in text
    assert "'=1+1" in text
    assert "=1+1" in {row[0] for row in rows(tmp_path / "to", "name")}


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("attention.py", "attention", ".py"),
        ("Copy of Copy of Attention (2).ipynb", "Attention", ".ipynb"),
        ("attention - Copy.py", "attention", ".py"),
        ("attention.py.txt", "attention", ".py"),
        ("attention的副本.ipynb", "attention", ".ipynb"),
        ("Kopie von attention.PY", "attention", ".py"),
        ("copy.py", "copy", ".py"),
        ("(1).py", "(1)", ".py"),
        ("notes.txt", "notes", ".txt"),
    ],
)
def test_what_is_added_to_names_is_taken_off(name: str, stem: str, suffix: str) -> None:
    assert plain(name) == (stem, suffix)


# Hostile downloads


def linked(name: str, target: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)
        archive.writestr("rnn.py", CODE)
    return data.getvalue()


def encrypted() -> bytes:
    data = bytearray(packed({"rnn.py": CODE}))
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.index(start) + (6 if start[2] == 3 else 8)
        data[at] |= 1
    return bytes(data)


def lzma_packed() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("rnn.py", CODE)
    return data.getvalue()


def damaged() -> bytes:
    data = bytearray(packed({"rnn.py": random.Random(1).randbytes(9000)}))
    data[200:300] = bytes(100)
    return bytes(data)


def long_list() -> bytes:
    return packed({f"{'d' * 60}{n}": b"" for n in range(40_000)})


def of_one_name() -> bytes:
    """To find a free name for each took minutes."""
    data = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(data, "w") as archive:
        for _ in range(2000):
            archive.writestr("rnn.py", CODE)
    return data.getvalue()


# How each is made, once it is wanted: together they take more than a second.
ZIPS: dict[str, tuple[typing.Callable[[], bytes], str]] = {
    "a bomb": (
        lambda: packed({"rnn.py": bytes(40 << 20)}),
        "unfolds to 1 files of 41,943,040 bytes",
    ),
    "many files": (
        lambda: packed({f"{n}.py": b"" for n in range(2001)}),
        "unfolds to 2,001 files",
    ),
    "files of one name": (of_one_name, "holds rnn.py 2,000 times; it stays packed"),
    "a long list": (long_list, "list of files is too long"),
    "encrypted": (encrypted, "is encrypted"),
    "damaged": (damaged, "is damaged, or no zip"),
    "no zip": (lambda: b"Rar!\x1a\x07\x00" + bytes(100), "is damaged, or no zip"),
    "LZMA": (lzma_packed, "packed in a way that is not read here"),
    "empty": (bytes, "is damaged, or no zip"),
    "of nothing": (lambda: packed({}), "holds no file"),
    "of folders and systems' files": (
        lambda: packed({"a/": b"", ".DS_Store": b""}),
        "holds no file",
    ),
}


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_that_cannot_be_unpacked_costs_its_student_only(
    name: str, course: Course, tmp_path: Path
) -> None:
    """It stays as it was handed in, is named, and leaves nothing half-done."""
    pack, words = ZIPS[name]
    data = pack()
    source = put(tmp_path / "in", {"eve.zip": data, "bo.zip": packed({"rnn.py": CODE})})
    summary = collect(course, source, tmp_path / "to")
    (note,) = summary.notes
    assert note.startswith("eve: eve.zip ")
    assert words in note
    assert there(tmp_path / "to") == {"eve/eve.zip": data, "bo/rnn.py": CODE}


def test_other_archives_are_named(course: Course, tmp_path: Path) -> None:
    files = {
        f"eve_1_{n}_work{s}": b"x" for n, s in enumerate((".7z", ".rar", ".tar.gz", ".tar"), 2)
    }
    summary = collect(course, put(tmp_path / "in", files), tmp_path / "to")
    assert (
        len(
            [
                n
                for n in summary.notes
                if n.endswith("is no zip and stays packed: unpack it by hand.")
            ]
        )
        == 4
    )
    assert len(there(tmp_path / "to")) == 4


def test_zips_in_zips(course: Course, tmp_path: Path) -> None:
    """Two deep, within one budget; each beside what else was handed in, and never over it."""
    inner = packed({"deep.py": b"3", "again.zip": packed({"deepest.py": b"4"})})
    outer = packed({"rnn.py": b"2", "inner.zip": inner})
    files = {"ann_1_1_work.zip": outer, "ann_1_2_notes.py": b"1", "bo_2_3_all.zip": outer}
    summary = collect(course, put(tmp_path / "in", files), tmp_path / "to")
    found = there(tmp_path / "to")
    assert set(found) == {
        "ann_1/notes.py",
        "ann_1/work/rnn.py",
        "ann_1/work/inner/deep.py",
        "ann_1/work/inner/again.zip",
        "bo_2/rnn.py",
        "bo_2/inner/deep.py",
        "bo_2/inner/again.zip",
    }
    assert [n for n in summary.notes if "a zip in a zip in a zip" in n] == summary.notes


UNSAFE = [
    "x" * 256,
    "../up.py",
    "a/../../up.py",
    "/up.py",
    "C:/up.py",
    "..\\up.py",
    "\\up.py",
    "x" * 99 + "/.." * 99,
]


def test_no_path_leaves_and_no_link_is_made(course: Course, tmp_path: Path) -> None:
    """In a student's zip and in the class's own: such members are left out and named."""
    bad = dict.fromkeys(UNSAFE, b"out") | {"rnn.py": CODE, "a/./b//c.py": b"c"}
    files = {
        "eve.zip": packed(bad),
        "mal.zip": linked("rnn", "/etc"),
        "bo.zip": linked("d/x", "../.."),
    }
    summary = collect(course, put(tmp_path / "in", files), tmp_path / "to")
    assert there(tmp_path / "to") == {
        "eve/rnn.py": CODE,
        "eve/a/b/c.py": b"c",
        "mal/rnn.py": CODE,
        "bo/rnn.py": CODE,
    }
    assert len([n for n in summary.notes if "leads out of the zip" in n]) == len(UNSAFE)
    assert len([n for n in summary.notes if "is a link" in n]) == 2
    put(tmp_path, {"class.zip": packed({f"x_1_2_{n}": b"" for n in UNSAFE} | FIRST)})
    with zipfile.ZipFile(tmp_path / "class.zip", "a") as archive:
        info = zipfile.ZipInfo("eve_9_9_rnn.py")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert set(there_after(course, tmp_path / "class.zip", tmp_path / "from zip")) >= {
        "ann_1/rnn.py",
        "bo_2/rnn.py",
    }
    assert not list(tmp_path.rglob("up.py"))
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    assert {p.name for p in tmp_path.iterdir()} == {"in", "to", "class.zip", "from zip"}


def test_links_and_pipes_in_a_folder_are_left_out(course: Course, tmp_path: Path) -> None:
    source = put(tmp_path / "in", FIRST)
    (source / "eve_8_8_rnn.py").symlink_to("/etc/passwd")
    (source / "mal_9_9_rnn.py").symlink_to(source)
    os.mkfifo(source / "pip_7_7_rnn.py")
    summary = collect(course, source, tmp_path / "to")
    assert len(there(tmp_path / "to")) == 3
    assert len([n for n in summary.notes if "is a link or no plain file" in n]) == 3


def test_what_becomes_a_link_or_a_pipe_meanwhile_is_left_out(
    course: Course, tmp_path: Path
) -> None:
    """A pipe was waited for without end, and a folder's link was followed."""
    source = put(tmp_path / "in", {"eve/d/passwd": b"mine", "mal/rnn.py": CODE, "bo/rnn.py": CODE})
    with download.opened(source) as found:
        (source / "eve" / "d").rename(source / "eve" / "e")
        (source / "eve" / "d").symlink_to("/etc")
        (source / "mal" / "rnn.py").unlink()
        os.mkfifo(source / "mal" / "rnn.py")
        for content in found.contents:
            with contextlib.suppress(OSError), content.open() as file:
                assert file.read() == CODE
                assert content.path == "bo/rnn.py"


def test_a_link_whose_name_is_no_text_stops_nobody(course: Course, tmp_path: Path) -> None:
    """It cannot be noted as it is: it ended the whole class's collecting."""
    source = put(tmp_path / "in", FIRST)
    (source / os.fsdecode(b"eve_8_8_rnn\xff.py")).symlink_to("/etc/passwd")
    summary = collect(course, source, tmp_path / "to")
    assert "is a link or no plain file" in summary.notes[0]
    eve = reading.read(tmp_path / "to", "eve_8", course).work("rnn")
    assert eve.state == "unread"
    assert "rnn?.py is a link" in str(restate(eve.facts))


def test_no_file_s_name_is_another_person_s_download(course: Course, tmp_path: Path) -> None:
    """Blackboard: a file called like somebody's download, and one called like its own receipt."""
    start = "Task_mal_attempt_2025-11-26-21-33-00"
    files = {f"{start}.txt": b"Name: Mal (mal)\n", f"{start}_rnn.py": b"mine"}
    files[f"{start}_Task_jane_attempt_2026-01-01-00-00-00_rnn.py"] = CODE
    files[f"{start}_typed.txt"] = b"Name: Jane (mal)" + b" " * 9999 + b"\n"
    files[f"{start}_typed.txt"] += files[f"{start}_typed.txt"]
    with unless_it_hangs(3):
        collect(course, put(tmp_path / "in", files), tmp_path / "to")
    assert rows(tmp_path / "to", "folder", "id", "name") == {("mal", "mal", "Mal")}
    with unless_it_hangs(3):
        assert not RECEIPT.fullmatch("Name:" + " " * 60_000 + "x")


def test_no_part_of_a_path_leads_upwards(course: Course, tmp_path: Path) -> None:
    """Where a platform puts its own words before a name, "." and ".." are seen after these alone.

    A file was laid into another student's folder.
    """
    files = {f"Mal_2_assignsubmission_file_{name}": CODE for name in ("../Ann_1/a.py", ".", "..")}
    files["Ann_1_assignsubmission_file_/rnn.py"] = CODE
    (tmp_path / "in.zip").write_bytes(packed(files))
    found = there_after(course, tmp_path / "in.zip", tmp_path / "to")
    assert found.keys() == {
        "Ann_1/rnn.py",
        "Mal_2/%2E",
        "Mal_2/%2E%2E/Ann_1/a.py",
        "Mal_2/%2E%2E (2)",
    }


def test_two_of_one_name_in_a_zip_are_both_there(course: Course, tmp_path: Path) -> None:
    """Which of them counts is not guessed."""
    data = packed({"rnn.py": CODE, "./rnn.py": b"rnn = 1"})
    source = put(tmp_path / "in", {"eve.zip": data})
    found = there_after(course, source, tmp_path / "to")
    assert found == {"eve/rnn.py": CODE, "eve/rnn (2).py": b"rnn = 1"}
    assert reading.read(tmp_path / "to", "eve", course).work("rnn").state == "unread"


PLATFORMS_OWN = {
    "blackboard": "Task_s1_attempt_2025-11-26-21-33-00.txt",
    "nbgrader": "submitted/s1/rnn/timestamp.txt",
    "sakai": "Roe, Ann(ann)/timestamp.txt",
    "gradescope": "submission_metadata.yml",
}


@pytest.mark.parametrize("name", PLATFORMS_OWN)
def test_a_platform_s_own_file_that_is_damaged(name: str, course: Course, tmp_path: Path) -> None:
    """It is named, and costs no more than what it says."""
    data = packed({**DOWNLOADS[name][0], PLATFORMS_OWN[name]: b"Name: 1 (s1)"})
    at = data.index(PLATFORMS_OWN[name].encode()) + len(PLATFORMS_OWN[name].encode())
    (tmp_path / "in.zip").write_bytes(data[:at] + b"\xff" * 4 + data[at + 4 :])
    if name == "gradescope":
        with pytest.raises(SubmissionsError, match=r"metadata\.yml cannot be read: Error"):
            collect(course, tmp_path / "in.zip", tmp_path / "to")
        return
    summary = collect(course, tmp_path / "in.zip", tmp_path / "to")
    assert f"{PLATFORMS_OWN[name]} cannot be read: Error" in summary.notes[0]
    assert summary.counts["students"] >= len(CLASS)


ZIPPED = packed({"v.zip": linked("gates.py", "x"), "x": b""})
BIG = random.Random(1).randbytes(2 << 20)
# What a student hands in, and how the reasons begin why units are not read; others are no matter.
LEFT_OUT: dict[str, tuple[Files, dict[str, str]]] = {
    "zip_1": ({"w.zip": linked("gates.py", "/etc")}, {"rnn": "", "gates": "w.zip/gates.py is a l"}),
    "two_2": ({"w.zip": ZIPPED}, {"rnn": "", "gates": "v.zip/gates.py is a link"}),
    "out_3": ({"w.zip": packed({"../x.py": b"", "rnn.py": CODE})}, {"rnn": "", "gates": "w.zip h"}),
    "big_4": ({"rnn.ipynb": BIG, "b.py": b""}, {"rnn": "rnn.ipynb was left out when", "gates": ""}),
    "raw_5": ({"data.bin": BIG}, {"rnn": "data.bin was left out", "gates": "data.bin was left"}),
    "csv_6": ({"data.bin": BIG, "rnn.py": CODE}, {"rnn": "", "gates": ""}),
    "own_7": ({"w.zip": linked("old/rnn.py", "../rnn.py")}, {"rnn": "", "gates": ""}),
    "bad_8": ({"rnn.py": b"to be damaged"}, {"rnn": "rnn.py is damaged", "gates": ""}),
    "far_9": ({"link rnn.py": b"/etc/passwd"}, {"rnn": "rnn.py is a link", "gates": ""}),
}


def test_what_was_left_out_is_not_read_in_place_of_not_handed_in(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its name and the cause; what is there is graded. Run again, that is still known."""
    monkeypatch.setattr(run, "Quota", lambda: archives.Quota(20, 1 << 20))
    download, into = tmp_path / "class.zip", tmp_path / "to"
    with zipfile.ZipFile(download, "w") as archive:
        for student, (files, _) in LEFT_OUT.items():
            for number, (name, data) in enumerate(files.items(), 1):
                info = zipfile.ZipInfo(f"{student}_{number}_{name.removeprefix('link ')}")
                info.external_attr = (stat.S_IFLNK if name.startswith("link") else 0) << 16
                archive.writestr(info, data)
    download.write_bytes(download.read_bytes().replace(b"to be d", b"to be D"))
    for _ in range(2):
        collect(course, download, into)
        for student, (_, wanted) in LEFT_OUT.items():
            found = reading.read(into, student, course)
            for unit, begins in wanted.items():
                work = found.work(unit)
                assert (work.state == "unread") == bool(begins), (student, unit)
                assert not begins or str(restate(work.facts)).startswith(begins)
            assert not found.empty
            note = into / left_out.NOTES / f"{student}.json"
            note.write_bytes(note.read_bytes().partition(b',"left_out"')[0] + b"}")  # an older one
    note.write_bytes(b"{")
    with pytest.raises(SubmissionsError, match=r"far_9.json.*Delete it, and collect again"):
        reading.read(into, "far_9", course)


def test_what_is_beyond_a_student_s_limits_is_left_out(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools' folders do not count, and the work comes before data. A class has limits, too."""
    files = {f"jane/data/{n:03}.bin": b"" for n in range(30)} | {"jane/rnn.py": CODE}
    files |= {f"jane/.venv/{n}.py": b"" for n in range(30)}
    source = put(tmp_path / "in", files)
    monkeypatch.setattr(run, "Quota", lambda: archives.Quota(20, 1 << 20))
    summary = collect(course, source, tmp_path / "to", "folders")
    found = there(tmp_path / "to")
    assert len(found) == 20
    assert found["jane/rnn.py"] == CODE
    assert "left out: data/019.bin, data/020.bin" in summary.notes[0]
    assert summary.notes[0].endswith(" and 6 more.")
    noise = random.Random(2).randbytes(600 << 10)
    halves = {f"eve_3_{n}_{n}.zip": packed({"x": noise[n:] + bytes(99)}) for n in (1, 2)}
    halves["eve_3_3_data.bin"] = bytes(300 << 10)
    summary = collect(course, put(tmp_path / "two", halves), tmp_path / "half")
    assert len(there(tmp_path / "half")) == 2
    assert [n.split("; ")[1] for n in summary.notes] == [
        "left out: 1.zip."
    ]  # the later upload first
    monkeypatch.setattr(run, "Quota", lambda: archives.Quota(20, 1300 << 10))
    summary = collect(course, tmp_path / "two", tmp_path / "whole")
    assert set(there(tmp_path / "whole")) == {"eve_3/1/x", "eve_3/2/x"}
    monkeypatch.setattr(download, "MOST_FILES", 30)
    with pytest.raises(SubmissionsError, match="holds more than 30 files"):
        collect(course, source, tmp_path / "to", "folders")


def test_names_in_zips_of_macos_and_windows(course: Course, tmp_path: Path) -> None:
    """UTF-8 without the flag that says so; backslashes between folders; letters of a country's."""
    data = bytearray(packed({"王小明_4711_assignsubmission_file/rnn.py": CODE}))
    for start, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.index(start) + offset] &= ~0x08
    (tmp_path / "mac.zip").write_bytes(data)
    put(tmp_path, {"win.zip": packed({"Jo_1_assignsubmission_file\\rnn.py": CODE})})
    assert there_after(course, tmp_path / "mac.zip", tmp_path / "a") == {"王小明_4711/rnn.py": CODE}
    assert there_after(course, tmp_path / "win.zip", tmp_path / "b") == {"Jo_1/rnn.py": CODE}
    for name, raw in (
        ("王小明", "王小明".encode("gbk")),
        ("André Roe", "André Roe".encode("cp437")),
    ):
        path = f"{'N' * len(raw)}_1_assignsubmission_file/rnn.py"
        old = packed({path: CODE}).replace(b"N" * len(raw), raw)
        put(tmp_path, {"old.zip": old})
        into = tmp_path / name
        assert there_after(course, tmp_path / "old.zip", into) == {f"{name}_1/rnn.py": CODE}


def test_a_folder_that_cannot_be_read_costs_its_student_only(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = download._entries

    def entries(folder: Path) -> list[os.DirEntry[str]]:
        if folder.name == "bo":
            raise SubmissionsError(f"{folder} cannot be read: Permission denied.")
        return listing(folder)

    monkeypatch.setattr(download, "_entries", entries)
    source = put(tmp_path / "in", {"ann/rnn.py": CODE, "bo/rnn.py": CODE})
    summary = collect(course, source, tmp_path / "to", "folders")
    assert there(tmp_path / "to") == {"ann/rnn.py": CODE}
    assert "bo/ is left out" in summary.notes[0]
    assert "Permission denied" in summary.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("submission_1: !!python/object/apply:os.system ['touch up.py']", "is not in"),
        ("a: " + "[" * 2000 + "]" * 2000, "cannot be read"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "is not in"),
        ("- a\n- b\n", "is not Gradescope's"),
        ("", "is not Gradescope's"),
        ("a: [\n", "cannot be read"),
        ("\x00", "cannot be read"),
        ("submission_1:\n  :submitters: 3\n", "is not in"),
        ("submission_1:\n  :submitters:\n  - [1]\n  - :name: {a: b}\n", ""),
    ],
)
def test_metadata_that_is_odd(text: str, words: str, course: Course, tmp_path: Path) -> None:
    """It makes no object, goes no deeper than it should, and a person without a name is one."""
    files = {"submission_metadata.yml": text.encode(), "submission_1/rnn.py": CODE}
    source = put(tmp_path / "in", files)
    try:
        notes = collect(course, source, tmp_path / "to").notes
    except SubmissionsError as error:
        notes = [str(error)]
    assert words in " ".join(notes)
    assert not list(tmp_path.rglob("up.py"))


def test_two_people_of_one_number_stay_two(course: Course, tmp_path: Path) -> None:
    """Gradescope: the number may be typed wrong, or be another's; the address is one person's."""
    lines = [
        f"submission_{n}:\n  :submitters:\n  - :name: {name}\n    :sid: '7'\n    :email: {name}@x\n"
        for n, name in enumerate(["Jane", "Mal", "Mal"])
    ]
    files = {f"submission_{n}/rnn.py": bytes([n]) for n in range(3)}
    source = put(tmp_path / "in", files | {"submission_metadata.yml": "".join(lines).encode()})
    summary = collect(course, source, tmp_path / "to")
    assert set(there(tmp_path / "to")) == {"Jane_7/rnn.py", "Mal_7/rnn.py"}
    assert "7 is in several submissions: Jane_7, Mal_7." in summary.notes


def test_metadata_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"a:\n" + b"".join(b"- %d\n" % n for n in range(100))
    monkeypatch.setattr(gradescope, "MOST_EVENTS", 50)
    with pytest.raises(SubmissionsError, match="holds too much"):
        gradescope.read(lambda: io.BytesIO(text), "x.yml")
    monkeypatch.setattr(gradescope, "MOST_BYTES", 50)
    with pytest.raises(SubmissionsError, match="longer than"):
        gradescope.read(lambda: io.BytesIO(text), "x.yml")


# Repositories


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    names = ["-c", "user.name=x", "-c", "user.email=x@x"]
    done = subprocess.run(
        ["git", *names, *arguments], cwd=folder, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An organisation with two students' repositories, a template, and a hostile one."""
    folder = tmp_path / "git" / "uni"
    for name in ("hw1-ann", "hw1-bo", "hw1", "hw1-eve", "other-ann"):
        put(folder / name, {"exercises/rnn.py": name.encode(), ".venv/x.py": b"", "a b/ü.py": b""})
        git(folder / name, "init", "-q")
        git(folder / name, "add", "-A")
        git(folder / name, "commit", "-qm", "x", "--date", "2001-01-01T00:00:00Z")
    (folder / "hw1-ann" / "cost.py").symlink_to("/etc/passwd")
    git(folder / "hw1-ann", "add", "-A")
    git(folder / "hw1-ann", "commit", "-qm", "a link")
    monkeypatch.setenv("CLASSROOM_SERVER", f"file://{folder.parent}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return folder


def bomb(folder: Path) -> None:
    """A tree that names another ten times over, eight deep: a hundred million files."""
    blob = git(folder, "hash-object", "-w", "--stdin", stdin=b"x")
    kind, made = "100644 blob", blob
    for _ in range(8):
        lines = "".join(f"{kind} {made}\t{n}.py\n" for n in range(10))
        kind, made = "040000 tree", git(folder, "mktree", stdin=lines.encode())
    commit = git(folder, "commit-tree", made, "-m", "x")
    git(folder, "reset", "-q", "--soft", commit)


def test_repositories_are_taken_as_data(server: Path, course: Course, tmp_path: Path) -> None:
    """Links are left out; a bomb, one that is empty and one that is not there cost nobody else."""
    bomb(server / "hw1-eve")
    (server / "empty").mkdir()
    git(server / "empty", "init", "-q")
    listed = "# the class\n\nuni/hw1-ann\nuni/hw1-bo Bo Q\nuni/hw1-eve\nuni/empty\nuni/nobody"
    (tmp_path / "list.txt").write_text(listed, "utf-8")
    summary = fetch(course, str(tmp_path / "list.txt"), tmp_path / "to")
    assert there(tmp_path / "to") == {
        "hw1-ann/exercises/rnn.py": b"hw1-ann",
        "hw1-ann/a b/ü.py": b"",
        "Bo Q/exercises/rnn.py": b"hw1-bo",
        "Bo Q/a b/ü.py": b"",
    }
    assert "hw1-ann: cost.py is a link or no plain file; left out." in summary.notes
    failed = [note.split()[0] for note in summary.notes if "could not be fetched" in note]
    assert failed == ["uni/hw1-eve", "uni/empty", "uni/nobody"]
    assert "holds too much" in " ".join(summary.notes)
    assert "uni/empty could not be fetched. It has no commit" in " ".join(summary.notes)
    found = rows(tmp_path / "to", "folder", "id", "name", "time")
    assert found == {("hw1-ann", "uni/hw1-ann", "hw1-ann", ""), ("Bo Q", "uni/hw1-bo", "Bo Q", "")}
    (claimed,) = {p.claimed for p in people.read(tmp_path / "to") if p.folder == "Bo Q"}
    assert re.match(r"\d{4}-\d\d-\d\dT", claimed)
    attempts = {p.attempt for p in people.read(tmp_path / "to")}
    assert attempts == {git(server / name, "rev-parse", "HEAD") for name in ("hw1-ann", "hw1-bo")}


def test_a_push_is_a_later_attempt(server: Path, course: Course, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("uni/hw1-ann\nuni/hw1-bo\n", "utf-8")
    fetch(course, str(tmp_path / "list.txt"), tmp_path / "to")
    put(server / "hw1-bo", {"exercises/rnn.py": b"better"})
    git(server / "hw1-bo", "commit", "-qam", "y")
    summary = fetch(course, str(tmp_path / "list.txt"), tmp_path / "to")
    assert states(summary) == {"later": 1, "unchanged": 1}
    assert there(tmp_path / "to")["hw1-bo/exercises/rnn.py"] == b"better"
    (tmp_path / "list.txt").write_text("uni/hw1-ann one\nuni/hw1-ann two\n", "utf-8")
    for state in ("new", "unchanged"):
        assert states(fetch(course, str(tmp_path / "list.txt"), tmp_path / "to")) == {state: 2}
    (tmp_path / "list.txt").write_text("uni/hw1-ann x\nuni/hw1-bo x\n", "utf-8")
    with pytest.raises(SubmissionsError, match="would be graded as x"):
        fetch(course, str(tmp_path / "list.txt"), tmp_path / "to")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("LIMITS", ((repositories.resource.RLIMIT_FSIZE, 100),), ""), ("SECONDS", 0.0, "took over")],
)
def test_a_repository_has_limits_of_size_and_time(
    name: str,
    value: object,
    words: str,
    server: Path,
    course: Course,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "list.txt").write_text("uni/hw1-ann\n", "utf-8")
    monkeypatch.setattr(repositories, name, value)
    with pytest.raises(SubmissionsError, match=rf"uni/hw1-ann could not be fetched.*{words}"):
        fetch(course, str(tmp_path / "list.txt"), tmp_path / "to")
    assert there(tmp_path / "to") == {}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str | None]]]:
    """GitHub's list of the organisation's repositories, two a page; what it was asked."""
    asked = []
    pages = [["hw1", "hw1-ann"], ["hw1-bo", "other-ann"], []]

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            page = pages[int(self.path.rpartition("=")[2]) - 1]
            self.send_response(200 if "/uni/" in self.path else 404)
            self.end_headers()
            self.wfile.write(json.dumps([{"name": name} for name in page]).encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{listening.server_port}")
        monkeypatch.setattr(repositories, "PAGE", 2)
        yield asked
        listening.shutdown()


def test_an_assignment_s_repositories_are_found_by_their_names(
    server: Path,
    api: list[tuple[str, str | None]],
    course: Course,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The students' names are what follows; the template has none; no file has the token."""
    monkeypatch.setenv("CLASSROOM_TOKEN", "a-token")
    fetch(course, "uni/hw1", tmp_path / "to")
    assert {path.split("/")[0] for path in there(tmp_path / "to")} == {"ann", "bo"}
    assert [path for path, _ in api] == [
        f"/orgs/uni/repos?per_page=2&page={page}" for page in (1, 2, 3)
    ]
    assert {token for _, token in api} == {"Bearer a-token"}
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"a-token" in p.read_bytes()]
    for source, words in (
        ("uni/hw2", "has no repository"),
        ("odd/hw1", "did not list"),
        ("x", "no file"),
    ):
        with pytest.raises(SubmissionsError, match=words):
            fetch(course, source, tmp_path / "to")


# With the commands around it


def test_a_student_s_own_zip_is_laid_out_as_it_was(course: Course, tmp_path: Path) -> None:
    """By its manifest, whatever a system has put around it; what was changed since is named."""
    unit = course.unit("rnn")
    clone = put(tmp_path / "clone", {"exercises/rnn.py": CODE + b"\nimport tools\n"})
    put(clone, {"exercises/tools/__init__.py": b"", "exercises/other.py": b""})
    look = handin.UnitLook(unit, clone / "exercises" / "rnn.py")
    data = handin.pack(typing.cast(Course, _At(course, clone)), [look])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    around = packed({f"Desktop/handin (1)/{name}": content for name, content in files.items()})
    changed = packed(files | {"rnn.py": b"changed", "handin.json": files["handin.json"]})
    unsafe = json.dumps(
        {"course": "x", "units": {"rnn": {"file": "../../up.py", "size": 1, "sha256": "0"}}}
    )
    source = {
        "ann_1_1_handin-1.zip": data,
        "bo_2_2_handin.zip": around,
        "cy_3_3_handin.zip": changed,
    }
    source["di_4_4_handin.zip"] = packed({"handin.json": unsafe.encode(), "rnn.py": CODE})
    listed = json.loads(unsafe)["units"]["rnn"] | {"file": "rnn.py"}
    thousands = json.dumps({"course": course.title.en, "units": {}, "helpers": [listed] * 3000})
    long = {"handin.json": thousands.encode(), "rnn.py": random.Random(1).randbytes(9 << 20)}
    source["fay_6_6_handin.zip"] = packed(long)
    source["ed_5_5_handin.zip"] = packed({"handin.json": b"[" * 9999, "rnn.py": CODE})
    with unless_it_hangs(10):
        summary = collect(course, put(tmp_path / "in", source), tmp_path / "to")
    for student in ("ann_1", "bo_2"):
        assert {n: (tmp_path / "to" / student / n).read_bytes() for n in files} == files
    assert summary.notes == [
        "cy_3: rnn.py is not as it was packed.",
        "di_4: packed for another course, x.",
        "di_4: ../../up.py is not as it was packed.",
        "fay_6: rnn.py is not as it was packed.",
    ]


class _At:
    """A course in another folder."""

    def __init__(self, course: Course, root: Path) -> None:
        self.root, self.title, self.limits = root, course.title, course.limits


def test_collect_imports_nothing_that_a_light_install_lacks() -> None:
    """A CI job fetches without PyTorch; docs and .gitlab-ci.yml say with what."""
    code = (
        "import sys\nimport autograder.cli.app, autograder.intake.collect.run\n"
        "heavy = {'torch', 'numpy', 'yaml', 'pytest', 'watchfiles'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_class_is_collected_and_graded(tmp_path: Path) -> None:
    """As a user types it: grade says what a download is, collect what to type next, and marks."""
    put(
        tmp_path,
        {"class 1.zip": packed({"王小明_LATE_12_34_rnn-1.py": CODE, "bo_13_35_rnn.py": CODE[:50]})},
    )
    told = autograder("grade", "class 1.zip", "--course", ROOT, cwd=tmp_path)
    assert told.returncode == 2
    asked = "is a download (canvas), no folder of students. Type: autograder collect 'class 1.zip'"
    assert asked in " ".join(told.stderr.split())
    done = autograder("collect", "class 1.zip", "--course", ROOT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Next: autograder grade submissions" in done.stdout
    assert re.search(r"late +1\b", done.stdout)
    options = ["--unit", "rnn", "--no-speed", "--isolation", "best", "--course", ROOT]
    graded = autograder("grade", "submissions", *options, cwd=tmp_path)
    assert graded.returncode == 0, graded.stderr
    full, half = (read(tmp_path / "results" / n / "rnn.json") for n in ("王小明_12", "bo_13"))
    assert full is not None and half is not None
    assert (full.score, half.score) == (full.max_score, 0)
    assert {p.name for p in (tmp_path / "results").iterdir() if p.is_dir()} >= {
        "王小明_12",
        "bo_13",
    }


def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given in ({}, {"download": tmp_path, "github": "x/y"}):
        with pytest.raises(typer.Exit) as ended:
            command(course=ROOT, **given)
        assert ended.value.exit_code == 2
        assert "Name a download, or --github" in capsys.readouterr().err
