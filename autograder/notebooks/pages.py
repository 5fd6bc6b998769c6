"""The lessons as pages, to be read before anything is installed.

python -m autograder.notebooks.pages DIR      DIR/<language>/<unit>.html, and DIR/index.html

Each notebook is run with the solutions in it, so that the plots are there; then the solutions are
taken out. A page is one file: pictures are in it, and formulas are MathML, so it needs no network.
"""

from __future__ import annotations

import html
import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from autograder.core.console import CourseOption, program
from autograder.core.course import Course, load
from autograder.core.language import LANGUAGES
from autograder.notebooks.build import build
from autograder.release.starters import starter
from autograder.reports.wording import Language

SECONDS = 120  # that a cell may take
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", re.DOTALL)
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
LANG_TAG = {"en": "en", "zh": "zh-Hans"}
STYLE = """
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff;
  font: 1.05rem/1.65 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1, h2 { line-height: 1.25; } h2 { margin-top: 2.2rem; } a { color: #0b57a4; }
pre { background: #f5f6f8; padding: .7rem .9rem; overflow-x: auto; border-radius: 6px;
  font: .86rem/1.5 ui-monospace, Consolas, Menlo, monospace; }
code { font-family: ui-monospace, Consolas, Menlo, monospace; font-size: .92em; }
.exercise pre { border-left: 4px solid #d08a00; } .check pre { border-left: 4px solid #8a94a0; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #ccd; padding: .3rem .7rem; text-align: left; }
img { max-width: 100%; } nav { display: flex; justify-content: space-between; gap: 1rem; }
math[display="block"] { margin: 1rem 0; overflow-x: auto; overflow-y: hidden; }
"""
PAGE = """<!DOCTYPE html>
<html lang="{tag}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body>
{body}
</body></html>
"""


def write_pages(course: Course, folder: Path) -> None:
    """Write every unit's page in every language, and an index."""
    index = ""
    for language in LANGUAGES:
        index += _index(course, language)
        with tempfile.TemporaryDirectory() as temporary:
            build(course, Path(temporary), language)
            for unit in course.unit_names:
                notebook = _executed(Path(temporary) / "source" / unit / f"{unit}.ipynb")
                body = _links(course, unit, language) + "\n".join(map(_cell, notebook.cells[1:]))
                title = getattr(course.unit(unit).title, language)
                _write(folder / language / f"{unit}.html", title, language, body)
    _write(folder / "index.html", course.title.en, "en", index)


def _executed(path: Path) -> Any:
    """The notebook with its outputs, and without its solutions."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources).execute()
    return without_solutions(notebook)


def without_solutions(notebook: Any) -> Any:
    """The notebook as students get it, with the outputs that it has."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = starter(cell.source)
    return notebook


def _cell(cell: Any) -> str:
    if cell.cell_type == "markdown":
        return markdown(cell.source)
    graded = cell.metadata.get("nbgrader", {})
    kind = "exercise" if graded.get("solution") else "check" if graded.get("grade") else "code"
    parts = [f"<pre><code>{html.escape(cell.source)}</code></pre>"]
    for output in cell.outputs:
        if picture := output.get("data", {}).get("image/png"):
            parts.append(f'<img alt="" src="data:image/png;base64,{picture.strip()}">')
        elif text := output.get("text"):
            parts.append(f"<pre>{html.escape(text)}</pre>")
    return f'<div class="{kind}">' + "\n".join(parts) + "</div>"


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
    names = course.unit_names
    place = names.index(unit)
    around = [("← {}", names[place - 1])] if place else []
    around += [("{} →", name) for name in names[place + 1 : place + 2]]
    links = [
        f'<a href="{name}.html">{arrow.format(getattr(course.unit(name).title, language))}</a>'
        for arrow, name in around
    ]
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    label = {"en": "English", "zh": "中文"}[other]
    index = {"en": "Index", "zh": "目录"}[language]
    links.append(
        f'<a href="../index.html">{index}</a> · <a href="../{other}/{unit}.html">{label}</a>'
    )
    return f"<nav>{''.join(f'<span>{link}</span>' for link in links)}</nav>"


def _index(course: Course, language: Language) -> str:
    entries = "".join(
        f'<li><a href="{language}/{unit.name}.html">'
        f"{html.escape(getattr(unit.title, language))}</a></li>"
        for unit in course.units
    )
    return f"<h1>{html.escape(getattr(course.title, language))}</h1><ol>{entries}</ol>"


def _write(path: Path, title: str, language: Language, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = PAGE.format(tag=LANG_TAG[language], title=html.escape(title), style=STYLE, body=body)
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
