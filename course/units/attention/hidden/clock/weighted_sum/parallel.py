"""Right programs that mix all values at once, each written in its own way."""

from __future__ import annotations

import time

import torch

T = torch.Tensor


def matmul(weights: T, v: T) -> T:
    """One product."""
    return weights @ v


def einsum(weights: T, v: T) -> T:
    """Index notation."""
    return torch.einsum("...ij,...jd->...id", weights, v)


def bmm(weights: T, v: T) -> T:
    """A batched product, in float64."""
    return torch.bmm(weights.double(), v.double()).float()


def broadcast(weights: T, v: T) -> T:
    """Every value times its weight, summed up: a buffer D times as large as the weights."""
    return (weights.unsqueeze(-1) * v.unsqueeze(-3)).sum(-2)


def turned(weights: T, v: T) -> T:
    """The product of what is turned, turned back."""
    return (v.mT @ weights.mT).mT.contiguous()


def five_milliseconds(weights: T, v: T) -> T:
    """Whatever it is that takes so long."""
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass
    return torch.matmul(weights, v)
