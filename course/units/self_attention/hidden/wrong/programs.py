"""Wrong programs for the unit `self_attention`, as people and language models write them."""

import math

import torch
from attention import attention
from self_attention import causal_mask, project


def project__transposed(x, w_q, w_k, w_v):
    """The matrices are transposed, as in nn.Linear. -> transposed_projection"""
    return x @ w_q.T, x @ w_k.T, x @ w_v.T


def project__same_matrix(x, w_q, w_k, w_v):
    """Keys are made with w_q. -> one_projection"""
    return x @ w_q, x @ w_q, x @ w_v


def project__order_kqv(x, w_q, w_k, w_v):
    """(k, q, v) in place of (q, k, v). -> swapped_qk"""
    return x @ w_k, x @ w_q, x @ w_v


def project__elementwise(x, w_q, w_k, w_v):
    """`*` in place of `@`. -> elementwise"""
    return x * w_q, x * w_k, x * w_v


def project__v_from_k(x, w_q, w_k, w_v):
    """The values are made from the keys' matrix. -> one_projection"""
    return x @ w_q, x @ w_k, x @ w_k


def project__matrix_first(x, w_q, w_k, w_v):
    """The matrix on the left. -> matrix_first"""
    return w_q @ x, w_k @ x, w_v @ x


def causal_mask__upper(length, device=None):
    """True above the diagonal: what most codes call a mask. -> mask_inverted"""
    return torch.triu(torch.ones(length, length, device=device), diagonal=1).bool()


def causal_mask__triu(length, device=None):
    """The upper triangle with its diagonal: sees the future. -> causal_transposed"""
    return torch.ones(length, length, dtype=torch.bool, device=device).triu()


def causal_mask__without_itself(length, device=None):
    """A position may not attend to itself. -> diagonal_masked"""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril(-1)


def causal_mask__one_ahead(length, device=None):
    """A position may look one word ahead. -> causal_shifted"""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril(1)


def causal_mask__float(length, device=None):
    """Ones and zeros, not booleans. -> not_boolean, wrong_dtype"""
    return torch.tril(torch.ones(length, length, device=device))


def causal_mask__additive(length, device=None):
    """0 and -inf, to be added to the scores. -> not_boolean, wrong_dtype"""
    return torch.triu(torch.full((length, length), float("-inf"), device=device), diagonal=1)


def causal_mask__extra_axes(length, device=None):
    """Of shape (1, 1, T, T). -> extra_axes"""
    return torch.tril(torch.ones(length, length, device=device)).bool()[None, None]



def self_attention__causal_ignored(x, w_q, w_k, w_v, causal=False):
    """`causal` is not used. -> causal_ignored"""
    q, k, v = project(x, w_q, w_k, w_v)
    return attention(q, k, v)[0]


def self_attention__always_causal(x, w_q, w_k, w_v, causal=False):
    """Always causal. -> causal_always"""
    q, k, v = project(x, w_q, w_k, w_v)
    out, _ = attention(q, k, v, causal_mask(x.shape[1]))
    return out


def self_attention__not_causal(x, w_q, w_k, w_v, causal=False):
    """The mask is inverted on the way. -> mask_inverted"""
    q, k, v = project(x, w_q, w_k, w_v)
    mask = ~causal_mask(x.shape[1]) if causal else None
    out, _ = attention(q, k, v, mask)
    return out


def self_attention__both(x, w_q, w_k, w_v, causal=False):
    """The pair is returned. -> no_tensor, weights_returned"""
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return attention(q, k, v, mask)


def self_attention__weights(x, w_q, w_k, w_v, causal=False):
    """The weights are returned. -> weights_returned"""
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return attention(q, k, v, mask)[1]


def self_attention__scaled_by_x(x, w_q, w_k, w_v, causal=False):
    """Scaled by the width of x. -> scale_by_model"""
    q, k, v = project(x, w_q, w_k, w_v)
    scores = q @ k.transpose(-2, -1) / math.sqrt(x.shape[-1])
    if causal:
        scores = scores.masked_fill(~causal_mask(x.shape[1], x.device), float("-inf"))
    return torch.softmax(scores, dim=-1) @ v


def self_attention__mask_length(x, w_q, w_k, w_v, causal=False):
    """The mask is made of the batch's size. -> mask_of_batch"""
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(len(x), x.device) if causal else None
    return attention(q, k, v, mask)[0]


def self_attention__mask_after(x, w_q, w_k, w_v, causal=False):
    """The mask is multiplied after the softmax. -> mask_after_softmax"""
    q, k, v = project(x, w_q, w_k, w_v)
    scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])
    weights = torch.softmax(scores, dim=-1)
    if causal:
        weights = weights * causal_mask(x.shape[1], x.device)
    return weights @ v


def self_attention__residual(x, w_q, w_k, w_v, causal=False):
    """The input is added to the output. -> residual"""
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return x + attention(q, k, v, mask)[0]


