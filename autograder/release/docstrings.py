"""The same program with its docstrings in another language."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

Documented = ast.Module | ast.FunctionDef | ast.ClassDef


class Docstring(NamedTuple):
    """A docstring of a program: whose it is ("" the module's own), and where it stands."""

    name: str
    text: str
    node: ast.expr


def docstrings(source: str) -> Iterator[Docstring]:
    """Every docstring of a program, in the order in which they stand."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Documented)]
    for node in nodes:
        if text := ast.get_docstring(node):
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            yield Docstring(getattr(node, "name", ""), text, first.value)


def translated(source: str, words: Mapping[str, str]) -> str:
    """A program with those of its docstrings replaced that words have, by whose they are."""
    lines = source.splitlines(keepends=True)
    found = sorted(docstrings(source), key=lambda one: one.node.lineno, reverse=True)
    for name, _text, node in found:
        if text := words.get(name, "").strip():
            indent = " " * node.col_offset
            body = "\n".join(f"{indent}{line}".rstrip() for line in text.splitlines()).lstrip()
            end = f"\n{indent}" if "\n" in text else ""
            lines[node.lineno - 1 : node.end_lineno] = [f'{indent}"""{body}{end}"""\n']
    return "".join(lines)
