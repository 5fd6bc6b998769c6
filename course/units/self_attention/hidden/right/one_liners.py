import torch
from attention import attention
project = lambda x, *ws: [x @ w for w in ws]
causal_mask = lambda n, device=None: torch.arange(n, device=device)[:, None] >= torch.arange(n, device=device)
self_attention = lambda x, w_q, w_k, w_v, causal=False: attention(*project(x, w_q, w_k, w_v), *([causal_mask(x.shape[1], x.device)] * causal))[0]
multi_head_self_attention = lambda x, w_q, w_k, w_v, w_o, heads, causal=False: attention(*(y.unflatten(2, (heads, -1)).swapdims(1, 2) for y in project(x, w_q, w_k, w_v)), causal_mask(x.shape[1], x.device) if causal else None)[0].swapdims(1, 2).flatten(2) @ w_o
