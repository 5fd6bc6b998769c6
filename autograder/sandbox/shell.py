"""What stands for IPython's shell in a notebook that is graded: its magics and commands do nothing.

But for those that run a cell or a file, and the one that writes a module.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Callable
from typing import Any

from autograder.sandbox import cells

MAGIC = "a magic"  # what tracebacks call its code
Names = dict[str, Any]


class Nothing:
    """What does nothing, whatever is asked of it, where nobody looks."""

    def __call__(self, *_: Any, **__: Any) -> None:
        """Do nothing, as `display` and most magics."""

    def __getattr__(self, name: str) -> Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class Shell(Nothing):
    """What `get_ipython()` returns.

    names: the notebook's. run: runs a file of the submission and gives its names, or, given names,
    runs it among these. write: keeps a text as a file of the submission, or adds it to one.
    """

    def __init__(
        self,
        names: Names,
        run: Callable[[str, Names | None], Names],
        write: Callable[[str, str, bool], None],
    ) -> None:
        self.user_ns = names
        self.config: Names = {}
        self._run_file = run
        self._write = write

    def run_line_magic(self, name: str, line: str, *_: Any, **__: Any) -> Any:
        """Do what a line such as `%time x = f()` or `%run helper.py` does to the names."""
        if name in ("time", "prun"):
            return _run(line, self.user_ns)
        if name == "run":
            options, file = _options(line)
            self.user_ns.update(self._run_file(file, self.user_ns if "-i" in options else None))
        return None

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Do what a cell such as `%%timeit` or `%%writefile helper.py` does."""
        if name in cells.RUN_THEIR_CELL:
            self.run_cell(cell)
        elif name == "timeit":
            _run(cell, dict(self.user_ns))  # in names of its own, and once
        elif name in ("writefile", "file"):
            options, file = _options(line)
            self._write(file, cell, not options.isdisjoint(("-a", "--append")))

    def run_cell(self, cell: str, *_: Any, **__: Any) -> None:
        """Run a cell's text among the notebook's names. Raises whatever it raises."""
        _run(cell, self.user_ns)

    ex = run_cell

    def push(self, names: Names, *_: Any, **__: Any) -> None:
        """Give names a value."""
        self.user_ns.update(names)

    def getoutput(self, *_: Any, **__: Any) -> list[str]:
        """Run no command: it says nothing."""
        return []


def _options(line: str) -> tuple[set[str], str]:
    """The options of a magic, and the file that it names, with slashes. Raises ValueError."""
    line = line.replace("\\", "/")
    try:
        parts = shlex.split(line)
    except ValueError:  # a quote that does not end, as in `# it's mine`, is a letter
        parts = line.split()
    options = {part for part in parts if part.startswith("-")}
    if files := [part for part in parts if part not in options]:
        return options, files[0]
    raise ValueError("no file is named")


def _run(text: str, names: Names) -> Any:
    """Run a text as IPython reads it; what its last line gives. Raises whatever it raises."""
    body = ast.parse(cells.read(text, MAGIC)[0], MAGIC).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), MAGIC, "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), MAGIC, "eval"), names)
    return None
