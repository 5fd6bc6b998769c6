"""What a unit's files show before any of its tests is run."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from autograder.authoring.draft import (
    AGREEMENT,
    DOCSTRINGS,
    FOLDER,
    HIDDEN,
    LOOPS,
    MISTAKES,
    PUBLIC,
    RIGHT,
    SEQUENTIAL,
    SOLUTION,
    STARTER,
    Draft,
    Gap,
)
from autograder.authoring.scaffold import LEFT, MANIFEST, layout
from autograder.bench.validity import agreement
from autograder.core import units
from autograder.core.course import function_of
from autograder.core.errors import CourseError
from autograder.core.language import LANGUAGES
from autograder.grading.protocol import Options
from autograder.mistakes import catalogue
from autograder.notebooks.build import unit_notebook
from autograder.release import leaks, starters
from autograder.release.docstrings import docstrings as english

GUIDE = "docs/writing-an-exercise.md shows one"
CLOCK = "docs/clock.md says why; copy another unit's"
STARTERS = "python -m autograder.release.starters"
PARSERS: dict[str, Callable[[str], object]] = {".py": ast.parse, ".toml": tomllib.loads, ".md": str}
CHINESE = re.compile("[\u3001-\u303f\u4e00-\u9fff]")  # a full stop is Chinese, too
HEADING = re.compile("^(#+) ", re.MULTILINE)
MAGIC = re.compile(r"\A%%\w+\n")  # how a cell begins that asks, plots or measures
LAYER = re.compile(
    r"\bnn\.(?:(?:RNN|LSTM|GRU)(?:Cell)?|Conv\dd|MultiheadAttention)\b"
    r"|\bscaled_dot_product_attention\b|\boptim\.[A-Z]\w+"
)
SHAPE = re.compile(r"^Returns\b.*?(\([^()]*,[^()]*\)|\(\)|same shape)", re.MULTILINE | re.DOTALL)


def files(draft: Draft) -> Iterator[Gap]:
    """Every file is there and can be read; what is imported can be imported."""
    needed = {place: GUIDE for place in layout(draft.unit.name) if "/right/" not in place}
    del needed[draft.place(DOCSTRINGS)]
    if all(exercise.asks_for_tests for exercise in draft.unit.exercises):
        del needed[draft.place(MISTAKES)]  # its wrong versions are all that there are
    needed[draft.place(STARTER)] = STARTERS
    if any("speed" in exercise.points for exercise in draft.unit.exercises):
        needed |= {draft.place(LOOPS): CLOCK, draft.place(SEQUENTIAL): CLOCK}
    root = draft.course.root
    own = [path.relative_to(root).as_posix() for path in draft.path(FOLDER).rglob("*.py")]
    for place, remedy in (dict.fromkeys(sorted(own)) | needed).items():
        if not (root / place).is_file():
            yield Gap("missing", place, "it is not there", str(remedy))
        elif why := _unusable(draft, root / place):
            yield Gap("missing", place, why, "mend it")


def _unusable(draft: Draft, path: Path) -> str:
    """Why a file cannot be read or, where the grader does, imported, in a line; or nothing."""
    module = path.relative_to(draft.course.root).with_suffix("").parts[3:]
    try:
        PARSERS[path.suffix](path.read_text("utf-8"))
        if path.suffix == ".py" and len(module) == 2:  # hidden.mistakes, but not hidden.right.…
            units.module(draft.course.root, draft.unit.name, ".".join(module))
    except Exception as error:  # whatever a module may raise
        return f"{type(error).__name__}: {error}"
    return ""


def solutions_load(draft: Draft) -> Iterator[Gap]:
    """All solutions can be imported: the grader does that, whichever unit it grades."""
    try:
        with agreement.loaded(draft.course):
            pass
    except Exception as error:  # whatever a module may raise
        what = f"not every solution can be imported: {type(error).__name__}: {error}"
        yield draft.gap("missing", SOLUTION, what, "mend it")


def left_to_do(draft: Draft) -> Iterator[Gap]:
    """Nothing of what `unit new` left to the author is still to be written."""
    written = [p for p in sorted(draft.path(FOLDER).rglob("*")) if p.suffix in PARSERS]
    for path in [draft.path(SOLUTION), draft.path(PUBLIC), *written]:
        lines = path.read_text("utf-8", errors="replace").splitlines()
        found = [str(n) for n, line in enumerate(lines, 1) if re.search(rf"\b{LEFT}\b", line)]
        if found:
            place = path.relative_to(draft.course.root).as_posix()
            what = f"{LEFT} in line {', '.join(found)}"
            yield Gap("weak", place, what, "write your own in its place")


def titles(draft: Draft) -> Iterator[Gap]:
    """The unit and its exercises have titles in both languages."""
    own, parts = draft.unit, draft.unit.exercises
    for name, title in [(own.name, own.title), *((part.name, part.title) for part in parts)]:
        for language in _unsaid(title.en, title.zh):
            what = f"{name} has no title in {language}"
            yield Gap("missing", MANIFEST, what, 'title = { en = "…", zh = "…" }')
        if LEFT in title.en + title.zh:
            what = f"{LEFT} in the title of {name}"
            yield Gap("weak", MANIFEST, what, "write your own in its place")


def _unsaid(en: str, zh: str) -> Iterator[str]:
    """The languages in which something is not said."""
    if not en.strip():
        yield "English"
    if not CHINESE.search(zh):
        yield "Chinese"


def starter(draft: Draft) -> Iterator[Gap]:
    """The starter is what the solution makes."""
    for path in starters.drifted(draft.alone):
        what = f"it is not what {draft.place(SOLUTION)} makes"
        yield Gap("weak", f"exercises/{path.name}", what, STARTERS)


def docstrings(draft: Draft) -> Iterator[Gap]:
    """Each docstring names every parameter, and the shape of a result that has one."""
    body = ast.parse(draft.text(SOLUTION)).body
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    for name in map(function_of, draft.names):
        if name not in functions:
            what = f"it defines no function {name}"
            yield draft.gap("missing", SOLUTION, what, f"write it, or correct {MANIFEST}")
            continue
        told = ast.get_docstring(functions[name]) or ""
        parameters = [
            node.arg for node in ast.walk(functions[name].args) if isinstance(node, ast.arg)
        ]
        unnamed = [p for p in parameters if not re.search(rf"\b{p}\b", told)]
        if unnamed:
            what = f"the docstring of {name} does not name {', '.join(unnamed)}"
            yield draft.gap("weak", SOLUTION, what, f"say what it is: {unnamed[0]}: (N, T, D)")
        returned = functions[name].returns
        if (
            returned
            and re.search("Tensor|ndarray", ast.unparse(returned))
            and not SHAPE.search(told)
        ):
            what = f"the docstring of {name} gives no shape of the result"
            yield draft.gap("weak", SOLUTION, what, "a line such as: Returns (N, T, D): …")


def tests(draft: Draft) -> Iterator[Gap]:
    """Each exercise has public and hidden tests, and every hidden test says what it pins."""
    for file in (PUBLIC, HIDDEN):
        found = draft.tests(file)
        for name in draft.names:
            if name not in {test.exercise for test in found}:
                remedy = f'mark one with @pytest.mark.exercise("{name}")'
                yield draft.gap("missing", file, f"no test of {name}", remedy)
        for test in found:
            if test.exercise not in draft.names:
                what = f"{test.name} belongs to no exercise of the unit"
                yield draft.gap("missing", file, what, f"mark it with {', '.join(draft.names)}")
            if file == HIDDEN and not test.docstring:
                what = f"{test.name} has no docstring"
                yield draft.gap("weak", file, what, "say what it pins, and what it catches")


def mistakes(draft: Draft) -> Iterator[Gap]:
    """Each exercise has known mistakes, with help in both languages."""
    known = catalogue.known(draft.course.root, draft.unit.name)
    for mistake in known:
        if mistake.function not in draft.names:
            what = f"{mistake.id} is a mistake in {mistake.function}, which is no exercise"
            yield draft.gap("weak", MISTAKES, what, f"one of: {', '.join(draft.names)}")
        for language in _unsaid(mistake.help["en"], mistake.help["zh"]):
            what = f"{mistake.id} of {mistake.function} has no help in {language}"
            yield draft.gap("weak", MISTAKES, what, "a sentence that gives nothing away")
    counts = Counter(mistake.function for mistake in known)
    for name in draft.names:
        if counts[name] < draft.bar.mistakes and not draft.unit.exercise(name).asks_for_tests:
            what = f"{counts[name]} of {draft.bar.mistakes} known mistakes of {name}"
            yield draft.gap("weak", MISTAKES, what, "add what students do wrong")


def lessons(draft: Draft) -> Iterator[Gap]:
    """Both lessons fit the unit, with the same parts and the same code."""
    found = {}
    for language in LANGUAGES:
        file = f"{FOLDER}/lesson.{language}.md"
        try:
            found[language] = _parts_and_code(draft, language, draft.text(file))
        except (CourseError, SyntaxError) as error:
            if draft.path(DOCSTRINGS).name in str(error):
                continue  # `in_chinese` tells
            why = str(error).replace(f"{draft.path(file)}: ", "")
            yield draft.gap("weak", file, why, "docs/nbgrader.md, Writing a lesson")
    if len(found) == len(LANGUAGES):
        (parts, code), (others, other_code) = found.values()
        for what, alike in (("headings", parts == others), ("code", _says_same(code, other_code))):
            if not alike:
                said = f"other {what} than lesson.en.md"
                yield draft.gap("weak", f"{FOLDER}/lesson.zh.md", said, "only text is translated")


def _says_same(english: list[str], chinese: list[str]) -> bool:
    """Whether programs differ in no more than texts, which the second has in Chinese."""
    nodes = ([n for cell in cells for n in _nodes(cell)] for cells in (english, chinese))
    return all(_is_same(one, other) for one, other in zip_longest(*nodes))


def _nodes(program: str) -> Iterator[ast.AST]:
    return ast.walk(_Filled().visit(ast.parse(program)))


class _Filled(ast.NodeTransformer):
    """Leaves of each f-string what fills it, in an order that no language changes."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Set:
        """See ast."""
        filled = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        return ast.Set(sorted((part.value for part in filled), key=ast.dump))


