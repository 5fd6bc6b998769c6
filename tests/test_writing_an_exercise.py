"""The guide for writing an exercise: whoever follows it to the letter has a graded unit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

GUIDE = (ROOT / "docs" / "writing-an-exercise.md").read_text("utf-8")
FILES = re.findall(r"<!-- (file|entry): (\S+) -->\n(`{3,})\w+\n(.*?)\3", GUIDE, re.DOTALL)
COMMANDS = dict(re.findall(r"<!-- run in: (.+?) -->\n```\n(.*?)```", GUIDE, re.DOTALL))
COPIED = ["autograder", "course", "exercises", "solutions", "pyproject.toml"]


def clone(folder: Path) -> Path:
    """A copy of this repository, and an environment of its own whose Python knows no other."""
    ignored = shutil.ignore_patterns("sample_class", ".secret", "__pycache__")
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name, **({"ignore": ignored} if source.is_dir() else {}))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    site = next((folder / ".venv").glob("lib/python*/site-packages"))
    (site / "a_clone.pth").write_text(f"{folder}\n")
    (site / "packages.pth").write_text("\n".join(p for p in sys.path if p.endswith("-packages")))
    for command, module in (("autograder", "autograder.cli"), ("pytest", "pytest")):
        start = "app()" if command == "autograder" else "sys.exit(main())"
        name = start.removeprefix("sys.exit(").partition("(")[0]
        script = folder / ".venv" / "bin" / command
        python = folder / ".venv" / "bin" / "python"
        script.write_text(f"#!{python} -P\nimport sys\nfrom {module} import {name}\n{start}\n")
        script.chmod(0o755)
    return folder


def run(command: str, folder: Path, root: Path) -> subprocess.CompletedProcess[str]:
    path = f"{root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_guide_leads_to_a_graded_unit(tmp_path: Path) -> None:
    root = clone(tmp_path / "clone")

    def typed(what: str, *arguments: str) -> str:
        done = run(" ".join([COMMANDS[f"., {what}"].rstrip(), *arguments]), root, root)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    typed("to lay out")
    for kind, name, _, text in FILES:
        path = root / name
        assert path.is_file() or path.stem == "equivalent_mutants", "`unit new` has laid it out"
        before = path.read_text("utf-8") if kind == "entry" else ""
        start = before.index(text[: text.index("title")]) if kind == "entry" else 0
        path.write_text(before[:start] + text, "utf-8")
    assert "exercises/similarity.py is written." in typed("for the starter")
    public = COMMANDS["exercises"].splitlines()
    right, starter = (run(line, root / "exercises", root) for line in public)
    assert right.returncode == 0, right.stdout
    assert starter.returncode == 1
    assert "`cosine` in similarity.py is not implemented yet." in starter.stdout
    assert "course/known_mistakes.json is written." in typed("for students")
    typed("to grade", "--isolation best")
    reports = {
        name: json.loads((root / "trial_results" / name / "similarity.json").read_text())
        for name in ("right", "wrong", "starter")
    }
    assert [report["score"] for report in reports.values()] == [4, 0, 0]
    assert all(report["max_score"] == 4 for report in reports.values())
    assert {t["help_id"] for t in reports["wrong"]["tests"] if t["kind"] == "correctness"} == {
        "keys_only"
    }
    told = typed("to check", "--jobs 1 --isolation", reports["right"]["isolation"])
    assert "similarity: 3 known mistakes, 3 right answers" in told
    assert "Nothing is missing or weak." in told
