"""The lessons of a release: from the release alone, in Jupyter's own kernel, in both languages."""

from __future__ import annotations

import html
import io
import json
import os
import re
import shutil
import tokenize
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from machine import patience

from autograder.core.course import Course, load
from autograder.core.language import LANGUAGES, Language
from autograder.release.docstrings import docstrings
from autograder.release.lessons import built, names
from autograder.release.students import release

nbformat = pytest.importorskip("nbformat")
client = pytest.importorskip("nbclient")

COURSE = load(ROOT)
SECONDS = 60  # for one cell
WAITS = {"en": "This cell waits for", "zh": "这个单元格在等"}
FORGET = "%reset -f\nimport sys\nsys.modules['autograder.local.waiting']._not_made.clear()"
# A sentence: some words of English in a row. Names, titles of papers and code are none.
ENGLISH = re.compile(r"(?:\b[A-Za-z]{2,}\b[,;:]? ){3,}[a-z]+")
QUOTED = re.compile(
    r'`[^`]*`|出处：.*?(?:"""|\Z)|"[^"\n]+"|(?<!\*)\*[^*\n]+\*(?!\*)',  # titles are in italics
    re.DOTALL,
)


@pytest.fixture
def released(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    language: Language = getattr(request, "param", "zh")
    release(COURSE, tmp_path / "course", language)
    return tmp_path / "course"


def cells(folder: Path, name: str) -> list[Any]:
    return list(nbformat.read(folder / "lessons" / f"{name}.ipynb", as_version=4).cells)


def run(package: Path, here: Path, every: list[Any]) -> dict[str, list[Any]]:
    """What cells put out, by their ids: run in a kernel that has the release's own package."""
    notebook = nbformat.v4.new_notebook(cells=every)
    environment = {k: v for k, v in os.environ.items() if k != "AUTOGRADER_LANG"}
    environment |= {"PYTHONPATH": str(package), "LESSONS_TRAIN": "hardly"}
    resources = {"metadata": {"path": str(here)}}
    runs = client.NotebookClient(
        notebook, timeout=int(patience(SECONDS)), kernel_name="python3", resources=resources
    )
    runs.execute(env=environment)
    return {cell.id: cell.get("outputs", []) for cell in every}


def printed(outputs: list[Any]) -> str:
    return "".join(output.get("text", "") for output in outputs)


def code(source: str) -> Any:
    return nbformat.v4.new_code_cell(source)


def test_a_lesson_waits_for_what_is_not_written_and_goes_on_when_it_is(released: Path) -> None:
    """The same cells twice in one kernel; in between the file is saved, as in an editor.

    Catches: a cell that stops the rest, a file that is read once, messages in another language.
    """
    lesson = cells(released, "01_rnn")
    where = code("import autograder\nprint(autograder.__file__)\nlesson.hint(rnn)")
    save = code(f"!cp '{ROOT / 'solutions' / 'rnn.py'}' ../exercises/rnn.py")
    again = [nbformat.from_dict({**cell, "id": f"again-{cell.id}"}) for cell in lesson]
    shown = run(released, released / "lessons", [*lesson, where, save, *again])
    texts = {name: printed(outputs) for name, outputs in shown.items()}
    assert str(released) in texts[where.id], "the release's own package"
    assert "提示" in texts[where.id]
    before = [texts[cell.id] for cell in lesson]
    assert sum("这个单元格在等 `rnn" in text for text in before) == 4  # two examples, two plots
    assert sum("上面的某个单元格还得不出它" in text for text in before) == 2  # the comparisons
    assert sum("未写" in text for text in before) == 2
    after = "".join(texts[cell.id] for cell in again)
    assert "等" not in after and after.count("全部通过") == 2
    drawn = [o for cell in again for o in shown[cell.id] if "image/svg+xml" in o.get("data", {})]
    assert len(drawn) == 2 and ">读过的词数</text>" in drawn[0]["data"]["image/svg+xml"]


@pytest.mark.parametrize("written", [False, True], ids=["starters", "solutions"])
@pytest.mark.parametrize("released", LANGUAGES, indirect=True)
def test_every_lesson_runs_from_the_release_alone(released: Path, written: bool) -> None:
    if written:
        for solution in (ROOT / "solutions").glob("*.py"):
            shutil.copy(solution, released / "exercises")
    every, of = [], {}
    for unit, name in names(COURSE).items():
        own = cells(released, name)
        of[unit] = [cell.id for cell in own]
        every += [*own, code(FORGET)]
    shown = run(released, released / "lessons", every)
    for unit, ids in of.items():
        outputs = [output for name in ids for output in shown[name]]
        text = printed(outputs)
        waits = sum(text.count(words) for words in WAITS.values())
        assert not [o for o in outputs if o.get("name") == "stderr"], unit
        drawn = [o for o in outputs if "image/svg+xml" in o.get("data", {})]
        if written:
            assert not waits and drawn, unit
            assert len(re.findall("全部通过|Every one passes", text)) == len(
                COURSE.unit(unit).exercises
            ), f"{unit}: {text}"
        else:
            assert waits >= len(COURSE.unit(unit).exercises), f"{unit}: {text}"
            assert not drawn, unit


@pytest.mark.parametrize("repository", [True, False], ids=["repository", "upload"])
def test_the_first_cell_in_colab(course: Course, tmp_path: Path, repository: bool) -> None:
    """An empty folder, a module google.colab, nothing installed but Colab's own packages."""
    given, content = tmp_path / "given", tmp_path / "content"
    content.mkdir()
    release(course, given, "zh", given.as_uri() if repository else None)
    if repository:
        commit = "git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm a"
        assert not os.system(f"cd '{given}' && {commit}")
        upload = "None"
    else:
        zipped = shutil.make_archive(str(content / "course"), "zip", tmp_path, "given")
        upload = f"lambda: {{{Path(zipped).name!r}: b''}}"
    colab = (
        "import sys, types\n"
        "google = sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
        f"google.files = types.SimpleNamespace(upload={upload})\n"
        "get_ipython().register_magic_function(lambda line: print('PIP', line), 'line', 'pip')\n"
        "sys.path[:] = [p for p in sys.path if not p.endswith('given')]"
    )
    first = cells(given, "01_rnn")[0]
    look = code("import os\nfrom rnn import rnn\nprint(os.getcwd())\nlesson.check(rnn)")
    every = [code(colab), first, look]
    shown = run(given, content, every)
    installed, told = (printed(shown[cell.id]) for cell in every[1:])
    assert "PIP" in installed and "torch" not in installed and "numpy" not in installed
    assert "constraints" not in installed
    assert ("请上传" in installed) != repository
    assert str(content / "course-files") in told and "未写" in told


def said_in_code(text: str) -> str:
    """The strings and comments of a program, and nothing else of it."""
    lines = [line for line in text.splitlines() if not re.match(r"\s*[!%]", line)]
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", None)}
    reads = io.StringIO("\n".join(lines)).readline
    return "\n".join(t.string for t in tokenize.generate_tokens(reads) if t.type in kinds)


def said_on_a_page(text: str) -> list[str]:
    """What a page says, paragraph by paragraph and label by label."""
    text = re.sub(r"<(style|script|em)>.*?</\1>|<math.*?</math>", "", text, flags=re.DOTALL)
    programs = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", text, re.DOTALL)
    text = re.sub(r"<pre[^>]*><code>.*?</code></pre>", "", text, flags=re.DOTALL)
    parts = re.split(r"</?(?:p|h\d|li|td|th|text|pre|title)\b[^>]*>", text)
    parts = [re.sub(r"<[^>]+>", "", part) for part in parts]
    return [*parts, *(said_in_code(html.unescape(program)) for program in programs)]


def test_the_chinese_release_says_nothing_in_english(released: Path) -> None:
    """Docstrings, titles, pages, plots, notebooks and the README; comments in files may."""
    told: dict[str, str] = {}
    for path in sorted([*released.glob("exercises/*.py"), *released.glob("course/**/*.py")]):
        for one in docstrings(path.read_text("utf-8")):
            told[f"{path.name}:{one.name}"] = one.text
    assert [place for place in told if not re.search("[\u4e00-\u9fff]", told[place])] == []
    for path in sorted(released.glob("lessons/*.html")):
        parts = said_on_a_page(path.read_text("utf-8"))
        told |= {f"{path.name}:{number}": part for number, part in enumerate(parts)}
    for path in sorted(released.glob("lessons/*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            text = "".join(cell["source"])
            said = said_in_code(text) if cell["cell_type"] == "code" else text
            told[f"{path.name}:{cell['id']}"] = said
    readme = (released / "README.md").read_text("utf-8")
    told["README.md"] = re.sub(r"```.*?```", "", readme, flags=re.DOTALL)
    assert len(told) > 500
    found = {place: ENGLISH.findall(QUOTED.sub("", text)) for place, text in told.items()}
    assert {place: words for place, words in found.items() if words} == {}
    english = ["# replace this line with your code", "distance of the states from here"]
    assert all(ENGLISH.search(text) for text in english), "the search finds what it looks for"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_committed_is_what_the_sources_make(language: Language) -> None:
    """`make lessons` builds it anew. Catches: a lesson, a solution or a docstring that moved on."""
    pytest.importorskip("jupytext")
    from autograder.notebooks.lessons import drifted

    assert [path for path in drifted(COURSE) if f".{language}." in path.name] == []


def test_every_plot_says_what_it_shows() -> None:
    """Below it, and to who cannot see it."""
    for unit in COURSE.unit_names:
        for language in LANGUAGES:
            page = built(COURSE, unit, language, ".html").read_text("utf-8")
            page = re.sub(r'<figure class="moves".*?</figure>', "", page, flags=re.DOTALL)
            told = re.findall(r'<svg role="img" aria-label="([^"]+)"', page)
            assert told == re.findall(r"<figcaption>(.+?)</figcaption>", page), (unit, language)
            assert len(told) == page.count("<svg") == page.count("plt.show()") > 0
