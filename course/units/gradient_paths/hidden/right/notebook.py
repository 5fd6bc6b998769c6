# %% [markdown]
# # How far back does a gradient reach?
# %%
import torch

import gates
import rnn
import self_attention

torch.manual_seed(1)


# %%
def run_rnn(x, params):
    h0 = torch.zeros((x.shape[0], params["w_hh"].shape[0]), dtype=x.dtype, device=x.device)
    all_states = rnn.rnn(x, h0, params["w_xh"], params["w_hh"], params["b"])
    return all_states[:, -1, :]


def run_lstm(x, params):
    h = torch.zeros((x.shape[0], params["w_h"].shape[0]), dtype=x.dtype, device=x.device)
    c = torch.zeros((x.shape[0], params["w_h"].shape[0]), dtype=x.dtype, device=x.device)
    t = 0
    while t < x.shape[1]:
        (h, c) = gates.lstm_step(x[:, t, :], h, c, params["w_x"], params["w_h"], params["b"])
        t += 1
    return h


def run_attention(x, params):
    y = self_attention.self_attention(x, params["w_q"], params["w_k"], params["w_v"])
    return y[:, -1, :]


# %%
def gradient_by_distance(kind, x, params):
    x = x.clone()
    x = x.detach()
    x.requires_grad_(True)
    if kind == "rnn":
        y = run_rnn(x, params)
    if kind == "lstm":
        y = run_lstm(x, params)
    if kind == "attention":
        y = run_attention(x, params)
    y.sum().backward()
    result = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device)
    for t in range(x.shape[1]):
        total = 0.0
        for n in range(x.shape[0]):
            for d in range(x.shape[2]):
                total = total + x.grad[n, t, d] ** 2
        result[t] = torch.sqrt(total)
    return result


# %%
toy = {"w_q": torch.eye(2), "w_k": torch.eye(2), "w_v": torch.eye(2)}
print(gradient_by_distance("attention", torch.randn(1, 5, 2), toy))
