import torch
from attention import *

# self attention - tom


def project(x, w_q, w_k, w_v):
	return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
	return torch.tril(torch.ones(length, length, device=device)) == 1


def self_attention(x, w_q, w_k, w_v, causal=False):
	q, k, v = project(x, w_q, w_k, w_v)
	m = causal_mask(x.shape[1], x.device) if causal else None
	return attention(q, k, v, m)[0]


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
	# one head after another, then glue them together
	outs = []
	for a, b, c in zip(w_q.chunk(heads, 1), w_k.chunk(heads, 1), w_v.chunk(heads, 1)):
		outs.append(self_attention(x, a, b, c, causal))
	return torch.cat(outs, -1) @ w_o
