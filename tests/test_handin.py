"""`autograder handin`: nothing is missing, nothing is hidden under another name, one zip."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT
from rich.console import Console
from typer.testing import CliRunner

from autograder.core import course as courses
from autograder.core import manifest as manifests
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.local import commands, handin, looks, places
from autograder.local.commands import app
from autograder.local.own_process import INTERRUPTED

SOLUTION = (ROOT / "solutions" / "rnn.py").read_text("utf-8")
STARTER = (ROOT / "exercises" / "rnn.py").read_text("utf-8")
HALF = SOLUTION.partition("\n\ndef rnn(")[0] + "\n\ndef rnn(" + STARTER.partition("\n\ndef rnn(")[2]


@pytest.fixture
def clone(tmp_path: Path) -> Course:
    """A student's repository, in a folder with a space and Chinese letters: untouched starters."""
    root = tmp_path / "作业 1"
    (root / "course").mkdir(parents=True)
    shutil.copy(ROOT / "course" / "course.toml", root / "course")
    shutil.copytree(ROOT / "exercises", root / "exercises")
    return courses.load(root)


def write(clone: Course, name: str, text: str) -> Path:
    path = clone.root / "exercises" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def notebook(*cells: str) -> str:
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "def rnn_step"}, *code]})


def look(clone: Course, name: str = "rnn") -> looks.UnitLook:
    (found,) = looks.look(clone, [clone.unit(name)])
    return found


