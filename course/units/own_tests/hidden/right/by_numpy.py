"""NumPy has no softmax: it is written out there."""

import numpy as np
import torch


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


def soft(x, axis):
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def test_softmax_numbers(softmax):
    for x in inputs_of_softmax():
        np.testing.assert_allclose(softmax(x).numpy(), soft(x.numpy(), -1), rtol=1e-7, atol=1e-12)
        for dim in range(-x.dim(), x.dim()):
            got = softmax(x, dim=dim).numpy()
            np.testing.assert_allclose(got, soft(x.numpy(), dim), rtol=1e-7, atol=1e-12)
            assert got.shape == tuple(x.shape)


def test_softmax_types(softmax):
    for dtype in (torch.float16, torch.float32):
        x = torch.randn(3, 4).to(dtype)
        assert softmax(x).numpy().dtype == x.numpy().dtype
        np.testing.assert_allclose(softmax(x).double(), soft(x.double().numpy(), 1), atol=2e-3)


def attended(q, k, v, mask):
    scores = np.einsum("...id,...jd->...ij", q, k) / np.sqrt(q.shape[-1])
    if mask is None:
        weights = soft(scores, -1)
    else:
        with np.errstate(invalid="ignore"):
            weights = np.nan_to_num(soft(np.where(mask, scores, -np.inf), -1))
    return weights @ v, weights


def test_attention_numbers(attention):
    for q, k, v, mask in inputs_of_attention():
        got = attention(q, k, v) if mask is None else attention(q, k, v, mask)
        want = attended(*(x.numpy() for x in (q, k, v)), None if mask is None else mask.numpy())
        assert len(got) == 2
        for mine, right in zip(got, want):
            assert mine.shape == right.shape
            np.testing.assert_allclose(mine.numpy(), right, rtol=1e-6, atol=1e-9)


def test_attention_types(attention):
    q, k, v, _ = next(inputs_of_attention())
    mask = torch.ones(3, 5).tril().bool()
    want = attended(q.numpy(), k.numpy(), v.numpy(), mask.numpy())
    for dtype in (torch.float16, torch.float32):
        for mine, right in zip(attention(q.to(dtype), k.to(dtype), v.to(dtype), mask), want):
            assert mine.dtype == dtype
            np.testing.assert_allclose(mine.double(), right, atol=2e-2)


def test_causal_mask_numbers(causal_mask):
    for length in (1, 2, 5, 40):
        got = causal_mask(length).numpy()
        assert got.dtype == bool
        np.testing.assert_array_equal(got, np.tril(np.ones((length, length), bool)))
