"""What a mark depends on, as digests: work with the same key is never graded again.

What judges is found by program: whatever the processes that judge import, and what they read.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from autograder.core.course import Course, Unit
from autograder.core.digest import digest
from autograder.core.errors import IsolationError
from autograder.core.processes import PACKAGE
from autograder.core.units import unit_folder
from autograder.grading.closure import closure, contents
from autograder.grading.protocol import TESTER, Options
from autograder.intake.submission import Submission
from autograder.supervisor.bubblewrap import HOST, find_bubblewrap

# Where the three processes that judge begin: this side's, the hidden tests', and the sandbox's.
JUDGES = ("autograder.grading.grader", TESTER, HOST)
PACKAGES = ("torch", "numpy", "pytest", "msgspec", "safetensors", "pyseccomp", "IPython")
NONE = "none"  # the version of what is not there
Files = dict[str, Path]  # by names that are the same on every machine
_seen: dict[tuple[Path, str], dict[str, str]] = {}  # a process reads the files once
_reading = threading.Lock()  # before Python 3.11.8, two threads that parse at once may fail


def key(basis: Mapping[str, str]) -> str:
    """One hash of all that a unit's marks depend on."""
    return digest(f"{name}: {value}".encode() for name, value in basis.items())


def course_basis(unit: Unit, course: Course) -> dict[str, str]:
    """Of what marks depend on, all that comes from this clone of the course and this machine.

    Raises GraderError where a file of it is missing.
    """
    return {
        "manifest": digest([repr(unit).encode(), repr(course.limits).encode()]),
        **_digests(unit, course),
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }


def _digests(unit: Unit, course: Course) -> dict[str, str]:
    where = course.root, unit.name
    with _reading:
        if where not in _seen:
            files = judging(unit, course)
            _seen[where] = {what: digest(_named(some)) for what, some in files.items()}
        return _seen[where]


def _named(files: Files) -> Iterator[bytes]:
    for name, path in sorted(files.items()):
        yield from (name.encode(), contents(path))


def judging(unit: Unit, course: Course) -> dict[str, Files]:
    """The files that a unit's marks depend on, by what they do; see changes.REASONS.

    Raises GraderError where one is missing.
    """
    ours = {PACKAGE.name: PACKAGE.parent}
    grader = closure(JUDGES, ours)
    tests = closure(_tests(unit.name, course.root), ours | {"course": course.root})
    timed = any("speed" in exercise.points for exercise in unit.exercises)
    hidden = unit_folder(course.root, unit.name) / "hidden"
    controls = {"sequential.py": hidden / "sequential.py"} if timed else {}
    solutions = _beside(unit.name, course.root / "solutions", course.unit_names)
    parameters = [p for p in (course.root / "course" / "parameters").glob("*") if p.is_file()]
    return {
        "grader": grader,
        "tests": {name: path for name, path in tests.items() if name not in grader},
        "reference": solutions | controls | {f"parameters/{p.name}": p for p in parameters},
    }


def _tests(unit: str, root: Path) -> Iterator[str]:
    """What is imported for a unit by its name; known mistakes are optional."""
    yield f"course.units.{unit}.hidden.test_{unit}"
    if (unit_folder(root, unit) / "hidden" / "mistakes.py").exists():
        yield f"course.units.{unit}.hidden.mistakes"


def _beside(unit: str, programs: Path, units: Sequence[str]) -> Files:
    """A unit's module in a folder of programs, which import one another by their bare names."""
    names = {unit, *units, *(path.stem for path in programs.glob("*.py"))}
    found = closure([unit], dict.fromkeys(names, programs))
    return {f"{programs.name}/{name}": path for name, path in found.items()}


@functools.cache
def versions() -> dict[str, str]:
    """The versions that a mark may depend on."""
    return {
        "python": platform.python_version(),
        **{name: _installed(name) for name in PACKAGES},
        "bubblewrap": _bubblewrap(),
        "libseccomp": _libseccomp(),
    }


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return NONE


def _bubblewrap() -> str:
    """The version of the program that walls the sandbox in, by its own word."""
    try:
        return find_bubblewrap()[1]
    except IsolationError:  # grading says it better, if it needs one
        return NONE


def _libseccomp() -> str:
    """The version of the library that pyseccomp loads; to import that one takes 0.03 s."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return NONE
    library.seccomp_version.restype = ctypes.POINTER(ctypes.c_uint * 3)  # seccomp_version(3)
    return ".".join(map(str, library.seccomp_version().contents))


def basis(submission: Submission, unit: Unit, options: Options, course: Course) -> dict[str, str]:
    """All that a unit's marks depend on, most of it as digests: what changed can be told apart."""
    return {**work_basis(submission, unit, options), **course_basis(unit, course)}


def work_basis(submission: Submission, unit: Unit, options: Options) -> dict[str, str]:
    """Of that what is another student's, or another run's."""
    asked = [options.device, options.isolation, *sorted(options.kinds)]
    facts = submission.work(unit.name).facts  # what else is there, where there is nothing to grade
    return {
        "submission": digest([submission.digest.encode(), repr(facts).encode()]),
        "options": ", ".join(asked),
    }
