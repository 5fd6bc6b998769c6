import torch

# SOLUTION: rnn_step


def rnn(x, h, w_xh, w_hh, b):
    out = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        out.append(h)
    return torch.stack(out, 1), h
