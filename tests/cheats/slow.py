"""Right, and sequential: what a cheat wants to pass off as parallel."""

import torch


def attend(q, k, v):
    weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1)
    return weights @ v, weights


def attention(q, k, v, mask=None):
    parts = [attend(q[n], k[n], v[n]) for n in range(len(q))]
    return torch.stack([output for output, _ in parts]), torch.stack([w for _, w in parts])
