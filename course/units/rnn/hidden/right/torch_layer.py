"""torch's own layer."""

import torch
from torch import nn


def rnn_step(x, h, w_xh, w_hh, b):
    return rnn(x[:, None], h, w_xh, w_hh, b)[:, 0]


def rnn(x, h, w_xh, w_hh, b):
    layer = nn.RNN(*w_xh.shape, batch_first=True, device="meta")
    parameters = {
        "weight_ih_l0": w_xh.mT.contiguous(),
        "weight_hh_l0": w_hh.mT.contiguous(),
        "bias_ih_l0": b,
        "bias_hh_l0": torch.zeros_like(b),
    }
    states, _ = torch.func.functional_call(layer, parameters, (x, h.unsqueeze(0)))
    return states