def _is_same(one: ast.AST | None, other: ast.AST | None) -> bool:
    if isinstance(one, ast.Constant) and isinstance(other, ast.Constant):
        translated = isinstance(one.value, str) and CHINESE.search(str(other.value))
        return bool(translated) or one.value == other.value
    plain = [
        [(k, v) for k, v in ast.iter_fields(node) if not isinstance(v, (ast.AST, list))]
        for node in (one, other)
        if node
    ]
    return type(one) is type(other) and plain[0] == plain[1]


def _parts_and_code(draft: Draft, language: Any, text: str) -> tuple[list[int], list[str]]:
    """The levels of a lesson's headings, and its code."""
    made = unit_notebook(draft.course, draft.unit, language, Options().kinds)
    import nbformat  # an extra's; unit_notebook names it where it is missing

    cells = nbformat.reads(made, as_version=4).cells  # type: ignore[no-untyped-call]
    code = [MAGIC.sub("", c.source) for c in cells if c.cell_type == "code"]
    for text_of_cell in code:
        ast.parse(text_of_cell)
    return [len(level) for level in HEADING.findall(text)], code


def in_chinese(draft: Draft) -> Iterator[Gap]:
    """What students read of the programs is there in Chinese."""
    form = "see the file that `autograder unit new` writes"
    try:
        found = units.chinese_docstrings(draft.course.root, draft.unit.name)
    except CourseError as error:
        why = str(error).removeprefix(str(draft.path(DOCSTRINGS))).lstrip(", ")
        yield draft.gap("weak", DOCSTRINGS, why, form)
        return
    if found is None:
        yield draft.gap("note", DOCSTRINGS, "docstrings and tests' titles are English only", form)
        return
    tasks = {name: task.docstring for name, task in found.tasks.items()}
    shown = [test.name for test in draft.tests(PUBLIC)]
    own = {one.name for one in english(draft.text(PUBLIC))} - {*shown, ""}
    for what, given, wanted in (
        ("docstring", tasks, draft.names),
        ("title", found.tests, shown),
        ("docstring", found.helpers, sorted(own)),
    ):
        if lacking := [name for name in wanted if not CHINESE.search(given.get(name, ""))]:
            yield draft.gap("missing", DOCSTRINGS, f"no {what} of {', '.join(lacking)}", form)
        if unknown := [name for name in given if name not in wanted]:
            said = f"a {what} of {', '.join(unknown)}, which is not there"
            yield draft.gap("weak", DOCSTRINGS, said, "take it out, or correct the name")
    abouts = {"about": (SOLUTION, found.about), "about_tests": (PUBLIC, found.about_tests)}
    for name, (file, text) in abouts.items():
        there = english(draft.text(file)) if draft.path(file).is_file() else []
        if any(not one.name for one in there) and not text:
            yield draft.gap("missing", DOCSTRINGS, f"no {name}, for {draft.place(file)}", form)


