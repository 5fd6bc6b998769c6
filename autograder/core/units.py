"""What belongs to one unit alone: files in course/units/<unit>/, and the modules among them.

Those are imported as `course.units.<unit>.…`, and what units share as `course.shared.…`, from the
course that is asked about and from no other: what an installed package or another clone holds is
never mixed in.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import msgspec

from autograder.core.course import function_of
from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ

Form = TypeVar("Form")


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an exercise asks for, in another language than its solution's docstring."""

    docstring: str


class Docstrings(msgspec.Struct, frozen=True):
    """What students read of a unit's programs.

    tasks: by exercise. tests, helpers: by the names of functions in the public tests. about:
    what the starter says of itself; about_tests, about_loops: likewise the tests, and loops.py.
    """

    tasks: dict[str, Task]
    tests: dict[str, str]
    helpers: dict[str, str] = {}
    about: str = ""
    about_tests: str = ""
    about_loops: str = ""

    @property
    def of_starter(self) -> dict[str, str]:
        """The docstrings of the exercises' file, by function; its own under ""."""
        tasks = {function_of(name): task.docstring for name, task in self.tasks.items()}
        return {"": self.about} | tasks

    @property
    def of_tests(self) -> dict[str, str]:
        """Those of the public tests' file."""
        return {"": self.about_tests} | self.helpers | self.tests


def unit_folder(root: Path, unit: str) -> Path:
    """The folder of a unit, in the course whose root is given."""
    return root / "course" / "units" / unit


def hidden_tests(root: Path, unit: str) -> Path:
    """The unit's hidden tests."""
    return unit_folder(root, unit) / "hidden" / f"test_{unit}.py"


def chinese_docstrings(root: Path, unit: str) -> Docstrings | None:
    """Read the unit's docstrings.zh.toml; None where it has none.

    A table for each exercise, such as [softmax], holds its `docstring`; the table [tests] a title
    for each test, by the test's name, and [helpers] one for each other function beside them; the
    modules' own are `about` and the like, at the top. Raises CourseError where the file holds
    anything else.
    """
    path = unit_folder(root, unit) / "docstrings.zh.toml"
    if not path.is_file():
        return None
    try:
        tables = msgspec.toml.decode(path.read_bytes())
    except NOT_READ as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
    titles, helpers = (
        _table(path, name, tables.pop(name, {}), dict[str, str]) for name in ("tests", "helpers")
    )
    modules = {name: tables.pop(name, "") for name in ("about", "about_tests", "about_loops")}
    about = _table(path, ", ".join(modules), modules, dict[str, str])
    tasks = {name: _table(path, name, tables[name], Task) for name in tables}
    return Docstrings(tasks, titles, helpers, **about)


def _table(path: Path, name: str, value: object, form: type[Form]) -> Form:
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        raise CourseError(
            f"{path}, [{name}]: {error}. The table of an exercise holds docstring = "
            '"""…"""; [tests] holds a title for each test, such as test_values = "…".'
        ) from error


def module(root: Path, unit: str, name: str) -> ModuleType | None:
    """A unit's module: `module(root, "rnn", "hidden.mistakes")`; None where it has none."""
    return _imported(root, f"course.units.{unit}.{name}")


def shared(root: Path, name: str) -> ModuleType | None:
    """A module that no unit has for itself, course/shared/<name>.py; None where there is none."""
    return _imported(root, f"course.shared.{name}")


def _imported(root: Path, name: str) -> ModuleType | None:
    if not root.joinpath(*name.split(".")).with_suffix(".py").is_file():
        return None
    mount(root)
    return importlib.import_module(name)


def solution(root: Path, unit: str) -> ModuleType:
    """The reference of a unit, for a process that has nothing to do with another course."""
    folder = str(root / "solutions")  # they import one another by their bare names
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(unit)


def mount(root: Path) -> None:
    """Let `import course.…` find this course's files; another's modules are forgotten."""
    place = [str(root / "course")]
    if getattr(sys.modules.get("course"), "__path__", None) == place:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "course"]:
        del sys.modules[name]
    package = ModuleType("course")
    package.__path__ = place
    sys.modules["course"] = package
