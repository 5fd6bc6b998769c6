"""Build the lessons into notebooks, in the `source/` folder that nbgrader makes assignments from.

A lesson, course/units/<unit>/lesson.<language>.md, is a notebook in jupytext's Markdown. A line
`<!-- exercise: softmax -->` in it stands for the function of that name in solutions/<unit>.py; the
code cell that follows is what students see of its tests. The functions are never copied into a
lesson, so there is one place to mend them.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.core.course import Course, Exercise, Kind, Unit
from autograder.core.errors import CourseError
from autograder.core.text import several
from autograder.core.units import chinese_docstrings, unit_folder
from autograder.grading.protocol import Options
from autograder.local.reset import STUBS
from autograder.release.docstrings import translated
from autograder.reports.wording import Language

EXERCISE = re.compile(r"^<!-- exercise: (\w+) -->$", re.MULTILINE)
IMPORT = re.compile(r"^(?=import |from (?!__future__))", re.MULTILINE)
ASKED = "<!-- question -->"  # what follows is the lesson's last question, and its folded answer
QUESTION = "question"  # the grade_id of its answer
FOLDED = "<details>"
TEST = "test_"  # a test cell's grade_id is this and the exercise's name; the answer's is the name
WITHHELD = {
    "en": "# {points} points. The hidden tests of `{name}` run when your work is graded.",
    "zh": "# {points} 分。`{name}` 的隐藏测试在评分时运行。",
}
SHARED = "lesson.py"  # what the notebooks import beside the student's own units
IMPORT_SHARED = {
    "en": "import lesson  # finds your other units, and runs %%experiment\n",
    "zh": "import lesson  # 找到你的其他单元，并运行 %%experiment\n",
}
ANSWER: dict[Language, str] = {"en": "*Your answer, in words.*", "zh": "*用文字写下你的回答。*"}
METADATA = {  # of a notebook
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ABOUT = {  # a notebook's first cell
    "en": "*The points of this notebook come from hidden tests, in a sandbox, wherever the "
    "course's `nbgrader_config.py` is loaded. Where it is not, nbgrader runs the cells with the "
    "rights of whoever grades, and knows no hidden test.*",
    "zh": "*只要加载了课程的 `nbgrader_config.py`，这份 notebook 的得分就来自沙箱里运行的隐藏测试。"
    "没有加载时，nbgrader 会以评分者的权限运行这些单元格，也不知道任何隐藏测试。*",
}
UNGUARDED = (
    "Grade where this folder's nbgrader_config.py is loaded, and nowhere else: without it nbgrader "
    "runs students' code with your rights, and no hidden test."
)
CONFIG = '''"""Made by python -m autograder.notebooks; add settings of your own below."""
'''
JOINED = """
# Added by python -m autograder.notebooks, and to stay last: the course's own settings.
c = get_config()  # noqa: F821
load_subconfig("nbgrader_config.py", path={path!r})  # noqa: F821
c.CourseDirectory.setdefault("course_id", {name!r})  # which nbgrader's exchange asks for
c.SandboxGrade.language = {language!r}
c.SandboxGrade.device = {device!r}
c.SandboxGrade.speed = {speed!r}
c.ClearSolutions.code_stub = {{"python": {stub!r}}}
c.ClearSolutions.text_stub = {answer!r}
"""
LOADS = 'load_subconfig("nbgrader_config.py", path='  # what a file has that loads ours


def build(
    course: Course,
    folder: Path,
    language: Language = "en",
    options: Options | None = None,
    assignments: Sequence[str] = (),
) -> None:
    """Write source/<unit>/<unit>.ipynb for every unit, and the settings that they are graded by.

    These join those that there are; the folder's name becomes the course's id where none is set.
    options: what the grading will be asked for, and so which points count. assignments: those of
    the manifest whose units are built, by default all units. Raises CourseError where a lesson is
    missing or does not fit its unit, and where the folder has other assignments, or settings that
    ours cannot join.
    """
    options = options or Options()
    _refuse_others(course, folder)
    for unit in course.only(assignments).units:
        notebook = unit_notebook(course, unit, language, options.kinds)
        target = folder / "source" / unit.name
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{unit.name}.ipynb").write_text(notebook, encoding="utf-8", newline="\n")
        for extra in _extras(course, notebook):
            shutil.copy(extra, target / extra.name)
    settings = {"language": language, "device": options.device, "speed": options.speed}
    settings |= {"stub": STUBS[language], "answer": ANSWER[language], "name": folder.name}
    _configure(folder, JOINED.format(path=str(course.root / "course"), **settings))


def _refuse_others(course: Course, folder: Path) -> None:
    found = sorted(path.parent.name for path in (folder / "source").glob("*/*.ipynb"))
    if others := [name for name in dict.fromkeys(found) if name not in course.unit_names]:
        raise CourseError(
            f"{folder / 'source'} holds assignments that are no units of this course: "
            f"{several(others)}. Nothing would grade them here. Move them into another course's "
            "folder, or name another folder for this one."
        )


def _configure(folder: Path, ours: str) -> None:
    """Write the settings, or add them to those of a folder that nbgrader has made."""
    config = folder / "nbgrader_config.py"
    before = _read(config) if config.exists() else None
    if before and LOADS in before:
        return
    config.write_text((CONFIG if before is None else before) + ours, "utf-8", newline="\n")
    if before is None:
        return
    try:
        _check_settings(folder)
    except (Exception, SystemExit) as error:  # whatever somebody's settings raise
        config.write_text(before, "utf-8", newline="\n")
        raise CourseError(f"The course's settings cannot be added to {config}: {error}") from error


def _check_settings(folder: Path) -> None:
    """Load a folder's settings as nbgrader does, and look who is to grade. Raises CourseError."""
    from traitlets.config.loader import PyFileConfigLoader

    loaded = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    names = [kind.__name__ for kind in loaded.Autograde.autograde_preprocessors]
    if "SandboxGrade" not in names:
        raise CourseError(f"Autograde would grade with {', '.join(names)}.")


