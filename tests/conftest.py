"""What the tests of the grader share."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from autograder.core import course as courses
from autograder.core.course import Course
from autograder.grading import seeds
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.reading import read
from autograder.reports.schema import Report

if TYPE_CHECKING:
    from autograder.bench.validity.graders import CorrectnessGraders

# Each process would take two seconds to build its grammars, and nobody here looks at the URLs of a
# JSON schema: jsonschema, which nbformat imports, goes without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
# What a test starts computes on one thread, as graders and `autograder check` do: beside two other
# processes on two cores, threads would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parent.parent
UNITS = courses.load(ROOT).unit_names

# Where a test runs, by how its name begins: the first line that fits counts, and a test that none
# fits is quick. docs/testing.md says what each group is for.
GROUPS = {
    "tests/attacks/": "attacks",
    "tests/test_accelerator.py::test_device_mistakes": "long",
    "tests/test_accelerator.py": "sandbox",
    "tests/test_authoring.py::test_what_running_it_shows": "sandbox",
    "tests/test_batch.py::test_a_program_killed_from_outside": "long",
    "tests/test_batch.py::test_nothing_is_lost_and_nothing_twice[kill -9 of a warm": "sandbox",
    "tests/test_batch.py::test_nothing_is_lost_and_nothing_twice": "long",
    "tests/test_batch.py": "sandbox",
    "tests/test_built_on.py::test_a_wrong_function": "sandbox",
    "tests/test_built_on.py::test_an_earlier_units": "sandbox",
    "tests/test_built_on.py::test_what_makes_an_optimiser": "sandbox",
    "tests/test_built_on.py::test_who_needs": "sandbox",
    "tests/test_carried.py::test_a_mask": "sandbox",
    "tests/test_carried.py::test_a_second_mistake": "long",
    "tests/test_carried.py::test_one": "sandbox",
    "tests/test_carried.py::test_nobody": "sandbox",
    "tests/test_check.py::test_the_recorded_mistakes": "mutation",
    "tests/test_check.py::test_plain_pytest_speaks": "sandbox",
    "tests/test_check.py::test_the_debugger_stops": "sandbox",
    "tests/test_check.py::test_ctrl_c": "sandbox",
    "tests/test_check.py::test_a_program_that_ends": "sandbox",
    "tests/test_ci.py::test_a_class_is_fetched_and_graded": "sandbox",
    "tests/test_ci.py::test_github_shows": "sandbox",
    "tests/test_ci.py::test_gitlab_gets": "sandbox",
    "tests/test_classroom50.py": "sandbox",
    "tests/test_classrooms_page.py::test_every_command": "long",
    "tests/test_cli.py::test_bench": "long",
    "tests/test_cli.py::test_python_may_lie_below": "long",
    "tests/test_cli.py": "sandbox",
    "tests/test_clock.py": "clock",
    "tests/test_collect.py::test_a_class_is_collected_and_graded": "long",
    "tests/test_cluster.py::test_marks_are_the_same_when_two_of_four_workers": "long",
    "tests/test_class.py::test_the_first_day[300]": "long",
    "tests/test_class.py::test_a_team": "long",
    "tests/test_class.py": "sandbox",
    "tests/test_cluster.py::test_only_units_with_gpu_points": "long",
    "tests/test_cluster.py": "sandbox",
    "tests/test_diagnosis.py::test_no_mistake_is_named_beside": "sandbox",
    "tests/test_exercises.py::test_a_program_that_computes_nothing": "sandbox",
    "tests/test_exercises.py::test_solution_gets_full_marks[own_tests": "sandbox",
    "tests/test_export.py::test_the_command[nbgrader": "long",
    "tests/test_figures.py": "sandbox",
    "tests/test_gradescope.py": "sandbox",
    "tests/test_grading.py": "sandbox",
    "tests/test_elsewhere.py::test_the_public_tests_run": "long",
    "tests/test_elsewhere.py": "sandbox",
    "tests/test_helpers.py::test_in_a_real_kernel": "notebooks",
    "tests/test_intake.py::test_a_helper_is_imported_as": "sandbox",
    "tests/test_intake.py::test_another_unit_is_imported": "sandbox",
    "tests/test_intake.py::test_ten_thousand_files": "sandbox",
    "tests/test_intake.py::test_cases_that_are_right": "sandbox",
    "tests/test_intake.py::test_fuzz_of_names": "long",
    "tests/test_isolation_levels.py::test_best_without_landlock": "long",
    "tests/test_isolation": "sandbox",
    "tests/test_keys.py::test_hidden_tests_read_the_data": "sandbox",
    "tests/test_lessons.py::test_notebooks_run_with_the_solutions": "long",
    "tests/test_limits.py": "sandbox",
    "tests/test_nbgrader.py::test_a_folder_that_nbgrader_has_made": "long",
    "tests/test_meeting.py": "sandbox",
    "tests/test_nbgrader_page.py": "long",
    "tests/test_nbgrader.py::test_formgrader": "long",
    "tests/test_nbgrader.py::test_grading_again": "long",
    "tests/test_nbgrader.py::test_reports_go_into_a_gradebook_again_and_again[postgresql": "long",
    "tests/test_nbgrader.py": "notebooks",
    "tests/test_notebooks.py::test_jupyter_gives_the_same_verdict": "notebooks",
    "tests/test_notebooks.py::test_reported_cases": "sandbox",
    "tests/test_pages_in_chromium.py": "notebooks",
    "tests/test_promises.py": "sandbox",
    "tests/test_pytest_device.py": "sandbox",
    "tests/test_rehearsal.py": "sandbox",
    "tests/test_release.py::test_check_works_in_the_release_alone": "sandbox",
    "tests/test_release.py::test_solutions_pass_in_the_release_alone": "sandbox",
    "tests/test_released_lessons.py::test_every_lesson": "long",
    "tests/test_released_lessons.py::test_the_first_cell_in_colab[upload": "long",
    "tests/test_released_lessons.py::test_the_first_cell": "notebooks",
    "tests/test_released_lessons.py::test_a_lesson_waits": "long",
    "tests/test_sample_class.py": "sandbox",
    "tests/test_states.py::test_the_gradebook": "notebooks",
    "tests/test_tester.py": "sandbox",
    "tests/test_units.py::test_a_course_of_invented": "long",
    "tests/test_validity.py::test_solutions_agree": "sandbox",
    "tests/test_validity.py::test_the_hidden_tests_kill_every_mutant": "long",
    "tests/test_validity.py::test_right_answers_get_full_marks_whatever": "long",
    "tests/test_validity.py::test_every_wrong_program": "long",
    "tests/test_validity.py::test_a_share_of_right": "sandbox",
    "tests/test_validity.py::test_a_share_of_the_wrong": "sandbox",
    "tests/test_validity.py::test_a_share_of_the_known": "sandbox",
    "tests/test_validity.py::test_known_mistakes": "long",
    "tests/test_validity.py::test_a_share_of_the_cheapest": "sandbox",
    "tests/test_validity.py::test_the_cheapest": "long",
    "tests/test_validity.py::test_right_answers_written_differently": "long",
    "tests/test_validity.py::test_the_hidden_tests_kill": "mutation",
    "tests/test_validity.py::test_what_is_listed_as_equivalent": "mutation",
    "tests/test_validity_page.py::test_the_page_counts_what_the_course_has[mutants": "long",
    "tests/test_value_fuzz.py::test_no_reply_is_more_than_a_failure[60": "long",
    "tests/test_value_fuzz.py": "sandbox",
    "tests/test_watch.py::test_every_save": "long",
    "tests/test_watch.py": "sandbox",
    "tests/test_wire_fuzz.py::test_mutated_frames_are_read_or_refused[120000]": "long",
    "tests/test_writing_an_exercise.py": "long",
}
# Of these one in so many runs with the others; what is between is long.
ONE_IN = {
    "tests/attacks/test_attacks.py::test_attack[bombs": 4,
    "tests/attacks/test_hostile_folders.py::test_grading_from_inside": 3,
    "tests/attacks/test_reduced.py::test_attack_without_namespaces": 7,
    "tests/test_carried.py::test_one_early_mistake": 10,
    "tests/test_carried.py::test_nobody_gains": 11,
    "tests/test_check.py::test_a_program_that_ends": 3,  # in each place, and in each way
    "tests/test_clock.py::test_honest_programs": 9,
    "tests/test_clock.py::test_loops": 9,
    "tests/test_clock.py::test_no_cheat": 3,
    "tests/test_exercises.py::test_a_program_that_computes_nothing": 5,  # each unit once
    "tests/test_notebooks.py::test_jupyter_gives_the_same_verdict": 10,
    "tests/test_notebooks.py::test_reported_cases": 3,
    "tests/test_promises.py::test_public_tests_catch": 4,
    "tests/test_pytest_device.py::test_solutions_pass": 3,
    "tests/test_pytest_device.py::test_a_mistake_fails": 3,
    "tests/test_validity.py::test_what_is_listed_as_equivalent": 4,
}
LONGEST = "test_validity attacks/test_attacks test_exercises test_sample_class test_nbgrader"
LONGEST += " test_clock test_check test_batch test_release test_watch"
FIRST = [f"tests/{file}.py" for file in LONGEST.split()]
# With `long`, a unit of these is like a file.
BY_UNIT = ("tests/test_exercises.py", "tests/test_validity.py")
# Without it, files that use the same warm grader are like one: it is warmed once, in one process.
TOGETHER = {
    "grader": "test_exercises test_grading test_figures test_carried test_intake",
    "graders": "test_validity test_accelerator test_built_on test_diagnosis test_tester test_units",
}
WARM = {f"tests/{file}.py": name for name, files in TOGETHER.items() for file in files.split()}


@pytest.hookimpl(tryfirst=True)  # before -m is looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its group; the longest files first, so that no process waits for one."""
    order = {file: place for place, file in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))
    for item in items:
        fits = (group for start, group in GROUPS.items() if item.nodeid.startswith(start))
        if group := next(fits, None):
            item.add_marker(group)
    for start, number in ONE_IN.items():
        for place, item in enumerate(i for i in items if i.nodeid.startswith(start)):
            if place % number:
                item.add_marker("long")


