"""The lessons as pages, to be read before anything is installed.

python -m autograder.notebooks.pages DIR      DIR/<language>/<unit>.html, and DIR/index.html

Each notebook is run with the solutions in it, so that the plots are there; then the solutions are
taken out. A page is one file: pictures are in it, and formulas are MathML, so it needs no network.
"""

from __future__ import annotations

import html
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from autograder.core.console import CourseOption, program
from autograder.core.course import ON_CPU, Course, Unit, load
from autograder.core.language import LANGUAGES
from autograder.local.reset import STUB, STUBS
from autograder.notebooks.build import build, unit_notebook
from autograder.release.lessons import (
    NAV,
    OPENING,
    TAGS,
    course_map,
    home,
    leads,
    linked,
    nav,
    opening,
    opens,
    page,
)
from autograder.release.starters import starter
from autograder.reports.wording import Language

SECONDS = 600  # that a cell may take; one that trains takes a minute of a core to itself
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", re.DOTALL)
OUTPUT = re.compile(r"\n<figure>.*?</figure>", re.DOTALL)
HEADING = re.compile(r"^#+ +(?:[^:：\n]*[:：] *)?(.+?) *$", re.MULTILINE)
FIGURE = re.compile(r"<!-- figure: (\w+) -->")
PREDICTS = "%%predict"  # how a cell begins that is for whoever runs the notebook
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)


def write_pages(course: Course, folder: Path) -> None:
    """Write every unit's page in every language, and an index."""
    index = ""
    for language in LANGUAGES:
        index += _index(course, language)
        if opens(course):
            links = home("../index.html", language)
            text = linked(opening_page(course, language), links)
            _write(folder / language / f"{OPENING}.html", text)
        for unit in course.units:
            text = executed(course, unit, language)
            links = _links(course, unit.name, language)
            _write(folder / language / f"{unit.name}.html", linked(text, links))
    _write(folder / "index.html", page(course.title.en, "en", index))


def executed(course: Course, unit: Unit, language: Language) -> str:
    """A unit's page with what its cells print and draw; NAV stands for its links."""
    import nbformat
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as temporary:
        build(msgspec.structs.replace(course, units=[unit]), Path(temporary), language)
        folder = Path(temporary) / "source"
        notebook = nbformat.read(folder / unit.name / f"{unit.name}.ipynb", as_version=4)
        for solution in sorted((course.root / "solutions").glob("*.py")):  # of earlier units
            shutil.copy(solution, folder / unit.name)
        resources = {"metadata": {"path": str(folder / unit.name)}}
        NotebookClient(
            notebook, timeout=SECONDS, kernel_name="python3", resources=resources
        ).execute()
    return _page(course, unit, language, notebook)


def unexecuted(course: Course, unit: Unit, language: Language) -> str:
    """The same page without what its cells print and draw."""
    import nbformat

    text = unit_notebook(course, unit, language, ON_CPU)
    return _page(course, unit, language, nbformat.reads(text, as_version=4))


def opening_page(course: Course, language: Language) -> str:
    """The page that comes before the first unit, nothing to run; NAV stands for its link."""
    text = opening(course, language, ".md").read_text("utf-8")
    title = HEADING.findall(text)[0]
    body = "\n".join([NAV, markdown(text), NAV])
    return page(title, language, *with_figures(course, body, language))


def without_outputs(text: str) -> str:
    """A page without what its cells print and draw."""
    return OUTPUT.sub("", text)


def _page(course: Course, unit: Unit, language: Language, notebook: Any) -> str:
    parts, title = [NAV], ""
    for cell in without_solutions(notebook, language).cells[1:]:
        title = _last_heading(cell) or title
        if not cell.source.startswith(PREDICTS):
            parts.append(_cell(cell, title))
    body = "\n".join([*parts, NAV])
    return page(unit.title.in_(language), language, *with_figures(course, body, language))


