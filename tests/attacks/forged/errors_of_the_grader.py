"""Raises what reads like the grader's own errors, or pytest's, so as to count as not run. (harms itself)"""

import itertools

from wrong import during

names = ["GraderError", "IsolationError", "Skipped", "KeyboardInterrupt", "ChildDied", "WireError"]
kinds = itertools.cycle([type(name, (BaseException,), {}) for name in names])


def attack():
    raise next(kinds)("The sandbox could not start. status=incomplete")


rnn_step, rnn = during(attack)
