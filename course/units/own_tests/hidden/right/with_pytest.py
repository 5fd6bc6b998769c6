"""With pytest's own words: approx, fail, raises."""

import pytest
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


def expect_softmax(x, dim):
    return (x - torch.logsumexp(x, dim, keepdim=True)).exp()


def expect_attention(q, k, v, mask):
    s = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    s = s if mask is None else s.masked_fill(~mask, -torch.inf)
    w = (s - torch.logsumexp(s, -1, keepdim=True)).exp().nan_to_num(0.0)
    return w @ v, w


def test_softmax_approx(softmax):
    for x in inputs_of_softmax():
        for dim in (*range(x.dim()), -1):
            got, want = softmax(x, dim), expect_softmax(x, dim)
            if got.shape != want.shape:
                pytest.fail("another shape")
            assert got.numpy() == pytest.approx(want.numpy(), rel=1e-7, abs=1e-12)
        assert softmax(x).numpy() == pytest.approx(expect_softmax(x, -1).numpy(), rel=1e-7)
    with pytest.raises(AssertionError):
        assert_close(softmax(torch.zeros(2)), torch.zeros(2))


def test_attention_approx(attention):
    for q, k, v, mask in inputs_of_attention():
        output, weights = attention(q, k, v, mask)
        for got, want in zip((output, weights), expect_attention(q, k, v, mask)):
            assert got.shape == want.shape
            assert got.numpy() == pytest.approx(want.numpy(), rel=1e-6, abs=1e-9)


def test_softmax_dtypes(softmax):
    for dtype in (torch.float16, torch.float32):
        x = torch.randn(3, 4).to(dtype)
        assert softmax(x).dtype == dtype
        assert_close(softmax(x).float(), torch.softmax(x.float(), 1), rtol=1e-2, atol=1e-3)


def test_attention_dtypes(attention):
    q, k, v, mask = torch.randn(3, 4), torch.randn(5, 4), torch.randn(5, 2), torch.ones(3, 5).tril().bool()
    want = expect_attention(q, k, v, mask)
    for dtype in (torch.float16, torch.float32):
        for mine, right in zip(attention(q.to(dtype), k.to(dtype), v.to(dtype), mask), want):
            assert_close(mine, right.to(dtype), rtol=2e-2, atol=1e-2)


def test_causal_mask_all(causal_mask):
    for n in (1, 2, 3, 9, 33):
        assert_close(causal_mask(n), torch.arange(n) <= torch.arange(n)[:, None])
