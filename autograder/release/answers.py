"""What students get once a unit is over: its solution, and right answers written differently."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import msgspec

from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ
from autograder.core.language import Language
from autograder.core.titles import Title
from autograder.core.units import unit_folder
from autograder.release.starters import BEGIN, END
from autograder.release.templating import read_whole

WORDS = {
    "en": (
        "What is right can be written in many ways. Each of these programs passes every hidden "
        "test of values and gradients.",
        "`solution.py`: what the exercises were made from.",
        "What differs",
        "Why it is right all the same",
    ),
    "zh": (
        "正确的写法不止一种。下面每个程序都通过了全部关于数值和梯度的隐藏测试。",
        "`solution.py`：练习就是由它生成的。",
        "有什么不同",
        "为什么同样正确",
    ),
}


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a right answer does differently, and why that is right."""

    differs: Title
    why: Title


def release_answers(course: Course, folder: Path, unit: Unit, language: Language) -> list[Path]:
    """Write FOLDER/<unit>/: the programs and a README. Raises CourseError.

    The right answers are those that hidden/answers.toml tells of, if the unit has one.
    """
    target = folder / unit.name
    if target.exists() and any(target.iterdir()):
        raise CourseError(f"{target} is not empty. Name a new folder, or empty this one first.")
    hidden = unit_folder(course.root, unit.name) / "hidden"
    answers = _answers(hidden / "answers.toml")
    solution = read_whole(course.root / "solutions" / f"{unit.name}.py").decode()
    whole = re.sub(rf"^[^\S\n]*({re.escape(BEGIN)}|{re.escape(END)})\n", "", solution, flags=re.M)
    target.mkdir(parents=True, exist_ok=True)
    (target / "solution.py").write_text(whole, "utf-8")
    for name in answers:
        shutil.copyfile(hidden / "right" / f"{name}.py", target / f"{name}.py")
    (target / "README.md").write_text(_readme(unit, answers, language), "utf-8")
    return [target / f"{name}.py" for name in ("solution", *answers)]


def _answers(path: Path) -> dict[str, Answer]:
    if not path.is_file():
        return {}
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=dict[str, Answer])
    except NOT_READ as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
    for name in found:
        if not (path.parent / "right" / f"{name}.py").is_file():
            raise CourseError(f"{path} tells of {name}, and {path.parent}/right has no {name}.py.")
    return found


def _readme(unit: Unit, answers: dict[str, Answer], language: Language) -> str:
    first, solution, differs, why = WORDS[language]
    parts = [f"# {unit.title.in_(language)}", first, solution]
    for name, answer in answers.items():
        parts += [
            f"## `{name}.py`",
            f"**{differs}:** {answer.differs.in_(language)}",
            f"**{why}:** {answer.why.in_(language)}",
        ]
    return "\n\n".join(parts) + "\n"
