"""What must hold of the result; a formula stands beside it, so that no property is all."""

import torch
from torch.testing import assert_close


def inputs_of_softmax():
    yield torch.randn(6, dtype=torch.float64)
    for shape in [(2, 3, 5), (2, 3, 5), (4, 4), (1, 3), (3, 1), (2, 90)]:
        yield torch.randn(shape, dtype=torch.float64)
    yield torch.tensor([[9e3, 1e4, 1e4 + 1], [0.0, -1.0, 2.0], [-1e4, -1e4, -9.9e3]]).double()
    yield torch.tensor([[1e4, 0.0, 1e4]]).double()
    yield torch.tensor([[70.0, 71.0, 60.0]]).double()
    yield torch.tensor([[-1e4, -1e4 + 3]]).double()


def inputs_of_attention():
    for lead in [(), (2,), (3, 2)]:
        for t_q, t_k, width in [(3, 5, 2), (1, 4, 3), (4, 4, 4)]:
            q, k = torch.randn(*lead, t_q, width).double(), torch.randn(*lead, t_k, width).double()
            v = torch.randn(*lead, t_k, 6).double()
            yield q, k, v, None
            yield 90 * q, 90 * k, v, None
            mask = torch.rand(t_q, t_k) < 0.6
            yield q, k, v, mask
            yield -50 - q.abs(), 50 + 50 * k.abs(), v, mask
            yield q, k, v, mask & (torch.arange(t_q) > 0)[:, None]
    yield torch.randn(3, 4, 2).double().mT, torch.randn(3, 5, 4).double(), v.new_ones(3, 5, 1), None


def test_softmax_sums_to_one(softmax):
    for x in inputs_of_softmax():
        for dim in range(-x.dim(), x.dim()):
            weights = softmax(x, dim)
            assert weights.shape == x.shape and (weights >= 0).all()
            assert_close(weights.sum(dim), torch.ones_like(weights.sum(dim)), rtol=0, atol=1e-9)


def test_softmax_does_not_feel_a_shift(softmax):
    for x in inputs_of_softmax():
        assert_close(softmax(x), softmax(x - 1000 * torch.sign(x.sum())), rtol=1e-6, atol=1e-9)


def test_softmax_ratios(softmax):
    for x in inputs_of_softmax():
        for dim in range(x.dim()):
            last = x.movedim(dim, -1)
            log = softmax(x, dim).movedim(dim, -1).clamp(min=1e-300).log()
            near = (last - last.amax(-1, keepdim=True)) > -600
            gap = log - log.amax(-1, keepdim=True) - (last - last.amax(-1, keepdim=True))
            assert (gap[near].abs() < 1e-6).all()
        last = softmax(x).clamp(min=1e-300).log()
        assert_close(last.argmax(-1), x.argmax(-1)) if x.unique().numel() == x.numel() else None


def test_softmax_default_axis(softmax):
    for x in inputs_of_softmax():
        assert_close(softmax(x), softmax(x, x.dim() - 1))


def test_softmax_dtype(softmax):
    for dtype in (torch.float16, torch.float32, torch.float64):
        assert softmax(torch.randn(2, 3).to(dtype)).dtype == dtype


def test_attention_values(attention):
    for q, k, v, mask in inputs_of_attention():
        output, weights = attention(q, k, v, mask)
        assert weights.shape == (*q.shape[:-1], k.shape[-2])
        assert_close(output, weights @ v)
        seen = torch.ones_like(weights).bool() if mask is None else mask.expand(weights.shape)
        assert (weights[~seen] == 0).all()
        assert_close(weights.sum(-1), seen.any(-1).double())
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf)
        logs = weights.log()
        best = scores.amax(-1, keepdim=True)
        near = seen & (scores - best > -600)
        gap = logs - logs.amax(-1, keepdim=True) - (scores - best)
        assert (gap[near].abs() < 1e-6).all()


def test_attention_order_of_keys(attention):
    for q, k, v, _ in inputs_of_attention():
        output, weights = attention(q, k, v)
        turned, others = attention(q, k.flip(-2), v.flip(-2))
        assert_close(output, turned)
        assert_close(weights, others.flip(-1))


def test_attention_dtype(attention):
    q, k, v = torch.randn(3, 4), torch.randn(5, 4), torch.randn(5, 2)
    mask = torch.rand(3, 5) < 0.5
    for dtype in (torch.float16, torch.float32, torch.float64):
        for result in attention(q.to(dtype), k.to(dtype), v.to(dtype), mask):
            assert result.dtype == dtype


def test_causal_mask_rows(causal_mask):
    for length in (1, 2, 7, 30):
        mask = causal_mask(length)
        assert mask.dtype == torch.bool and mask.shape == (length, length)
        assert mask.sum(1).tolist() == list(range(1, length + 1))
        assert mask.diagonal().all() and not mask.triu(1).any()
