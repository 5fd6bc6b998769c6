"""Right programs that take all pairs at once, each written in its own way."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F

T = torch.Tensor


def matmul(q: T, k: T) -> T:
    """One product."""
    return q @ k.mT


def einsum(q: T, k: T) -> T:
    """Index notation."""
    return torch.einsum("...id,...jd->...ij", q, k)


def bmm(q: T, k: T) -> T:
    """A batched product, in float64."""
    return torch.bmm(q.double(), k.double().transpose(1, 2)).float()


def broadcast(q: T, k: T) -> T:
    """Every pair's products, summed up: a buffer D times as large as the result."""
    return (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(-1)


def layer(q: T, k: T) -> T:
    """The keys as the weights of a layer."""
    return torch.vmap(F.linear)(q, k)


def five_milliseconds(q: T, k: T) -> T:
    """Whatever it is that takes so long."""
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass
    return torch.matmul(q, k.transpose(-2, -1))
