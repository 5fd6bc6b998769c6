import torch

# attention homework - tom


def score(q, k):
	return torch.matmul(q, k.transpose(-2, -1))


def scale(scores, d_k):
	return scores / d_k


def softmax(scores, dim=-1):
	z = scores - scores.max(dim, keepdim=True)[0]
	e = z.exp()
	return e / e.sum(dim, keepdim=True)


def weighted_sum(weights, v):
	return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
	s = scale(score(q, k), k.shape[-1])
	if mask is not None:
		s = s.masked_fill(~mask, -1e9)
	w = softmax(s)
	return weighted_sum(w, v), w
