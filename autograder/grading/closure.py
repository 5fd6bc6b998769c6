"""The modules that a program is made of, found in its text: what it imports, and so on.

Imports inside functions count, nothing is run, and no list of files has to be kept. The standard
library's modulefinder stops at a package without an __init__.py and follows no import_module; grimp
sees installed packages, and no solutions beside them.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import resolve_name
from pathlib import Path

from autograder.core.errors import GraderError


def closure(roots: Iterable[str], places: Mapping[str, Path]) -> dict[str, Path]:
    """The modules that `roots` import, directly or not, and their packages: names and files.

    places: the folder that each top-level module of ours lies in; others are not followed.
    Raises GraderError where a module of ours is missing, or is not Python.
    """
    found: dict[str, Path] = {}
    names = waiting = set(roots)
    while waiting:
        modules = {m: path for name in waiting for m, path in _modules(name, places)}
        new = {module: path for module, path in modules.items() if module not in found}
        found |= new
        imported = {name for module, path in new.items() for name in _imports_of(module, path)}
        waiting = {name for name in imported if name.partition(".")[0] in places} - names
        names = names | waiting
    return found


def contents(path: Path) -> bytes:
    """A file that marks depend on. Raises GraderError where it is missing or cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _missing(path, error.strerror) from error


def _missing(path: Path, why: str | None) -> GraderError:
    return GraderError(
        f"{path}, which marks depend on, cannot be read: {why}. Bring it back (`git restore` does, "
        "in a clone), or install the grader again."
    )


def _modules(name: str, places: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Of a.b.c the files of a, a.b and a.b.c, as far as these are modules and not names in one.

    A package without an __init__.py is a folder only.
    """
    parts = name.split(".")
    folder, above = places[parts[0]], None
    for i, part in enumerate(parts, 1):
        module, package, file = ".".join(parts[:i]), folder / part, folder / f"{part}.py"
        if (package / "__init__.py").is_file():
            above = package / "__init__.py"
            yield module, above
            folder = package
        elif file.is_file():
            yield module, file
            return
        elif package.is_dir():
            folder, above = package, None
        elif above and part in _defined(contents(above)):
            return
        else:
            raise _missing(file, "No such file")


def _imports_of(module: str, path: Path) -> frozenset[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    try:
        return _imports(contents(path), package)
    except (SyntaxError, ValueError, ImportError) as error:
        raise GraderError(f"{path}, which marks depend on, is not Python: {error}.") from error


@functools.cache
def _imports(text: bytes, package: str) -> frozenset[str]:
    """What a module in this package imports, wherever it does; `a.b` of `from a import b`.

    By the text and not by the path, so that a file that changes is read anew.
    """
    found: set[str] = set()
    walk: Callable[[ast.AST], Iterable[ast.AST]]
    walk = ast.walk if b"import_module" in text else _statements
    for node in walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            found |= {f"{origin}.{alias.name}".removesuffix(".*") for alias in node.names}
        elif isinstance(node, ast.Call):
            found |= {resolve_name(name, package) for name in _asked_for(node)}
    return frozenset(found)


def _statements(tree: ast.AST) -> list[ast.AST]:
    """The tree's statements, in blocks and functions too: a twelfth of its nodes."""
    nodes = [tree]
    for node in nodes:  # which grows
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            nodes += getattr(node, block, ())
    return nodes


def _asked_for(call: ast.Call) -> Iterator[str]:
    """The module that a call imports: import_module("a.b"), however that is spelled."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else call.func
    if called == "import_module" or getattr(called, "id", "") == "import_module":
        first = call.args[0] if call.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


@functools.cache
def _defined(text: bytes) -> frozenset[str]:
    """The names that a package's __init__.py defines."""
    nodes = list(ast.walk(ast.parse(text)))
    defined = {n.name for n in nodes if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    assigned = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    aliases = {n.asname or n.name for n in nodes if isinstance(n, ast.alias)}
    return frozenset(defined | assigned | aliases)
