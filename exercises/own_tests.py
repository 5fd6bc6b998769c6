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
    raise NotImplementedError  # replace this line with your code


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
    raise NotImplementedError  # replace this line with your code


def test_causal_mask(causal_mask: Callable[..., torch.Tensor]) -> None:
    """Fail for a causal mask that is wrong; write more tests `test_…(causal_mask)` below.

    causal_mask: called as causal_mask(length, device=None). length: 1 to hundreds. device: None or
    "cpu". It gives (length, length) bool, True at [i, j] where query i may attend to key j: those
    from 0 to i, itself included.
    """
    raise NotImplementedError  # replace this line with your code
