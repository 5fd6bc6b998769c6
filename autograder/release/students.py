"""The repository that students get: exercises, public tests, their half of this package.

Nothing hidden is in it: before a file is written, all of them are searched for every passage of
the solutions, the hidden tests and the known mistakes. Of those mistakes students get the help,
and marks of what they return in the public tests.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autograder import __version__
from autograder.core.course import ON_CPU, Course
from autograder.core.errors import CourseError
from autograder.core.language import Language
from autograder.core.processes import PACKAGE
from autograder.core.units import chinese_docstrings, unit_folder
from autograder.local.reset import STUB, STUBS
from autograder.local.update import GIVEN, digest_of
from autograder.release.docstrings import translated
from autograder.release.leaks import hidden_passages, leaks
from autograder.release.lessons import lessons, names
from autograder.release.supplied import narrowed, supplied
from autograder.release.templating import filled, read_whole

# Whole rooms of the package, and from the sandbox what a local run shares with a grading.
ROOMS = ("core", "intake", "local", "testing")
NOT_THEIRS = PACKAGE / "intake" / "collect"  # of whole classes
IN_THE_SANDBOX = (
    "__init__ accelerator alarm cells evaluate loader loading pretend shell trying wire".split()
)
SHARED = ("__init__.py", "plugin.py", *(f"sandbox/{name}.py" for name in IN_THE_SANDBOX))
COPIED = [  # from the clone, as they are
    "LICENSE",
    "constraints.txt",
    "course/course.toml",
    "course/known_mistakes.json",
]
TEMPLATES = {
    "pyproject.toml": "pyproject.jinja",
    ".devcontainer/devcontainer.json": "devcontainer.json",
    ".vscode/settings.json": "vscode.json",
    ".gitignore": "gitignore",
    ".github/workflows/classroom.yml": "classroom.yml",
    ".gitlab-ci.yml": "gitlab-ci.yml",
}


def release(
    course: Course,
    folder: Path,
    language: Language,
    repository: str | None = None,
    assignments: Sequence[str] = (),
    *,
    on_submit: bool = False,
) -> list[Path]:
    """Write the students' repository into a new or empty folder, which may hold a .git.

    repository: where it will lie, for Colab to fetch it from. assignments: those that it is for,
    by default all; see supplied.py. on_submit: its workflows run for a tag submit/*, not at every
    push. Raises CourseError where the folder is in use, where a file of
    a unit is missing, or where a file would give something hidden away.
    """
    if folder.exists() and [entry for entry in folder.iterdir() if entry.name != ".git"]:
        raise CourseError(f"{folder} is not empty. Name a new folder, or empty this one first.")
    found = files(course, language, repository, assignments, on_submit=on_submit)
    for place, leak in leaks(found, hidden_passages(course, supplied(course).values())):
        raise CourseError(
            f"{place} would give hidden text away: {leak!r}. Nothing was written. If it is a "
            "starter that holds a solution, `python -m autograder.release.starters` makes it anew."
        )
    for name, data in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [folder / name for name in found]


def files(
    course: Course,
    language: Language,
    repository: str | None = None,
    assignments: Sequence[str] = (),
    *,
    on_submit: bool = False,
) -> dict[str, bytes]:
    """The files of the repository by their paths in it, and a list of them; see `release`."""
    found = _files(course.only(assignments), language, repository, on_submit)
    found |= {f"exercises/{name}.py": text.encode() for name, text in supplied(course).items()}
    if assignments:
        manifest = "course/course.toml"
        found[manifest] = narrowed(found[manifest].decode(), course, assignments).encode()
    listed = {name: digest_of(data) for name, data in sorted(found.items())}
    return found | {GIVEN: msgspec.json.format(msgspec.json.encode(listed)) + b"\n"}


def _files(
    course: Course, language: Language, repository: str | None, on_submit: bool
) -> dict[str, bytes]:
    root = course.root
    names = [f"exercises/{stem}.py" for u in course.unit_names for stem in (u, f"test_{u}")]
    parameters = sorted((root / "course" / "parameters").glob("*"))
    public = [
        path
        for unit in course.unit_names
        for path in sorted((unit_folder(root, unit) / "public").glob("*.py"))
    ]
    copied = {name: root / name for name in [*names, *COPIED]}
    words = sorted((root / "course" / "shared" / "locale").glob("*.po"))
    copied |= {path.relative_to(root).as_posix(): path for path in [*parameters, *public, *words]}
    copied |= {
        f"autograder/{path.relative_to(PACKAGE).as_posix()}": path for path in _students_half()
    }
    found = {name: read_whole(path) for name, path in copied.items()}
    if language == "zh":
        found |= _in_chinese(course, found)
    return found | _rendered(course, language, repository, on_submit)


def _in_chinese(course: Course, found: dict[str, bytes]) -> dict[str, bytes]:
    """The exercises and their public tests with docstrings that their units have in Chinese."""
    changed: dict[str, bytes] = {}
    for unit in course.unit_names:
        if words := chinese_docstrings(course.root, unit):
            loops = unit_folder(Path(), unit) / "public" / "loops.py"
            said = {
                f"exercises/{unit}.py": words.of_starter,
                f"exercises/test_{unit}.py": words.of_tests,
                loops.as_posix(): {"": words.about_loops},
            }
            changed |= {
                name: translated(found[name].decode(), said[name])
                .replace(STUB, STUBS["zh"])
                .encode()
                for name in said
                if name in found
            }
    return changed


def _students_half() -> list[Path]:
    """What of this package students get."""
    rooms = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*"))]
    files = [path for path in rooms if path.suffix in (".py", ".po")]
    files = [path for path in files if path.parent != NOT_THEIRS]
    return [*files, *(PACKAGE / name for name in SHARED)]


def _rendered(
    course: Course, language: Language, repository: str | None, on_submit: bool
) -> dict[str, bytes]:
    """The files that are written for the release: lessons, and what templates make."""
    project = tomllib.loads(read_whole(course.root / "pyproject.toml").decode())["project"]
    title = course.title.in_(language)
    templates = TEMPLATES | {"README.md": f"README.{language}.md"}
    values = {
        "course": course,
        "project": project,
        "version": __version__,
        "title": title,
        "language": language,
        "lessons": names(course),
        "repository": repository,
        "on_submit": on_submit,
        "on_cpu": ON_CPU,
        "on_gpu": sum(unit.max_score(frozenset({"gpu"})) for unit in course.units),
    }
    made = {name: filled(template, **values).encode() for name, template in templates.items()}
    return made | lessons(course, language, repository, project["dependencies"])
