"""The first page: its commands word for word, and its length; no document's link leads nowhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

PAGES = ["README.md", "README.zh.md"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def anchors(text: str) -> set[str]:
    """What GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_the_first_page_is_one_page(page: str) -> None:
    assert len((ROOT / page).read_text("utf-8").splitlines()) <= 100


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)]+)\)", text):
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


def typed(page: str) -> list[str]:
    """The commands of a page, in its order, but for the installs: `make installs` runs those."""
    text = (ROOT / page).read_text("utf-8")
    lines = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL)).splitlines()
    return [
        re.sub(r"\s+#.*", "", line)
        for line in lines
        if line and not line.startswith(("pip", "python -m venv"))
    ]


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_do_what_the_page_says(page: str, tmp_path: Path) -> None:
    """In a clone as an instructor has it, and in the students' repository that it released."""
    clone, students = tmp_path / "clone", tmp_path / "students"
    files = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, files):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    solution = (ROOT / "solutions" / "rnn.py").read_text("utf-8")
    download = "DOWNLOAD" if page == PAGES[0] else "下载的文件"
    with zipfile.ZipFile(clone / download, "w") as made:  # as Canvas names them
        made.writestr("ann_12_34_rnn.py", solution)
    at_home = {"pytest", "autograder check", "autograder handin"}
    commands = typed(page)
    assert len(commands) == 7
    commands.sort(key=lambda line: any(line.startswith(start) for start in at_home))
    for command in commands:
        home = any(command.startswith(start) for start in at_home)
        if home:
            (students / "exercises" / "rnn.py").write_text(solution)
        done = subprocess.run(
            f"{command} --isolation best" if "autograder grade" in command else command,
            cwd=students if home else clone,
            shell=True,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        open_still = command in ("autograder check", "autograder handin")  # one unit is written
        assert done.returncode == int(open_still), (command, said)
    assert (clone / "results" / "index.html").is_file()
    assert (students / "handin.zip").is_file()
