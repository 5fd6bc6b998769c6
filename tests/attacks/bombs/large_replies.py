"""Results just below the cap that broadcast against any other, from every call: the grader is to convert, compare and keep them. (harms itself)"""

import itertools

import torch
from wrong import giving

MOST = (8 << 20) - 64
SHAPES = [(MOST,), (1, MOST), (MOST, 1), (MOST // 8, 8), (1, 1, MOST), (MOST, 1, 1)]
answers = itertools.cycle(torch.ones(shape, dtype=torch.uint8) for shape in SHAPES)
rnn_step, rnn = giving(lambda _: next(answers))
