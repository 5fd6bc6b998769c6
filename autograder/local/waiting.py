"""Cells of a lesson that need what is not written yet: they say so, and the rest runs."""

from __future__ import annotations

import ast
import contextlib
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.core.course import find_root, load
from autograder.core.language import _, language_here, render, say
from autograder.testing.calls import says_unwritten

UNWRITTEN = _(
    "This cell waits for `%(function)s`, which is not written yet. Write it in %(file)s, save the "
    "file, and run this cell again."
)
NOT_MADE = _("This cell waits for `%(name)s`, which a cell above could not make yet.")
OPENING = f"with __import__('sys').modules[{__name__!r}].cell({{names!r}}, globals()): pass"
LAST = "__import__('sys').displayhook(0)"  # what Jupyter does with the value of a cell's last line

_not_made: set[str] = set()  # what cells that waited would have made
_folder = Path()


def in_notebooks(shell: Any, folder: Path) -> None:
    """Let a notebook import what students write in a folder, as it is at each cell.

    shell: IPython's, or None where this is no notebook.
    """
    global _folder
    _folder = folder
    if list(folder.glob("*.ipynb")):
        from autograder.local.notebooks import Notebooks, find

        course = load(find_root(folder))
        Notebooks(course, find(course, course.units).notebooks, lambda: None).install()
    if shell:
        shell.run_line_magic("load_ext", "autoreload")
        shell.run_line_magic("autoreload", "2")
        shell.ast_transformers.append(_Guarded())


@contextlib.contextmanager
def cell(names: Sequence[str], values: dict[str, Any]) -> Iterator[None]:
    """A cell that would bind these names in `values`; where it waits, it leaves none half made."""
    before = set(values)
    try:
        yield
    except NotImplementedError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        file = Path(frame.filename)
        theirs = file.parent == _folder or file.name.partition(",")[0].endswith(".ipynb")
        if not (theirs and says_unwritten(frame.line or "")):
            raise
        shown = f"{_folder.name}/{file.name.partition(',')[0]}"
        _forget(set(names) - before, values)
        _wait(names, render(say(UNWRITTEN, function=frame.name, file=shown).facts, language_here()))
    except NameError as error:
        if error.name not in _not_made:
            raise
        _forget(set(names) - before, values)
        _wait(names, render(say(NOT_MADE, name=error.name).facts, language_here()))
    else:
        _not_made.difference_update(names)


def _forget(names: set[str], values: dict[str, Any]) -> None:
    for name in names:
        values.pop(name, None)


def _wait(names: Sequence[str], told: str) -> None:
    _not_made.update(names)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")  # a plot that is only begun
    print(told)


class _Guarded(ast.NodeTransformer):
    """Puts each cell into a `with cell(…):`."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """See ast."""
        body = node.body
        if not body or any(getattr(one, "module", "") == "__future__" for one in body):
            return node
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is_bound(n)}
        [opened] = ast.parse(OPENING.format(names=sorted(names))).body
        if isinstance(body[-1], ast.Expr):
            [shown] = ast.parse(LAST).body
            shown.value.args = [body[-1].value]  # type: ignore[attr-defined]
            body[-1] = ast.copy_location(shown, body[-1])
        opened.body = body  # type: ignore[attr-defined]
        return ast.Module([ast.copy_location(opened, body[0])], node.type_ignores)


def _is_bound(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
