"""A submission's files as statements; a notebook's cells are read as IPython reads them."""

from __future__ import annotations
import __future__

import ast
import linecache
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from autograder.sandbox.wire import Position, Source

STAR = "*"  # what a star import may bind
# Cell magics that run their cell among the notebook's own names, IPython's and those of extensions
# that measure; others are calls of the shell.
RUN_THEIR_CELL = "time capture prun memit snakeviz pyinstrument wandb ipytest".split()
_RUNS = re.compile(rf"(?:\s*%%(?:{'|'.join(RUN_THEIR_CELL)})\b.*\n?)*")
_AUTOMATIC = re.compile(r"\A\s*(?=(?:run|time)[ \t].*\s*\Z)")  # a magic that is alone needs no `%`
_RELATIVE = re.compile(r"^[ \t]*from[ \t]*\.", re.MULTILINE)
_EMPTY_LINES = re.compile(r"(?:[ \t]*\n)*")


@dataclass(frozen=True)
class Statement:
    """One top-level statement; without a node, a cell that Python cannot read.

    position: the numbers of its file and, from 1, of itself. place: what tracebacks call its cell.
    text: that of the cell. flags: those of compile.
    """

    position: Position
    place: str
    text: str
    node: ast.stmt | None
    flags: int

    @property
    def line(self) -> int:
        """Where it begins in its cell."""
        return self.node.lineno if self.node else 1

    def compiled(self) -> CodeType:
        """Its code. Raises SyntaxError."""
        body = ast.Module([self.node], []) if self.node else self.text
        code: CodeType = compile(body, self.place, "exec", self.flags, dont_inherit=True)
        return code

    def binds(self, name: str) -> bool:
        """Whether it would have given a name of its module a value."""
        if self.node is None:
            name = re.escape(name)
            pattern = rf"^\s*(?:(?:async\s+)?def|class)\s+{name}\b|^{name}\s*="
            return bool(re.search(pattern, self.text, re.MULTILINE))
        if isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == STAR:
            return name == STAR
        table = symtable.symtable(ast.unparse(self.node), "", "exec")
        if name not in table.get_identifiers():
            return False
        return table.lookup(name).is_assigned() or table.lookup(name).is_imported()


def statements(source: Source, number: int) -> Iterator[Statement]:
    """A file's statements from top to bottom, an import of several names as so many.

    number: of the file. Raises SyntaxError where a .py file cannot be read, and ImportError where
    a notebook cannot because IPython is not installed.
    """
    count, flags = 0, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if source.notebook else 0
    for index, cell in enumerate(source.cells, start=1):
        place = f"{source.file}, code cell {index}" if source.notebook else source.file
        text, body = read(cell, place) if source.notebook else (cell, _body(source))
        remember(place, text)
        for node in [None] if body is None else _one_by_one(body):
            count += 1
            yield Statement((number, count), place, text, node, flags)
            flags |= _future_flags(node)


def program(source: Source) -> str | ast.Module:
    """A .py file's program, to be compiled. Raises SyntaxError.

    The folder of a file that is no part of a package is none, as it is for `python -m hw.rnn`: what
    lies there is imported by its name. All else stays a text: Python compiles no tree as deep as
    that of a sum of a thousand.
    """
    [text] = source.cells
    is_part = "." in source.module or source.file.endswith("__init__.py")
    if is_part or not _RELATIVE.search(text):
        return text
    tree = ast.parse(text, source.file)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                block[:] = map(_absolute, block)
    return tree


def read(cell: str, place: str) -> tuple[str, list[ast.stmt] | None]:
    """A cell's text as Python has it, each statement in its own line; None if it cannot be read.

    What Python can read IPython leaves as it is, so that only other cells need IPython.
    """
    text = bare(cell)
    body = _parsed(text, place)
    if body is None:
        text = _transformed(_AUTOMATIC.sub("%", text))
        body = _parsed(text, place)
    return text, body


def bare(cell: str) -> str:
    """A cell without the magics at its top that run it among the notebook's names."""
    runs = _RUNS.match(cell)
    return "\n" * runs[0].count("\n") + cell[runs.end() :] if runs else cell


def remember(place: str, text: str) -> None:
    """Let tracebacks quote a file that is on no disk."""
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)


def _body(source: Source) -> list[ast.stmt]:
    found = program(source)
    return (ast.parse(found, source.file) if isinstance(found, str) else found).body


def _absolute(statement: ast.stmt) -> ast.stmt:
    """`from helpers import f` in place of `from .helpers import f`."""
    if not isinstance(statement, ast.ImportFrom) or not statement.level:
        return statement
    names = statement.names
    new = ast.ImportFrom(statement.module, names, 0) if statement.module else ast.Import(names)
    return ast.copy_location(new, statement)


def _parsed(text: str, place: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(text, place).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a NUL byte; nested too deep
        return None


def _transformed(text: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    empty = _EMPTY_LINES.match(text)
    before = empty[0].count("\n") if empty else 0  # IPython drops them
    try:
        return "\n" * before + TransformerManager().transform_cell(text)  # type: ignore[no-untyped-call]
    except Exception:  # what IPython cannot read either
        return text


def _one_by_one(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements; `import a, b` as `import a` and `import b`."""
    for node in body:
        if isinstance(node, ast.Import) and len(node.names) > 1:
            yield from (ast.copy_location(ast.Import([name]), node) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and len(node.names) > 1:
            for name in node.names:
                one = ast.ImportFrom(node.module, [name], node.level)
                yield ast.copy_location(one, node)
        else:
            yield node


def _future_flags(node: ast.stmt | None) -> int:
    """As in Jupyter, a `from __future__ import` holds in every later cell too."""
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return 0
    found = [getattr(__future__, alias.name, None) for alias in node.names]
    return sum(feature.compiler_flag for feature in found if feature)
