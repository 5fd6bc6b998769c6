"""nbgrader's steps, typed as the pages have them, from an empty folder to a student's feedback.

Only three words mean something else here: `pip` installs nothing, since it is all there; `sudo`
runs what follows, where the exchange's folder is an empty one of our own; and `jupyter lab`, where
a person works, is a student who writes and an instructor who marks in formgrader.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from conftest import ROOT
from formgrader import browser, formgrader

from autograder.core import course as courses
from autograder.core.course import ON_CPU
from autograder.notebooks.build import QUESTION

pytest.importorskip("nbgrader")

UNIT = "attention"
BY_HAND = 2  # points of its question
ANSWERED = "Simultaneously, since every query meets every key."
SAID = "The second row is the one to look at."
COMMANDS = {"pip": "exit 0", "sudo": 'exec "$@"'}
PAGES = {
    "docs/nbgrader.md": "## A course from nothing",
    "docs/guide.zh.md": "**用 nbgrader 上一门课**",
}
# Where nbgrader's exchange lies by default is ours alone, as long as a part of the page is typed.
ALONE = "mount --bind {share} /usr/local/share\n. {script}\npwd > {share}/where\n"


def steps(page: str) -> list[list[str]]:
    """The lines of a page's blocks, cut where a person works: before and after `jupyter lab`."""
    text = (ROOT / page).read_text("utf-8").partition(PAGES[page])[2]
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[:3]
    (last,) = set(re.findall(r"`(nbgrader fetch_feedback [^`]*)`", text))
    lines = [*"".join(blocks).splitlines(), "cd ~/work", last]
    cut = groupby(lines, lambda line: line.startswith("jupyter lab"))
    return [list(part) for person, part in cut if not person]


class Machine:
    """Where everybody logs in: a home, an exchange, a clone in which the question has points."""

    def __init__(self, folder: Path) -> None:
        self.home, self.share, self.clone = (folder / n for n in ("home", "share", "clone"))
        for place in (self.home, self.share, folder / "bin"):
            place.mkdir()
        for name, script in COMMANDS.items():
            (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / "bin" / name).chmod(0o755)
        ignored = shutil.ignore_patterns("sample_class")
        shutil.copytree(ROOT / "course", self.clone / "course", ignore=ignored)
        (self.clone / "solutions").symlink_to(ROOT / "solutions")
        manifest = self.clone / "course" / "course.toml"
        named = f'[[units]]\nname = "{UNIT}"\n'
        text = manifest.read_text("utf-8")
        assert text.count(named) == 1
        manifest.write_text(text.replace(named, f"{named}question = {BY_HAND}\n"), "utf-8")
        path = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = {"HOME": str(self.home), "PATH": os.pathsep.join(path)}

    def type(self, lines: list[str]) -> str:
        """What the lines print, one after the other, where the last ones were typed."""
        script, where = self.share / "script", self.share / "where"
        script.write_text("\n".join(["set -e", *lines, ""]), "utf-8")
        folder = Path(where.read_text().strip()) if where.exists() else self.clone
        command = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
        command += ["bash", "-e", "-c", ALONE.format(share=self.share, script=script)]
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def write_answers(source: Path, work: Path) -> None:
    """All functions right, and the question answered, in the notebook that was released."""
    released, solved = (json.loads(path.read_text("utf-8")) for path in (work, source))
    answers = {cell["id"]: cell for cell in solved["cells"]}
    for cell in released["cells"]:
        told = cell["metadata"].get("nbgrader", {})
        if told.get("grade_id") == QUESTION:
            cell["source"] = ANSWERED
        elif told.get("solution"):
            cell["source"] = answers[cell["id"]]["source"]
    work.write_text(json.dumps(released), "utf-8")


def mark_by_hand(course: Path) -> None:
    """In formgrader, as an instructor does: points for the question, and words."""
    with formgrader(course) as server:
        (one,) = server.answer(f"api/submitted_notebooks/{UNIT}/{UNIT}")
        assert one["needs_manual_grade"]
        asked = f"submission_id={one['id']}"
        (grade,) = (g for g in server.answer(f"api/grades?{asked}") if g["name"] == QUESTION)
        assert (grade["max_score"], grade["needs_manual_grade"]) == (BY_HAND, True)
        server.answer(f"api/grade/{grade['id']}", {"manual_score": 1.5})
        (comment,) = (c for c in server.answer(f"api/comments?{asked}") if c["name"] == QUESTION)
        server.answer(f"api/comment/{comment['id']}", {"manual_comment": SAID})
        (one,) = server.answer(f"api/submitted_notebooks/{UNIT}/{UNIT}")
        assert not one["needs_manual_grade"]
        if browser():
            assert ANSWERED.split(",")[0] in server.page(f"submissions/{one['id']}/")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_typed_from_an_empty_folder(page: str, tmp_path: Path) -> None:
    """Every line ends well; what was marked by hand is in the export and in the feedback."""
    if subprocess.run(["unshare", "-m", "-r", "true"], check=False, capture_output=True).returncode:
        pytest.skip("unshare may make no namespace here")
    machine = Machine(tmp_path)
    released, handed_in, told = steps(page)
    validate = next(line for line in handed_in if "validate" in line)
    assert f"Released as: nlp {UNIT}" in machine.type(released)
    said = machine.type([validate])
    assert "NotImplementedError" in said and "Success!" not in said
    work = machine.home / "work" / UNIT / f"{UNIT}.ipynb"
    write_answers(machine.home / "nlp" / "source" / UNIT / work.name, work)
    assert "Success! Your notebook passes all the tests." in machine.type(handed_in)
    mark_by_hand(machine.home / "nlp")
    machine.type(told)
    with (machine.home / "nlp" / "grades.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    most = courses.load(ROOT).unit(UNIT).max_score(ON_CPU)
    assert float(row["score"]) == most + 1.5 and float(row["max_score"]) == most + BY_HAND
    (feedback,) = work.parent.glob(f"feedback/*/{UNIT}.html")
    assert SAID in feedback.read_text("utf-8")
