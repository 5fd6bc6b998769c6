"""Notebooks at the desk: read and run as a grading does it, by the same loader, in this process."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from autograder.core.course import Course, Limits, Unit
from autograder.core.language import Sentence, _, restate, say
from autograder.intake.decode import read_file
from autograder.intake.submission import File
from autograder.local.limit import Limit, Pause
from autograder.local.looks import EXPORTED, UnitLook, is_exported, look, names_of
from autograder.sandbox.loader import SubmissionFinder
from autograder.sandbox.wire import Source
from autograder.testing.calls import Failure

TAKEN = _("Tested is %(file)s; %(other)s has nothing of yours.")
LAST = _("Tested is %(file)s, which was saved last.")
NO_IPYTHON = _(
    "%(file)s is a notebook, and IPython, which reads notebooks, is not installed here. Run: "
    "pip install ipython"
)


class Found(NamedTuple):
    """What lies in a folder. told: what to say of a unit.

    notebooks: by unit, those that count, and be it a notebook's text.
    """

    looks: list[UnitLook]
    notebooks: dict[str, Path]
    told: list[tuple[str, Sentence]]


def find(course: Course, units: Sequence[Unit]) -> Found:
    """Which of the units' files are read as notebooks, and what lies there under other names."""
    found = Found(look(course, units), {}, [])
    for seen in found.looks:
        name, folder = seen.unit.name, course.root / "exercises"
        notebook, program = (folder / f"{name}{suffix}" for suffix in (".ipynb", ".py"))
        file = seen.file or seen.untouched
        if notebook.is_file() and program.is_file() and (seen.unsure and not file):
            file = max(notebook, program, key=lambda path: path.stat().st_mtime_ns)
            found.told.extend((name, one) for one in [*seen.told, say(LAST, file=file.name)])
        elif seen.unsure:
            found.told.extend((name, one) for one in seen.told)
        elif file == notebook and program.is_file():
            found.told.append((name, say(TAKEN, file=notebook.name, other=program.name)))
        exported = file and is_exported(file)
        if file and exported:
            found.told.append((name, say(EXPORTED, file=file.name)))
        if file and (exported or file == notebook):
            found.notebooks[name] = file
    return found


class Notebooks(SubmissionFinder):
    """Finds the notebooks of a folder as modules. running: the limit of the test that runs."""

    def __init__(
        self, course: Course, files: dict[str, Path], running: Callable[[], Limit | None]
    ) -> None:
        self._read = {name: _read(path, course.limits) for name, path in files.items()}
        self._running = running
        super().__init__(
            [
                Source(name, file.name, file.cells, True, names_of(course.unit(name)))
                for name, file in self._read.items()
            ],
            (),
            course.limits.statement_seconds,
            course.limits.load_seconds,
        )

    def exec_module(self, module: ModuleType) -> None:
        """See importlib. Raises Failure where a notebook cannot be read."""
        file = self._read.get(module.__name__)
        if file and file.facts:
            raise Failure(restate(file.facts), help_id="not_loaded")
        if file and importlib.util.find_spec("IPython") is None:
            raise Failure(say(NO_IPYTHON, file=file.name), help_id="not_loaded")
        with Pause(self._running()):
            super().exec_module(module)


def _read(path: Path, limits: Limits) -> File:
    return read_file(
        path.name, path.suffix == ".ipynb", limits.source_kib, lambda most: path.read_bytes()
    )
