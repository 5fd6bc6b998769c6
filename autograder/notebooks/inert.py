"""What a student wrote in a notebook, made text: formgrader and feedback show it, and run nothing.

nbgrader hands Markdown, raw cells and metadata to nbconvert, which renders the HTML in them, with
the rights of whoever looks. So what is not the lesson's own becomes a code cell, which is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.preprocessors.base import NbGraderPreprocessor  # type: ignore[import-untyped]

from autograder.notebooks.build import ANSWER, METADATA

IDENTITY = re.compile(r"[\w-]{1,64}", re.ASCII)  # of a cell, as nbformat has it
NOT_RUN: dict[str, Any] = {"outputs": [], "execution_count": None}  # of a code cell
KEPT = "timestamp.txt", "submission_secret.txt"  # of its exchange: when, and whose feedback it is


class ShowAsText(NbGraderPreprocessor):
    """Leaves nothing active in what nbgrader keeps of a notebook, and of the files beside it."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """See nbconvert."""
        names = resources["nbgrader"]
        coursedir = self.parent.parent.coursedir  # of the exporter, of the converter
        source = _folder(coursedir, coursedir.source_directory, ".", names)
        kept = _folder(coursedir, coursedir.autograded_directory, names["student"], names)
        _remove_files(kept, source)
        lesson = _texts(source / f"{names['notebook']}.ipynb")
        nb.cells = [_as_text(cell, lesson) for cell in nb.cells]
        return nb, resources


def strip(nb: Any) -> None:
    """Leave nothing of a notebook but its cells' texts and what they say of themselves to nbgrader.

    That comes first, since nbconvert stops at what is not valid.
    """
    nb.metadata = nbformat.from_dict(METADATA)
    nb.cells = [_stripped(number, cell) for number, cell in enumerate(nb.cells)]


def _stripped(number: int, cell: Any) -> Any:
    claimed = cell.get("metadata", {}).get("nbgrader")
    made: dict[str, Any] = {"cell_type": cell.cell_type, "source": cell.source}
    made["metadata"] = {"nbgrader": claimed} if claimed else {}
    if "id" in cell:
        proper = isinstance(cell.id, str) and IDENTITY.fullmatch(cell.id)
        made["id"] = cell.id if proper else f"cell-{number}"
    return nbformat.from_dict(made | (NOT_RUN if cell.cell_type == "code" else {}))


def _folder(coursedir: Any, directory: str, student: str, names: Mapping[str, str]) -> Path:
    return Path(coursedir.format_path(directory, student, names["assignment"]))


def _remove_files(kept: Path, source: Path) -> None:
    """Remove what nbgrader has copied and would serve: what was handed in stays in submitted/."""
    for path in [path for path in kept.rglob("*") if path.is_symlink() or path.is_file()]:
        ours = (source / path.relative_to(kept)).is_file() or path in [kept / n for n in KEPT]
        if not ours and path.suffix != ".ipynb":
            path.unlink()


def _texts(lesson: Path) -> set[str]:
    """The lesson's own Markdown, which may be rendered."""
    if not lesson.is_file():
        return set()
    cells = nbformat.read(lesson, as_version=4).cells
    own = {cell.source for cell in cells if cell.cell_type == "markdown"}
    return own | set(ANSWER.values())  # a question that was left as it was


def _as_text(cell: Any, lesson: set[str]) -> Any:
    """A cell that is shown as it was written, unless the lesson has the very same."""
    if cell.cell_type == "code" or (cell.cell_type == "markdown" and cell.source in lesson):
        return cell
    kind = "markdown" if cell.cell_type == "markdown" else "raw"
    source = f"# %% [{kind}]\n{cell.source}"
    return nbformat.from_dict(cell | NOT_RUN | {"cell_type": "code", "source": source})
