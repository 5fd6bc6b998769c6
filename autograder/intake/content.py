"""What a program defines, told from its text: nothing of it is run, and little of it parsed."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from autograder.core.course import TESTS_OF, Course
from autograder.intake.stops import parsable

MOST_LETTERS = 1 << 16  # of one function: what is longer is not parsed, and counts as written
DEFINITION = re.compile(r"^(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
TEST = re.compile(r"def[ \t]+test_\w*\s*\(\s*(\w+)\s*[:,)]")
NEXT_STATEMENT = re.compile(r"^[^\s#)\]}]", re.MULTILINE)
# What else binds names at the top: `f = …`, `f: … = …`, `a, f = …`, imports.
BINDING = re.compile(r"^([\w, \t]+?)(?::[^=\n]+)?=(?!=)|^(?:from[ \t].*)?import[ \t](.*)", re.M)
STAR = re.compile(r"^from[ \t]+\S+[ \t]+import[ \t]*\*|^%%writefile\b", re.MULTILINE)
IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.M)
RUN = re.compile(  # a file that a notebook runs, without its suffix
    r"""^[ \t]*%?run[ \t]+(?:-\w+[ \t]+)*(["']?)([^"'\n]+?)(?:\.py|\.ipynb)?\1(?:[ \t].*)?$""",
    re.MULTILINE,
)
IMPORT_LINE = re.compile(r"^[ \t]*(?:from[ \t].*)?import[ \t].*", re.MULTILINE)
# A notebook's line that binds no name, and as a script has it that was made of the notebook.
COMMAND = re.compile(r"^([ \t]*)(?:!|%(?!%|run\b|time\b|prun\b)).*", re.MULTILINE)
AS_CALL = re.compile(
    r"^([ \t]*)get_ipython\(\)\.(?:system\(|run_line_magic\('(?!run'|time'|prun')).*", re.MULTILINE
)
WORD = re.compile(r"[^\W\d]\w*")


class Function(NamedTuple):
    """A function of a program. parameters: None where its text could not be read."""

    parameters: tuple[str, ...] | None
    written: bool


class Content(NamedTuple):
    """What a program binds. texts: of its functions by name, parsed only when that is asked for.

    A test of f also counts as a part of the exercise tests_of_f.
    elsewhere: names bound in other ways than by `def`. open: whether it binds names that its text
    does not tell, as `from x import *` does.
    """

    texts: dict[str, list[str]]
    elsewhere: frozenset[str]
    open: bool

    def defines(self, names: Iterable[str]) -> set[str]:
        """Those of the names that it defines, written or not."""
        return {name for name in names if name in self.texts or name in self.elsewhere}

    def written(self, names: Iterable[str]) -> set[str]:
        """Those of the names for which there is more than a starter's NotImplementedError."""
        return {
            name
            for name in names
            if name in self.elsewhere
            or any(_function(text).written for text in self.texts.get(name, ()))
        }

    def is_untouched(self, names: Iterable[str]) -> bool:
        """Whether it is a starter: it has functions asked for, and none of them is written."""
        return bool(self.defines(names)) and not self.written(names) and not self.open

    def parameters(self, name: str) -> tuple[str, ...] | None:
        """Those of the last function of a name; None where there is none that can be read."""
        return _function(self.texts[name][-1]).parameters if name in self.texts else None


def content(cells: Sequence[str]) -> Content:
    """What a program binds, a cell at a time."""
    texts: dict[str, list[str]] = {}
    elsewhere: set[str] = set()
    for cell in cells:
        for found in DEFINITION.finditer(cell):
            texts.setdefault(found[1], []).append(text := _statement(cell, found.start()))
            if test := TEST.match(text):
                texts.setdefault(f"{TESTS_OF}{test[1]}", []).append(text)
        elsewhere.update(w for a, b in BINDING.findall(cell) for w in WORD.findall(a or b))
    return Content(texts, frozenset(elsewhere), any(map(STAR.search, cells)))


@functools.cache
def _asked(course: Path, unit: str) -> Content:
    """A unit's functions, as the course itself has them; none where it has no program for it."""
    for folder in ("solutions", "exercises"):
        path = course / folder / f"{unit}.py"
        if path.is_file():
            return content([path.read_text("utf-8")])
    return content([])


def fits(found: Content, unit: str, course: Course) -> bool:
    """Whether a program has all that a unit asks for, name by name and parameter by parameter."""
    names = [exercise.name for exercise in course.unit(unit).exercises]
    if not all(name in found.texts for name in names) or found.is_untouched(names):
        return False
    asked = _asked(course.root, unit)
    return all(found.parameters(name) == asked.parameters(name) for name in names)


def imports(cells: Sequence[str]) -> set[str]:
    """The modules that a program's import statements name, wherever these stand."""
    found = (names for cell in cells for names in IMPORT.findall(cell))
    parts = (part for one, many in found for part in (one or many).split(","))
    return {words[0] for part in parts if (words := part.split())}


def words(cells: Sequence[str]) -> set[str]:
    """All words of a program: whatever it imports, however it does, is among them.

    And the names of the files that it runs, such as 01-helpers.
    """
    run = {PurePosixPath(file).name for cell in cells for _quote, file in RUN.findall(cell)}
    return run.union(*map(WORD.findall, cells))


def is_program(cells: Sequence[str]) -> bool:
    """Whether Python can read all of it, as no text about a program."""
    return all(len(cell) <= MOST_LETTERS and _parsed(cell) is not None for cell in cells)


def essence(cells: Sequence[str]) -> str:
    """A program without comments and blank lines: two that are alike in this do the same."""
    lines = (line.rstrip() for cell in cells for line in cell.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def statements(cells: Sequence[str]) -> str:
    """A program's statements, however they are laid out; itself where Python cannot read it.

    Without texts that stand alone and a notebook's commands: a script that Colab or Jupyter made of
    a notebook has these in other forms.
    """
    text = "\n".join(cells)
    module = _without_commands(cells) if len(text) <= MOST_LETTERS else None
    try:
        kept = [node for node in module.body if not _does_nothing(node)] if module else []
        return "\n".join(map(ast.dump, kept)) or text
    except RecursionError:
        return text


def _without_commands(cells: Sequence[str]) -> ast.Module | None:
    """What Python can read has no commands: a line such as `% length` is part of a sum there."""
    read = (cell if _parsed(cell) else COMMAND.sub(r"\1pass", cell) for cell in cells)
    return _parsed("\n".join(AS_CALL.sub(r"\1pass", cell) for cell in read))


def binds_by_imports_alone(cells: Sequence[str], names: Iterable[str]) -> bool:
    """Whether a program binds these names, if at all, by nothing but its import statements."""
    rest = content([IMPORT_LINE.sub("", cell) for cell in cells])
    return not (rest.open or rest.defines(names))


def _statement(text: str, start: int) -> str:
    """The statement that begins there, up to the next one that is not indented."""
    line_end = text.find("\n", start)
    following = NEXT_STATEMENT.search(text, line_end + 1) if line_end >= 0 else None
    return text[start : following.start() if following else len(text)]


@functools.lru_cache(256)
def _function(text: str) -> Function:
    """Read one function's text; where that cannot be done, it counts as written."""
    module = _parsed(text) if len(text) <= MOST_LETTERS else None
    node = module.body[0] if module else None
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return Function(None, True)
    parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return Function(tuple(p.arg for p in parameters), not all(map(_does_nothing, node.body)))


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes such as "\\d"
            return ast.parse(parsable(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring, `...`, `pass`, or raises NotImplementedError."""
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_constant or isinstance(statement, ast.Pass)
