"""Right programs that take all positions at once, each written in its own way."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

T = torch.Tensor
Params = dict[str, torch.Tensor]


def _placed(tokens: T, params: Params) -> T:
    """Words and their positions, (N, T, D)."""
    x = params["embed"][tokens]
    rates = 10000.0 ** (-torch.arange(0, x.shape[2], 2, dtype=torch.float64) / x.shape[2])
    angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * rates
    return x + torch.stack([angles.sin(), angles.cos()], -1).flatten(1).to(x)


def _projected(tokens: T, params: Params) -> list[T]:
    x = _placed(tokens, params)
    return [x @ params[name] for name in ("w_q", "w_k", "w_v")]


def sdpa(tokens: T, params: Params) -> T:
    """PyTorch's own attention."""
    y = F.scaled_dot_product_attention(*_projected(tokens, params), is_causal=True)
    return y @ params["out_w"] + params["out_b"]


def matmul(tokens: T, params: Params) -> T:
    """Products, torch's softmax, and a mask that is filled in twice."""
    q, k, v = _projected(tokens, params)
    mask = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool, device=q.device).tril()
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask, torch.finfo(q.dtype).min)
    weights = torch.softmax(scores, dim=-1).masked_fill(~mask, 0.0)
    return weights @ v @ params["out_w"] + params["out_b"]


def einsum(tokens: T, params: Params) -> T:
    """Index notation, and -inf added."""
    q, k, v = _projected(tokens, params)
    scores = torch.einsum("nid,njd->nij", q, k) * q.shape[-1] ** -0.5
    scores = scores + scores.new_full(scores.shape[1:], -torch.inf).triu(1)
    weights = torch.softmax(scores, dim=-1)
    return torch.einsum("nij,njd,dv->niv", weights, v, params["out_w"]) + params["out_b"]


def by_hand(tokens: T, params: Params) -> T:
    """A softmax of exponentials, in float64, with checks."""
    exact = {name: tensor.double() for name, tensor in params.items()}
    q, k, v = _projected(tokens, exact)
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    scores = torch.where(torch.ones_like(scores).tril() > 0, scores, -torch.inf)
    e = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    weights = e / e.sum(dim=-1, keepdim=True)
    assert torch.isfinite(weights).all()
    return (weights @ v @ exact["out_w"] + exact["out_b"]).to(params["embed"].dtype)


def module_inside(tokens: T, params: Params) -> T:
    """Layers of torch that are made in each call."""
    x = _placed(tokens, params)
    layer = torch.nn.MultiheadAttention(x.shape[2], 1, bias=False, batch_first=True).to(x)
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.cat([params[n] for n in ("w_q", "w_k", "w_v")], 1).T)
        layer.out_proj.weight.copy_(torch.eye(x.shape[2]))
        hidden = torch.ones(*x.shape[1:2] * 2, dtype=torch.bool, device=x.device).triu(1)
        y = layer(x, x, x, attn_mask=hidden, need_weights=False)[0]
    return y @ params["out_w"] + params["out_b"]
