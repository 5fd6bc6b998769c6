"""Returns generators, lists and dicts that never end, and ones that hold themselves. (harms itself)"""

import itertools

from wrong import giving


class Endless(list):
    __iter__ = lambda self: itertools.repeat(0.0)


class EndlessDict(dict):
    items = lambda self: zip(itertools.count(), itertools.repeat(0.0), strict=False)


itself = []
itself.append(itself)
answers = itertools.cycle([itertools.count(), itself, [itself] * 9, Endless(), EndlessDict(a=1)])
rnn_step, rnn = giving(lambda _: next(answers))
