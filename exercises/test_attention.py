"""Public tests of the unit `attention`: run `pytest test_attention.py`."""

import math

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_gradients,
    assert_unchanged,
)

NAMES = ["the output", "the weights"]


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def torch_attention(q, k, v, mask=None):
    """Output and weights as torch has them; the weights are what comes of values 1, 0, 0, ..."""
    one_hot = torch.eye(k.shape[-2], dtype=k.dtype).expand(*k.shape[:-1], -1)
    return tuple(F.scaled_dot_product_attention(q, k, value, mask) for value in (v, one_hot))


@pytest.mark.exercise("score")
def test_score_by_hand(student):
    """One query and three keys: 1·3 + 2·4 = 11, 1·0 + 2·1 = 2, 1·1 + 2·0 = 1.

    Catches: q and k swapped, a product of elements.
    """
    q, k = matrix([1.0, 2.0]), matrix([3.0, 4.0], [0.0, 1.0], [1.0, 0.0])
    assert_close(student.attention.score(q, k), matrix([11.0, 2.0, 1.0]))


@pytest.mark.exercise("score")
def test_score_leading_axes(student, draw):
    """A sentence, a batch, a batch with heads: the same function serves them all.

    Catches: a transpose of the wrong axes (`.T` turns every axis round).
    """
    for leading in [(), (2,), (2, 3)]:
        q, k = draw.normal(*leading, 5, 7), draw.normal(*leading, 11, 7)
        assert_close(student.attention.score(q, k), torch.einsum("...id,...jd->...ij", q, k))


@pytest.mark.exercise("score", kind="gradient")
def test_score_gradient(student):
    """One query, one key: the gradient of q is k, and that of k is q. Catches: a cut graph."""
    assert_gradients(
        student.attention.score,
        lambda q, k: (q * k).sum(-1, keepdim=True),
        [matrix([1.0, 2.0]), matrix([3.0, 4.0])],
        matrix([1.0]),
        ["q", "k"],
    )


@pytest.mark.exercise("scale")
def test_scale_by_hand(student):
    """Keys of width 9 divide by 3, those of width 2 by 1.414213562373095, to all its digits.

    Catches: d_k for √d_k, no division, a root taken in float32, `scores /= ...`.
    """
    scores = matrix([6.0, 3.0, -12.0])
    assert_close(student.attention.scale(scores, 9), matrix([2.0, 1.0, -4.0]))
    assert_close(student.attention.scale(scores, 2) * 1.414213562373095, scores)
    assert_unchanged(student.attention.scale, scores, 9)


@pytest.mark.exercise("scale", kind="gradient")
def test_scale_gradient(student):
    """A score's gradient is divided by 3 as the score was. Catches: a cut graph."""
    assert_gradients(
        student.attention.scale,
        lambda scores, d_k: scores / 3,
        [matrix([6.0, 3.0]), 9],
        matrix([3.0, -6.0]),
        ["scores"],
    )


@pytest.mark.exercise("softmax")
def test_softmax_by_hand(student):
    """The exponentials of ln 1, ln 2 and ln 5 are 1, 2 and 5, an eighth of them 1/8, 2/8, 5/8.

    Catches: no division by the sum, an epsilon in it, another base, `scores -= ...`.
    """
    scores = matrix([1.0, 2.0, 5.0], [4.0, 2.0, 2.0]).log()
    expected = matrix([0.125, 0.25, 0.625], [0.5, 0.25, 0.25])
    assert_close(student.attention.softmax(scores), expected, relative=1e-12)
    assert_unchanged(student.attention.softmax, scores)


@pytest.mark.exercise("softmax")
def test_softmax_every_axis(student, draw):
    """`dim` says along which axis the weights sum to 1. Catches: `dim` ignored, the wrong axis."""
    scores = draw.normal(2, 5, 7)
    for dim in (0, 1, 2, -1, -2):
        got = student.attention.softmax(scores, dim=dim)
        assert_close(got, torch.softmax(scores, dim), name=f"dim={dim}: the result")


