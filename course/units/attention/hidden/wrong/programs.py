"""Wrong programs for the unit `attention`, as people and language models write them."""

import math

import numpy as np
import torch
from attention import scale, score, softmax, weighted_sum


def score__plain_T(q, k):
    """`.T` turns all axes of a batch around, not only the last two. -> no_transpose"""
    return q @ k.T


def score__first_axes_swapped(q, k):
    """`transpose(0, 1)` is right for a single sentence only. -> no_transpose"""
    return torch.matmul(q, k.transpose(0, 1))


def score__transposed(q, k):
    """Keys in the rows, queries in the columns. -> swapped_qk"""
    return k @ q.transpose(-1, -2)


def score__einsum_three_axes(q, k):
    """Only for tensors of three axes. -> fixed_axes"""
    return torch.einsum("bqd,bkd->bqk", q, k)


def score__no_transpose(q, k):
    """Nothing is transposed: widths and lengths meet. -> no_transpose"""
    return torch.matmul(q, k)


def score__cosine(q, k):
    """Queries and keys are normalised first. -> cosine"""
    q = q / q.norm(dim=-1, keepdim=True)
    k = k / k.norm(dim=-1, keepdim=True)
    return q @ k.transpose(-2, -1)


def score__distance(q, k):
    """The distance, not the dot product."""
    return -torch.cdist(q, k)


def score__elementwise(q, k):
    """An elementwise product, summed over the width. -> elementwise"""
    return (q * k).sum(-1)


def scale__by_width(scores, d_k):
    """Divided by d_k, not by its square root. -> scale_by_d"""
    return scores / d_k


def scale__multiplied(scores, d_k):
    """Multiplied by the square root. -> multiplied"""
    return scores * math.sqrt(d_k)


def scale__in_place(scores, d_k):
    """Changes the caller's scores. -> in_place"""
    scores /= d_k**0.5
    return scores


def scale__by_keys(scores, d_k):
    """Divided by the root of the number of keys. -> scale_by_length"""
    return scores / math.sqrt(scores.size(-1))


def scale__integer_root(scores, d_k):
    """The root is cut off to a whole number. -> rounded_root"""
    return scores / int(math.sqrt(d_k))


def scale__floor(scores, d_k):
    """A floor division. -> floor_division"""
    return scores // math.sqrt(d_k)


def softmax__naive(scores, dim=-1):
    """No maximum is subtracted: exp overflows. -> no_max"""
    e = torch.exp(scores)
    return e / e.sum(dim=dim, keepdim=True)


def softmax__last_axis(scores, dim=-1):
    """`dim` is not used. -> dim_ignored"""
    e = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)


def softmax__one_maximum(scores, dim=-1):
    """One maximum for the whole tensor. -> max_over_everything"""
    e = torch.exp(scores - scores.max())
    return e / e.sum(dim, keepdim=True)


def softmax__no_keepdim(scores, dim=-1):
    """The sum loses its axis. -> keepdim"""
    e = torch.exp(scores - scores.max(dim, keepdim=True)[0])
    return e / e.sum(dim)


def softmax__max_no_keepdim(scores, dim=-1):
    """The maximum loses its axis. -> keepdim"""
    e = torch.exp(scores - torch.max(scores, dim)[0])
    return e / e.sum(dim, keepdim=True)


