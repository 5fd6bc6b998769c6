"""The lessons that a release carries, built into the units' folders: pages and notebooks.

python -m autograder.notebooks.lessons          build those that are no longer what their sources
                                                make; a page's plots are drawn anew with it
python -m autograder.notebooks.lessons --all    build all

A release only copies them: who makes one needs no Jupyter.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.core.console import CourseOption, program
from autograder.core.course import ON_CPU, Course, Unit, function_of, load
from autograder.core.language import LANGUAGES, Language
from autograder.notebooks import pages
from autograder.notebooks.build import METADATA, functions, unit_notebook
from autograder.release.lessons import built, opening, opens, start

TO_WRITE = {
    "en": "**To write:** `{name}` in `exercises/{unit}.py`. Save the file; the next two cells try "
    "it: an example, then the public tests.",
    "zh": "**要写的：**`exercises/{unit}.py` 里的 `{name}`。保存文件，再运行下面两个单元格："
    "先是一个例子，再是公开测试。",
}
WORD = re.compile(r"[^\W\d]\w*")


def notebook(course: Course, unit: Unit, language: Language) -> str:
    """A lesson's notebook as JSON: it imports what students write, and holds no answers."""
    import nbformat
    from nbformat.v4 import new_code_cell as code
    from nbformat.v4 import new_markdown_cell as text
    from nbformat.v4 import new_notebook

    setup, _answers = functions(course, unit, language)
    made = unit_notebook(course, unit, language, ON_CPU)
    graded_cells = nbformat.reads(made, as_version=4).cells[1:]
    cells = [code(start(language))]
    for cell in graded_cells:
        graded = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown":
            if not graded.get("points"):  # the answer to a question that is marked
                cells.append(cell)
        elif graded.get("solution"):
            name = function_of(graded["grade_id"])
            cells.append(text(TO_WRITE[language].format(name=name, unit=unit.name)))
        elif graded:
            example = cell.source.partition("\n")[2]  # without the line on hidden tests
            cells += [code(example), code(f"lesson.check({name})")]
        elif cell.source == setup:
            cells.append(code("\n".join(_imports(setup, unit, graded_cells))))
        else:
            cells.append(cell)
    for number, cell in enumerate(cells):
        cell.id = f"{unit.name.replace('_', '-')}-{number}"
    whole = new_notebook(cells=cells, metadata=METADATA, nbformat_minor=5)
    return str(nbformat.writes(whole)) + "\n"


def _imports(setup: str, unit: Unit, cells: Sequence[Any]) -> Iterator[str]:
    """The imports of a lesson: those of the solution that its own cells use, and the exercises."""
    asked = [cell for cell in cells if cell.cell_type == "code" and cell.source != setup]
    own = [cell for cell in asked if not cell.metadata.get("nbgrader", {}).get("solution")]
    used = {word for cell in own for word in WORD.findall(cell.source)}
    for node in ast.parse(setup).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {alias.asname or alias.name for alias in node.names}
            if names & used - {"lesson"}:
                yield ast.unparse(node)
    yield f"from {unit.name} import {', '.join(sorted(e.function for e in unit.exercises))}"


def drifted(course: Course) -> Iterator[Path]:
    """The built files that are not what their sources make; of a page, all but what it printed."""
    for language in LANGUAGES if opens(course) else ():
        page = opening(course, language, ".html")
        if not page.is_file() or page.read_text("utf-8") != pages.opening_page(course, language):
            yield page
    for unit in course.units:
        for language in LANGUAGES:
            made = pages.unexecuted(course, unit, language)
            page = built(course, unit.name, language, ".html")
            if not page.is_file() or pages.without_outputs(page.read_text("utf-8")) != made:
                yield page
            path = built(course, unit.name, language, ".ipynb")
            if not path.is_file() or path.read_text("utf-8") != notebook(course, unit, language):
                yield path


def main(
    everything: Annotated[bool, typer.Option("--all", help="Build all, not what drifted.")] = False,
    course: CourseOption = None,
) -> None:
    """Build the lessons' pages and notebooks for releases."""
    loaded = load(course)
    left = set(drifted(loaded))
    for language in LANGUAGES if opens(loaded) else ():
        text = pages.opening_page(loaded, language)
        opening(loaded, language, ".html").write_text(text, "utf-8", newline="\n")
    for unit in loaded.units:
        for language in LANGUAGES:
            path = built(loaded, unit.name, language, ".ipynb")
            path.write_text(notebook(loaded, unit, language), "utf-8", newline="\n")
            path = built(loaded, unit.name, language, ".html")
            if everything or path in left:
                made = pages.executed(loaded, unit, language)
                path.write_text(made, "utf-8", newline="\n")
                print(path.relative_to(loaded.root), flush=True)


app = program(main)
if __name__ == "__main__":
    app()
