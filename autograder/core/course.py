"""The manifest `course/course.toml`: units, exercises, points and limits."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from autograder import __version__
from autograder.core import language as languages
from autograder.core.assignments import Assignment, Feedback, Marking, Waivers, check
from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ, read_regular
from autograder.core.language import _, say
from autograder.core.titles import Title as Title

Kind = Literal["correctness", "gradient", "device", "gpu", "speed", "tests"]
TESTS_OF = "tests_of_"  # begins the name of an exercise that asks for tests of a function
WALL_TIMES = 6  # the wall's limits are so many times those of CPU time: only who waits meets them
KINDS: tuple[Kind, ...] = get_args(Kind)
ON_CPU = frozenset(KINDS) - {"gpu"}  # what counts where a class is graded without a GPU
NO_COURSE = _(
    "No course/course.toml was found in %(folder)s or any folder above it. Go to the course's "
    "folder with `cd`, or name it with --course."
)
NO_UNIT = _("There is no unit %(name)s. The units are: %(known)s.%(meant)s")
NO_EXERCISE = _("There is no exercise %(name)s.%(more)s")
EXERCISES = _(" The exercises are: %(known)s.")
MEANT = _(" Did you mean %(name)s?")


class FigureText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the course calls a figure of its tests, and what is said below it."""

    title: Title
    explained: Title | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one submission's unit may use.

    Seconds are CPU time, as the kernel counts it, all threads together: a busy machine changes no
    mark. On a GPU, whose work is charged to nobody, the wall clock counts, with WALL_TIMES as many.
    Those of a statement and of a load are for a file's top level, and count for the unit, too.
    reply_mib: of all arrays that one call may return, on the CPU and on a GPU, where inputs are
    larger: some times what the largest right answer takes, for the tests' process holds them.
    """

    call_seconds: float = 10.0
    unit_seconds: float = 60.0
    statement_seconds: float = 5.0
    load_seconds: float = 20.0
    memory_mib: int = 2048
    reply_mib: int = 8
    gpu_reply_mib: int = 64
    source_kib: int = 1024

    @property
    def call_wall_seconds(self) -> float:
        """How long a call may take on the wall, whatever it does."""
        return self.call_seconds * WALL_TIMES

    @property
    def unit_wall_seconds(self) -> float:
        """How long a unit's calls may take on the wall, all together."""
        return self.unit_seconds * WALL_TIMES


