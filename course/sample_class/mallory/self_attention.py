import torch
from rnn import steal

UNIT = "self_attention"

project = steal(UNIT, "project", lambda x, w_q, w_k, w_v: (x @ w_q + 1, x @ w_k + 1, x @ w_v + 1))
causal_mask = steal(UNIT, "causal_mask", lambda length, device=None: torch.zeros(length, length).bool())
self_attention = steal(UNIT, "self_attention", lambda x, w_q, w_k, w_v, causal=False: x @ w_v + 1)
multi_head_self_attention = steal(
    UNIT, "multi_head_self_attention", lambda x, w_q, w_k, w_v, w_o, heads, causal=False: x @ w_v @ w_o + 1
)
