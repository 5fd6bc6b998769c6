"""The public tests in a CI job: what `check` prints, and what GitHub and GitLab show beside it.

On GitHub: a summary of the step, and an annotation at the line of each mistake. On GitLab and
elsewhere: pytest's JUnit report.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from autograder.core.course import ON_CPU, Course, Unit
from autograder.core.github import MOST_ANNOTATIONS, annotation, line_in, plain, row
from autograder.core.language import Language, Sentence, _, render, restate, say, translations
from autograder.intake.reading import read
from autograder.local import public_tests
from autograder.local.own_process import Begins
from autograder.local.tally import FailedTest, Tally, passes, points
from autograder.testing.plugin import Where

OTHER_FILE = _(
    "%(file)s is what is graded for %(unit)s: exercises/%(unit)s.py, which the tests here look at, "
    "has nothing of yours. Bring your work there, or hand in the other file."
)


def run(
    course: Course,
    units: Sequence[Unit],
    console: Console,
    language: Language,
    junit: Path | None,
    written: Path | None,
    begins: Begins,
) -> int:
    """Run the units' public tests and tell whoever asks; return an exit status.

    junit, written: where pytest's report and each exercise's points go.
    begins: called with the name of each test before it runs.
    """
    options = [f"--junitxml={junit}"] if junit else []
    found = public_tests.run(course, units, language, begins, options)
    found.show(units, console, language)
    if written:
        written.write_bytes(msgspec.json.encode([*earned(units, found.tally)]))
    if not (tally := found.tally).listed:
        return found.status
    doubts = list(other_files(course, units, tally))
    for _unit, told in doubts:
        console.print(render(told.facts, language), markup=False)
    begun = {where: t for where, t in tally.failure.items() if t.written}
    if "GITHUB_ACTIONS" in os.environ:
        for line in errors(begun, course.root / "exercises"):
            print(line)
        for unit, told in doubts:
            print(annotation(render(told.facts, language), title=unit))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(summary(tally, begun, units, language))
            file.writelines(f"- `{u}`: {plain(render(t.facts, language))}\n" for u, t in doubts)
    return found.verdict(units) or int(bool(doubts))


def other_files(
    course: Course, units: Sequence[Unit], tally: Tally
) -> Iterator[tuple[str, Sentence]]:
    """The units that would be graded by another file than the tests look at, or by none."""
    handed_in = read(course.root.parent, course.root.name, course)
    for unit in units:
        work, file = handed_in.work(unit.name), handed_in.file(unit.name)
        if work.state == "unread":
            yield unit.name, restate(work.facts)
        elif file and file.name != f"exercises/{tally.files.get(unit.name, f'{unit.name}.py')}":
            yield unit.name, say(OTHER_FILE, unit=unit.name, file=file.name)


def summary(
    tally: Tally, mistakes: Mapping[Where, FailedTest], units: Sequence[Unit], language: Language
) -> str:
    """The points of all units, and under them what is to be mended, in Markdown."""
    said = translations(language).gettext
    passed, every = points(units, tally)
    lines = [
        f"## {said('public tests')}: {passed} / {every}",
        "",
        row([*map(said, ["unit", "exercise", "points"])]),
        row(["---", "---", "---:"]),
    ]
    for one in earned(units, tally):
        scored = f"{one['score']} / {one['max-score']}"
        lines.append(row([f"`{one['unit']}`", f"`{one['exercise']}`", scored]))
    lines.append("")
    for (name, function), told in mistakes.items():
        lines.append(f"- `{name}`, **`{function}`**: {plain(told.text)}")
    return "\n".join([*lines, ""])


def earned(units: Sequence[Unit], tally: Tally) -> Iterator[dict[str, Any]]:
    """Each exercise with its points, and what its first failed test says."""
    told = tally.failure
    for unit in units:
        for exercise in unit.exercises:
            where, most = (unit.name, exercise.name), exercise.max_score(ON_CPU)
            passed = passes(tally, where)
            yield {
                "unit": unit.name,
                "exercise": exercise.name,
                "passed": passed,
                "score": most if passed else 0,
                "max-score": most,
                "message": told[where].text if where in told else "",
            }


def errors(mistakes: Mapping[Where, FailedTest], folder: Path) -> Iterator[str]:
    """An annotation for each mistake, at the student's line."""
    for (unit, function), told in list(mistakes.items())[:MOST_ANNOTATIONS]:
        file = folder / f"{unit}.py"
        line = line_in(file.name, told.text) or _defined_at(file, function)
        place = {"file": f"{folder.name}/{file.name}"} | ({"line": line} if line else {})
        yield annotation(told.text, **place, title=function)


def _defined_at(file: Path, function: str) -> str:
    """The line that a function of a student's begins at; "" where there is none."""
    try:
        source = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(rf"^def {function}\b", source, re.MULTILINE)
    return str(source.count("\n", 0, found.start()) + 1) if found else ""