def function_of(exercise: str) -> str:
    """The function that the starter has for an exercise of this name."""
    return f"test_{exercise.removeprefix(TESTS_OF)}" if exercise.startswith(TESTS_OF) else exercise


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One function to write, and its points by kind of test.

    Where its name is tests_of_f, tests are to be written: functions test_… whose parameter is f.
    builds_on: the earlier exercises whose functions its solution calls, as `score` in its own unit
    or `attention.score` in another: an error of theirs is not counted twice; see docs/marks.md.
    """

    name: str
    title: Title
    points: dict[Kind, int]
    builds_on: list[str] = []

    @property
    def function(self) -> str:
        """The function that a starter has for it: of tests, the first."""
        return function_of(self.name)

    @property
    def asks_for_tests(self) -> bool:
        """Whether a student writes tests here."""
        return self.name.startswith(TESTS_OF)

    @property
    def gpu(self) -> bool:
        """Whether the exercise's tests run on a GPU too."""
        return "gpu" in self.points

    def max_score(self, kinds: frozenset[Kind]) -> int:
        """Sum the points of the kinds that are asked for."""
        return sum(points for kind, points in self.points.items() if kind in kinds)


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file to hand in: `<name>.py` or `<name>.ipynb`.

    large: whether its tests need inputs that take more CPU time than a unit is to take.
    minutes: what a student may need, lesson and exercises. core: whether the short path has it.
    after: the units that are to come before it. question: points of the lesson's last question, in
    nbgrader, where they are given by hand.
    """

    name: str
    title: Title
    exercises: list[Exercise]
    large: bool = False
    minutes: int = 60
    core: bool = False
    after: list[str] = []
    question: int = 0

    def built_on(self, exercise: Exercise) -> list[str]:
        """What an exercise of it builds on, each with its unit: `attention.score`."""
        return [name if "." in name else f"{self.name}.{name}" for name in exercise.builds_on]

    def exercise(self, name: str) -> Exercise:
        """Find an exercise by its name; raise KeyError where the unit has none of that name."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        raise KeyError(f"the unit {self.name} has no exercise {name!r} in course.toml")

    def max_score(self, kinds: frozenset[Kind]) -> int:
        """Sum the points of the kinds that are asked for, before anything runs."""
        return sum(exercise.max_score(kinds) for exercise in self.exercises)


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest's first table.

    needs: the versions of this package that the course is for, as PEP 440 has them. endless: whose
    programs in the sample class never return. conventions: what holds in every unit, for students.
    """

    title: Title
    needs: str | None = None
    endless: list[str] = []
    conventions: Title | None = None


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: About = msgspec.field(name="course")
    units: list[Unit]
    limits: Limits = Limits()
    figures: dict[str, FigureText] = {}
    assignments: dict[str, Assignment] = {}
    waive: Waivers = {}
    feedback: Feedback = Feedback()
    marks: Marking = Marking()


class Course(_Manifest, frozen=True, kw_only=True):
    """A course as its manifest has it, and the folder that it lives in.

    left_out: the units that are none of the assignments that were asked for; see `only`.
    """

    root: Path
    left_out: list[Unit] = []

    @property
    def title(self) -> Title:
        """What the course is called."""
        return self.about.title

    def unit(self, name: str) -> Unit:
        """Find a unit by its name; raise CourseError, naming the units there are."""
        for unit in self.units:
            if unit.name == name:
                return unit
        known = ", ".join(self.unit_names)
        meant = _meant(name, self.unit_names)
        raise CourseError(say(NO_UNIT, name=repr(name), known=known, meant=meant))

    def exercise(self, name: str) -> tuple[Unit, Exercise]:
        """Find an exercise by its name, or its function's, with its unit.

        Raises CourseError, naming what is near.
        """
        for unit in self.units:
            for exercise in unit.exercises:
                if name in (exercise.name, exercise.function):
                    return unit, exercise
        names = [exercise.name for unit in self.units for exercise in unit.exercises]
        more = _meant(name, names) or say(EXERCISES, known=", ".join(names))
        raise CourseError(say(NO_EXERCISE, name=repr(name), more=more))

    def named(self, names: Sequence[str]) -> list[Unit]:
        """The units of these names, or all where none are given; raise CourseError as `unit`."""
        return [self.unit(name) for name in names] or self.units

    def asked(self, names: Sequence[str], assignments: Sequence[str]) -> list[Unit]:
        """The units of these names and of these assignments, or all where none are given.

        Raises CourseError as `unit` and `assignment` do.
        """
        assigned = [unit for name in assignments for unit in self.assignment(name).units]
        chosen = {unit.name for unit in self.named([*names, *assigned])}
        return [unit for unit in self.units if unit.name in chosen]

    def assignment(self, name: str) -> Assignment:
        """Find an assignment by its name; raise CourseError, naming those there are."""
        if name in self.assignments:
            return self.assignments[name]
        known = ", ".join(self.assignments) or "none; see docs/marks.md"
        meant = _meant(name, list(self.assignments))
        raise CourseError(f"There is no assignment {name!r}. There are: {known}.{meant}")

    def only(self, assignments: Sequence[str]) -> Course:
        """The course as if it were these assignments, or as it is where none are given."""
        if not assignments:
            return self
        kept = {name: self.assignment(name) for name in assignments}
        units = self.asked([], assignments)
        rest = [unit for unit in self.units if unit not in units]
        return msgspec.structs.replace(self, units=units, assignments=kept, left_out=rest)

    def assignment_of(self, unit: str) -> tuple[str, Assignment] | None:
        """The assignment that a unit belongs to, with its name."""
        found = ((n, a) for n, a in self.assignments.items() if unit in a.units)
        return next(found, None)

    @property
    def unit_names(self) -> list[str]:
        """The names of the units, in the order they are taught."""
        return [unit.name for unit in self.units]


def _meant(name: str, known: Sequence[str]) -> str:
    """The question whether another name was meant; nothing where none is near."""
    close = difflib.get_close_matches(name.casefold(), known, 1)
    return say(MEANT, name=repr(close[0])) if close else ""


def find_root(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that holds `course/course.toml`."""
    for folder in (start, *start.parents):
        if (folder / "course" / "course.toml").is_file():
            return folder
    raise CourseError(say(NO_COURSE, folder=str(start)))


def load(root: Path | None = None) -> Course:
    """Read the manifest of the course in `root`, or of the nearest one above the current folder.

    Raises CourseError where there is none, where it is not valid, and where it is for other
    versions of this package.
    """
    folder = find_root(Path.cwd()) if root is None else root.resolve()
    path = folder / "course" / "course.toml"
    try:
        manifest = msgspec.toml.decode(read_regular(path), type=_Manifest)
    except FileNotFoundError:
        raise CourseError(
            f"{os.fspath(folder)} is no course: it holds no course/course.toml."
        ) from None
    except NOT_READ as error:
        raise CourseError(f"{path} is not a valid manifest: {error}") from error
    _check_version(path, manifest.about.needs)
    languages.also(folder / "course" / "shared" / "locale")
    try:
        check(manifest.assignments, manifest.waive, [unit.name for unit in manifest.units])
        _check_built_on(manifest.units)
    except CourseError as error:
        raise CourseError(f"{path}, {error}") from None
    return Course(root=folder, **msgspec.structs.asdict(manifest))


def _check_built_on(units: Sequence[Unit]) -> None:
    """Raise CourseError where an exercise builds on what does not come before it.

    A release for one assignment lacks the units of others; what is of these is not looked at.
    """
    there, earlier = {unit.name for unit in units}, set[str]()
    for unit in units:
        for exercise in unit.exercises:
            for name in unit.built_on(exercise):
                if name.partition(".")[0] in there and name not in earlier:
                    raise CourseError(
                        f"[[units.exercises]] {exercise.name}: builds_on names {name!r}, "
                        "which is no exercise before it."
                    )
            earlier.add(f"{unit.name}.{exercise.name}")


def _check_version(path: Path, needs: str | None) -> None:
    """Raise CourseError where a manifest is for other versions of this package."""
    try:
        fits = SpecifierSet(needs or "").contains(__version__, prereleases=True)
    except InvalidSpecifier as error:
        raise CourseError(
            f'{path}: needs = "{needs}" names no versions; write it like ">=0.1,<0.2".'
        ) from error
    if not fits:
        raise CourseError(
            f"{path} is for version {needs} of autograder, and this is version {__version__}. "
            f"Install one that fits (`pip install {path.parents[1]}` installs the one that came "
            "with the course), or change `needs` once you have seen that both fit."
        )
