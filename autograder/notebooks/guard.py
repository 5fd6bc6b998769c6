"""What sees to it that nbgrader grades this course's units with the sandbox, or not at all.

It holds wherever course/nbgrader_config.py is loaded, whatever later settings say. Where that is
not loaded nothing of ours runs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook  # type: ignore[import-untyped]
from nbgrader.converters import Autograde  # type: ignore[import-untyped]
from nbgrader.converters.base import NbGraderException  # type: ignore[import-untyped]
from nbgrader.plugins import CsvExportPlugin  # type: ignore[import-untyped]
from nbgrader.preprocessors import Execute  # type: ignore[import-untyped]
from traitlets import List, Unicode
from traitlets.utils.importstring import import_item

from autograder.core import course as courses
from autograder.core.errors import GraderError
from autograder.core.text import printable

ACTIVE = re.compile(r'[<>&"`\\]')  # in a name: nbgrader puts it into pages, scripts too, as it is
LISTS = ("sanitize_preprocessors", "autograde_preprocessors")


@functools.cache
def refuse_others(needed: tuple[type, ...]) -> None:
    """Have nbgrader's autograder refuse to start unless all of these are among its preprocessors.

    Settings are read one after another, and the last one counts; a trait cannot look after itself.
    """
    start, init_assignment = Autograde.start, Autograde.init_assignment

    def guarded(self: Any) -> None:
        if problem := overridden(self, needed) or foreign(self):
            self.log.error(problem)
            raise NbGraderException(problem)
        start(self)

    def named(self: Any, assignment_id: str, student_id: str) -> None:
        if ACTIVE.search(student_id):  # before the gradebook knows it, from which pages are made
            raise GraderError(f"{printable(student_id)} has signs of markup in it: rename that.")
        init_assignment(self, assignment_id, student_id)

    Autograde.start, Autograde.init_assignment = guarded, named


def overridden(autograde: Any, needed: Sequence[type]) -> str:
    """What other settings have put in our place, in words; nothing where all is well."""
    named = [each for name in LISTS for each in getattr(autograde, name)]
    found = [import_item(each) if isinstance(each, str) else each for each in named]
    missing = [kind for kind in needed if kind not in found or not kind(parent=autograde).enabled]
    kernels = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Execute)]
    if not (missing or kernels):
        return ""
    told = [f"without {kind.__name__}" for kind in missing]
    told += [f"with {kind.__name__}, which runs students' code as you" for kind in kernels]
    return (
        f"Nothing was graded: other settings would have it done {', '.join(told)}. Remove what "
        "sets Autograde's preprocessors beside or after the course's own nbgrader_config.py."
    )


def foreign(autograde: Any) -> str:
    """Say so where an assignment is no unit of the course; nothing of it would be graded."""
    name = autograde.coursedir.assignment_id
    known = courses.load(Path(autograde.config.SandboxGrade.course)).unit_names
    if name in known:
        return ""
    return (
        f"{name!r} is no unit of this course, and was not graded: nbgrader would run it without "
        "the sandbox. Keep it in another course's folder."
    )


class UnitsExport(CsvExportPlugin):
    """nbgrader's CSV of the course's units; nobody's work in anything else was graded here."""

    units = List(Unicode(), help="The names of the units.").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """See CsvExportPlugin, which takes no assignment for all of them."""
        asked = [str(name) for name in self.assignment]  # type: ignore[has-type]
        asked = asked or [assignment.name for assignment in gradebook.assignments]
        if others := [name for name in asked if name not in self.units]:
            told = "No units of this course, and left out, not exported as zeros: %s"
            self.log.error(told, ", ".join(others))
        self.assignment = [name for name in asked if name in self.units]
        if not self.assignment:
            raise SystemExit("There is no unit of this course to export.")
        super().export(gradebook)
