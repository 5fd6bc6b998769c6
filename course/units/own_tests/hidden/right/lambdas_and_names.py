"""Short names, and one place that compares."""

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


expect_softmax = lambda x, dim: torch.softmax(x, dim)


def expect_attention(q, k, v, mask):
    wanted = torch.einsum("...id,...jd->...ij", q, k).div(q.shape[-1] ** 0.5)
    hidden = torch.zeros_like(wanted).bool() if mask is None else ~mask.expand_as(wanted)
    w = wanted.masked_fill(hidden, -torch.inf).softmax(-1).masked_fill(hidden.all(-1, True), 0)
    return torch.einsum("...ij,...jd->...id", w, v), w


def check(got, want):
    assert len(got) == len(want)
    for g, w in zip(got, want):
        assert_close(g, w)


def test_softmax_all(softmax):
    for x in inputs_of_softmax():
        check([softmax(x)], [expect_softmax(x, -1)])
        check([softmax(x, d) for d in range(x.dim())], [expect_softmax(x, d) for d in range(x.dim())])


def test_attention_all(attention):
    for q, k, v, m in inputs_of_attention():
        check(attention(q, k, v, m), expect_attention(q, k, v, m))


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
