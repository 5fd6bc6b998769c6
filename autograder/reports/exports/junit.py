"""JUnit XML, which GitLab, Jenkins and most CI systems read: a suite for each student's unit.

It passes the schema of Ant's JUnit task (https://github.com/windyroad/JUnit-Schema), which asks for
a time and a host. A report knows neither; the time is given, and the host is called localhost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from autograder.core.course import Course
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report, TestResult
from autograder.reports.states import STATES

TAGS = {"failed": "failure", "error": "error", "not_run": "skipped"}


def junit(students: Sequence[StudentReports], course: Course, when: datetime) -> bytes:
    """Every test of every report. A test that did not run is skipped, and no failure."""
    suites = Element("testsuites")
    reports = [
        (student, student.reports[unit])
        for student in students
        for unit in course.unit_names
        if unit in student.reports
    ]
    for number, (student, report) in enumerate(reports):
        suites.append(_suite(number, student, report, when))
    indent(suites)
    text: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(number: int, student: StudentReports, report: Report, when: datetime) -> Element:
    instead = "" if report.tests else STATES[report.status].junit
    statuses: list[str] = [test.status for test in report.tests]
    statuses += [status for status, tag in TAGS.items() if tag == instead]
    suite = Element(
        "testsuite",
        name=f"{student.name} {report.unit}",
        package=student.name,
        id=str(number),
        hostname="localhost",
        timestamp=when.replace(tzinfo=None).isoformat(timespec="seconds"),
        time="0",
        tests=str(len(statuses)),
        failures=str(statuses.count("failed")),
        errors=str(statuses.count("error")),
        skipped=str(statuses.count("not_run")),
    )
    properties = SubElement(suite, "properties")
    facts = {"status": report.status, "isolation": report.isolation, "device": report.device}
    if report.mark is not None:
        facts |= {"score": f"{report.mark:g}", "max_score": f"{report.max_score:g}"}
    account = student.accounts.get(report.unit)
    if account and account.steps and account.before is not None:
        facts["score_before"] = f"{account.before:g}"
    for name, value in facts.items():
        SubElement(properties, "property", name=name, value=value)
    for test in report.tests:
        _case(suite, report.unit, test)
    if instead:
        place = {"name": report.status, "classname": report.unit, "time": "0"}
        outcome = SubElement(SubElement(suite, "testcase", place), instead)
        outcome.set("message", report.message)
        if instead == "error":
            outcome.set("type", report.status)
    SubElement(suite, "system-out").text = ""
    SubElement(suite, "system-err").text = report.message
    return suite


def _case(suite: Element, unit: str, test: TestResult) -> None:
    place = f"{unit}.{test.exercise}"
    case = SubElement(suite, "testcase", name=test.id, classname=place, time="0")
    if test.status in TAGS:
        outcome = SubElement(case, TAGS[test.status], message=test.message)
        if test.status != "not_run":
            outcome.set("type", test.help_id or test.kind)
            outcome.text = test.help
