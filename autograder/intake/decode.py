"""From a file's bytes to the cells that are run; what is never run is never looked at."""

from __future__ import annotations

import codecs
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograder.core.language import _
from autograder.core.text import encodable, printable
from autograder.intake.content import is_program
from autograder.intake.submission import File
from autograder.intake.unreadable import Unreadable

NOTEBOOK_FACTOR = 16  # a notebook carries pictures
# Encodings that only map bytes to characters; Python has others, which compute for minutes or fail
# in ways of their own.
ENCODINGS = re.compile(
    r"utf-8(-sig)?|ascii|latin-1|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|gb2312|gbk|gb18030|big5(hkscs)?"
    r"|euc_\w+|shift_jis\w*"
)
NOTEBOOK = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{.*"(?:cells|worksheets)"\s*:', re.DOTALL)
SHELL = re.compile(r"^[ \t]*[!%]\w", re.MULTILINE)
SCRIPT = re.compile(r"^[ \t]*get_ipython\(\)\.", re.MULTILINE)  # what nbconvert makes of them
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # that of UTF-32 begins like the first
NOT_UTF8 = _("%(file)s is not text in UTF-8. Save it with the encoding UTF-8 in your editor.")
NO_NOTEBOOK = _(
    "%(file)s is not a Jupyter notebook (%(error)s). Open it in Jupyter, save it, and hand in the "
    "saved file."
)
NO_PROGRAM = _("%(file)s is %(what)s, and no program in Python. Hand in the program itself.")
# What comes in a program's place and under its name, by how it begins.
OTHERS = {
    _("a web page"): r"\s*<(!doctype\s+html|html)\b",
    _("a link to a page"): r"\s*https?://\S+\s*\Z",
    _("a formatted text (RTF)"): r"\{\\rtf",
    _("a text in XML"): r"\s*<\?xml\b",
    _("a server's word that there is none"): r"404: Not Found\s*\Z",
    _("what Git LFS keeps in place of a file"): r"version https://git-lfs\.github\.com/",
}
ZEROS = _(
    "%(file)s holds zero bytes (line %(line)s): it was damaged on its way. Save it again, and hand "
    "it in again."
)


def read_file(path: str, is_notebook: bool, source_kib: int, read: Callable[[int], bytes]) -> File:
    """Read one file, of a module that is not known yet; what is wrong with it is told in it.

    read: returns its bytes, or raises Unreadable where there are more than so many.
    """
    name = printable(path)
    limit = (source_kib << 10) * (NOTEBOOK_FACTOR if is_notebook else 1)
    try:
        data = read(limit)
        if is_notebook or NOTEBOOK.match(data):
            cells, unrun = _notebook(data, name)
            return File("", name, cells, True, unrun=unrun)
        text = _program(data)
        return File("", name, [text], _is_exported(text))
    except Unreadable as error:
        return File("", name, notebook=is_notebook, facts=error.of(name).facts)


def _is_exported(text: str) -> bool:
    """Whether a .py file is a notebook's text, as Colab, Kaggle and Jupyter save it."""
    return bool(SCRIPT.search(text) or (SHELL.search(text) and not is_program([text])))


def _notebook(data: bytes, name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The code cells' texts, of any format of Jupyter's and of IPython's before it; and the unrun.

    See File.
    """
    try:
        text = data.decode(json.detect_encoding(data), "surrogateescape").lstrip("\ufeff")
        # Numbers stay as they are written: none is used, and some are NaN or thousands of digits.
        cells = list(_cells(json.loads(text, parse_int=str, parse_float=str, parse_constant=str)))
    except (ValueError, TypeError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Unreadable(NO_NOTEBOOK, error=why) from error
    code = [_whole(_encodable(text)) for kind, text in cells if kind == "code"]
    return code, list(_unrun(cells, name))


def _unrun(cells: Sequence[tuple[str, str]], name: str) -> Iterator[tuple[str, str]]:
    """Of the cells that are not run, those that define functions: their places and texts."""
    counts: Counter[str] = Counter()
    for kind, text in cells:
        counts[kind] += 1
        if kind in ("markdown", "raw") and "def " in text:
            yield f"{name}, {kind} cell {counts[kind]}", encodable(text)


def _cells(notebook: Any) -> Iterator[tuple[str, str]]:
    """The kinds and texts of a notebook's cells. Raises TypeError where it is none."""
    sheets = notebook.get("worksheets", [notebook]) if isinstance(notebook, dict) else None
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        raise TypeError("it holds no cells")
    for cell in (cell for sheet in sheets for cell in _list(sheet.get("cells"))):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
            raise TypeError("it holds cells of no kind")
        lines = cell.get("source", cell.get("input", ""))  # `input` up to version 3
        yield cell["cell_type"], lines if isinstance(lines, str) else "".join(_list(lines))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("it holds no list where one is due")
    return value


def _program(data: bytes) -> str:
    """A .py file's text, in the encoding that it declares or that its first bytes tell."""
    try:
        text = data.decode("utf-16") if data.startswith(UTF_16) else _declared(data)
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise Unreadable(NOT_UTF8) from error
    for what, begins in OTHERS.items():
        if re.match(begins, text, re.IGNORECASE):
            raise Unreadable(NO_PROGRAM, what=what)
    lines = io.IncrementalNewlineDecoder(None, True).decode(text)
    return _whole(lines.rstrip("\0") or lines)  # nothing but zeros is no empty program


def _declared(data: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if not ENCODINGS.fullmatch(codecs.lookup(encoding).name):
        raise LookupError(encoding)
    return data.decode(encoding)


def _whole(text: str) -> str:
    """The same text, unless there is a zero byte in it, which Python refuses."""
    if "\0" in text:
        raise Unreadable(ZEROS, line=str(text[: text.index("\0")].count("\n") + 1))
    return text


def _encodable(text: str) -> str:
    """A notebook's JSON may hold half a character (a lone surrogate), which UTF-8 cannot."""
    if any("\udc80" <= character <= "\udcff" for character in text):
        raise Unreadable(NOT_UTF8)
    return encodable(text)
