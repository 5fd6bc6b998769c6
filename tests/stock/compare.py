"""Stock nbgrader beside ours: the marks of hostile notebooks, and the CPU time of honest ones.

python tests/stock/compare.py        prints two tables; executes the hostile notebooks' cells

The attacks are harmless to the machine, but stock nbgrader runs them as whoever starts this: use a
container. In the stock course the tests stand in the notebook, as nbgrader means it.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from autograder.core import course as courses
from autograder.grading.protocol import Options
from autograder.notebooks import build as notebooks
from autograder.release.starters import STUB

UNIT = "attention"
WRONG = "return torch.zeros(1), torch.zeros(1)"
HONEST = 10
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: orphans become this process's children
TESTS = {
    "score": "q, k = torch.randn(2, 5, 7), torch.randn(2, 11, 7)\n"
    "assert torch.allclose(score(q, k), torch.einsum('nid,njd->nij', q, k), atol=1e-5)",
    "scale": "s = torch.randn(5, 7)\nassert torch.allclose(scale(s, 7), s / 7**0.5)",
    "softmax": "s = 100 * torch.randn(3, 5, 7)\n"
    "assert torch.allclose(softmax(s, 1), torch.softmax(s, 1), atol=1e-6)",
    "weighted_sum": "w, v = torch.randn(2, 5, 7), torch.randn(2, 7, 3)\n"
    "assert torch.allclose(weighted_sum(w, v), torch.einsum('nij,njd->nid', w, v), atol=1e-5)",
    "attention": "q, k, v = torch.randn(5, 7), torch.randn(11, 7), torch.randn(11, 3)\n"
    "out = torch.nn.functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]\n"
    "assert torch.allclose(attention(q, k, v)[0], out, atol=1e-5)",
}
ATTACKS = {
    "input transformer": "get_ipython().input_transformers_post.append("
    "lambda lines: ['pass'] if any('assert' in line for line in lines) else lines)",
    "AST transformer": "import ast\n"
    "class Gone(ast.NodeTransformer):\n"
    "    def visit_Assert(self, node):\n        return ast.Pass()\n"
    "    def visit_Call(self, node):\n        return ast.Constant((0, 0))\n"
    "    def visit_Module(self, node):\n        self.generic_visit(node)\n"
    "        return ast.fix_missing_locations(node)\n"
    "get_ipython().ast_transformers.append(Gone())",
    "patched comparison": "import torch\ntorch.allclose = lambda *a, **k: True",
    "patched do_execute": "k = get_ipython().kernel\n"
    "async def execute(code, *a, **k2):\n    return {'status': 'ok', 'execution_count': 1, "
    "'payload': [], 'user_expressions': {}}\nk.do_execute = execute",
    "gradebook from a cell": "import sqlite3\n"
    "db = sqlite3.connect('%(gradebook)s')\n"
    "db.execute('update grade set manual_score = 40')\ndb.commit()\ndb.close()",
    "detached process": "import subprocess, sys\n"
    "subprocess.Popen([sys.executable, '-c', \"import time, sqlite3; time.sleep(12); "
    "db = sqlite3.connect('%(gradebook)s'); db.execute('update grade set manual_score = 40'); "
    'db.commit()"], start_new_session=True)',
}


def nbgrader(folder: Path, *arguments: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, check=False,
    )  # fmt: skip


def make(folder: Path, stock: bool) -> tuple[str, str]:
    """Make a course of one unit; return its notebook as released and as solved."""
    course = courses.load()
    one = msgspec.structs.replace(course, units=[course.unit(UNIT)])
    notebooks.build(one, folder, "en", Options(speed=False))
    source = folder / "source" / UNIT / f"{UNIT}.ipynb"
    solved = json.loads(source.read_text("utf-8"))
    if stock:
        config = f"c = get_config()\nc.ClearSolutions.code_stub = {{'python': {STUB!r}}}\n"
        (folder / "nbgrader_config.py").write_text(config, "utf-8")
        for cell in solved["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if name.startswith("test_"):
                test = TESTS[name.removeprefix("test_")]
                cell["source"] = f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS"
        source.write_text(json.dumps(solved), "utf-8")
    nbgrader(folder, "generate_assignment", UNIT)
    released = folder / "release" / UNIT / f"{UNIT}.ipynb"
    return released.read_text("utf-8"), source.read_text("utf-8")


def hand_in(folder: Path, student: str, notebook: str) -> None:
    path = folder / "submitted" / student / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(notebook, "utf-8")


def mark(folder: Path) -> str:
    nbgrader(folder, "export")
    with (folder / "grades.csv").open() as file:
        row = next(csv.DictReader(file), None)
    return f"{float(row['score']):g} of {float(row['max_score']):g}" if row else "none"


def attacked(attack: str, stock: bool) -> str:
    """The mark of a notebook with wrong answers only, which attacks before the first test."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        released, _ = make(folder, stock)
        notebook: dict[str, Any] = json.loads(released.replace(STUB, WRONG))
        source = attack.replace("%(gradebook)s", str(folder / "gradebook.db"))
        cell = {"cell_type": "code", "id": "attack", "metadata": {}, "source": source}
        notebook["cells"].insert(0, cell | {"outputs": [], "execution_count": None})
        hand_in(folder, "mallory", json.dumps(notebook))
        nbgrader(folder, "autograde", UNIT)
        if "sleep(12)" in attack:
            subprocess.run(["sleep", "13"], check=True)
        return mark(folder)


def seconds(stock: bool) -> float:
    """CPU time of `nbgrader autograde` for ten right submissions, its children's included."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _, solved = make(folder, stock)
        for number in range(HONEST):
            hand_in(folder, f"student{number}", solved)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        nbgrader(folder, "autograde", UNIT)
        reap()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def reap() -> None:
    """Wait for processes that nbgrader left behind, so that their time counts."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def main() -> None:
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    print("| attack, every answer wrong | stock nbgrader | with the sandbox |\n|---|---|---|")
    for name, attack in {"none": "", **ATTACKS}.items():
        print(f"| {name} | {attacked(attack, True)} | {attacked(attack, False)} |", flush=True)
    stock, ours = seconds(True), seconds(False)
    print(f"\nCPU-seconds for {HONEST} right submissions: stock {stock:.1f}, ours {ours:.1f}.")


if __name__ == "__main__":
    main()
