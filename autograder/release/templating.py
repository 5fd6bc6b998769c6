"""Files of ours, and templates filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.core.errors import CourseError

TEMPLATES = Path(__file__).with_name("templates")


def read_whole(path: Path) -> bytes:
    """A file of the release. Raises CourseError, with the remedy, where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path}, which belongs into the release, cannot be read: {error.strerror}. "
            "`python -m autograder.release.starters` makes the exercises' files."
        ) from error


def filled(template: str, folder: Path = TEMPLATES, **values: Any) -> str:
    """A template of ours with its values filled in. folder: where the template lies."""
    environment = Environment(  # plain text, and nothing in it that a student wrote
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        comment_start_string="{##",  # "{#" is bash's
        comment_end_string="##}",
        autoescape=False,
    )
    return environment.get_template(template).render(values)
