"""Wrong programs for the unit `streaming_attention`, as people and language models write them."""

import math

import torch


def streaming_attention__averaged(q, k, v, block_size):
    """The blocks' own attention, averaged. -> blocks_averaged"""
    outs = []
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        w = torch.softmax(q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1]), -1)
        outs.append(w @ vb)
    return torch.stack(outs).mean(0)


def streaming_attention__summed(q, k, v, block_size):
    """The blocks' own attention, summed. -> blocks_added"""
    out = 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        w = torch.softmax(q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1]), -1)
        out = out + w @ vb
    return out


def streaming_attention__no_max(q, k, v, block_size):
    """No maximum is subtracted: exp overflows. -> no_max"""
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        e = torch.exp(q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1]))
        num = num + e @ vb
        den = den + e.sum(-1, keepdim=True)
    return num / den


def streaming_attention__not_rescaled(q, k, v, block_size):
    """What was summed is not brought under the new maximum. -> nothing_rescaled"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        m = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - m)
        num = num + e @ vb
        den = den + e.sum(-1, keepdim=True)
    return num / den


def streaming_attention__output_not_rescaled(q, k, v, block_size):
    """Only the sum is rescaled, the output is not. -> output_not_rescaled"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num + e @ vb
        den = den * torch.exp(m - new) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__sum_not_rescaled(q, k, v, block_size):
    """Only the output is rescaled, the sum is not. -> sum_not_rescaled"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new) + e @ vb
        den = den + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__rest_dropped(q, k, v, block_size):
    """A last block that is not full is left out. -> rest_dropped"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype), torch.zeros_like(m)
    for i in range(k.shape[-2] // block_size):
        s = i * block_size
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new) + e @ vb
        den = den * torch.exp(m - new) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__zero_max(q, k, v, block_size):
    """The maximum starts at 0: all scores far below it underflow. -> max_from_zero"""
    m = torch.zeros(*q.shape[:-1], 1, dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new) + e @ vb
        den = den * torch.exp(m - new) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__unscaled(q, k, v, block_size):
    """Not divided by √d_k. -> no_scale"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1)
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new) + e @ vb
        den = den * torch.exp(m - new) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__by_block(q, k, v, block_size):
    """Scaled by the root of the block's size. -> scale_by_length"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(block_size)
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new) + e @ vb
        den = den * torch.exp(m - new) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__not_divided(q, k, v, block_size):
    """The sum is never divided by. -> not_normalised"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num = 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        num = num * torch.exp(m - new) + torch.exp(scores - new) @ vb
        m = new
    return num


def streaming_attention__block_max(q, k, v, block_size):
    """The maximum of the block, not of all blocks so far. -> nothing_rescaled"""
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        e = torch.exp(scores - scores.max(-1, keepdim=True).values)
        num = num + e @ vb
        den = den + e.sum(-1, keepdim=True)
    return num / den


def streaming_attention__inverse_shrink(q, k, v, block_size):
    """exp(new - old) in place of exp(old - new). -> inverse_shrink"""
    m = torch.full((*q.shape[:-1], 1), -1e4, dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(new - m) + e @ vb
        den = den * torch.exp(new - m) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__blocks_of_queries(q, k, v, block_size):
    """Blocks of queries: scores of a block and all keys. -> full_scores"""
    outs = []
    for s in range(0, q.shape[-2], block_size):
        qb = q[..., s : s + block_size, :]
        w = torch.softmax(qb @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), -1)
        outs.append(w @ v)
    return torch.cat(outs, -2)


def streaming_attention__plain(q, k, v, block_size):
    """Plain attention: the table is made. -> full_scores"""
    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), -1) @ v


def streaming_attention__last_block_short(q, k, v, block_size):
    """A last block of a single key is left out. -> last_key_dropped"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2] - 1, block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new) + e @ vb
        den = den * torch.exp(m - new) + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__maximum_detached(q, k, v, block_size):
    """The shrinking factor is detached. -> detached_shrink"""
    m = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=q.dtype)
    num, den = 0, 0
    for s in range(0, k.shape[-2], block_size):
        kb, vb = k[..., s : s + block_size, :], v[..., s : s + block_size, :]
        scores = q @ kb.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, scores.max(-1, keepdim=True).values)
        e = torch.exp(scores - new)
        num = num * torch.exp(m - new).detach() + e @ vb
        den = den * torch.exp(m - new).detach() + e.sum(-1, keepdim=True)
        m = new
    return num / den


def streaming_attention__rescaled_to_the_block(q, k, v, block_size):
    """Rescaled to the newest block's maximum, whichever is larger. -> max_of_block"""
    q = q / math.sqrt(q.shape[-1])
    m = q.new_full((*q.shape[:-1], 1), float("-inf"))
    den, num = q.new_zeros((*q.shape[:-1], 1)), q.new_zeros((*q.shape[:-1], v.shape[-1]))
    for i in range(0, k.shape[-2], block_size):
        s = q @ k[..., i : i + block_size, :].transpose(-1, -2)
        new = s.amax(-1, keepdim=True)
        p, shrink = torch.exp(s - new), torch.exp(m - new)
        den = den * shrink + p.sum(-1, keepdim=True)
        num = num * shrink + p @ v[..., i : i + block_size, :]
        m = new
    return num / den


def streaming_attention__sum_without_graph(q, k, v, block_size):
    """The running sum is made of `.data`. -> detached_sum"""
    q = q / math.sqrt(q.shape[-1])
    m = q.new_full((*q.shape[:-1], 1), float("-inf"))
    den, num = q.new_zeros((*q.shape[:-1], 1)), q.new_zeros((*q.shape[:-1], v.shape[-1]))
    for i in range(0, k.shape[-2], block_size):
        s = q @ k[..., i : i + block_size, :].transpose(-1, -2)
        new = torch.maximum(m, s.amax(-1, keepdim=True))
        p, shrink = torch.exp(s - new), torch.exp(m - new)
        den = den * shrink + p.data.sum(-1, keepdim=True)
        num = num * shrink + p @ v[..., i : i + block_size, :]
        m = new
    return num / den


def streaming_attention__maximum_from_minus_1000(q, k, v, block_size):
    """The running maximum starts at -1000, and scores may lie below. -> max_from_zero"""
    m = torch.full((*q.shape[:-1], 1), -1e3, dtype=q.dtype, device=q.device)
    total, out = 0, 0
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2), strict=True):
        s = q @ keys.transpose(-2, -1) / math.sqrt(q.shape[-1])
        new = torch.maximum(m, s.max(-1, keepdim=True).values)
        p = torch.exp(s - new)
        total = total * torch.exp(m - new) + p.sum(-1, keepdim=True)
        out = out * torch.exp(m - new) + p @ values
        m = new
    return out / total


def streaming_attention__divided_each_time(q, k, v, block_size):
    """The output is divided by the sum so far in every block. -> divided_in_every_block"""
    q = q / math.sqrt(q.shape[-1])
    m = q.new_full((*q.shape[:-1], 1), -math.inf)
    l, o = torch.zeros_like(m), 0
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2)):
        s = q @ keys.mT
        larger = torch.maximum(m, s.amax(-1, keepdim=True))
        p, shrink = (s - larger).exp(), (m - larger).exp()
        l = l * shrink + p.sum(-1, keepdim=True)
        o = (o * shrink + p @ values) / l
        m = larger
    return o
