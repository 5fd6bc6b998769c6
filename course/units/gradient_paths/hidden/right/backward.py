import torch
from rnn import rnn
from gates import lstm_step
from self_attention import self_attention


def gradient_by_distance(kind, x, params):
    x = x.detach().requires_grad_()
    if kind == "rnn":
        y = rnn(
            x,
            torch.zeros(x.shape[0], params["w_hh"].shape[1], dtype=x.dtype, device=x.device),
            **params,
        )
    elif kind == "lstm":
        h = torch.zeros(x.shape[0], params["w_h"].shape[0], dtype=x.dtype, device=x.device)
        c = torch.zeros_like(h)
        y = []
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t, :], h, c, **params)
            y.append(h)
        y = torch.stack(y, 1)
    elif kind == "attention":
        y = self_attention(x, **params)
    else:
        raise ValueError(kind)
    y[:, -1].sum().backward()
    return (x.grad**2).sum(dim=(0, 2)).sqrt()