def unit_notebook(course: Course, unit: Unit, language: Language, kinds: frozenset[Kind]) -> str:
    """A unit's notebook as JSON, solutions included; the same text whenever nothing changed."""
    try:
        import jupytext  # type: ignore[import-untyped]
        import nbformat
    except ModuleNotFoundError as error:
        raise CourseError(
            f"Notebooks are built with jupytext, and the package {error.name!r} is not installed. "
            "Run: pip install -e '.[course]'"
        ) from error
    lesson = unit_folder(course.root, unit.name) / f"lesson.{language}.md"
    notebook = jupytext.reads(_read(lesson), fmt="md")
    setup, answers = functions(course, unit, language)
    notebook.cells = list(_cells(notebook.cells, unit, answers, language, kinds, lesson))
    first_code = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first_code, _code(setup))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{unit.name.replace('_', '-')}-{number}"
    notebook.cells.insert(0, _markdown(ABOUT[language]))
    notebook.cells[0].id = "about"
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return str(nbformat.writes(notebook)) + "\n"


def functions(course: Course, unit: Unit, language: Language = "en") -> tuple[str, dict[str, str]]:
    """The imports of a unit's solution, and the text of each of its exercises' functions.

    A private helper, or a further test, belongs to the exercise that it follows. What a function is
    to do is said in the language, as far as the unit says it in that.
    """
    path = course.root / "solutions" / f"{unit.name}.py"
    words = chinese_docstrings(course.root, unit.name) if language == "zh" else None
    text = translated(_read(path), words.of_starter if words else {})
    lines, tree = text.splitlines(), ast.parse(text)
    wanted = {exercise.function: exercise.name for exercise in unit.exercises}
    every = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found = [node for node in every if node.name in wanted]
    if missing := wanted.keys() - {node.name for node in found}:
        raise CourseError(f"{path} defines no function {', '.join(sorted(missing))}.")
    starts = [min([n.lineno, *(d.lineno for d in n.decorator_list)]) - 1 for n in found]
    docstring = tree.body[0].end_lineno or 0 if ast.get_docstring(tree) else 0
    setup = "\n".join(lines[docstring : starts[0]]).strip()
    others = IMPORT.search(setup)
    first = others.start() if others else len(setup)
    setup = f"{setup[:first]}{IMPORT_SHARED[language]}{setup[first:]}".strip()
    ends = [*starts[1:], len(lines)]
    answers = {
        wanted[node.name]: "\n".join(lines[start:end]).strip()
        for node, start, end in zip(found, starts, ends, strict=True)
    }
    return setup, answers


