"""Returns tensors larger than a reply may be, and ones that are a byte inside. (harms itself)"""

import itertools

import torch
from wrong import giving

answers = itertools.cycle(
    [
        torch.zeros(1).expand(1 << 40),
        torch.zeros((8 << 20) + 1, dtype=torch.uint8),
        [torch.zeros(0)] * 100_000,
        torch.zeros(8 << 20, dtype=torch.bool),
        torch.zeros([1] * 20),
        torch.eye(3).to_sparse(),
    ]
)
rnn_step, rnn = giving(lambda _: next(answers))