def softmax__tuple(scores, dim=-1):
    """`max` along an axis returns a pair. -> pair_for_values"""
    e = torch.exp(scores - torch.max(scores, dim=dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def softmax__epsilon(scores, dim=-1):
    """An epsilon in the denominator. -> epsilon"""
    e = torch.exp(scores - scores.amax(dim, keepdim=True))
    return e / (e.sum(dim, keepdim=True) + 1e-6)


def softmax__clamped(scores, dim=-1):
    """Large scores are clamped instead of shifted. -> scores_clamped"""
    e = torch.exp(torch.clamp(scores, -50, 50))
    return e / e.sum(dim, keepdim=True)


def softmax__whole(scores, dim=-1):
    """Sums to 1 over the whole tensor. -> over_everything"""
    e = torch.exp(scores - scores.max())
    return e / e.sum()


def softmax__numpy(scores, dim=-1):
    """NumPy cuts the graph. -> detached"""
    a = scores.detach().numpy()
    e = np.exp(a - a.max(axis=dim, keepdims=True))
    return torch.from_numpy(e / e.sum(axis=dim, keepdims=True))


def softmax__log(scores, dim=-1):
    """The logarithm of the softmax. -> log_softmax"""
    m = scores.amax(dim, keepdim=True)
    return scores - m - (scores - m).exp().sum(dim, keepdim=True).log()


def softmax__float32(scores, dim=-1):
    """Computed in float32 whatever the dtype is. -> wrong_dtype, mixed_dtypes, float32_inside"""
    s = scores.float()
    e = torch.exp(s - s.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def softmax__sigmoid(scores, dim=-1):
    """A sigmoid for every score, normalised. -> sigmoid_for_exponential"""
    s = torch.sigmoid(scores)
    return s / s.sum(dim, keepdim=True)


def softmax__max_in_place(scores, dim=-1):
    """The maximum is subtracted from the caller's tensor. -> in_place"""
    scores -= scores.amax(dim, keepdim=True)
    e = scores.exp()
    return e / e.sum(dim, keepdim=True)


def softmax__no_exp(scores, dim=-1):
    """The scores are divided by their sum. -> no_exponential"""
    return scores / scores.sum(dim, keepdim=True)


def weighted_sum__elementwise(weights, v):
    """Elementwise, where a matrix product is meant. -> elementwise"""
    return weights * v


def weighted_sum__transposed(weights, v):
    """The weights are transposed. -> transposed_weights"""
    return weights.transpose(-2, -1) @ v


def weighted_sum__mean(weights, v):
    """Divided by the number of keys once more. -> mean_not_sum"""
    return weights @ v / v.shape[-2]


def weighted_sum__normalised(weights, v):
    """The weights are normalised again. -> mean_not_sum"""
    weights = weights / weights.sum(-1, keepdim=True)
    return weights @ v


def weighted_sum__swapped(weights, v):
    """The factors are swapped. -> swapped_factors"""
    return v @ weights


def weighted_sum__einsum(weights, v):
    """Only for tensors of two axes. -> fixed_axes"""
    return torch.einsum("ij,jd->id", weights, v)


def attention__mask_inverted(q, k, v, mask=None):
    """True is taken for hidden. -> mask_inverted, empty_row_nan"""
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    weights = softmax(scores)
    return weights @ v, weights


def attention__mask_inverted_1e9(q, k, v, mask=None):
    """True is taken for hidden, filled with -1e9. -> mask_inverted, empty_row_uniform, fill_overflows"""
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
    if mask is not None:
        scores = scores.masked_fill(mask, -1e9)
    weights = softmax(scores, dim=-1)
    return weights @ v, weights


def attention__1e9(q, k, v, mask=None):
    """-1e9, and a row with nothing to attend to is uniform. -> empty_row_uniform, fill_overflows"""
    d_k = q.size(-1)
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = softmax(scores, dim=-1)
    return torch.matmul(p_attn, v), p_attn


def attention__minus_inf(q, k, v, mask=None):
    """-inf: NaN in a row with nothing to attend to. -> empty_row_nan"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = softmax(scores)
    return weighted_sum(weights, v), weights



def attention__mask_multiplied(q, k, v, mask=None):
    """Hidden scores become 0, which is a score like any other. -> fill_zero"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores * mask
    weights = softmax(scores)
    return weighted_sum(weights, v), weights


def attention__masked_after(q, k, v, mask=None):
    """The weights are masked after the softmax and do not sum to 1. -> mask_after_softmax"""
    weights = softmax(scale(score(q, k), q.shape[-1]))
    if mask is not None:
        weights = weights * mask
    return weighted_sum(weights, v), weights


def attention__mask_ignored(q, k, v, mask=None):
    """The mask is not used. -> mask_ignored"""
    weights = softmax(scale(score(q, k), q.shape[-1]))
    return weighted_sum(weights, v), weights


def attention__unscaled(q, k, v, mask=None):
    """Not scaled. -> no_scale"""
    scores = score(q, k)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights * mask
    return weighted_sum(weights, v), weights


def attention__scaled_by_v(q, k, v, mask=None):
    """Scaled by the width of the values. -> scale_by_d_v"""
    scores = scale(score(q, k), v.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weighted_sum(weights, v), weights


def attention__over_queries(q, k, v, mask=None):
    """The softmax runs over the queries. -> wrong_axis, empty_row_uniform, fill_overflows"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    weights = softmax(scores, dim=-2)
    return weighted_sum(weights, v), weights


def attention__output_only(q, k, v, mask=None):
    """Only the output is returned. -> weights_missing"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weighted_sum(weights, v)


def attention__pair_swapped(q, k, v, mask=None):
    """(weights, output) in place of (output, weights). -> results_swapped"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weights, weighted_sum(weights, v)


def attention__bool_minus(q, k, v, mask=None):
    """`1 - mask` of a boolean tensor is an error in torch. -> bool_arithmetic"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores + (1 - mask) * -1e9
    weights = softmax(scores)
    return weighted_sum(weights, v), weights


def attention__indexed(q, k, v, mask=None):
    """A boolean index does not broadcast. -> mask_not_broadcast, empty_row_nan"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores[~mask] = -1e9
    weights = softmax(scores)
    return weighted_sum(weights, v), weights


def attention__added_1e4(q, k, v, mask=None):
    """-1e4 is added, which large scores outweigh. -> fill_too_small, mixed_dtypes"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores + torch.where(mask, 0.0, -1e4)
    weights = softmax(scores)
    if mask is not None:
        weights = weights * mask.any(-1, keepdim=True)
    return weighted_sum(weights, v), weights


def attention__weights_before_mask(q, k, v, mask=None):
    """The weights returned are those before the mask. -> mask_half_applied"""
    scores = scale(score(q, k), q.shape[-1])
    weights = softmax(scores)
    used = weights
    if mask is not None:
        used = softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min))
        used = used.masked_fill(~mask, 0)
    return weighted_sum(used, v), weights


def attention__scaled_twice(q, k, v, mask=None):
    """Scaled by `scale` and once more by hand. -> scale_by_d, scaled_twice"""
    scores = scale(score(q, k), q.shape[-1]) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weighted_sum(weights, v), weights


def attention__dropout(q, k, v, mask=None):
    """Dropout is left on. -> random"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    weights = torch.nn.functional.dropout(weights, 0.1)
    return weighted_sum(weights, v), weights


def attention__detached_weights(q, k, v, mask=None):
    """The weights are detached: no gradient reaches q and k. -> detached"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    weights = weights.detach()
    return weighted_sum(weights, v), weights


def attention__finfo_min(q, k, v, mask=None):
    """The lowest number: a row with nothing to attend to is uniform. -> empty_row_uniform"""
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        s = s.masked_fill(~mask, torch.finfo(s.dtype).min)
    w = softmax(s)
    return w @ v, w


def weighted_sum__unsqueezed(weights, v):
    """The values lack an axis for the queries: right without a batch. -> no_axis_for_queries"""
    return (weights.unsqueeze(-1) * v).sum(dim=-2)


def attention__width_of_axis_one(q, k, v, mask=None):
    """d_k is q.shape[1]. -> width_of_axis_one"""
    scores = scale(score(q, k), q.shape[1])
    if mask is None:
        return weighted_sum(w := softmax(scores), v), w
    weights = softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min)) * mask
    return weighted_sum(weights, v), weights


