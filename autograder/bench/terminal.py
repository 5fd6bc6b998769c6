"""Draw what the terminal of one of the sample class shows; docs/check.svg is `tom_baker attention`:

python -m autograder.bench.terminal FILE.svg STUDENT UNIT [en|zh]
"""

from __future__ import annotations

import contextlib
import html
import io
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import MONOKAI

from autograder.bench.watch_latency import students_copy
from autograder.core.console import program
from autograder.core.course import Course, load
from autograder.core.language import Language
from autograder.local.check import check_folder

WIDTH = 80


def draw(course: Course, student: str, unit: str, language: Language) -> str:
    """A terminal with `autograder check` of one student's unit, as SVG."""
    console = Console(
        record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False
    )
    with tempfile.TemporaryDirectory() as folder:
        file = students_copy(course, Path(folder), course.unit(unit))
        shutil.copy(course.root / "course" / "sample_class" / student / file.name, file)
        copy = load(Path(folder))
        asked = f" --lang {language}" if language != "en" else ""
        console.print(f"[green]$[/] autograder check {unit}{asked}")
        with contextlib.chdir(folder):  # paths are shown as they are from there
            check_folder(copy, [copy.unit(unit)], console, language)
    svg = console.export_svg(title="exercises", theme=MONOKAI, unique_id=language)
    return _in_cells(_without_fonts(svg))


def _in_cells(svg: str) -> str:
    """With a Chinese character as wide as two others; rich counts all of them alike."""

    def in_cells(found: re.Match[str]) -> str:
        length, others, text = found.groups()
        plain = html.unescape(text)
        wide = float(length) * cell_len(plain) / max(len(plain), 1)
        return f'textLength="{wide:.1f}"{others}>{text}<'

    return re.sub(r'textLength="([\d.]+)"([^>]*)>([^<]*)<', in_cells, svg)


def _without_fonts(svg: str) -> str:
    """Without fonts from elsewhere: where the picture is shown, nothing else may be loaded."""
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def main(
    file: Annotated[Path, typer.Argument(metavar="FILE.svg", help="Where to draw it.")],
    student: Annotated[str, typer.Argument(help="A folder of the sample class.")],
    unit: Annotated[str, typer.Argument(help="The unit that is checked.")],
    language: Annotated[Language, typer.Argument(help="What is said in.")] = "en",
) -> None:
    """Draw what a student's terminal shows, as SVG."""
    file.write_text(draw(load(), student, unit, language), encoding="utf-8")


app = program(main)
if __name__ == "__main__":
    app()
