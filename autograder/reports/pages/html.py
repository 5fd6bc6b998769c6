"""Reports as static pages: one for each student and one for the class.

A page is a pure function of the reports, the manifest and the language. It needs neither
JavaScript nor the network, and everything that a student wrote is escaped.
"""

from __future__ import annotations

import functools
import io
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.core.assignments import Shown
from autograder.core.course import Course, Exercise, Unit
from autograder.core.digest import digest
from autograder.core.language import render
from autograder.reports.pages import figures
from autograder.reports.pages.kept import keep, key_of, maker
from autograder.reports.people import PLACES, Account
from autograder.reports.reading import StudentReports, by_name, changed, in_order, outline, started
from autograder.reports.schema import Report, TestResult
from autograder.reports.states import STATES
from autograder.reports.table import moment, number
from autograder.reports.wording import (
    ISOLATION,
    STATUSES,
    Language,
    _,
    describe,
    help_for,
    message,
    reason,
    translations,
)

PAGE = "index.html"  # of a student, and the first of a class
MOST_MISTAKES = 20
MOST_CHANGES = 200


class Order(NamedTuple):
    """An order of the class page: its file, what it is called, and what comes first."""

    file: str
    title: str
    key: Callable[[StudentReports], Any]


ORDERS = {
    "name": Order(PAGE, _("name"), by_name),
    "section": Order("by-section.html", _("section"), lambda s: by_name(s, s.person.section)),
    "total": Order("by-total.html", _("total"), lambda s: by_name(s, s.score or 0.0)),
}
UNNAMED = ("not_loaded", "not_started")  # no mistake, but work that is not there


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in an exercise: its help, and the messages with their checks."""

    help: str
    messages: list[tuple[str, list[str]]]
    waiting: bool


@dataclass(frozen=True)
class Row:
    """One exercise of a student. speeds: along what a loop would walk, and how fast that was."""

    exercise: Exercise
    points: float
    max_points: float
    passed: int
    count: int
    findings: list[Finding]
    speeds: list[tuple[str, figures.Scale]]


@dataclass(frozen=True)
class Section:
    """One unit of a student: `report` is None where it was not graded.

    message: what stands for the whole unit. account: how the mark came about. attempts: earlier
    ones, by their names.
    """

    unit: Unit
    report: Report | None
    message: str
    rows: list[Row]
    figures: list[figures.Figure]
    account: Account | None = None
    attempts: Sequence[tuple[str, Report]] = ()


@dataclass(frozen=True)
class Success:
    """How one exercise went in the class."""

    unit: Unit
    exercise: Exercise
    full: int
    count: int
    share: float


@dataclass(frozen=True)
class Common:
    """A mistake that students share, who makes it, and in which exercises of which units."""

    id: str
    text: str
    count: int
    places: list[tuple[Unit, list[str]]]
    who: list[StudentReports]


@dataclass(frozen=True)
class Passed:
    """How many of those who were graded pass a hidden test."""

    unit: Unit
    test: str
    passed: int
    count: int


def student_page(
    student: StudentReports, course: Course, language: Language, *, handed_out: bool = False
) -> str:
    """The page of one student; handed_out: as it leaves the house, with what is to be seen now."""
    sections = [_whole_section(unit, student, language) for unit in course.units]
    waiting = []
    if handed_out:
        waiting = [s for s in sections if s.report and _shown(s) == "nothing"]
        sections = [_as_shown(s) for s in sections if s not in waiting]
    return rendered(
        "student.html",
        course,
        language,
        student=student,
        sections=sections,
        waiting=waiting,
        handed_out=handed_out,
    )


def _shown(section: Section) -> Shown:
    return section.account.shown if section.account else "reasons"


def _as_shown(section: Section) -> Section:
    """A section with its points alone, where no more is to be seen yet."""
    if _shown(section) == "reasons":
        return section
    rows = [replace(row, findings=[], speeds=[]) for row in section.rows]
    said = section.message if section.report and section.report.mark is None else ""
    return replace(section, rows=rows, figures=[], message=said)


def class_page(
    students: Sequence[StudentReports], course: Course, language: Language, order: str = "name"
) -> str:
    """The page of the class, in one of the ORDERS. What it filters by, it does in CSS."""
    students = sorted(students, key=ORDERS[order].key)
    units = [u for u in course.units if any(u.name in student.reports for student in students)]
    most = {unit.name: _most(students, unit.name) for unit in units}
    total = sum(most.values())
    graded = [s for s in students if all(unit.name in s.reports for unit in units)]
    scores = [student.score for student in graded if student.score is not None]
    shares = [score / total for score in scores] if total else []
    mistakes = common_mistakes(units, students, language)
    return rendered(
        "class.html",
        course,
        language,
        students=students,
        units=units,
        most=most,
        total=total,
        seen=_seen(students),
        left_out=len(students) - len(scores),
        mean=statistics.fmean(scores) if scores else None,
        median=statistics.median(scores) if scores else None,
        bars=figures.histogram(shares) if shares else [],
        successes=[s for unit in units for s in successes(unit, students)],
        mistakes=mistakes,
        sections=sorted({student.person.section for student in students} - {""}),
        made=_made(mistakes),
        tests=[passed for unit in units for passed in passed_tests(unit, students)],
        changes=[*changed(students)],
        orders=ORDERS,
        order=order,
        most_changes=MOST_CHANGES,
        waiting=[(unit, _not_started(unit, students)) for unit in units],
        href=lambda student: quote(student.folder) + "/index.html",
    )


def write_pages(
    results: Path, students: Iterable[StudentReports], course: Course, language: Language
) -> list[StudentReports]:
    """Write RESULTS/index.html and RESULTS/<student>/index.html, those that are not up to date.

    Returns the students' outlines, by name.
    """
    made_by, keys, outlines = maker(course, language), list[str](), list[StudentReports]()
    for student in students:
        keys.append(key_of(student, made_by))
        page = partial(student_page, student, course, language)
        keep(results / student.folder / PAGE, keys[-1], page)
        outlines.append(outline(student))
    outlines = in_order(outlines)
    for name, order in ORDERS.items():
        whole = digest(map(str.encode, [made_by, name, *sorted(keys)]))
        keep(results / order.file, whole, partial(class_page, outlines, course, language, name))
    return outlines


def successes(unit: Unit, students: Sequence[StudentReports]) -> list[Success]:
    """How each exercise of a unit went, over the reports that are marks."""
    found = []
    reports = [s.reports[unit.name] for s in students if unit.name in s.reports]
    marked = [report for report in reports if report.mark is not None]
    for exercise in unit.exercises:
        shares = []
        for report in marked:
            tests = [test for test in report.tests if test.exercise == exercise.name]
            most = sum(test.max_points for test in tests)
            shares += [sum(test.points for test in tests) / most] if most else []
        full = sum(share > 1 - 1e-6 for share in shares)
        mean = statistics.fmean(shares) if shares else 0.0
        found.append(Success(unit, exercise, full, len(shares), mean))
    return found


def common_mistakes(
    units: Sequence[Unit], students: Sequence[StudentReports], language: Language
) -> list[Common]:
    """The named mistakes, the most frequent first; a student counts once for each."""
    who: dict[tuple[str, str], dict[str, StudentReports]] = {}
    where: dict[tuple[str, str], dict[str, set[str]]] = {}
    for student in students:
        for unit in units:
            for test in _failed(student.reports.get(unit.name)):
                if test.help_id and test.help_id not in UNNAMED:
                    key = (_sorted_id(test.help_id), describe(test, language))
                    who.setdefault(key, {})[student.folder] = student
                    where.setdefault(key, {}).setdefault(unit.name, set()).add(test.exercise)
    ranked = sorted(who, key=lambda key: (-len(who[key]), key))
    return [
        Common(*key, len(who[key]), _places(where[key], units), in_order(who[key].values()))
        for key in ranked[:MOST_MISTAKES]
    ]


def _made(mistakes: Sequence[Common]) -> Mapping[str, Sequence[int]]:
    """By folder, which of the common mistakes a student makes."""
    made: defaultdict[str, list[int]] = defaultdict(list)
    for place, mistake in enumerate(mistakes):
        for student in mistake.who:
            made[student.folder].append(place)
    return made


def passed_tests(unit: Unit, students: Sequence[StudentReports]) -> list[Passed]:
    """How each hidden test of a unit went, over the reports that are marks; the hardest first."""
    count: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for student in students:
        report = student.reports.get(unit.name)
        for test in report.tests if report and report.mark is not None else []:
            if test.max_points:
                count[test.id] += 1
                passed[test.id] += test.status == "passed"
    found = [Passed(unit, name, passed[name], count[name]) for name in count]
    return sorted(found, key=lambda test: (test.passed / test.count, test.test))


def _places(where: Mapping[str, set[str]], units: Sequence[Unit]) -> list[tuple[Unit, list[str]]]:
    """The exercises by unit, in the order they are taught."""
    return [
        (unit, [e.name for e in unit.exercises if e.name in where[unit.name]])
        for unit in units
        if unit.name in where
    ]


def _sorted_id(help_id: str) -> str:
    """One name for several mistakes that one output may come from, in whatever order."""
    return ", ".join(sorted(help_id.split(",")))


def _failed(report: Report | None) -> list[TestResult]:
    return [test for test in report.tests if test.status == "failed"] if report else []


def _not_started(unit: Unit, students: Sequence[StudentReports]) -> list[StudentReports]:
    return [
        student
        for student in students
        if (report := student.reports.get(unit.name))
        and (report.status == "missing" or (report.mark is not None and not started(report)))
    ]


def _seen(students: Sequence[StudentReports]) -> dict[str, int]:
    """How much was handed in, and how it was found."""
    reports = [report for student in students for report in student.reports.values()]
    found = Counter(report.found for report in reports if report.mark is not None)
    unknown = {(r.student, name) for r in reports for name in r.unknown}
    return {
        "read": found.total(),
        "renamed": found["renamed"] + found["content"],
        "unread": sum(report.status == "unread" for report in reports),
        "unknown": len(unknown),
    }


def _most(students: Sequence[StudentReports], unit: str) -> float:
    return max(s.reports[unit].max_score for s in students if unit in s.reports)


def _whole_section(unit: Unit, student: StudentReports, language: Language) -> Section:
    section = _section(unit, student.reports.get(unit.name), language)
    return replace(
        section,
        account=student.accounts.get(unit.name),
        attempts=student.attempts.get(unit.name, ()),
    )


def _section(unit: Unit, report: Report | None, language: Language) -> Section:
    if report is None:
        return Section(unit, None, "", [], [])
    rows = [_row(exercise, report, language) for exercise in unit.exercises]
    shared = (test for test in report.tests if test.message == report.message)
    said = next((reason(test, language) for test in shared), message(report, language))
    return Section(unit, report, said, rows, figures.figures(report.figures))


def _row(exercise: Exercise, report: Report, language: Language) -> Row:
    """One exercise: its points and each different reason once. Checks that count nothing and did
    not run, those for a GPU that nobody asked for, are left out.
    """
    tests = [
        test
        for test in report.tests
        if test.exercise == exercise.name and (test.max_points or test.status != "not_run")
    ]
    return Row(
        exercise,
        sum(test.points for test in tests),
        sum(test.max_points for test in tests),
        sum(test.status == "passed" for test in tests),
        len(tests),
        _findings(tests, report, language),
        [
            (str(test.facts.get("over", "")), scale)
            for test in tests
            if test.kind == "speed" and (scale := figures.scale(test.facts))
        ],
    )


def _findings(tests: Sequence[TestResult], report: Report, language: Language) -> list[Finding]:
    """What is wrong, by what to look at; what stands for the whole unit is not repeated."""
    groups: dict[tuple[str, bool], dict[str, list[str]]] = {}
    for test in tests:
        if test.status != "passed" and test.message != report.message:
            group = groups.setdefault((help_for(test, language), test.status != "failed"), {})
            group.setdefault(reason(test, language), []).append(_check_name(test))
    return [
        Finding(advice, list(messages.items()), waiting)
        for (advice, waiting), messages in groups.items()
    ]


def _check_name(test: TestResult) -> str:
    """What a hidden test looks at, from its name: test_softmax_large_logits → large logits."""
    name = test.id.partition("[")[0].removeprefix("test_").removeprefix(f"{test.exercise}_")
    return name.replace("_", " ")


def rendered(template: str, course: Course, language: Language, **values: Any) -> str:
    """A template with these values in it, in a language."""
    page, text = _environment(language).get_template(template), io.StringIO()
    # Piece by piece: those of a class are a million, which `render` would hold all at once.
    text.writelines(page.generate(course=course, language=language, **values))
    return text.getvalue()


@functools.cache
def _environment(language: Language) -> Environment:
    """The templates in a language; all of them escape."""
    said = translations(language).gettext
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # New-style gettext takes its text for markup: it is for the templates' own words only, and
    # anything else goes through the filter `say`, whose text is escaped like any other.
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translations(language), newstyle=True
    )
    environment.globals |= {"STATUSES": STATUSES, "STATES": STATES, "ISOLATION": ISOLATION}
    environment.globals |= {"PLACES": PLACES}
    environment.filters |= {
        "code": code,
        "number": number,
        "share": lambda part, whole: round(100 * part / whole) if whole else 0,
        "say": said,
        "moment": moment,
        "sentence": lambda facts: render(facts, language),
        "title_of": lambda title: title.in_(language),
        "figure": lambda name, course: _figure_title(name, course, language),
        "explained": lambda name, course: _explained(name, course, language),
    }
    return environment


def _figure_title(name: str, course: Course, language: Language) -> str:
    """The course's title for a figure, with the number of its panel; else its name in words."""
    base, _space, panel = name.partition(" ")
    found = course.figures.get(base)
    title = found.title.in_(language) if found else base.replace("_", " ").capitalize()
    return f"{title} {int(panel) + 1}" if panel.isdecimal() else title


def _explained(name: str, course: Course, language: Language) -> str:
    """What the course says below a figure, if anything."""
    found = course.figures.get(name.partition(" ")[0])
    return found.explained.in_(language) if found and found.explained else ""


def code(text: str) -> Markup:
    """Escaped text in which what stands between backticks is set as code."""
    parts = re.split(r"`([^`\n]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part)
        for i, part in enumerate(parts)
    )
