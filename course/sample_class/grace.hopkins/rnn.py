# grace hopkins
import torch


def rnn_step(x, h, w_xh, w_hh, b):
    # no need for a new tensor, h has the right size already
    h.copy_(torch.tanh(x @ w_xh + h @ w_hh + b))
    return h


def rnn(x, h, w_xh, w_hh, b):
    memory = h.detach().clone()
    out = torch.zeros(x.shape[0], x.shape[1], h.shape[1], dtype=x.dtype, device=x.device)
    with torch.no_grad():  # saves memory
        for t in range(x.shape[1]):
            out[:, t] = rnn_step(x[:, t], memory, w_xh, w_hh, b)
    return out
