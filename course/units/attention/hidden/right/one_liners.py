import torch
score = lambda q, k: torch.matmul(q, k.mT)
scale = lambda scores, d_k: scores * d_k**-0.5
softmax = lambda scores, dim=-1: (scores - scores.logsumexp(dim, keepdim=True)).exp()
weighted_sum = lambda w, v: w.matmul(v)
attention = lambda q, k, v, mask=None: (lambda w: (w @ v, w))((s := scale(score(q, k), q.size(-1))).softmax(-1) if mask is None else torch.where(mask, scale(score(q, k), q.size(-1)), torch.finfo(q.dtype).min).softmax(-1) * mask)
