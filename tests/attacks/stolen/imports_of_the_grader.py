"""Imports the tests, the answers and the grader's own modules."""

import importlib

from wrong import attempt, rnn, rnn_step, succeed

for name in (
    "course.units.rnn.hidden.test_rnn",
    "course.units.rnn.hidden.mistakes",
    "autograder.testing.compare",
    "autograder.testing.inputs",
    "autograder.grading.grader",
    "autograder.local.pytest_summary",
    "hidden.test_rnn",
    "solutions.rnn",
    "test_rnn",
):
    if attempt(importlib.import_module, name):
        succeed(f"{name} can be imported")
