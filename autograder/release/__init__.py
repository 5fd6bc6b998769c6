"""The repository that students get: exercises, public tests, their half of this package.

Nothing hidden is in it: before a file is written, all of them are searched for every passage of
the solutions, the hidden tests and the known mistakes. Of those mistakes students get the help,
and marks of what they return in the public tests.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.course import Course, CourseError
from autograder.starters import BEGIN, END

HERE = Path(__file__).parent
PACKAGE = HERE.parent
# What a local run imports, and no more; a test compares it with what these modules really import.
STUDENTS_HALF = [
    "__init__.py",
    "actions.py",
    "attended.py",
    "check.py",
    "checks.py",
    "ci.py",
    "course.py",
    "draw.py",
    "explain.py",
    "fixtures.py",
    "local.py",
    "plugin.py",
    "recorded.py",
    "sandbox/__init__.py",
    "sandbox/evaluate.py",
    "speed.py",
    "student.py",
    "watch.py",
    "wording.py",
]
CATALOGUES = ["reports/zh.po"]  # beside the modules
COPIED = [  # from the clone, as they are
    "LICENSE",
    "constraints.txt",
    "course/course.toml",
    "course/known_mistakes.json",
]
TEMPLATES = {
    "pyproject.toml": "pyproject.jinja",
    ".devcontainer/devcontainer.json": "devcontainer.json",
    ".gitignore": "gitignore",
    ".github/workflows/classroom.yml": "classroom.yml",
    ".gitlab-ci.yml": "gitlab-ci.yml",
}
SHORTEST = 16  # letters of a solution's line that could stand in no other program by chance
WINDOW = 3  # lines of a hidden program that public ones do not share by chance


def release(course: Course, folder: Path, language: Literal["en", "zh"]) -> list[Path]:
    """Write the students' repository into a new or empty folder, which may hold a .git.

    Raises CourseError where the folder is in use, where a file of a unit is missing, or where a
    file would give something hidden away.
    """
    if folder.exists() and [entry for entry in folder.iterdir() if entry.name != ".git"]:
        raise CourseError(f"{folder} is not empty. Name a new folder, or empty this one first.")
    found = files(course, language)
    for place, leak in leaks(found, hidden_passages(course)):
        raise CourseError(
            f"{place} would give hidden text away: {leak!r}. Nothing was written. If it is a "
            "starter that holds a solution, `python -m autograder.starters` makes it anew."
        )
    for name, data in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [folder / name for name in found]


def files(course: Course, language: Literal["en", "zh"]) -> dict[str, bytes]:
    """The files of the repository by their paths in it."""
    root = course.root
    names = [f"exercises/{stem}.py" for u in course.unit_names for stem in (u, f"test_{u}")]
    parameters = sorted((root / "course" / "parameters").glob("*"))
    copied = {name: root / name for name in [*names, *COPIED]}
    copied |= {path.relative_to(root).as_posix(): path for path in parameters}
    copied |= {f"autograder/{name}": PACKAGE / name for name in STUDENTS_HALF + CATALOGUES}
    return {name: read_whole(path) for name, path in copied.items()} | _rendered(course, language)


def leaks(found: dict[str, bytes], passages: set[str]) -> Iterator[tuple[str, str]]:
    """Hidden passages that stand in the files: the file's name and the passage."""
    texts = {name: _normal(data.decode("utf-8", "replace")) for name, data in found.items()}
    for passage in passages:
        for name, text in texts.items():
            if passage in text:
                yield name, passage


def hidden_passages(course: Course) -> set[str]:
    """What no student may read: lines of the solutions, and runs of lines of hidden programs."""
    passages: set[str] = set()
    for path in sorted((course.root / "solutions").glob("*.py")):
        for region in re.findall(f"{BEGIN}\n(.*?){END}", path.read_text("utf-8"), re.DOTALL):
            passages |= {line for line in _lines(region) if len(line) >= SHORTEST}
    for folder in ("hidden", "misconceptions", "sequential"):
        for path in sorted((PACKAGE / folder).glob("*.py")):
            tree, source = ast.parse(path.read_bytes()), path.read_text("utf-8")
            functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            if folder == "hidden":  # it shares a few helpers with the public tests
                functions = [node for node in functions if node.name.startswith("test_")]
            passages |= {run for node in functions for run in _runs(node, source)}
    return passages


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


def _normal(text: str) -> str:
    return "\n".join(_lines(text))


def read_whole(path: Path) -> bytes:
    """A file of the release. Raises CourseError, with the remedy, where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path}, which belongs into the release, cannot be read: {error.strerror}. "
            "`python -m autograder.starters` makes the exercises' files."
        ) from error


def _rendered(course: Course, language: Literal["en", "zh"]) -> dict[str, bytes]:
    """The files that are written for the release, from templates."""
    project = tomllib.loads(read_whole(course.root / "pyproject.toml").decode())["project"]
    title = course.title.zh if language == "zh" else course.title.en
    templates = TEMPLATES | {"README.md": f"README.{language}.md"}
    return {
        name: filled(
            template, course=course, project=project, title=title, language=language
        ).encode()
        for name, template in templates.items()
    }


def filled(template: str, **values: Any) -> str:
    """A template of ours with its values filled in."""
    environment = Environment(  # plain text, and nothing in it that a student wrote
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        comment_start_string="{##",  # "{#" is bash's
        comment_end_string="##}",
        autoescape=False,
    )
    environment.filters["dictsum"] = lambda points: sum(points.values())
    return environment.get_template(template).render(values)