class ByFile(LoadScopeScheduling):
    """Gives each process a file at a time: what its tests share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if self.config.option.markexpr:
            return WARM.get(file, file)
        parameters = re.split(r"[][-]", test) if file in BY_UNIT else []
        return " ".join([file, *(unit for unit in UNITS if unit in parameters)])


@pytest.hookimpl(optionalhook=True)  # with -p no:xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """In place of `--dist loadgroup`: of its marks xdist 3.8 sees none with pytest 9.2."""
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def known_circumstances() -> Iterator[None]:
    """The same inputs at every run, so that a failure comes back; and English, wherever we are.

    Benches draw fresh inputs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "secret", lambda root: bytes(seeds.SECRET_BYTES))
        patch.setenv("AUTOGRADER_LANG", "en")
        # What `nohup` and `&` ignore, the commands that are tried here would ignore, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield


@pytest.fixture(scope="session")
def course() -> Course:
    """The course of this repository."""
    return courses.load(ROOT)


@pytest.fixture(scope="session")
def grader(course: Course) -> Iterator[Grader]:
    """A warm grader."""
    with Grader(course, Options(), [course.root]) as warm:
        yield warm


@pytest.fixture
def quick(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> Grader:
    """The same warm grader, which measures no speed meanwhile."""
    monkeypatch.setattr(grader, "_options", Options(speed=False))
    return grader


@pytest.fixture(scope="session")
def graders(course: Course) -> Iterator[CorrectnessGraders]:
    """A warm grader that measures no speed; `borrow` lends it."""
    from autograder.bench.validity import graders  # with torch, which not every test needs

    with graders.CorrectnessGraders(course, jobs=1) as warm:
        yield warm


GradeText = Callable[..., Report]


@pytest.fixture
def grade_timed(course: Course, grader: Grader, tmp_path: Path) -> GradeText:
    """Grade one unit of a submission given as text. Where it is busy, speed may stay unmeasured."""

    def grade(unit: str, text: str, **others: str) -> Report:
        folder = tmp_path / "submissions" / "student"
        folder.mkdir(parents=True, exist_ok=True)
        for module, source in {unit: text, **others}.items():
            (folder / f"{module}.py").write_text(source, "utf-8")
        return grader.grade(read(folder.parent, "student", course), course.unit(unit))

    return grade


@pytest.fixture
def grade_text(quick: Grader, grade_timed: GradeText) -> GradeText:
    """The same without speed."""
    return grade_timed


def autograder(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [str(Path(sys.executable).parent / "autograder"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)
