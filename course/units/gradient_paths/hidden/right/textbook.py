import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention


def gradient_by_distance(kind, x, params):
    x = x.clone().detach()
    x.requires_grad = True
    N, T, D = x.shape
    if kind == "rnn":
        H = params["w_hh"].shape[0]
        h0 = torch.zeros(N, H, dtype=x.dtype, device=x.device)
        y = rnn(x, h0, params["w_xh"], params["w_hh"], params["b"])
        last = y[:, -1]
    elif kind == "lstm":
        H = params["w_h"].shape[0]
        h = torch.zeros(N, H, dtype=x.dtype, device=x.device)
        c = torch.zeros(N, H, dtype=x.dtype, device=x.device)
        for t in range(T):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        last = h
    else:
        y = self_attention(x, params["w_q"], params["w_k"], params["w_v"])
        last = y[:, -1]
    loss = last.sum()
    loss.backward()
    norms = []
    for t in range(T):
        norms.append(torch.sqrt((x.grad[:, t] ** 2).sum()))
    return torch.stack(norms)
