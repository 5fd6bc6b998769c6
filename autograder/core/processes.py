"""How we start other Pythons of our own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]  # the folder that this package lies in


def interpreter() -> str:
    """The path of this Python, the link in a virtual environment and not what it leads to."""
    return str(direct(Path(sys.executable)))


def direct(path: Path) -> Path:
    """The path without `..` in it; what it names stays as it is, also where that is a link."""
    return path.parent.resolve() / path.name if ".." in path.parts else path


def python(*arguments: str) -> list[str]:
    """The command line of another Python of ours.

    -P: it imports nothing from the current folder. That may be the submissions', where a student
    called torch has a folder of that name.
    """
    return [interpreter(), "-P", *arguments]


def autograder(*arguments: str) -> list[str]:
    """The command line of one of our own commands, whether or not it is on the PATH."""
    return python("-m", "autograder", *arguments)


def testing_environment() -> dict[str, str]:
    """The environment of a process that runs hidden tests: one thread, no plugins, no options."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return inherited | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
