"""JUnit XML, which GitLab, Jenkins and most CI systems read: a suite for each student's unit.

It passes the schema of Ant's JUnit task (https://github.com/windyroad/JUnit-Schema), which asks for
a time and a host. A report knows neither; the time is given, and the host is called localhost.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from autograder.core.course import Course
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult
from autograder.reports.states import STATES

_quoted = functools.lru_cache(4096)(quoteattr)  # one reason may stand for all tests of a unit
_escaped = functools.lru_cache(4096)(escape)
TAGS = {"failed": "failure", "error": "error", "not_run": "skipped"}


def junit(students: Iterable[StudentReports], course: Course, when: datetime) -> Iterator[bytes]:
    """Every test of every report, a suite after another. A test that did not run is skipped, and no
    failure.
    """
    yield b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n'
    time = when.replace(tzinfo=None).isoformat(timespec="seconds")
    number = 0
    for student in students:
        for unit in course.unit_names:
            if unit in student.reports:
                yield _suite(number, student, student.reports[unit], time).encode()
                number += 1
    yield b"</testsuites>\n"


def _suite(number: int, student: StudentReports, report: Report, time: str) -> str:
    instead = "" if report.tests else STATES[report.status].junit
    statuses: list[str] = [test.status for test in report.tests]
    statuses += [status for status, tag in TAGS.items() if tag == instead]
    about = _with(
        name=f"{student.name} {report.unit}",
        package=student.name,
        id=str(number),
        hostname="localhost",
        timestamp=time,
        time="0",
        tests=str(len(statuses)),
        failures=str(statuses.count("failed")),
        errors=str(statuses.count("error")),
        skipped=str(statuses.count("not_run")),
    )
    lines = [f"<testsuite{about}>", "<properties>", *_properties(student, report), "</properties>"]
    lines += [_case(report.unit, test) for test in report.tests]
    if instead:
        kind = {"type": report.status} if instead == "error" else {}
        place = _with(name=report.status, classname=report.unit, time="0")
        outcome = f"<{instead}{_with(message=report.message, **kind)}/>"
        lines.append(f"<testcase{place}>{outcome}</testcase>")
    lines.append(f"<system-out/><system-err>{escape(report.message)}</system-err>")
    return "\n".join([*lines, "</testsuite>\n"])


def _properties(student: StudentReports, report: Report) -> Iterator[str]:
    facts = {"status": report.status, "isolation": report.isolation, "device": report.device}
    if report.mark is not None:
        facts |= {"score": f"{report.mark:g}", "max_score": f"{report.max_score:g}"}
    account = student.accounts.get(report.unit)
    if account and account.steps and account.before is not None:
        facts["score_before"] = f"{account.before:g}"
    for name, value in facts.items():
        yield f"<property{_with(name=name, value=value)}/>"


def _case(unit: str, test: TestResult) -> str:
    place = _place(unit, test.exercise, test.id)
    if test.status not in TAGS:
        return f"<testcase{place}/>"
    tag, about = TAGS[test.status], f" message={_quoted(test.message)}"
    if test.status == "not_run":
        return f"<testcase{place}><{tag}{about}/></testcase>"
    about += f" type={_quoted(test.help_id or test.kind)}"
    return f"<testcase{place}><{tag}{about}>{_escaped(test.help)}</{tag}></testcase>"


@functools.cache
def _place(unit: str, exercise: str, test: str) -> str:
    """The attributes of a test, the same for a whole class."""
    return _with(name=test, classname=f"{unit}.{exercise}", time="0")


def _with(**attributes: str) -> str:
    """Attributes of an element, as XML."""
    return "".join(f" {name}={_quoted(value)}" for name, value in attributes.items())
