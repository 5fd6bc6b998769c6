"""Tests that you write: of a softmax, of attention and of a causal mask.

A test is a function `test_…` with one parameter, `softmax`, `attention` or `causal_mask`: the
function under test. It calls that function and raises an exception, such as a failed `assert`,
where the function is wrong. Write as many as you like; helpers may have any other name. There are
no fixtures, no classes and no parametrize here; `pytest.raises` and `torch.testing.assert_close`
are yours to use.

Your tests are tried on many versions of each function, and the points are for wrong ones that they
fail. A version is wrong in a value, a shape, a dtype or an exception, on some input that is allowed
below; gradients do not get through, and changed arguments do not come back. Right versions, however
they are written, have to pass all your tests: where one fails a single test, no test of that
function counts. A version may be called 1,000 times, with 16 MiB at once, and a test may take two
seconds of CPU time. Random numbers are the same at every run of a test.

Try them with `pytest test_own_tests.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch.testing import assert_close

Attention = Callable[..., tuple[torch.Tensor, torch.Tensor]]  # output and weights


def test_softmax(softmax: Callable[..., torch.Tensor]) -> None:
    """Fail for a softmax that is wrong; write more tests `test_…(softmax)` below.

    softmax: called as softmax(scores, dim=-1). scores: any shape, finite, of 1 to hundreds of
    numbers along an axis, in float16, float32 or float64; logits of ±10 000 must not overflow.
    dim: any axis, negative too. It gives positive weights, exp(scores) / sum of exp(scores) along
    `dim`, in the shape and dtype of the scores.
    """
    ### BEGIN SOLUTION
    scores = torch.tensor([[0.0, math.log(3.0)], [2.0, 2.0]], dtype=torch.float64)
    assert_close(softmax(scores), torch.tensor([[0.25, 0.75], [0.5, 0.5]], dtype=torch.float64))


def test_softmax_of_every_axis(softmax: Callable[..., torch.Tensor]) -> None:
    """Each axis, by either sign, at sizes that all differ."""
    for dim in range(-3, 3):
        scores = torch.randn(2, 5, 3, dtype=torch.float64)
        assert_close(softmax(scores, dim), torch.softmax(scores, dim))
        assert_close(softmax(scores.float(), dim=dim), torch.softmax(scores.float(), dim))
    assert_close(softmax(scores[0, 0]), torch.softmax(scores[0, 0], 0))


def test_softmax_of_other_sizes(softmax: Callable[..., torch.Tensor]) -> None:
    """One number, axes of one, a square, and hundreds; each shape with new numbers again."""
    for shape in [(1,), (1, 1), (4, 1), (4, 4), (2, 300), (300, 2)]:
        scores = torch.randn(shape, dtype=torch.float64)
        for dim in range(len(shape)):
            assert_close(softmax(scores, dim), torch.softmax(scores, dim))


def test_softmax_of_large_scores(softmax: Callable[..., torch.Tensor]) -> None:
    """Rows high, low, and far from one another: an exponential would overflow or vanish."""
    scores = torch.tensor([[1e4, 1e4 - 1, 0.0], [-1e4, -1e4, -1e4 + 2]], dtype=torch.float64)
    for large in (scores, scores[:1], scores[1:], scores.clone()[:, :2], scores / 100):
        assert_close(softmax(large), torch.softmax(large, -1))
        assert_close(softmax(large, 0), torch.softmax(large, 0))


def test_softmax_keeps_half_precision(softmax: Callable[..., torch.Tensor]) -> None:
    """float16 comes back, as exact as it can be."""
    scores = torch.randn(3, 4).half()
    expected = torch.softmax(scores.double(), -1).half()
    assert_close(softmax(scores), expected, rtol=1e-2, atol=1e-3)
    ### END SOLUTION


def test_attention(attention: Attention) -> None:
    """Fail for an attention that is wrong; write more tests `test_…(attention)` below.

    attention: called as attention(q, k, v, mask=None). q: (..., T_q, d_k). k: (..., T_k, d_k).
    v: (..., T_k, d_v), all with the same leading axes: none, one or several, and all of one dtype,
    float16, float32 or float64. mask: boolean (..., T_q, T_k), True = may attend; it may have fewer
    leading axes, or some of size 1. Lengths go from 1 to hundreds; tensors need not be contiguous.
    It gives a tuple of the output, softmax(q·kᵀ/√d_k)·v, (..., T_q, d_v), and the weights,
    (..., T_q, T_k), in the dtype of q. A hidden key has weight 0; a query that may attend to
    nothing has weights and an output of zeros. This holds for logits of ±10 000, too.
    """
    ### BEGIN SOLUTION
    q, k, v = _sentence()
    _check(attention, q, k, v)


def _sentence(
    *leading: int, t_q: int = 3, t_k: int = 5, d_k: int = 7, half: bool = False
) -> tuple[torch.Tensor, ...]:
    shapes, dtype = [(t_q, d_k), (t_k, d_k), (t_k, 2)], torch.float32 if half else torch.float64
    return tuple(torch.randn(*leading, *shape, dtype=dtype) for shape in shapes)


def _expected(*given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    q, k, v, *mask = given
    scores = torch.einsum("...id,...jd->...ij", q, k) / q.shape[-1] ** 0.5
    for shown in mask:
        scores = scores.masked_fill(~shown, -math.inf)
    shares = torch.softmax(scores, -1).nan_to_num()  # of a row that is masked whole, none
    return torch.matmul(shares, v), shares


def _check(attention: Attention, *given: torch.Tensor) -> None:
    got = attention(*given)
    assert isinstance(got, tuple) and len(got) == 2
    for mine, right in zip(got, _expected(*given), strict=True):
        assert_close(mine, right)


def test_attention_of_batches(attention: Attention) -> None:
    """No leading axis, one, two; equal sizes, a single query, strides."""
    for leading in [(), (2,), (2, 4)]:
        _check(attention, *_sentence(*leading))
    q, k, v = _sentence(2, t_q=5, t_k=5)
    _check(attention, q, k, v)
    _check(attention, q[..., :1, :], k, v)
    _check(attention, q.mT.contiguous().mT, k, v)  # strides


def test_attention_with_masks(attention: Attention) -> None:
    """Masks of every form that broadcasts; each query may attend to something."""
    q, k, v = _sentence(2, 4)
    for shape in [(3, 5), (4, 3, 5), (2, 1, 3, 5), (2, 4, 3, 5)]:
        mask = torch.rand(shape) < 0.5
        mask[..., 0] = True
        _check(attention, q, k, v, mask)
    q, k, v = _sentence(t_q=5)
    _check(attention, q, k, v, torch.ones(5, 5, dtype=torch.bool).tril())


def test_attention_to_nothing(attention: Attention) -> None:
    """A row that is masked whole gives zeros, and disturbs no other."""
    q, k, v = _sentence(2)
    mask = torch.rand(2, 3, 5) < 0.5
    mask[0, 1] = False
    _check(attention, q, k, v, mask)
    output, weights = attention(q, k, v, torch.zeros(3, 5, dtype=torch.bool))
    assert not output.any() and not weights.any()


def test_attention_with_large_logits(attention: Attention) -> None:
    """Logits of many thousands on either side, with a mask where all lie low."""
    q, k, v = _sentence()
    mask = torch.tensor([True, True, False, True, False]).expand(3, 5)
    _check(attention, 100 * q, 100 * k, v)
    _check(attention, -1e2 - q.abs(), 1e2 + k.abs(), v, mask)


def test_attention_keeps_half_precision(attention: Attention) -> None:
    """float16 comes back, with a mask too."""
    q, k, v = _sentence(half=True)
    mask = torch.ones(3, 5, dtype=torch.bool).tril()
    expected = _expected(q, k, v, mask)
    got = attention(q.half(), k.half(), v.half(), mask)
    for mine, right in zip(got, expected, strict=True):
        assert_close(mine, right.half(), rtol=2e-2, atol=1e-2)
    ### END SOLUTION


def test_causal_mask(causal_mask: Callable[..., torch.Tensor]) -> None:
    """Fail for a causal mask that is wrong; write more tests `test_…(causal_mask)` below.

    causal_mask: called as causal_mask(length, device=None). length: 1 to hundreds. device: None or
    "cpu". It gives (length, length) bool, True at [i, j] where query i may attend to key j: those
    from 0 to i, itself included.
    """
    ### BEGIN SOLUTION
    for length in (1, 2, 3, 7, 100):
        expected = torch.tensor([[j <= i for j in range(length)] for i in range(length)])
        assert_close(causal_mask(length), expected)
        assert_close(causal_mask(length, device="cpu"), expected)
    ### END SOLUTION
