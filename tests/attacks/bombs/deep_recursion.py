"""Recurses until the stack is gone, in Python and in C. (harms itself)"""

import sys

from wrong import during


class Deep:
    def __repr__(self):
        return repr([self])


def attack():
    sys.setrecursionlimit(1 << 30)
    return repr(Deep())


rnn_step, rnn = during(attack)
