"""Imports a submission from memory, so that nothing of it is ever written to a disk.

Of a notebook only what the exercises need is run: the functions asked for, and every top-level
statement that binds a name which those use, in turn. Magics, plots, training runs and scratch
cells are left alone, so they can neither fail nor slow down a right program. A file is run whole,
as Python does; only where that raises, say at a plot at its end, is it tried like a notebook.
"""

from __future__ import annotations
import __future__

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import re
import symtable
import sys
from collections.abc import Iterator, Sequence
from types import CodeType, ModuleType

from autograder.sandbox.wire import Source

EVERYTHING = "*"  # what a star import may bind
_MAGIC = re.compile(r"^[%!?]|^\w.*\?\s*$")


class SubmissionFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and runs a student's files as modules."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = {source.module: source for source in sources}

    def install(self) -> None:
        """Let `import attention` find the student's own file first."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See importlib."""
        source = self._sources.get(fullname)
        if source is None:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=source.file)

    def exec_module(self, module: ModuleType) -> None:
        """See importlib."""
        source = self._sources[module.__name__]
        module.__file__ = source.file
        codes, fresh = compile_source(source), dict(module.__dict__)
        try:
            _run(codes, module)
        except (Exception, SystemExit) as error:
            if source.notebook or not source.wanted or not (needed := _compile_cells(source)):
                raise
            module.__dict__.clear()
            module.__dict__.update(fresh)
            try:
                _run(needed, module)
            except (Exception, SystemExit):
                raise error from None

    def get_source(self, fullname: str) -> str:
        """See importlib; what inspect.getsource reads."""
        return "\n".join(self._sources[fullname].cells)


def compile_source(source: Source) -> list[CodeType]:
    """Compile a file, or the needed statements of a notebook. Raises SyntaxError."""
    if not source.notebook:
        _remember(source.file, source.cells[0])
        return [compile(source.cells[0], source.file, "exec", dont_inherit=True)]
    return _compile_cells(source)


def _run(codes: Sequence[CodeType], module: ModuleType) -> None:
    for code in codes:
        exec(code, module.__dict__)


def _compile_cells(source: Source) -> list[CodeType]:
    """Compile cell by cell: a cell that Python cannot read counts only if it is needed."""
    parsed: list[tuple[str, list[ast.stmt]]] = []
    unreadable: SyntaxError | None = None
    for number, cell in enumerate(source.cells, start=1):
        name = f"{source.file}, code cell {number}" if source.notebook else source.file
        _remember(name, cell)
        try:
            parsed.append((name, parse_cell(cell, name)))
        except SyntaxError as error:
            if any(f"def {function}" in cell for function in source.wanted):
                raise
            unreadable = unreadable or error
    needed = needed_statements([s for _, body in parsed for s in body], source.wanted)
    if unreadable and not needed:
        raise unreadable
    flags = _future_flags(needed)
    return [
        compile(ast.Module(kept, []), name, "exec", flags, dont_inherit=True)
        for name, body in parsed
        if (kept := [statement for statement in body if statement in needed])
    ]


def parse_cell(cell: str, name: str) -> list[ast.stmt]:
    """Parse a cell, without its magics where it has any. Raises SyntaxError."""
    try:
        return ast.parse(cell, name).body
    except SyntaxError:
        return ast.parse(without_magics(cell), name).body


def without_magics(cell: str) -> str:
    """Blank the lines that only IPython reads; a cell in another language goes whole."""
    lines = cell.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(("%%time", "%%capture", "%%prun")):
        return ""
    return "\n".join("" if _MAGIC.search(line) else line for line in lines)


def needed_statements(statements: Sequence[ast.stmt], wanted: Sequence[str]) -> list[ast.stmt]:
    """The statements that bind the wanted names and, in turn, every name that those use."""
    scopes = [_names(statement) for statement in statements]
    kept = {i for i, (bound, _) in enumerate(scopes) if EVERYTHING in bound}
    needed = set(wanted)
    while new := {i for i, (bound, _) in enumerate(scopes) if i not in kept and bound & needed}:
        kept |= new
        needed |= {name for i in new for name in scopes[i][1]}
    return [statements[i] for i in sorted(kept)]


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The module-level names that a statement binds or changes, and those that it uses."""
    if isinstance(statement, ast.ImportFrom) and (
        statement.module == "__future__" or statement.names[0].name == "*"
    ):
        return {EVERYTHING}, set()
    bound, used = set(_changed_in_place(statement)), set()
    tables = [symtable.symtable(ast.unparse(statement), "", "exec")]
    for table in tables:
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if table.get_type() != "module" and not symbol.is_global():
                continue
            if symbol.is_assigned() or symbol.is_imported():
                bound.add(symbol.get_name())
            if symbol.is_referenced():
                used.add(symbol.get_name())
    return bound, used


def _changed_in_place(statement: ast.stmt) -> Iterator[str]:
    """`x`, for `x.a = …` and `x[0] = …` at module level."""
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    for target in targets:
        while isinstance(target, (ast.Attribute, ast.Subscript)):
            target = target.value
            if isinstance(target, ast.Name):
                yield target.id


def _future_flags(statements: Sequence[ast.stmt]) -> int:
    """As in Jupyter, a `from __future__ import` holds in every later cell too."""
    names = [
        alias.name
        for statement in statements
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for alias in statement.names
    ]
    return sum(getattr(__future__, n).compiler_flag for n in names if hasattr(__future__, n))


def _remember(name: str, text: str) -> None:
    """Let tracebacks quote a file that is on no disk."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
