"""Returns shapes that broadcast to any other, or hold nothing at all. (harms itself)"""

import itertools

import torch
from wrong import giving

shapes = itertools.cycle([(), (1,), (1, 1, 1), (0,), (0, 0)])
rnn_step, rnn = giving(lambda zeros: torch.zeros(next(shapes), dtype=zeros.dtype))