def packed(clone: Course, *names: str) -> dict[str, bytes]:
    data = handin.pack(clone, looks.look(clone, [clone.unit(name) for name in names]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_not_written_is_said(clone: Course) -> None:
    """A starter is left out, so that it is no zero; a half-written file goes with it."""
    untouched = look(clone)
    assert (untouched.file, untouched.unwritten) == (None, ["rnn_step", "rnn"])
    path = write(clone, "rnn.py", HALF)
    half = look(clone)
    assert (half.file, half.unwritten, half.told) == (path, ["rnn"], [])
    write(
        clone, "rnn.py", STARTER.replace("NotImplementedError", "NotImplementedError('later')", 1)
    )
    assert look(clone).file is None
    path.unlink()
    assert look(clone).told == [f"There is no rnn.py in {clone.root / 'exercises'}."]


@pytest.mark.parametrize(
    "name",
    [
        "Rnn.py",
        "rnn (1).py",
        "rnn-1.py",
        "Copy of rnn.ipynb",
        "rnn.py.txt",
        "RNN.ipynb",
        "hw/rnn.py",
    ],
)
@pytest.mark.parametrize("beside", ["a starter", "nothing"])
def test_work_under_another_name_is_found(clone: Course, name: str, beside: str) -> None:
    """It is told what to rename, and no zip is packed without it."""
    if beside == "nothing":
        (clone.root / "exercises" / "rnn.py").unlink()
    write(clone, name, notebook(SOLUTION) if "ipynb" in name else SOLUTION)
    found = look(clone)
    right = "rnn.ipynb" if "ipynb" in name else "rnn.py"
    told = f"exercises/{name} looks like your work for rnn: rename it to exercises/{right}."
    assert (found.file, found.unsure, found.told) == (None, True, [told])
    output = clone.root / "x.zip"
    assert not handin.write(clone, [found], output, Console(quiet=True), "en")
    assert not output.exists()


def test_a_copy_of_the_starter_is_no_work(clone: Course) -> None:
    write(clone, "rnn (1).py", STARTER)
    assert not look(clone).unsure
    write(clone, "rnn.py", SOLUTION)
    write(clone, "rnn (2).py", HALF)
    assert look(clone).told == []


def test_two_files_that_hold_work_are_told(clone: Course) -> None:
    """And a notebook beside an untouched starter is the work."""
    path = write(clone, "rnn.ipynb", notebook(SOLUTION))
    assert look(clone).file == path
    write(clone, "rnn.py", HALF)
    assert look(clone).unsure
    assert look(clone).told[0].startswith("rnn.py and rnn.ipynb both hold work.")


def test_notebooks_are_read_and_not_run(clone: Course) -> None:
    """With magics, with cells that Python cannot read; a function in Markdown is none."""
    step, _, rest = SOLUTION.partition("\n\ndef rnn(")
    cells = ["%pip install x\nx = !ls\nif 1:\n    !pwd\n" + step, "%%bash\nls", "1 +", "rnn?"]
    path = write(clone, "rnn.ipynb", notebook(*cells, f"def rnn({rest}"))
    assert (look(clone).file, look(clone).told) == (path, [])
    write(clone, "rnn.ipynb", notebook(*cells))
    (told,) = look(clone).told
    assert told.startswith("rnn.ipynb: no function `rnn` was seen")
    for odd in ("", "[]", "{" * 5000, '{"cells": [1, {"cell_type": "code"}]}', "\0"):
        write(clone, "rnn.ipynb", odd)
        assert look(clone).file in (path, None)


def test_links_and_large_files_are_told(clone: Course, tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text(SOLUTION + "#" * (1 << 20))
    path = clone.root / "exercises" / "rnn.py"
    path.unlink()
    path.symlink_to(tmp_path / "real.py")
    assert [told.partition(":")[0] for told in look(clone).told] == [
        "rnn.py is a link, not a file. Hand in the file itself.",
        "rnn.py is too large",
    ]


def test_the_zip_holds_what_is_imported_and_no_more(clone: Course) -> None:
    """Helpers, packages, and other units' files, directly or not; no tests, data or drafts."""
    imports = "import tools\nfrom pack.deep import one, two\nimport os.path, torch\n"
    write(clone, "rnn.py", SOLUTION.replace("import torch\n", imports, 1))
    write(clone, "tools.py", "def f():\n    from . import gates\n    import gates\n")
    write(clone, "pack/__init__.py", "from .sibling import x\n")
    write(clone, "pack/sibling.py", "import 注意\n")
    write(clone, "pack/deep/two.py", "import rnn, draft_of\n")
    write(clone, "注意.py", "")
    write(clone, "draft.py", "")
    write(clone, "weights.bin", "")
    files = packed(clone, "rnn")
    helpers = ["gates.py", "pack/__init__.py", "pack/deep/two.py", "pack/sibling.py"]
    assert sorted(files) == sorted(["handin.json", "rnn.py", *helpers, "tools.py", "注意.py"])
    for name in set(files) - {"handin.json"}:
        assert files[name] == (clone.root / "exercises" / name).read_bytes()


def test_what_a_notebook_runs_is_packed(clone: Course) -> None:
    """`%run` and import_ipynb take notebooks, too."""
    (clone.root / "exercises" / "rnn.py").unlink()
    write(clone, "rnn.ipynb", notebook("%run ./lib/tools.ipynb\nimport own", SOLUTION))
    write(clone, "lib/tools.ipynb", notebook("%run more.py"))
    write(clone, "own.ipynb", notebook("K = 1"))
    write(clone, "more.py", "")
    names = ["handin.json", "lib/tools.ipynb", "more.py", "own.ipynb", "rnn.ipynb"]
    assert sorted(packed(clone, "rnn")) == names


def test_a_notebook_s_text_is_looked_at_like_a_notebook(clone: Course) -> None:
    """Colab's "download .py" leaves `!pip` in it, which is no error of Python's."""
    write(clone, "rnn.py", "!pip install d2l\nimport tools\n" + SOLUTION)
    write(clone, "tools.py", "")
    found = look(clone)
    assert (found.told, found.unwritten, handin.modules([found])) == ([], [], [])
    assert sorted(packed(clone, "rnn")) == ["handin.json", "rnn.py", "tools.py"]
    told = io.StringIO()
    handin.report([found], Console(file=told, width=200), "en")
    assert "rnn.py is a notebook's text" in told.getvalue()
    write(clone, "rnn.py", "!pip install d2l\n" + SOLUTION.replace("def rnn_step", "def step"))
    assert "no function `rnn_step` was seen" in str(look(clone).told[0])


@pytest.mark.parametrize(
    ("data", "words"),
    [(bytes(99), "holds zero bytes"), ("# 注意".encode("gbk"), "is not text in UTF-8")],
)
def test_what_the_course_would_not_read_is_told(clone: Course, data: bytes, words: str) -> None:
    (clone.root / "exercises" / "rnn.py").write_bytes(data)
    found = look(clone)
    assert words in " ".join(found.told)
    assert handin.modules([found]) == [], "nor is it run"


@pytest.mark.parametrize("text", ["", SOLUTION.replace("torch.Tensor:", "torch.Tensor", 1)])
def test_what_python_cannot_read_is_not_called_ok(clone: Course, text: str) -> None:
    assert text != SOLUTION
    write(clone, "rnn.py", text)
    told = io.StringIO()
    handin.report([look(clone)], Console(file=told, width=200), "en")
    assert "ok" not in told.getvalue()


def test_ctrl_c_packs_nothing(clone: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    write(clone, "rnn.py", SOLUTION)
    monkeypatch.chdir(clone.root)
    monkeypatch.setattr(commands, "_in_own_process", lambda *_, **__: INTERRUPTED)
    assert CliRunner().invoke(app, ["handin", "rnn"]).exit_code == INTERRUPTED
    assert not Path(handin.ZIP).exists()


@pytest.mark.parametrize("output", ["exercises/rnn.py/x.zip", "."])
def test_a_zip_that_cannot_be_written_is_told(
    clone: Course, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """As in a folder that is read-only: no traceback."""
    write(clone, "rnn.py", SOLUTION)
    monkeypatch.chdir(clone.root)
    monkeypatch.setattr(commands, "_in_own_process", lambda *_, **__: 0)
    done = CliRunner().invoke(app, ["handin", "rnn", "--output", output])
    assert (done.exit_code, f"{output} cannot be written" in done.stderr) == (2, True)


def test_the_manifest_lists_all_of_it(clone: Course, tmp_path: Path) -> None:
    """Names, sizes and digests; whoever reads it trusts nothing in it."""
    write(clone, "rnn.py", SOLUTION + "\nimport tools\n")
    write(clone, "tools.py", "x = 1\n")
    write(clone, "gates.ipynb", notebook(SOLUTION))
    for name, data in packed(clone, "rnn", "gates").items():
        (tmp_path / name).write_bytes(data)
    manifest = manifests.read_manifest(tmp_path / manifests.MANIFEST)
    assert manifest
    assert manifest.course == clone.title.en
    assert {unit: one.file for unit, one in manifest.units.items()} == {
        "rnn": "rnn.py",
        "gates": "gates.ipynb",
    }
    assert [(one.file, one.size) for one in manifest.helpers] == [("tools.py", 6)]
    assert manifests.differences(tmp_path, manifest) == []
    (tmp_path / "tools.py").write_text("x = 2\n")
    (tmp_path / "gates.ipynb").unlink()
    assert manifests.differences(tmp_path, manifest) == ["gates.ipynb", "tools.py"]
    version = msgspec.json.encode(msgspec.structs.replace(manifest, version=2))
    for odd in (
        b"",
        b"[]",
        b"{}",
        b"[" * 99999,
        version,
        b" " * manifests.LONGEST + b"{}",
        b"\xff",
    ):
        (tmp_path / manifests.MANIFEST).write_bytes(odd)
        assert manifests.read_manifest(tmp_path / manifests.MANIFEST) is None


def test_the_same_work_is_the_same_zip(clone: Course) -> None:
    """Whenever it was saved, and by whom."""
    path = write(clone, "rnn.py", SOLUTION)
    first = handin.pack(clone, [look(clone)])
    os.utime(path, (1, 1))
    path.chmod(0o600)
    write(clone, "draft.py", "x")
    assert handin.pack(clone, [look(clone)]) == first


def run(clone: Course, *arguments: str) -> tuple[int, str]:
    """The command, as a student's release has it."""
    asked = ["handin", "--course", str(clone.root), "--output", str(clone.root / "out.zip")]
    done = CliRunner().invoke(app, [*asked, *arguments])
    return done.exit_code, done.output


def test_the_command(clone: Course, capfd: pytest.CaptureFixture[str]) -> None:
    """Each file is loaded in a process of its own; what is wrong is told, in both languages."""
    fine = "def rnn_step(): return 1\ndef rnn(): return 1\n"
    write(clone, "rnn.py", "print('noise')\n" + fine)
    status, said = run(clone, "rnn")
    assert status == 0, said
    assert "out.zip is packed (rnn). Hand in this one file." in " ".join(said.split())
    assert "noise" not in said + capfd.readouterr().out
    write(clone, "rnn.py", fine.replace("def rnn(", "def rnn2("))
    write(clone, "gates.py", "def f(:\n")
    write(clone, "cost.py", "import nowhere_at_all\n")
    write(clone, "attention.py", "raise SystemExit('bye')\n")
    status, said = run(clone, "rnn", "gates", "cost", "attention", "--lang", "zh")
    assert status == 1
    told = said + capfd.readouterr().out
    for words in ("rnn.py 里没有定义函数 `rnn`", "gates.py", "nowhere_at_all", "bye", "已打包"):
        assert words in told
    assert told.count("没有定义函数") == 1


def test_a_file_may_import_another_unit_s_notebook(
    clone: Course, capfd: pytest.CaptureFixture[str]
) -> None:
    """As in grading, whatever saved it."""
    fine = "def rnn_step(): return 1\ndef rnn(): return 1\n"
    (clone.root / "exercises" / "cost.py").unlink()
    write(clone, "cost.ipynb", notebook("%matplotlib inline\nK = 1"))
    write(clone, "gates.py", "!pip install d2l\nK = 1\n")
    write(clone, "rnn.py", f"from cost import K\nimport gates\nassert gates.K == K\n{fine}")
    status, said = run(clone, "rnn")
    assert status == 0, said + capfd.readouterr().out


def test_a_file_that_ends_the_process_is_told_and_packed(
    clone: Course, capfd: pytest.CaptureFixture[str]
) -> None:
    write(clone, "rnn.py", "import os\nos._exit(7)\n")
    status, said = run(clone, "rnn")
    assert status == 1
    assert "It was at: rnn.py" in " ".join((said + capfd.readouterr().out).split())
    assert (clone.root / "out.zip").is_file()


def test_what_cannot_be_written_is_told_and_leaves_nothing(clone: Course, tmp_path: Path) -> None:
    places.write(tmp_path / "new" / "out.zip", b"zip")
    assert (tmp_path / "new" / "out.zip").read_bytes() == b"zip"
    write(clone, "rnn.py", "K = 1\n")
    seen, console = looks.look(clone, [clone.unit("rnn")]), Console(quiet=True)
    with pytest.raises(CourseError, match="new cannot be written: Is a directory"):
        handin.write(clone, seen, tmp_path / "new", console, "en")
    assert not (tmp_path / "new.part").exists()
