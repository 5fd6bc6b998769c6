"""Feedback to each: a page that holds nothing of anybody else, packed as platforms take it back.

Moodle wants a folder a person, `Full name_NUMBER_assignsubmission_file/`
(mod/assign/feedback/file/importziplib.php); Canvas reads the first two numbers in a file's name as
the user's and the attachment's that was handed in. For others, and for mail: a folder a student.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from autograder.core.course import Course
from autograder.core.language import LANGUAGES, Language
from autograder.reports.pages.html import student_page
from autograder.reports.pages.kept import keep, key_of, maker
from autograder.reports.reading import StudentReports
from autograder.reports.store import write

FILE = "feedback.html"


def write_feedback(
    folder: Path, students: Iterable[StudentReports], course: Course, language: Language
) -> list[Path]:
    """Write a page a student, in their language, and the zips; return what was written of it."""
    packed = {"moodle": io.BytesIO(), "canvas": io.BytesIO()}
    zips = {name: zipfile.ZipFile(data, "w") for name, data in packed.items()}
    made_by = {lang: maker(course, lang) for lang in LANGUAGES}
    for student in students:
        theirs = next((lang for lang in LANGUAGES if lang == student.person.language), language)
        place = folder / "students" / student.folder / FILE
        page = partial(student_page, student, course, theirs, handed_out=True)
        keep(place, key_of(student, made_by[theirs], "handed out"), page)
        for name, path in (("moodle", _for_moodle(student)), ("canvas", _for_canvas(student))):
            if path:
                entry = zipfile.ZipInfo(path)  # of no day: the same zip for the same pages
                zips[name].writestr(entry, place.read_bytes(), zipfile.ZIP_DEFLATED)
    written = [folder / "students"]
    for name, archive in zips.items():
        count = len(archive.namelist())
        archive.close()
        if count:
            written.append(folder / f"{name}.zip")
            write(written[-1], packed[name].getvalue())
    return written


def _for_moodle(student: StudentReports) -> str:
    """The path that Moodle reads a participant's number from; "" where none is known."""
    number = student.person.moodle.rpartition(" ")[2]
    if student.uploaded.platform == "moodle":
        number = student.uploaded.id
    name = re.sub(r'[\\/:*?"<>|_\x00-\x1f]', " ", student.name)  # an underscore ends it there
    return f"{name}_{number}_assignsubmission_file/{FILE}" if number.isdecimal() else ""


def _for_canvas(student: StudentReports) -> str:
    """The name that Canvas knows a file that was handed in by; "" where nobody handed one in."""
    to = student.uploaded
    if to.platform != "canvas" or not (to.id.isdecimal() and to.attempt.isdecimal()):
        return ""
    return f"{re.sub(r'[^a-z]', '', to.name.casefold())}_{to.id}_{to.attempt}_{FILE}"