def self_attention__residual_where_it_fits(x, w_q, w_k, w_v, causal=False):
    """The input is added where its width is that of the output. -> residual"""
    q, k, v = project(x, w_q, w_k, w_v)
    output = attention(q, k, v, causal_mask(x.shape[1], x.device) if causal else None)[0]
    return output + x if output.shape == x.shape else output


def self_attention__minus_1e9(x, w_q, w_k, w_v, causal=False):
    """-1e9 is too much for float16. -> fill_overflows"""
    q, k, v = project(x, w_q, w_k, w_v)
    scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])
    if causal:
        scores = scores.masked_fill(~causal_mask(x.shape[1], x.device), -1e9)
    return scores.softmax(-1) @ v


def self_attention__over_queries(x, w_q, w_k, w_v, causal=False):
    """The softmax runs over the queries. -> wrong_axis"""
    q, k, v = project(x, w_q, w_k, w_v)
    scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])
    if causal:
        scores = scores.masked_fill(~causal_mask(x.shape[1], x.device), float("-inf"))
    return torch.softmax(scores, dim=1) @ v


def multi_head_self_attention__no_transpose(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """`view` straight to (N, heads, T, d): words and heads are mixed. -> view_without_transpose"""
    N, T, _ = x.shape
    q, k, v = (y.reshape(N, heads, T, -1) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o


def multi_head_self_attention__no_transpose_back(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """The heads are joined without being transposed back. -> view_without_transpose"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.reshape(N, T, -1) @ w_o


def multi_head_self_attention__over_heads(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """Attention over the heads, for T stands in front of them. -> attends_over_heads, causal_ignored"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1) for y in project(x, w_q, w_k, w_v))
    out, _ = attention(q, k, v)
    return out.reshape(N, T, -1) @ w_o


def multi_head_self_attention__no_output(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """w_o is forgotten. -> no_output_projection"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.transpose(1, 2).reshape(N, T, -1)


def multi_head_self_attention__view(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """`view` after `transpose`: not contiguous. -> view_of_transposed"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.transpose(1, 2).view(N, T, -1) @ w_o


def multi_head_self_attention__one_head(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """All heads as one. -> heads_ignored"""
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[1], x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out @ w_o


def multi_head_self_attention__full_width(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """Scaled by the width of all heads. -> scale_by_model"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    scores = q @ k.transpose(-2, -1) / math.sqrt(w_k.shape[1])
    if causal:
        scores = scores.masked_fill(~causal_mask(T, x.device), float("-inf"))
    out = torch.softmax(scores, -1) @ v
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o


def multi_head_self_attention__width_of_x(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """Scaled by D/heads, the width of x. -> scale_by_model"""
    N, T, D = x.shape
    head_dim = D // heads
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    scores = q @ k.transpose(-2, -1) / head_dim**0.5
    if causal:
        scores = scores.masked_fill(~causal_mask(T, x.device), float("-inf"))
    out = torch.softmax(scores, -1) @ v
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o


def multi_head_self_attention__head_dim(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """Takes for granted that all widths are D. -> width_of_words"""
    N, T, D = x.shape
    q, k, v = project(x, w_q, w_k, w_v)
    q = q.view(N, T, heads, D // heads).transpose(1, 2)
    k = k.view(N, T, heads, D // heads).transpose(1, 2)
    v = v.view(N, T, heads, D // heads).transpose(1, 2)
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.transpose(1, 2).reshape(N, T, D) @ w_o


def multi_head_self_attention__interleaved(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """Head h owns every heads-th column. -> heads_interleaved"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, -1, heads).permute(0, 3, 1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o


def multi_head_self_attention__causal_ignored(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """`causal` is not used. -> causal_ignored"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    out, _ = attention(q, k, v)
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o


def multi_head_self_attention__summed(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """The heads' outputs are averaged and repeated, not joined. -> heads_averaged"""
    N, T, _ = x.shape
    q, k, v = (y.view(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out.mean(1).repeat(1, 1, heads) @ w_o


def multi_head_self_attention__one_width(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """The values are cut by the keys' width, too. -> width_of_keys"""
    N, T, _ = x.shape
    d = w_q.shape[1] // heads
    q, k, v = (y.view(N, T, heads, d).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(T, x.device) if causal else None
    return attention(q, k, v, mask)[0].transpose(1, 2).reshape(N, T, heads * d) @ w_o


def multi_head_self_attention__heads_stay(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """Heads are cut, and stay behind the words; the mask fits them. -> attends_over_heads"""
    n, t, _ = x.shape
    q, k, v = (p.reshape(n, t, heads, -1) for p in project(x, w_q, w_k, w_v))
    mask = causal_mask(q.shape[-2], x.device) if causal else None
    return attention(q, k, v, mask)[0].reshape(n, t, -1) @ w_o
