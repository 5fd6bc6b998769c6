"""A call as a person would write it down: what went in, what came out, what should have."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from autograder.core.language import Language, Sentence, _, render, translations
from autograder.local.places import place
from autograder.testing.calls import Failure, Invocation
from autograder.testing.compare import describe
from autograder.testing.direct import LocalBackend

WIDTH = 80
MOST = 12  # numbers that are written out
DIGITS = 4
ROUNDING = 1e-12  # relative to the largest number expected
CALLED = _("The test called it with:")
ROWS = _("got"), _("expected"), _("difference")


def definition(backend: LocalBackend) -> Iterator[str]:
    """The line on which a student's function begins, which editors and terminals can jump to."""
    code = getattr(backend.found, "__code__", None)
    if code and backend.owns(code.co_filename):
        yield f"  {place(Path(code.co_filename))}:{code.co_firstlineno}  def {code.co_name}"


def call(backend: LocalBackend, failure: Failure, language: Language) -> Iterator[str]:
    """The arguments of the last call; and, where they are few, the numbers of its result."""
    if asked := backend.invocation:
        yield from arguments(backend.found, asked, language)
        yield from numbers(failure, language)


def arguments(function: Any, asked: Invocation, language: Language) -> Iterator[str]:
    """What a function was called with, by the names that it has for its arguments."""
    yield translations(language).gettext(CALLED)
    yield from _table(_named(function, asked.args, dict(asked.kwargs)), language)


def result(value: Any, language: Language) -> Iterator[str]:
    """What a call gave."""
    yield from _table({translations(language).gettext(ROWS[0]): value}, language)


def numbers(failure: Failure, language: Language) -> Iterator[str]:
    """What came, what was expected and the difference, where these are few numbers."""
    said = translations(language).gettext
    if failure.compared and failure.compared[1].numel() <= MOST:
        got, expected = (side.detach().to(torch.float64) for side in failure.compared)
        apart = (got - expected).abs()
        apart[apart < ROUNDING * expected.abs().amax()] = 0
        yield from _table(dict(zip(map(said, ROWS), (got, expected, apart), strict=True)), language)


def wrapped(text: str) -> str:
    """The same with its sentences in lines of a terminal; what is indented is code or numbers."""
    console = Console(width=WIDTH, emoji=False)
    return "\n".join(
        part.plain.rstrip()
        for line in text.splitlines()
        for part in ([Text(line)] if line.startswith(" ") else Text(line).wrap(console, WIDTH))
    )


def _named(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names that the function itself has for them."""
    try:
        return dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):  # it takes others, or cannot say which it takes
        return {str(number): value for number, value in enumerate(args, 1)} | kwargs


def _table(rows: dict[str, Any], language: Language) -> Iterator[str]:
    width = max(map(cell_len, rows), default=0)
    for name, value in rows.items():
        first, *others = _lines(value, language)
        yield f"  {set_cell_size(name, width)}  {first}"
        yield from (f"  {'':{width}}  {line}" for line in others)


def _lines(value: Any, language: Language) -> list[str]:
    """A value: its numbers where they are few, else its dtype and shape."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        numbers = torch.as_tensor(np.array(value) if isinstance(value, np.ndarray) else value)
        if 0 < numbers.numel() <= MOST:
            return _rows(numbers.detach().tolist())
        return [f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"]
    if isinstance(value, (list, tuple)) and 0 < len(value) <= MOST:
        items = [" ".join(_lines(item, language)) for item in value]
        text = f"[{', '.join(items)}]"
        return [text] if len(text) < WIDTH // 2 or len(items) == 1 else _brackets(items)
    if value is None or isinstance(value, (bool, int, float, str)):
        return [_number(value)]
    told = describe(value)
    return [render(told.facts, language) if isinstance(told, Sentence) else told]


def _rows(value: Any) -> list[str]:
    """Nested numbers, in rows where one line does not hold them."""
    text = _number(value)
    if len(text) < WIDTH // 2 or not isinstance(value[0], list):
        return [text]
    rows = [row for part in value for row in _rows(part)]
    return _brackets(rows) if len(rows) > 1 else [f"[{rows[0]}]"]


def _brackets(rows: Sequence[str]) -> list[str]:
    return [f"[{rows[0]},", *(f" {row}," for row in rows[1:-1]), f" {rows[-1]}]"]


def _number(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_number, value))}]"
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else repr(value)[:WIDTH]
