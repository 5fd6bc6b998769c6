"""The lessons in a release: pages and notebooks that `make lessons` has built, made to fit in."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.language import Language
from autograder.core.units import unit_folder
from autograder.release.templating import read_whole

FOLDER = "lessons"
OPENING = "start"  # a page of the course's own that comes before its first unit, if it has one
NAV = "<nav></nav>"  # where a built page gets its links
HELD_OUT = ("torch", "numpy")  # Colab has its own, which fit its GPU
REPOSITORY = re.compile(r"(https?|ssh|git|file)://[\w.:/@~+-]+|git@[\w.-]+:[\w./~+-]+")
ON_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
COLAB = "https://colab.research.google.com/github/{}/blob/HEAD/{}"
START = """\
import os
import sys

os.environ.setdefault("AUTOGRADER_LANG", "{language}")
if "google.colab" in sys.modules and not os.path.exists("lesson.py"):  # {colab}
{fetch}
    %pip install --quiet {packages}
    %cd -q {{folder}}
import lesson  # {lesson}
"""
CLONED = """\
    !git clone --quiet --depth 1 {repository} course-files
    folder = "course-files/lessons"\
"""
UPLOADED = """\
    import glob

    from google.colab import files

    print("{upload}")
    [name] = files.upload()
    !unzip -q -o "{{name}}" -d course-files
    [folder] = glob.glob("course-files/**/lessons", recursive=True)\