@pytest.mark.exercise("softmax")
def test_softmax_large_logits(student):
    """A row around +10000 and one around -3000 are as good as rows around 0, in float32 too.

    Catches: no maximum subtracted (inf/inf), the maximum over everything (0/0).
    """
    row = matrix([0.0, 1.0, 1.0])
    scores = torch.cat([row, row + 10000, row - 3000])
    e = math.e
    expected = matrix([1 / (1 + 2 * e), e / (1 + 2 * e), e / (1 + 2 * e)]).expand(3, 3)
    assert_close(student.attention.softmax(scores), expected)
    got = student.attention.softmax(scores.float())
    assert_close(got, expected, dtype=torch.float32, relative=1e-2)


@pytest.mark.exercise("softmax", kind="gradient")
def test_softmax_gradient(student, draw):
    """Autograd reaches the scores. Catches: `detach`, `.data`, `.item()`, NumPy."""
    scores, cotangent = draw.normal(3, 5), draw.normal(3, 5)
    assert_gradients(student.attention.softmax, torch.softmax, [scores, -1], cotangent, ["scores"])


@pytest.mark.exercise("weighted_sum")
def test_weighted_sum_by_hand(student):
    """A quarter of [4, 0] and three quarters of [8, 4] make [7, 3].

    Catches: the weights transposed, a sum over the queries.
    """
    weights, v = matrix([0.25, 0.75], [1.0, 0.0]), matrix([4.0, 0.0], [8.0, 4.0])
    assert_close(student.attention.weighted_sum(weights, v), matrix([7.0, 3.0], [4.0, 0.0]))


@pytest.mark.exercise("weighted_sum")
def test_weighted_sum_leading_axes(student, draw):
    """A sentence, a batch, a batch with heads. Catches: a product that knows only two axes."""
    for leading in [(), (2,), (2, 3)]:
        weights, v = draw.normal(*leading, 5, 11), draw.normal(*leading, 11, 7)
        expected = torch.einsum("...ij,...jd->...id", weights, v)
        assert_close(student.attention.weighted_sum(weights, v), expected)


@pytest.mark.exercise("weighted_sum", kind="gradient")
def test_weighted_sum_gradient(student):
    """One query, one key: the output is weight times value, and so are the gradients.

    Catches: a cut graph.
    """
    assert_gradients(
        student.attention.weighted_sum,
        lambda weights, v: weights * v,
        [matrix([0.5]), matrix([4.0, -2.0])],
        matrix([1.0, 3.0]),
        ["weights", "v"],
    )


@pytest.mark.exercise("attention")
def test_attention_by_hand(student):
    """Width 2, so the scores are divided by √2: [√2·ln 3, 0] becomes [ln 3, 0].

    The weights are then 3/4 and 1/4, and the output 3/4·[8, 0, 4] + 1/4·[0, 4, 4].
    Catches: d_k or nothing for √d_k, scaled after the softmax, softmax over the queries.
    """
    q, k = matrix([math.sqrt(2), 0.0]), matrix([math.log(3), 5.0], [0.0, 7.0])
    v = matrix([8.0, 0.0, 4.0], [0.0, 4.0, 4.0])
    got = student.attention.attention(q, k, v)
    assert_each_close(got, [matrix([6.0, 1.0, 4.0]), matrix([0.75, 0.25])], NAMES)


@pytest.mark.exercise("attention")
def test_attention_mask_by_hand(student):
    """Four equal scores: the allowed keys share the weight; a query without any gets zeros.

    Catches: the mask inverted, filled with 0, applied without a new division; NaN in the last row.
    """
    q, k, v = torch.zeros(3, 2).double(), torch.zeros(4, 2).double(), matrix([8, 4, 2, 100]).mT
    mask = torch.tensor([[True, True, True, True], [True, True, False, False], [False] * 4])
    weights = matrix([0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0], [0.0] * 4)
    got = student.attention.attention(q, k, v, mask)
    assert_each_close(got, [matrix([28.5], [6.0], [0.0]), weights], NAMES)


