"""FlashAttention-2 with its own backward pass: only the logarithms of the sums are kept."""

import torch


class Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, size):
        scale = q.shape[-1] ** -0.5
        most = torch.full(q.shape[:-1], float("-inf"), dtype=q.dtype, device=q.device)
        total = torch.zeros_like(most)
        output = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype, device=q.device)
        for keys, values in zip(k.split(size, -2), v.split(size, -2), strict=True):
            scores = torch.einsum("...qd,...kd->...qk", q, keys) * scale
            higher = torch.maximum(most, scores.amax(-1))
            p = torch.exp(scores - higher[..., None])
            shrink = torch.exp(most - higher)
            total = shrink * total + p.sum(-1)
            output = shrink[..., None] * output + p @ values
            most = higher
        output = output / total[..., None]
        ctx.save_for_backward(q, k, v, output, most + torch.log(total))
        ctx.size = size
        return output

    @staticmethod
    def backward(ctx, given):
        q, k, v, output, logsumexp = ctx.saved_tensors
        scale = q.shape[-1] ** -0.5
        mean = (output * given).sum(-1, keepdim=True)
        d_q, d_k, d_v = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for start in range(0, k.shape[-2], ctx.size):
            block = (..., slice(start, start + ctx.size), slice(None))
            p = torch.exp(q @ k[block].mT * scale - logsumexp[..., None])
            d_v[block] = p.mT @ given
            d_scores = p * (given @ v[block].mT - mean) * scale
            d_q += d_scores @ k[block]
            d_k[block] = d_scores.mT @ q
        return d_q, d_k, d_v, None


def streaming_attention(q, k, v, block_size):
    return Flash.apply(q, k, v, block_size)
