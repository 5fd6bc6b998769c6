# %%
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from self_attention import self_attention

# %%
torch.manual_seed(0)
V, D = 7, 4
params = {"embed": torch.randn(V, D), "w_q": torch.randn(D, 3), "w_k": torch.randn(D, 3)}
params |= {"w_v": torch.randn(D, 5), "out_w": torch.randn(5, V), "out_b": torch.zeros(V)}


# %%
def positions(length, width):
    if width % 2 == 1:
        raise ValueError("width has to be even")
    PE = np.zeros((length, width))
    for pos in range(length):
        for i in range(width // 2):
            PE[pos, 2 * i] = np.sin(pos / (10000 ** (2 * i / width)))
            PE[pos, 2 * i + 1] = np.cos(pos / (10000 ** (2 * i / width)))
    return torch.tensor(PE)


positions(3, 4)


# %%
def next_words(tokens, params):
    E = params["embed"]
    pe = positions(tokens.shape[1], E.shape[1]).to(E.device).to(E.dtype)
    X = E[tokens] + pe[None]
    Y = self_attention(X, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return Y @ params["out_w"] + params["out_b"][None, None]


tokens = torch.randint(0, V, (2, 5))
print(next_words(tokens, params).shape)


# %%
def mean_loss(tokens, params):
    logits = next_words(tokens, params)
    N, T, V = logits.shape
    shift_logits = logits[:, :-1, :].contiguous().view(N * (T - 1), V)
    shift_labels = tokens[:, 1:].contiguous().view(N * (T - 1))
    return nn.NLLLoss()(F.log_softmax(shift_logits, dim=1), shift_labels)


mean_loss(tokens, params)


# %%
def generate(tokens, params, count):
    out = tokens.clone()
    for step in range(count):
        probs = F.softmax(next_words(out, params).double(), dim=2)
        _, best = torch.max(probs[:, -1, :], dim=1)
        out = torch.cat([out, best[:, None]], dim=1)
    return out


generate(tokens, params, 4)
