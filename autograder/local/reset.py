"""An exercise as it was given: its signature and docstring, and nothing of what was written."""

from __future__ import annotations

import ast
import time
from itertools import dropwhile
from pathlib import Path

from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.language import Language, Sentence, _, say
from autograder.local.places import OURS, write

BACKUPS = OURS / "backups"
STUB = "raise NotImplementedError  # replace this line with your code"
STUBS: dict[Language, str] = {"en": STUB, "zh": "raise NotImplementedError  # 把这一行换成你的代码"}
INDENT = 4
RESET = _("`%(function)s` in %(file)s is to be written anew. Your file as it was: %(backup)s")
UNREADABLE = (
    "{file} cannot be read (line {line}: {error}), so no function in it can be told apart. Mend "
    "that line, or get the file back as it was given to you."
)


def reset(course: Course, name: str, language: Language = "en") -> Sentence:
    """Empty an exercise's function, and keep the file as it was. Raises CourseError."""
    unit, exercise = course.exercise(name)
    path = course.root / "exercises" / f"{unit.name}.py"
    if not path.is_file():
        raise CourseError(f"There is no {path.name} in {path.parent}.")
    data = path.read_bytes()
    emptied = _emptied(
        data.decode("utf-8", "surrogateescape"), exercise.function, path, STUBS[language]
    )
    backup = course.root / BACKUPS / time.strftime(f"{unit.name}-%Y%m%d-%H%M%S.py")
    while backup.exists():  # twice in a second
        backup = backup.with_stem(f"{backup.stem}-again")
    write(backup, data)
    write(path.resolve(), emptied.encode("utf-8", "surrogateescape"))
    shown = backup.relative_to(course.root).as_posix()
    return say(RESET, function=name, file=f"exercises/{path.name}", backup=shown)


def _emptied(text: str, name: str, path: Path, stub: str) -> str:
    """The text with a stub in place of what the last function of a name does."""
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        line, what = getattr(error, "lineno", 0), getattr(error, "msg", str(error))
        raise CourseError(UNREADABLE.format(file=path.name, line=line, error=what)) from error
    found = [node for node in statements if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        raise CourseError(
            f"{path.name} defines no function {name!r}. Get the file back as it was given to you."
        )
    node = found[-1]
    lines, newline = text.splitlines(keepends=True), "\r\n" if "\r\n" in text else "\n"
    if ast.get_docstring(node) is not None:
        head = lines[: node.body[0].end_lineno]
    else:  # the body may begin in the signature's own line
        begun = lines[node.body[0].lineno - 1].encode()[: node.body[0].col_offset].decode().rstrip()
        head = [*lines[: node.body[0].lineno - 1], *([begun + newline] if begun else [])]
    body = f"{' ' * INDENT}{stub}{newline}"
    tail = dropwhile(lambda line: line[0] in " \t" and line.strip(), lines[node.end_lineno :])
    return "".join([*head, body, *tail])  # without comments at the body's end