@pytest.mark.exercise("attention")
def test_attention_like_torch(student, draw):
    """As torch has it, with a batch and with heads, a mask for all or for each, large logits too.

    Catches: axes counted from the front, a mask that fits one shape only, overflow, the maximum of
    hidden keys.
    """
    for leading, axes in [((2,), ()), ((2,), (2,)), ((2, 3), (2, 1))]:
        q, k, v = (draw.normal(*leading, *size) for size in [(5, 7), (11, 7), (11, 13)])
        mask = draw.mask(*axes, 5, 11)
        got = student.attention.attention(q, k, v)
        assert_each_close(got, torch_attention(q, k, v), NAMES)
        got = student.attention.attention(q, k, v, mask=mask)
        assert_each_close(got, torch_attention(q, k, v, mask), NAMES)
    for hidden in (None, mask):
        got = student.attention.attention(1000 * q, k, v, hidden)
        assert_each_close(got, torch_attention(1000 * q, k, v, hidden), NAMES)


@pytest.mark.exercise("attention")
def test_attention_dtype(student, draw):
    """float32 and float16 come back as they went in, and the arguments stay as they are.

    Catches: float64 or float32 returned, a fill such as -1e9 that float16 cannot hold.
    """
    mask = draw.mask(5, 11)
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, 1e-2)]:
        q, k, v = (
            draw.normal(2, *size, std=0.5, dtype=dtype) for size in [(5, 7), (11, 7), (11, 3)]
        )
        assert_unchanged(student.attention.attention, q, k, v, mask)
        got = student.attention.attention(q, k, v, mask)
        expected = torch_attention(q.double(), k.double(), v.double(), mask)
        assert_each_close(got, expected, NAMES, dtype=dtype, relative=allowed)


@pytest.mark.exercise("attention", kind="gradient")
def test_attention_gradient(student, draw):
    """Autograd reaches q, k and v through the output and the weights. Catches: a cut graph."""
    args = [draw.normal(2, 5, 7), draw.normal(2, 11, 7), draw.normal(2, 11, 3)]
    cotangents = [draw.normal(2, 5, 3), draw.normal(2, 5, 11)]
    assert_gradients(
        student.attention.attention, torch_attention, args, cotangents, ["q", "k", "v"]
    )


@pytest.mark.exercise("attention", kind="gradient")
def test_attention_gradient_mask(student, draw):
    """A query that may attend to nothing adds nothing to any gradient, as if it were not there.

    Catches: NaN that was replaced in the result only.
    """
    mask = draw.mask(5, 11)
    mask[4] = False

    def without_last_query(q, k, v, mask):
        results = torch_attention(q[:, :4], k, v, mask[:4])
        return [F.pad(result, (0, 0, 0, 1)) for result in results]  # a row of zeros in its place

    args = [draw.normal(2, 5, 7), draw.normal(2, 11, 7), draw.normal(2, 11, 3), mask]
    cotangents = [draw.normal(2, 5, 3), draw.normal(2, 5, 11)]
    assert_gradients(
        student.attention.attention, without_last_query, args, cotangents, ["q", "k", "v"]
    )


@pytest.mark.exercise("score", kind="device")
def test_score_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    q, k = draw.normal(2, 5, 7), draw.normal(2, 11, 7)
    assert_close(student.attention.score(q, k), q @ k.mT)


@pytest.mark.exercise("scale", kind="device")
def test_scale_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    scores = draw.normal(2, 5, 11)
    assert_close(student.attention.scale(scores, 7), scores / math.sqrt(7))


@pytest.mark.exercise("softmax", kind="device")
def test_softmax_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    scores = draw.normal(2, 5, 11)
    assert_close(student.attention.softmax(scores, dim=1), torch.softmax(scores, 1))


@pytest.mark.exercise("weighted_sum", kind="device")
def test_weighted_sum_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    weights, v = draw.normal(2, 5, 11), draw.normal(2, 11, 3)
    assert_close(student.attention.weighted_sum(weights, v), weights @ v)


@pytest.mark.exercise("attention", kind="device")
def test_attention_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    q, k, v, mask = draw.normal(5, 7), draw.normal(11, 7), draw.normal(11, 3), draw.mask(5, 11)
    got = student.attention.attention(q, k, v, mask)
    assert_each_close(got, torch_attention(q, k, v, mask), NAMES)