def loops(draft: Draft) -> Iterator[Gap]:
    """What is timed has sizes at which a loop is looked for."""
    module = units.module(draft.course.root, draft.unit.name, "public.loops")
    known = getattr(module, "SCALINGS", {})
    for exercise in draft.unit.exercises:
        if "speed" in exercise.points and exercise.name not in known:
            what = f"SCALINGS has no sizes at which {exercise.name} is timed"
            yield draft.gap("missing", LOOPS, what, CLOCK)


def compared(draft: Draft) -> Iterator[Gap]:
    """The solution is compared with PyTorch's own layer, where a right answer uses one."""
    exercises = draft.unit.exercises
    if draft.path(AGREEMENT).is_file() or all(one.asks_for_tests for one in exercises):
        return
    texts = [path.read_text("utf-8") for path in sorted(draft.path(RIGHT).glob("*.py"))]
    if used := sorted({name for text in texts for name in LAYER.findall(text)}):
        what = f"nothing compares the solution with {', '.join(used)}, which right answers use"
        yield draft.gap("weak", AGREEMENT, what, "copy another unit's")


def nothing_leaks(draft: Draft) -> Iterator[Gap]:
    """Nothing hidden stands in what students get."""
    public = [draft.path(STARTER), draft.path(PUBLIC), *draft.path(LOOPS).parent.glob("*.py")]
    given = {p.relative_to(draft.course.root).as_posix(): p.read_bytes() for p in public}
    for place, passage in dict(leaks.leaks(given, leaks.hidden_passages(draft.alone))).items():
        what = f"it gives away what is hidden: {passage!r}"
        yield Gap("weak", place, what, "write it otherwise in one of the two")
