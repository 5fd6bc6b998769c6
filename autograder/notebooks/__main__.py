"""python -m autograder.notebooks DIR              every unit's notebook, in English
python -m autograder.notebooks DIR --lang zh    in Chinese
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.core.course import load
from autograder.core.errors import CourseError
from autograder.grading.protocol import Options
from autograder.notebooks.build import LANGUAGES, build


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 2 for a course that cannot be built."""
    parser = argparse.ArgumentParser(
        prog="python -m autograder.notebooks",
        description="Build the lessons into DIR/source, for `nbgrader generate_assignment`.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the nbgrader course's folder")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="of the lessons")
    parser.add_argument("--cuda", action="store_true", help="count the points for a GPU too")
    parser.add_argument("--no-speed", action="store_true", help="count no points for speed")
    parser.add_argument("--course", type=Path, metavar="DIR", help="a clone of the course")
    options = parser.parse_args(arguments)
    try:
        course = load(options.course)
        asked = Options(options.cuda, speed=not options.no_speed)
        build(course, options.folder.resolve(), options.lang, asked)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    units = ", ".join(course.unit_names)
    print(f"{options.folder}/source holds: {units}.")
    print(f"Next, in {options.folder}: nbgrader generate_assignment {course.unit_names[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