def with_figures(course: Course, text: str, language: Language) -> tuple[str, str]:
    """A page's text with the course's drawings in it, and the script that moves them, if any."""
    folder = course.root / "course" / "figures"
    filled = FIGURE.sub(lambda m: (folder / f"{m[1]}.{language}.html").read_text("utf-8"), text)
    return filled, "" if filled == text else (folder / "figures.js").read_text("utf-8")


def _last_heading(cell: Any) -> str:
    """What a text's last heading says, without the kind of its section: what a plot shows."""
    headings = HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
    return headings[-1] if headings else ""


def without_solutions(notebook: Any, language: Language = "en") -> Any:
    """The notebook as students get it, with the outputs that it has."""
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and graded.get("solution"):
            cell.source = starter(cell.source).replace(STUB, STUBS[language])
        elif graded.get("points") and graded.get("solution"):  # a question that is marked
            cell.source = ""
    return notebook


def _cell(cell: Any, title: str) -> str:
    """A cell as HTML. title: what its drawing shows."""
    if cell.cell_type == "markdown":
        return markdown(cell.source)
    graded = cell.metadata.get("nbgrader", {})
    kind = "exercise" if graded.get("solution") else "check" if graded.get("grade") else "code"
    parts = [f"<pre><code>{html.escape(cell.source)}</code></pre>"]
    shown = (_shown(output, title) for output in cell.outputs)
    parts += [f"<figure>{one}</figure>" for one in shown if one]
    return f'<div class="{kind}">' + "\n".join(parts) + "</div>"


def _shown(output: Any, title: str) -> str:
    """What a cell drew or printed, as HTML; a drawing with its title, for ears, too."""
    if drawing := output.get("data", {}).get("image/svg+xml"):
        told = html.escape(title)
        svg = drawing[drawing.index("<svg") + len("<svg") :].strip()
        return f'<svg role="img" aria-label="{told}" {svg}<figcaption>{told}</figcaption>'
    return f"<pre>{html.escape(output['text'])}</pre>" if output.get("text") else ""


def markdown(text: str) -> str:
    """Markdown as HTML, its formulas as MathML; a formula is no Markdown, and code no formula."""
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt

    formulas: list[str] = []

    def kept(match: re.Match[str]) -> str:
        display = "block" if match[1] else "inline"
        formulas.append(convert(match[1] or match[2], display=display))
        return f"\N{OBJECT REPLACEMENT CHARACTER}{len(formulas) - 1};"

    parts = CODE.split(text)
    parts[::2] = [FORMULA.sub(kept, part) for part in parts[::2]]
    rendered = MarkdownIt("commonmark").enable("table").render("".join(parts))
    return re.sub(
        "\N{OBJECT REPLACEMENT CHARACTER}(\\d+);", lambda m: formulas[int(m[1])], rendered
    )


def _links(course: Course, unit: str, language: Language) -> str:
    """To the units before and after, the index, and the same page in the other language."""
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    label = {"en": "English", "zh": "中文"}[other]
    index = {"en": "Index", "zh": "目录"}[language]
    last = f'<a href="../index.html">{index}</a> · <a href="../{other}/{unit}.html">{label}</a>'
    return nav(course, unit, last, language, {name: name for name in course.unit_names})


def _index(course: Course, language: Language) -> str:
    entries = {
        unit.name: f'<a href="{language}/{unit.name}.html">'
        f"{html.escape(unit.title.in_(language))}</a>"
        for unit in course.units
    }
    shown = course_map(course, entries, language)
    title = html.escape(course.title.in_(language))
    before = leads(course, f"{language}/{OPENING}.html", language)
    return f'<section lang="{TAGS[language]}"><h1>{title}</h1>{before}{shown}</section>'


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def main(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pages go.")],
    course: CourseOption = None,
) -> None:
    """Render the lessons, with their plots."""
    write_pages(load(course), folder)
    print(folder / "index.html")


app = program(main)
if __name__ == "__main__":
    app()
