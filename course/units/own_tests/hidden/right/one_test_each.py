"""A single test of each function."""

import torch


def same(got, want, tol=1e-7):
    assert got.shape == want.shape and got.dtype == want.dtype, (got.shape, got.dtype)
    assert (got.double() - want.double()).abs().max() <= tol


def test_softmax(softmax):
    torch.manual_seed(3)
    for make in (torch.randn, lambda *s: 1e4 * torch.randn(*s), lambda *s: 200 - torch.rand(*s)):
        for shape in ((3, 4, 6), (3, 4, 6), (2, 1), (1, 99), (7,)):
            for dim in range(len(shape)):
                x = make(*shape).double()
                same(softmax(x, dim), x.softmax(dim))
                same(softmax(x, dim - len(shape)), x.softmax(dim))
            same(softmax(x), x.softmax(-1))
    far = torch.tensor([[0.0, 1.0], [5e3, 5e3]]).double()
    same(softmax(far), far.softmax(-1))
    for dtype, tol in ((torch.float32, 1e-5), (torch.float16, 5e-3)):
        x = torch.randn(5, 3).to(dtype)
        same(softmax(x), x.double().softmax(-1).to(dtype), tol)


def test_attention(attention):
    torch.manual_seed(4)

    def check(q, k, v, m=None, tol=1e-7):
        s = q.double() @ k.double().transpose(-1, -2) / k.shape[-1] ** 0.5
        if m is not None:
            s = torch.where(m, s, float("-inf"))
        w = torch.nan_to_num(s.softmax(-1), nan=0.0)
        got = attention(q, k, v) if m is None else attention(q, k, v, m)
        o, w_ = got
        same(w_, w.to(q.dtype), tol)
        same(o, (w @ v.double()).to(q.dtype), tol)

    for lead in ((), (3,), (2, 3)):
        for tq, tk, d, dv in ((2, 5, 3, 4), (1, 5, 3, 4), (4, 4, 4, 4), (3, 2, 8, 1)):
            q, k, v = (torch.randn(*lead, *s).double() for s in ((tq, d), (tk, d), (tk, dv)))
            check(q, k, v)
            for mask_lead in {(), lead, lead[-1:], (1,) * len(lead)}:
                m = torch.rand(*mask_lead, tq, tk) > 0.5
                check(q, k, v, m)
                check(-50 * q.abs() - 50, 50 * k.abs() + 50, v, m)
            check(q, k, v, torch.zeros(tq, tk).bool())
            check(90 * q, 90 * k, v)
    q, k, v = torch.randn(3, 2, 4).transpose(0, 1), torch.randn(2, 4, 3).mT, torch.randn(2, 3, 4)
    check(q, k, v, None, 1e-5)
    check(q.half(), k.half(), v.half(), torch.ones(3, 3).tril().bool(), 1e-2)


def test_mask(causal_mask):
    for n in list(range(1, 12)) + [64]:
        m = causal_mask(n)
        assert m.dtype is torch.bool and m.shape == (n, n)
        assert all(bool(m[i, j]) == (j <= i) for i in range(n) for j in range(n))
