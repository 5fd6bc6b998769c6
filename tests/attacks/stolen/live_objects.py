"""Searches modules, live objects and frames for tests, answers and seeds."""

import gc
import sys

from wrong import during, frames, succeed

OURS = ("autograder", "pytest", "_pytest", "course", "solutions")


def attack():
    for name in list(sys.modules):
        if (
            name != "autograder"
            and name.split(".")[0] in OURS
            and not name.startswith("autograder.sandbox")
        ):
            succeed(f"the module {name} is loaded")
    for thing in gc.get_objects():
        name = getattr(type(thing), "__qualname__", "")
        if type(name) is str and name in ("Task", "Course", "Draw", "TestResult", "WarmHost"):
            succeed(f"a {name} is alive")
    for frame in frames():
        if frame.f_globals["__name__"] in (
            "autograder.grading.tester",
            "autograder.grading.grader",
        ):
            succeed(f"a frame of {frame.f_code.co_filename}")


rnn_step, rnn = during(attack)
