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


def unit_folder(root: Path, unit: str) -> Path:
    """The folder of a unit, in the course whose root is given."""
    return root / "course" / "units" / unit


def hidden_tests(root: Path, unit: str) -> Path:
    """The unit's hidden tests."""
    return unit_folder(root, unit) / "hidden" / f"test_{unit}.py"


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