"""
WORDS = {
    "en": {
        "colab": "in Colab, whose own PyTorch stays",
        "upload": "Upload the zip of the course that you were given:",
        "lesson": "finds what you write in exercises/",
        "notebook": "as a notebook",
        "in_colab": "in Colab",
        "index": "All lessons",
        "opening": "Before anything else: the first five minutes",
        "columns": ("Unit", "Minutes", "Comes after", "Short path"),
        "path": "The short path takes about {core:g} hours and needs nothing else; the whole "
        "course takes about {whole:g}.",
    },
    "zh": {
        "colab": "在 Colab 里；它自己的 PyTorch 不变",
        "upload": "请上传发给你的课程压缩包：",
        "lesson": "找到你在 exercises/ 里写的内容",
        "notebook": "用 notebook 打开",
        "in_colab": "在 Colab 里打开",
        "index": "所有课",
        "opening": "在一切之前：最初的五分钟",
        "columns": ("单元", "分钟", "先修", "短路线"),
        "path": "短路线约 {core:g} 小时，不需要其他单元；整门课约 {whole:g} 小时。",
    },
}
PAGE = """<!DOCTYPE html>
<html lang="{tag}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>{style}</style></head>
<body><main>
{body}
</main>{script}
</body></html>
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
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
figure { margin: 1rem 0; } svg, img { max-width: 100%; height: auto; overflow: visible; }
nav { display: flex; justify-content: space-between; gap: 1rem; }
figcaption { color: #555; font-size: .92rem; }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-left: 4px solid #0b57a4; }
details { margin: .6rem 0 1.2rem; padding: .2rem .9rem; border: 1px solid #ccd; }
summary { cursor: pointer; color: #0b57a4; }
.moves svg { font-size: 15px; } .moves input { width: min(20rem, 90%); vertical-align: middle; }
.moves output, .moves label:not([hidden]) { display: block; }
.written { cursor: pointer; text-anchor: middle; } .chosen { font-weight: bold; fill: #a33c00; }
math { font-family: math, "Cambria Math", "STIX Two Math", "Latin Modern Math", "Noto Sans Math",
  "DejaVu Sans", serif; } /* a font without a root's sign draws none */
math[display="block"] { margin: 1rem 0; overflow-x: auto; overflow-y: hidden; }
@media (max-width: 36rem) {
  .moves svg { font-size: 22px; } table { display: block; overflow-x: auto; }
}
@media print {
  body { max-width: none; margin: 0; font-size: 11pt; } nav { display: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  pre, figure, table { break-inside: avoid; } h2 { break-after: avoid; }
  .moves label:not([hidden]) { display: none; }
}
"""


def names(course: Course) -> dict[str, str]:
    """What the lesson of each unit is called, in the order of the course: 01_rnn."""
    return {unit: f"{number:02}_{unit}" for number, unit in enumerate(course.unit_names, 1)}


def built(course: Course, unit: str, language: Language, suffix: str) -> Path:
    """Where `make lessons` puts what it builds of a unit's lesson."""
    return unit_folder(course.root, unit) / f"lesson.{language}{suffix}"


def lessons(
    course: Course, language: Language, repository: str | None, packages: Sequence[str]
) -> dict[str, bytes]:
    """The pages and notebooks of a release. packages: what Colab is to have, as pip takes it.

    Raises CourseError where a lesson has not been built, and where the repository is no address.
    """
    shared = course.root / "course" / "shared" / "lesson.py"
    found = {f"{FOLDER}/lesson.py": read_whole(shared), f"{FOLDER}/index.html": b""}
    first = start(language, repository, packages)
    links = dict.fromkeys(course.unit_names, "")
    called = names(course)
    for unit, name in called.items():
        files = [_read(built(course, unit, language, s)) for s in (".html", ".ipynb")]
        links[unit] = _links(name, language, repository)
        last = f'{links[unit]} · <a href="index.html">{WORDS[language]["index"]}</a>'
        page = linked(files[0].decode(), nav(course, unit, last, language, called))
        notebook = msgspec.json.decode(files[1])
        notebook["cells"][0]["source"] = first.splitlines(keepends=True)
        found[f"{FOLDER}/{name}.html"] = page.encode()
        found[f"{FOLDER}/{name}.ipynb"] = msgspec.json.format(msgspec.json.encode(notebook)) + b"\n"
    found[f"{FOLDER}/index.html"] = _index(course, links, language).encode()
    if opens(course):
        text = _read(opening(course, language, ".html")).decode()
        text = linked(text, home("index.html", language))
        found[f"{FOLDER}/00_{OPENING}.html"] = text.encode()
    return found


def start(language: Language, repository: str | None = None, packages: Sequence[str] = ()) -> str:
    """The first cell of a lesson's notebook: it finds the course, which Colab has to fetch."""
    if repository and not REPOSITORY.fullmatch(repository):
        raise CourseError(
            f"{repository!r} is no address that `git clone` takes, such as "
            "https://github.com/you/course."
        )
    words: dict[str, Any] = {"language": language, **WORDS[language]}
    fetch = (CLONED if repository else UPLOADED).format(repository=repository, **words)
    wanted = [one for one in packages if not re.match(rf"({'|'.join(HELD_OUT)})\b", one)]
    return START.format(fetch=fetch, packages=" ".join(f'"{one}"' for one in wanted), **words)


def page(title: str, language: Language, body: str, script: str = "") -> str:
    """A whole page, which takes nothing from elsewhere and runs this script alone."""
    policy = POLICY
    if script:
        script = f"\n{script}"
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy, script = f"{POLICY}; script-src 'sha256-{digest}'", f"\n<script>{script}</script>"
    for wide in ("<pre>", "<table>", 'display="block">'):  # keys can move what is too wide
        body = body.replace(wide, f'{wide[:-1]} tabindex="0">')
    about = {"tag": TAGS[language], "title": html.escape(title), "style": STYLE, "policy": policy}
    return PAGE.format(**about, body=body, script=script)


def opens(course: Course) -> bool:
    """Whether the course has a page that comes before its first unit."""
    return opening(course, "en", ".md").is_file()


def opening(course: Course, language: Language, suffix: str) -> Path:
    """That page, as it is written (.md) and as it is built (.html)."""
    return course.root / "course" / f"{OPENING}.{language}{suffix}"


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise CourseError(f"{path} is missing. `make lessons` builds it from the lesson.")
    return path.read_bytes()


def _links(name: str, language: Language, repository: str | None) -> str:
    """To a lesson's notebook, and to Colab where that can open it by an address."""
    words, file = WORDS[language], f"{name}.ipynb"
    links = f'<a href="{file}">{words["notebook"]}</a>'
    if found := ON_GITHUB.match(repository or ""):
        place = COLAB.format(found[1], f"{FOLDER}/{file}")
        links += f' · <a href="{place}">{words["in_colab"]}</a>'
    return links


def nav(course: Course, unit: str, last: str, language: Language, called: dict[str, str]) -> str:
    """To the lessons before and after, and what else there is; called: their pages, by unit."""
    order = course.unit_names
    place = order.index(unit)
    around = [("← {}", name) for name in order[max(place - 1, 0) : place]]
    around += [("{} →", name) for name in order[place + 1 : place + 2]]
    parts = [
        f'<a href="{called[name]}.html">'
        f"{html.escape(arrow.format(course.unit(name).title.in_(language)))}</a>"
        for arrow, name in around
    ]
    parts.append(last)
    return f"<nav>{''.join(f'<span>{part}</span>' for part in parts)}</nav>"


def linked(text: str, links: str) -> str:
    """A built page with its links at both ends, which ears can tell apart."""
    second = links.replace("<nav", '<nav aria-label="↓"', 1)
    return text.replace(NAV, links, 1).replace(NAV, second, 1)


def home(place: str, language: Language) -> str:
    """To the index alone, which is at `place`."""
    return f'<nav><a href="{place}">{WORDS[language]["index"]}</a></nav>'


def leads(course: Course, place: str, language: Language) -> str:
    """To the page before the first unit, which is at `place`; nothing where there is none."""
    told = WORDS[language]["opening"]
    return f'<p><a href="{place}">{told}</a></p>' if opens(course) else ""


def _index(course: Course, links: dict[str, str], language: Language) -> str:
    title = course.title.in_(language)
    entries = {
        unit: f'<a href="{name}.html">{html.escape(course.unit(unit).title.in_(language))}</a>'
        f" ({links[unit]})"
        for unit, name in names(course).items()
    }
    before = leads(course, f"00_{OPENING}.html", language)
    body = f"<h1>{html.escape(title)}</h1>{before}{course_map(course, entries, language)}"
    return page(title, language, body)


def course_map(course: Course, entries: dict[str, str], language: Language) -> str:
    """The units in a table: how long each takes, what comes before it, and the short path.

    entries: what stands for each unit, as HTML.
    """
    words: dict[str, Any] = WORDS[language]
    place = {unit: str(number) for number, unit in enumerate(course.unit_names, 1)}
    rows = [
        [
            f"{place[unit.name]}. {entries[unit.name]}",
            str(unit.minutes),
            ", ".join(place[name] for name in unit.after if name in place),
            "●" if unit.core else "",
        ]
        for unit in course.units
    ]
    head = "".join(f"<th>{name}</th>" for name in words["columns"])
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    hours = {
        "core": sum(unit.minutes for unit in course.units if unit.core) / 60,
        "whole": sum(unit.minutes for unit in course.units) / 60,
    }
    told = f"<p>{words['path'].format(**hours)}</p>" if hours["core"] else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{told}"
