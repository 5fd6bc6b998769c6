"""Raises exceptions that cannot be shown, cannot be named or never end. (harms itself)"""

import itertools

from wrong import during


class Odd(Exception):
    __str__ = __repr__ = lambda self: 1 / 0
    __traceback__ = property(lambda self: self)


class Chained(Exception):
    __str__ = lambda self: "x" * 10**7


chained = Chained()
chained.__cause__ = chained.__context__ = Chained()
kinds = itertools.cycle([Odd(), chained, SystemExit(Odd()), GeneratorExit(), StopIteration()])


def attack():
    raise next(kinds)


rnn_step, rnn = during(attack)
