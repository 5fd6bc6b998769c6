"""What a GPU would refuse in the unit `attention`, and what it would not.

A docstring ends with a part of the line that is to be told, or with nothing where all is well.
"""

import math

import numpy as np
import torch
from attention import score


def score__numpy(q, k):
    """-> np.matmul(q.detach().numpy()"""
    return torch.from_numpy(np.matmul(q.detach().numpy(), k.detach().transpose(-2, -1).numpy()))


def score__cuda(q, k):
    """-> q.to('cuda')"""
    return q.to("cuda") @ k.to("cuda").transpose(-2, -1)


def score__back_to_the_cpu(q, k):
    """-> q.cpu() @ k.cpu()"""
    return q.cpu() @ k.cpu().transpose(-2, -1)


def score__cuda_if_there_is_one(q, k):
    """On a GPU the mask of ones is where q is. ->"""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return q @ k.transpose(-2, -1) * torch.ones(k.shape[-2], dtype=q.dtype, device=device)


def scale__one_number_of_one_dimension(scores, d_k):
    """-> torch.tensor([float(d_k)]"""
    root = torch.tensor([float(d_k)], dtype=scores.dtype).sqrt()
    return scores / root


def scale__a_number_of_no_dimension(scores, d_k):
    """CUDA takes a number that is on the CPU. ->"""
    return scores / torch.sqrt(torch.tensor(float(d_k), dtype=scores.dtype))


def scale__legacy_tensor(scores, d_k):
    """-> torch.Tensor([d_k])"""
    d = torch.Tensor([d_k]).to(scores.dtype)
    return scores / d.sqrt()


def scale__full(scores, d_k):
    """-> torch.full(scores.shape"""
    roots = torch.full(scores.shape, math.sqrt(d_k), dtype=scores.dtype)
    return torch.div(scores, roots)


def softmax__numpy(scores, dim=-1):
    """-> np.exp("""
    return torch.from_numpy(np.exp(scores) / np.exp(scores).sum(dim, keepdims=True))


def softmax__row_by_row(scores, dim=-1):
    """-> torch.zeros(scores.shape"""
    out = torch.zeros(scores.shape, dtype=scores.dtype)
    for i in range(scores.shape[0]):
        out[i] = torch.softmax(scores[i], dim - 1)
    return out


def softmax__an_own_copy(scores, dim=-1):
    """-> torch.tensor(scores.tolist()"""
    copy = torch.tensor(scores.tolist(), dtype=scores.dtype)
    return torch.softmax(copy, dim)


def weighted_sum__zeros(weights, v):
    """-> torch.zeros(*weights.shape[:-1]"""
    out = torch.zeros(*weights.shape[:-1], v.shape[-1], dtype=v.dtype)
    out[...] = weights @ v
    return out


def weighted_sum__at_the_end_to_the_cpu(weights, v):
    """-> (weights @ v).cpu()"""
    return (weights @ v).cpu()


def weighted_sum__on_a_meta_less_buffer(weights, v):
    """A buffer that is made like another is where that is. ->"""
    out = torch.empty_like(weights[..., :1] * v[..., :1, :])
    out.copy_(weights @ v)
    return out


def attention__where_full(q, k, v, mask=None):
    """-> torch.full(scores.shape"""
    scores = score(q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        low = torch.full(scores.shape, torch.finfo(scores.dtype).min, dtype=scores.dtype)
        scores = torch.where(mask, scores, low)
    weights = torch.softmax(scores, -1)
    return weights @ v, weights


def attention__an_added_mask(q, k, v, mask=None):
    """-> torch.zeros(q.shape[-2], k.shape[-2]"""
    bias = torch.zeros(q.shape[-2], k.shape[-2], dtype=q.dtype)
    if mask is not None:
        bias = bias.masked_fill(~mask, -1e9)
    weights = torch.softmax(score(q, k) / math.sqrt(q.shape[-1]) + bias, -1)
    return weights @ v, weights