def _cells(
    cells: Sequence[Any],
    unit: Unit,
    answers: dict[str, str],
    language: Language,
    kinds: frozenset[Kind],
    lesson: Path,
) -> Iterator[Any]:
    """The lesson's cells, an answer and a test cell in place of each exercise's line."""
    left = {exercise.name: exercise for exercise in unit.exercises}
    pending: Exercise | None = None
    for cell in cells:
        if pending:
            if cell.cell_type != "code":
                raise CourseError(f"{lesson}: no code cell, the check, follows {pending.name!r}.")
            yield _test(pending, cell.source, language, kinds)
            pending = None
        elif cell.cell_type == "code":
            yield _code(cell.source)
        else:
            text, asked, question = cell.source.partition(ASKED)
            before, *marked = EXERCISE.split(text)
            if before.strip():
                yield _markdown(before.strip())
            if marked:
                name, after = marked[0], "".join(marked[1:])
                if name not in left or after.strip():
                    raise CourseError(
                        f"{lesson}: the line of the exercise {name!r} must name one of "
                        f"{', '.join(left) or 'none'} and stand right before a code cell."
                    )
                pending = left.pop(name)
                yield _graded(_code(answers[name]), name, solution=True)
            if asked:
                yield from _question(question, unit)
    if pending or left:
        missing = [*([pending.name] if pending else []), *left]
        raise CourseError(f"{lesson} has no exercise, or no check, for {', '.join(missing)}.")


def _test(exercise: Exercise, check: str, language: Language, kinds: frozenset[Kind]) -> Any:
    points = sum(most for kind, most in exercise.points.items() if kind in kinds)
    note = WITHHELD[language].format(points=points, name=exercise.name)
    cell = _graded(_code(f"{note}\n{check}"), f"{TEST}{exercise.name}", solution=False)
    cell.metadata.nbgrader.points = points
    return cell


def _question(text: str, unit: Unit) -> Iterator[Any]:
    """A question, and its answer, which is graded by hand; nbgrader takes what is folded out."""
    question, folded, answer = text.partition(FOLDED)
    yield _markdown(question.strip())
    cell = _graded(_markdown(f"{folded}{answer}".strip()), QUESTION, solution=True)
    cell.metadata.nbgrader |= {"grade": True, "points": unit.question}
    yield cell


def _graded(cell: Any, grade_id: str, *, solution: bool) -> Any:
    cell.metadata["nbgrader"] = {
        "grade": not solution,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return cell


def _code(source: str) -> Any:
    from nbformat.v4 import new_code_cell

    return new_code_cell(source)


def _markdown(source: str) -> Any:
    from nbformat.v4 import new_markdown_cell

    return new_markdown_cell(source)


def _extras(course: Course, notebook: str) -> list[Path]:
    """What a notebook reads beside itself: the shared module, and the parameters that it names."""
    shared, parameters = course.root / "course" / "shared", course.root / "course" / "parameters"
    trained = [p for p in sorted(parameters.glob("*.safetensors")) if p.stem in notebook]
    return [shared / SHARED, *trained, *([parameters / "vocabulary.json"] if trained else [])]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CourseError(f"{path} is missing.") from None
