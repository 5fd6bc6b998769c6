"""Searches modules, live objects and frames for tests, answers and seeds."""

import gc
import sys

from wrong import during, frames, succeed

WORDS = (
    "grading",
    "hidden",
    "checks",
    "tester",
    "solution",
    "misconception",
    "supervisor",
    "pytest",
)


def attack():
    for name in sys.modules:
        if any(word in name for word in WORDS):
            succeed(f"the module {name} is loaded")
    for thing in gc.get_objects():
        name = getattr(type(thing), "__qualname__", "")
        if type(name) is str and name in ("Task", "Course", "Draw", "TestResult", "WarmHost"):
            succeed(f"a {name} is alive")
    for frame in frames():
        if any(word in frame.f_code.co_filename for word in WORDS):
            succeed(f"a frame of {frame.f_code.co_filename}")


rnn_step, rnn = during(attack)
