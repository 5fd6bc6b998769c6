"""What stands for IPython's shell in a notebook that is graded: its magics and commands do nothing.

But for those that run a cell or a file, and the one that writes a module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograder.sandbox import cells

MAGIC = "a magic"  # what tracebacks call its code


class Shell:
    """What `get_ipython()` returns. Whatever else is asked of it, it does nothing.

    names: the notebook's. module: gives the names of a file of the submission, once it has run.
    write: keeps a text as a file of the submission.
    """

    def __init__(
        self,
        names: dict[str, Any],
        module: Callable[[str], dict[str, Any]],
        write: Callable[[str, str], None],
    ) -> None:
        self.user_ns = names
        self.config: dict[str, Any] = {}
        self._module = module
        self._write = write

    def run_line_magic(self, name: str, line: str, *_: Any, **__: Any) -> None:
        """Do what a line such as `%time x = f()` or `%run helper.py` does to the names."""
        if name in ("time", "prun"):
            _run(line, self.user_ns)
        elif name == "run":
            self.user_ns.update(self._module(line.strip()))

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Do what a cell such as `%%timeit` or `%%writefile helper.py` does."""
        if name == "timeit":
            _run(cell, dict(self.user_ns))  # in names of its own, and once
        elif name in ("writefile", "file"):
            self._write(line.strip(), cell)

    def getoutput(self, *_: Any, **__: Any) -> list[str]:
        """Run no command: it says nothing."""
        return []

    def __getattr__(self, name: str) -> Any:
        return ignore


def ignore(*_: Any, **__: Any) -> None:
    """Do nothing, as `display` and most magics do where nobody looks."""


def _run(text: str, names: dict[str, Any]) -> None:
    """Run a text as IPython reads it. Raises whatever it raises."""
    exec(compile(cells.read(text, MAGIC)[0], MAGIC, "exec"), names)