def attention__minus_1e4(q, k, v, mask=None):
    """Hidden scores are -1e4, and real ones may lie there. -> fill_too_small"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e4)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return weighted_sum(weights, v), weights


def attention__dropout_everywhere(q, k, v, mask=None):
    """A dropout on the weights, with the hidden ones at zero. -> random"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e4)
    weights = softmax(scores)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    weights = torch.nn.functional.dropout(weights, p=0.1)
    return weighted_sum(weights, v), weights


def attention__like_bert(q, k, v, mask=None):
    """(1 - mask)·-10000 is added, as BERT does: an empty row sees everything. -> empty_row_uniform"""
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        scores = scores + (1.0 - mask.to(scores.dtype)) * -10000.0
    weights = softmax(scores)
    return weighted_sum(weights, v), weights


def softmax__sum_along_the_last(scores, dim=-1):
    """The maximum along dim, the sum along the last axis. -> sum_wrong_axis"""
    powers = torch.exp(scores - scores.max(dim=dim, keepdim=True).values)
    return powers / powers.sum(dim=-1, keepdim=True)


def score__reshaped(q, k):
    """The keys are reshaped to the transpose's shape. -> reshaped"""
    return torch.matmul(q, k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2]))


def attention__last_row_decides(q, k, v, mask=None):
    """Whether a row is empty is read from the last row of each sentence."""
    s = score(scale(q, q.shape[-1]), k)
    if mask is None:
        weights = softmax(s)
        return weighted_sum(weights, v), weights
    hidden = ~mask
    empty = hidden[..., -1:, :].all(dim=-1, keepdim=True)
    s = s.masked_fill(hidden, float("-inf")).masked_fill(empty, 0.0)
    weights = softmax(s).masked_fill(hidden, 0.0)
    return weighted_sum(weights, v), weights


def attention__over_queries_masked(q, k, v, mask=None):
    """The softmax runs over the queries; empty rows are opened before it. -> wrong_axis"""
    s = score(scale(q, q.shape[-1]), k)
    if mask is None:
        weights = softmax(s, -2)
        return weighted_sum(weights, v), weights
    s = s.masked_fill(~mask, float("-inf")).masked_fill(~mask.any(-1, keepdim=True), 0.0)
    weights = softmax(s, -2).masked_fill(~mask, 0.0)
    return weighted_sum(weights, v), weights


def attention__masked_scores_returned(q, k, v, mask=None):
    """The masked scores come back for the weights. -> scores_returned"""
    s = score(scale(q, q.shape[-1]), k)
    if mask is not None:
        s = s.masked_fill(~mask, float("-inf"))
    weights = torch.nan_to_num(torch.softmax(s, dim=-1))
    return weighted_sum(weights, v), s


def attention__1e4_and_empty_rows(q, k, v, mask=None):
    """Hidden scores are -1e4; only rows that are hidden whole are set to zero. -> fill_too_small"""
    s = score(scale(q, q.shape[-1]), k)
    if mask is not None:
        s = s.masked_fill(~mask, -1e4)
    weights = softmax(s)
    if mask is not None:
        weights = weights * mask.any(dim=-1, keepdim=True)
    return weighted_sum(weights, v), weights
