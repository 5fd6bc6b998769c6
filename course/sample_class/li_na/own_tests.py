"""Everything is compared with what torch has."""

import itertools

import torch
import torch.nn.functional as F
from torch.testing import assert_close


def test_softmax_against_torch(softmax):
    for shape in [(1,), (5,), (1, 4), (4, 1), (3, 3), (2, 3, 4), (2, 130)]:
        for dtype in (torch.float64, torch.float32):
            scores = torch.randn(shape, dtype=dtype)
            assert_close(softmax(scores), F.softmax(scores, -1))
            for dim in range(-len(shape), len(shape)):
                assert_close(softmax(scores, dim), F.softmax(scores, dim))


def test_softmax_far_away(softmax):
    scores = torch.tensor([[1e4, 9.9e3, 0.0], [-1e4, -1e4 + 1, -1e4 + 2], [60.0, 55.0, 70.0]])
    for part, dim in itertools.product((scores, scores[1:2], scores[2]), (0, -1)):
        assert_close(softmax(part, dim), F.softmax(part, dim))


def test_softmax_half(softmax):
    scores = torch.randn(4, 5).half()
    assert_close(softmax(scores, 1), F.softmax(scores.float(), 1).half(), rtol=1e-2, atol=1e-3)


def attended(q, k, v, mask=None):
    empty = None if mask is None else ~mask.any(-1, keepdim=True)
    shown = None if mask is None else mask | empty
    weights = q @ k.mT / q.shape[-1] ** 0.5
    weights = (weights if mask is None else weights.where(shown, -torch.inf)).softmax(-1)
    output = F.scaled_dot_product_attention(q, k, v, attn_mask=shown)
    if mask is None:
        return output, weights
    return output.masked_fill(empty, 0), weights.masked_fill(empty, 0)


def test_attention_against_torch(attention):
    for leading in [(), (2,), (2, 3)]:
        for t_q, t_k, d_k in [(4, 6, 5), (1, 3, 2), (5, 5, 5)]:
            q, k = torch.randn(*leading, t_q, d_k).double(), torch.randn(*leading, t_k, d_k).double()
            v = torch.randn(*leading, t_k, 3).double()
            assert_close(attention(q, k, v), attended(q, k, v))
            hidden = torch.rand(t_q, t_k) < 0.4
            assert_close(attention(q, k, v, hidden), attended(q, k, v, hidden))
            hidden[0] = False
            assert_close(attention(q, k, v, mask=hidden), attended(q, k, v, hidden))
            assert attention(q.float(), k.float(), v.float())[0].dtype is torch.float32


def test_attention_far_away(attention):
    q, k = torch.full((3, 4), -70.0), torch.tensor([[70.0], [71.0], [75.0]]).expand(3, 4)
    v, mask = torch.randn(3, 2), torch.tensor([[True, False, True]]).expand(3, 3)
    for sign in (1, -1):
        assert_close(attention(sign * q, k, v, mask), attended(sign * q, k, v, mask))
        assert_close(attention(sign * q, k, v), attended(sign * q, k, v))


def test_attention_half_and_strides(attention):
    q, k, v = torch.randn(4, 2, 3).transpose(0, 1), torch.randn(2, 3, 6).mT, torch.randn(2, 6, 3)
    mask = torch.ones(4, 6, dtype=torch.bool).tril()
    assert_close(attention(q, k, v, mask), attended(q, k, v, mask))
    got = attention(q.half(), k.half(), v.half(), mask)
    for mine, right in zip(got, attended(q, k, v, mask)):
        assert_close(mine, right.half(), rtol=2e-2, atol=1e-2)


def test_causal_mask_against_torch(causal_mask):
    for length in (1, 2, 6, 50):
        assert_close(causal_mask(length), torch.ones(length, length, dtype=torch.bool).tril())
