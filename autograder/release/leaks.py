"""What of the solutions and hidden tests a text gives away."""

from __future__ import annotations

import ast
import functools
import html
import re
from collections.abc import Iterable, Iterator

import msgspec

from autograder.core.course import Course
from autograder.core.units import unit_folder
from autograder.release.starters import BEGIN, END

SHORTEST = 16  # letters of a solution's line that could stand in no other program by chance
WINDOW = 3  # lines of a hidden program that public ones do not share by chance


def leaks(found: dict[str, bytes], passages: set[str]) -> Iterator[tuple[str, str]]:
    """Hidden passages that stand in the files: the file's name and the passage."""
    texts = {name: _normal(_text(name, data)) for name, data in found.items()}
    lines = {line for text in texts.values() for line in text.splitlines()}
    # Thousands of passages in a hundred files: those whose beginning stands nowhere are left out.
    begun = {line[i : i + SHORTEST] for line in lines for i in range(len(line) - SHORTEST + 1)}
    for passage in passages:
        start = passage.partition("\n")[0][:SHORTEST]
        if len(start) < SHORTEST or start in begun:
            yield from ((name, passage) for name, text in texts.items() if passage in text)


def hidden_passages(course: Course, given: Iterable[str] = ()) -> set[str]:
    """What no student may read: lines of the solutions, and runs of lines of hidden programs.

    given: solutions that students get; what stands in them is hidden nowhere.
    """
    passages: set[str] = set()
    for path in sorted((course.root / "solutions").glob("*.py")):
        for region in re.findall(f"{BEGIN}\n(.*?){END}", path.read_text("utf-8"), re.DOTALL):
            passages |= {line for line in _lines(region) if len(line) >= SHORTEST}
    for unit in course.unit_names:
        for path in sorted((unit_folder(course.root, unit) / "hidden").rglob("*.py")):
            passages |= _passages_of(path.read_text("utf-8"), path.stem.startswith("test_"))
    known = [_normal(text) for text in given]
    return {passage for passage in passages if not any(passage in text for text in known)}


@functools.cache
def _passages_of(source: str, tests: bool) -> frozenset[str]:
    """What no student may read of a hidden program.

    tests: whether it holds tests, which share a few helpers with the public ones.
    """
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    if tests:
        functions = [node for node in functions if node.name.startswith("test_")]
    passages = {run for node in functions for run in _runs(node, source)}
    passages |= {run for text in _programs(nodes) for run in _runs_of(text)}
    lambdas = [node for node in tree.body if isinstance(getattr(node, "value", 0), ast.Lambda)]
    passages |= {_normal(ast.get_source_segment(source, node) or "") for node in lambdas}
    return frozenset(passages)


def _programs(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The texts in a program that are programs, such as versions that tests are to meet."""
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return (text for text in texts if isinstance(text, str) and "\ndef " in text)


def _runs_of(program: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.FunctionDef):
            yield from _runs(node, program)


def _runs(function: ast.FunctionDef, source: str) -> Iterator[str]:
    """The runs of lines in a function's body."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    first = body[0].lineno - 1 if body else function.end_lineno
    lines = _lines("\n".join(source.splitlines()[first : function.end_lineno]))
    for i in range(max(len(lines) - WINDOW, 0) + 1):
        run = lines[i : i + WINDOW]
        if len(run) > 1 and not _is_a_call(run):
            yield "\n".join(run)


def _is_a_call(lines: list[str]) -> bool:
    """Whether lines are nothing but the arguments of one call, such as one of torch's."""
    return all(re.fullmatch(r"\w+=[\w.]+,", line) for line in lines)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _text(name: str, data: bytes) -> str:
    """What a file says to who opens it: a notebook's cells, a page without its markup."""
    if name.endswith(".ipynb"):
        return "\n".join("".join(cell["source"]) for cell in msgspec.json.decode(data)["cells"])
    text = data.decode("utf-8", "replace")
    return html.unescape(re.sub(r"<[^>]*>", "", text)) if name.endswith(".html") else text


def _normal(text: str) -> str:
    return "\n".join(_lines(text))
