"""Returns lists and dicts whose length, order and contents change as they are read. (harms itself)"""

import random

import torch
from wrong import giving


class Changing(list):
    __len__ = lambda self: random.randrange(9)
    __iter__ = lambda self: iter([torch.zeros(random.randrange(1, 9)), 1.0, Changing()][:2])


class ChangingDict(dict):
    items = lambda self: [(i, Changing()) for i in range(3)]
    keys = values = __iter__ = lambda self: iter([object(), object()])


rnn_step, rnn = giving(lambda zeros: random.choice([Changing([zeros]), ChangingDict(a=zeros)]))
