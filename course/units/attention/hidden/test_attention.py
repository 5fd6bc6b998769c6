"""What the unit `attention` pins. The truth is a few plain lines in float64, and torch's own."""

import math

import pytest
import torch

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_gradients,
    assert_raises,
    assert_unchanged,
)
from autograder.testing.edges import edges
from autograder.testing.parallel import assert_parallel
from autograder.testing.pictures import part
from course.units.attention.public.loops import SCALINGS

NAMES = ["the output", "the weights"]
QKV = ["q", "k", "v"]
LEADING = [(), (2,), (1,), (2, 3), (3, 1, 2)]
HALF = 1e-2  # float16 all the way through, logits of a few units
POWERS = ([1, -1, 1], [-1, 1, -1])  # of FAR in q, k and v: q·k keeps its size
LONG = [(1, 1), (1, 521), (523, 2)]  # queries and keys: beyond 512 of either
LEVELS = [1e4, -1e4, 0.0, 300.0, -40.0]  # logits, one level for each of five queries
FAR_BELOW = [-1e4, -400.0, -3000.0, -1e4, -400.0]  # the same, where hidden keys have the opposite


def float32_at(logit):
    """What float32 affords: a sum next to a logit of this size is rounded to its last digit."""
    return 8 * torch.finfo(torch.float32).eps * logit


def qkv(draw, *leading, t_q=5, t_k=11, d_k=7, d_v=13, dtype=torch.float64):
    """Queries, keys and values whose logits differ by a few units at most."""
    return [
        draw.normal(*leading, t_q, d_k, std=0.5, dtype=dtype),
        draw.normal(*leading, t_k, d_k, dtype=dtype),
        draw.normal(*leading, t_k, d_v, dtype=dtype),
    ]


def at_levels(draw, dtype=torch.float64):
    """Queries, keys and values whose logits lie around LEVELS; those of query 0 are all tied."""
    q, k, v = qkv(draw, 2, t_q=len(LEVELS))
    q[:, :, -1] = torch.tensor(LEVELS) * math.sqrt(q.shape[-1])  # the last feature is the level
    k[:, :, -1] = 1
    q[:, 0, :-1] = 0
    return [q.to(dtype), k.to(dtype), v.to(dtype)]


def with_empty_rows(draw):
    """A mask of six sentences: in each of five another query may attend to nothing, in one all."""
    mask, queries = draw.mask(6, 5, 11), torch.arange(5)
    mask[queries, queries] = mask[5] = False
    return mask


def attention64(q, k, v, mask=None):
    """Exponentials of the allowed keys over their sum; a row without any is divided by one."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    seen = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    exponentials = (seen - seen.amax(-1, keepdim=True)).exp() * mask
    total = exponentials.sum(-1, keepdim=True)
    weights = exponentials / total.masked_fill(total == 0, 1)
    return weights @ v, weights


def in_float64(oracle, *tensors):
    """What float64 gives for the same numbers."""
    return oracle(*(tensor.double() for tensor in tensors))


# score


@pytest.mark.exercise("score")
def test_score_values(student, draw):
    """Entry [i, j] is the dot product of query i and key j, whatever axes stand in front.

    Catches: q and k swapped, a transpose of the wrong axes, scores already scaled.
    """
    q, k = draw.normal(5, 5, 5), draw.normal(5, 5, 5)  # first: some mistakes run here only
    assert_close(student.attention.score(q, k), torch.einsum("nid,njd->nij", q, k))
    for leading in LEADING:
        q, k, _ = qkv(draw, *leading)
        assert_close(student.attention.score(q, k), torch.einsum("...id,...jd->...ij", q, k))


@pytest.mark.exercise("score")
def test_score_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12; an exception where the widths differ.

    Catches: numbers cut off or taken for zero, zeros taken for padding, widths cut to fit.
    """
    for q, k in edges(qkv(draw, 2, t_q=3, t_k=5)[:2], [1, -1], [-1, 1]):
        assert_close(student.attention.score(q, k), q @ k.mT)
    for d_q, d_k in [(5, 7), (7, 5)]:
        q, k = draw.normal(2, 3, d_q), draw.normal(2, 11, d_k)
        assert_raises(student.attention.score, Exception, q, k)


@pytest.mark.exercise("score")
def test_score_dtype(student, draw):
    """float32 and float16 come back as they went in. Catches: float64 or float32 returned."""
    for dtype in (torch.float32, torch.float16):
        q, k, _ = qkv(draw, 2, dtype=dtype)
        expected = in_float64(lambda q, k: q @ k.mT, q, k)
        assert_close(student.attention.score(q, k), expected, dtype=dtype)


@pytest.mark.exercise("score")
def test_score_every_call(student, draw):
    """Any length and strides, and new numbers at every call; the arguments stay as they are.

    Catches: a fixed length, `view` of what is not contiguous, a cached result, in-place work.
    """
    for t_q, t_k in LONG:
        q, k, _ = qkv(draw, t_q=t_q, t_k=t_k, d_k=3)
        assert_close(student.attention.score(q, k), q @ k.mT)
    q, k = draw.strided(5, 2, 7).transpose(0, 1), draw.normal(7, 11, 2).permute(2, 1, 0)
    for changed in ([k], [q], []):  # one at a time, in the same memory
        assert_unchanged(student.attention.score, q, k)
        assert_close(student.attention.score(q, k), q @ k.mT)
        for tensor in changed:
            tensor.copy_(draw.normal(*tensor.shape))


@pytest.mark.exercise("score", kind="gradient")
def test_score_gradient(student, draw):
    """Autograd reaches q and k, at any length, at zeros, at large and small numbers.

    Catches: a graph cut by `detach`, `.data` or NumPy, a clamp.
    """
    calls = [qkv(draw, t_q=t_q, t_k=t_k, d_k=3)[:2] for t_q, t_k in LONG]
    calls += [qkv(draw, 2)[:2], *edges(qkv(draw, 2, t_q=3, t_k=5)[:2], [1, -1], [-1, 1])]
    for q, k in calls:
        cotangent = draw.normal(*q.shape[:-1], k.shape[-2])
        assert_gradients(student.attention.score, lambda q, k: q @ k.mT, [q, k], cotangent, QKV[:2])


# scale


@pytest.mark.exercise("scale")
def test_scale_values(student, draw):
    """Scores over √d_k, where d_k is no size of the scores, and where it equals all of them.

    Catches: d_k for √d_k, √T or √d_v for √d_k, no division, a root taken in float32.
    """
    for leading, d_k in zip(LEADING, (7, 64, 7, 1, 3), strict=True):
        scores = draw.normal(*leading, 5, 11)
        assert_close(student.attention.scale(scores, d_k), scores / math.sqrt(d_k))
    scores = draw.normal(5, 5, 5)
    assert_close(student.attention.scale(scores, 5), scores / math.sqrt(5))
    for (scores,) in edges([draw.normal(1, 521)], [1], [-1]):
        assert_close(student.attention.scale(scores, 640), scores / math.sqrt(640))


@pytest.mark.exercise("scale")
def test_scale_every_call(student, draw):
    """Any dtype and strides, new numbers at every call; the scores stay as they are.

    Catches: `scores /= ...`, a cached result, float64 returned.
    """
    scores = draw.strided(5, 2, 11).transpose(0, 1)
    for d_k in (7, 13, 7):
        assert_unchanged(student.attention.scale, scores, d_k)
        for width in (d_k, d_k + 1):
            got = student.attention.scale(scores, width)
            assert_close(got, scores / math.sqrt(width))
        scores.copy_(draw.normal(2, 5, 11))
    for dtype in (torch.float32, torch.float16):
        scores = draw.normal(2, 307, 3, dtype=dtype)
        expected = scores.double() / math.sqrt(7)
        assert_close(student.attention.scale(scores, 7), expected, dtype=dtype)


@pytest.mark.exercise("scale", kind="gradient")
def test_scale_gradient(student, draw):
    """Autograd reaches the scores, over √d_k again. Catches: a graph cut on the way, a clamp."""
    oracle = lambda scores, d_k: scores / math.sqrt(d_k)  # noqa: E731
    for (scores,) in [[draw.normal(2, 5, 11)], *edges([draw.normal(1, 521)], [1], [-1])]:
        cotangent = draw.normal(*scores.shape)
        assert_gradients(student.attention.scale, oracle, [scores, 7], cotangent, ["scores"])


# softmax


@pytest.mark.exercise("softmax")
def test_softmax_values(student, draw):
    """exp(x) over its sum along `dim`, for every axis, to eleven digits.

    Catches: the wrong axis, everything at once, `dim` ignored, an epsilon, float32 inside.
    """
    for shape, dims in {
        (11,): (-1, 0),
        (5, 11): (-2, -1, 0, 1),
        (2, 5, 11): (-3, -2, -1, 0, 1, 2),
        (2, 3, 5, 11): (0, 1, -2),
        (5, 5, 5): (0, -2),
    }.items():
        scores = draw.normal(*shape)
        assert_close(student.attention.softmax(scores), torch.softmax(scores, -1), relative=1e-11)
        for dim in dims:
            got = student.attention.softmax(scores, dim=dim)
            assert_close(got, torch.softmax(scores, dim), relative=1e-11, name=f"dim={dim}: result")
    scores = draw.normal(2, 5, 11)
    assert_close(student.attention.softmax(scores, 1), torch.softmax(scores, 1), relative=1e-11)


@pytest.mark.exercise("softmax")
def test_softmax_large_logits(student, draw):
    """Rows around -10000, 0 and +10000, tied ones and both ends in one row: finite and right.

    Catches: no maximum subtracted (NaN), or the maximum over everything (0/0 in the low rows).
    """
    scores = draw.normal(2, 5, 11) + torch.tensor(LEVELS)[:, None]
    scores[0, :, :] = torch.tensor(LEVELS)[:, None]  # tied
    scores[1, 2, 3:5] = torch.tensor([1e4, -1e4])
    assert_close(student.attention.softmax(scores), torch.softmax(scores, -1))
    assert_close(student.attention.softmax(scores.mT, dim=1), torch.softmax(scores.mT, 1))
    expected = torch.softmax(scores.float().double(), -1)
    got, allowed = student.attention.softmax(scores.float()), float32_at(1e4)
    assert_close(got, expected, dtype=None, relative=allowed)  # its dtype is another test's


@pytest.mark.exercise("softmax")
def test_softmax_dtype(student, draw):
    """float32 and float16 come back as they went in. Catches: float64 or float32 returned."""
    scores = draw.normal(2, 5, 11, dtype=torch.float32)
    expected = torch.softmax(scores.double(), 1)
    assert_close(student.attention.softmax(scores, dim=1), expected, dtype=torch.float32)
    scores = draw.normal(2, 5, 11, dtype=torch.float16)
    expected = torch.softmax(scores.double(), -1)
    got = student.attention.softmax(scores)
    assert_close(got, expected, dtype=torch.float16, relative=HALF)


@pytest.mark.exercise("softmax")
def test_softmax_every_call(student, draw):
    """Any length and strides, and new numbers at every call.

    Catches: a fixed length, a cached result, a length of 1 squeezed away.
    """
    for shape, dim in {(2, 5, 1): -1, (1, 1, 3): 1, (1, 1, 521): -1, (3, 523, 1): 1}.items():
        scores = draw.normal(*shape)
        assert_close(student.attention.softmax(scores, dim=dim), torch.softmax(scores, dim))
    scores = draw.strided(5, 2, 11).transpose(0, 1)
    for _ in range(2):
        assert_close(student.attention.softmax(scores), torch.softmax(scores, -1))
        scores.copy_(draw.normal(2, 5, 11))


@pytest.mark.exercise("softmax")
def test_softmax_leaves_its_scores(student, draw):
    """The scores stay as they are, also at exact zeros, at ones and at very small numbers.

    Catches: `scores -= ...`, `exp_`, scores of zero taken for hidden ones.
    """
    scores = draw.normal(2, 5, 11)
    expected = torch.softmax(scores, -1)
    assert_close(assert_unchanged(student.attention.softmax, scores), expected)
    assert_close(student.attention.softmax(scores), expected)
    for (scores,) in edges([draw.normal(2, 3, 7)], [-1]):
        assert_close(student.attention.softmax(scores), torch.softmax(scores, -1))


@pytest.mark.exercise("softmax", kind="gradient")
def test_softmax_gradient(student, draw):
    """Autograd reaches the scores along any axis, at any length, at zeros and at small numbers.

    Catches: a graph cut by `detach` or NumPy, zeros taken for hidden scores.
    """
    calls = [[draw.normal(2, 5, 11), dim] for dim in (-1, 0, 1)] + [[draw.normal(1, 521), -1]]
    calls += [[scores, -1] for (scores,) in edges([draw.normal(2, 3, 7)], [-1])]
    for args in calls:
        cotangent = draw.normal(*args[0].shape)
        assert_gradients(student.attention.softmax, torch.softmax, args, cotangent, ["scores"])


@pytest.mark.exercise("softmax", kind="gradient")
def test_softmax_gradient_large_logits(student, draw):
    """The gradient is finite and right around -10000 and +10000, and where logits are tied.

    Catches: NaN from an overflow, a share of the maximum's own gradient that does not cancel.
    """
    scores = draw.normal(2, 5, 11) + torch.tensor(LEVELS)[:, None]
    scores[0] = torch.tensor(LEVELS)[:, None]
    assert_gradients(
        student.attention.softmax, torch.softmax, [scores, -1], draw.normal(2, 5, 11), ["scores"]
    )


# weighted_sum


@pytest.mark.exercise("weighted_sum")
def test_weighted_sum_values(student, draw):
    """Row i is Σ_j weights[i, j] · v[j], whatever axes stand in front.

    Catches: the weights transposed, a sum over the queries, elements in place of rows.
    """
    weights, v = draw.normal(5, 5, 5), draw.normal(5, 5, 5)  # first: some mistakes run here only
    expected = torch.einsum("nij,njd->nid", weights, v)
    assert_close(student.attention.weighted_sum(weights, v), expected)
    for leading in LEADING:
        weights, (_, _, v) = draw.normal(*leading, 5, 11), qkv(draw, *leading)
        expected = torch.einsum("...ij,...jd->...id", weights, v)
        assert_close(student.attention.weighted_sum(weights, v), expected)


@pytest.mark.exercise("weighted_sum")
def test_weighted_sum_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12. Catches: numbers cut off, zeros skipped."""
    for weights, v in edges([draw.normal(2, 3, 5), draw.normal(2, 5, 7)], [1, -1], [-1, 1]):
        assert_close(student.attention.weighted_sum(weights, v), weights @ v)


@pytest.mark.exercise("weighted_sum")
def test_weighted_sum_dtype(student, draw):
    """float32 and float16 come back as they went in. Catches: float64 or float32 returned."""
    for dtype in (torch.float32, torch.float16):
        weights = torch.softmax(draw.normal(2, 5, 11), -1).to(dtype)
        v = draw.normal(2, 11, 13, dtype=dtype)
        expected = in_float64(torch.matmul, weights, v)
        assert_close(student.attention.weighted_sum(weights, v), expected, dtype=dtype)


@pytest.mark.exercise("weighted_sum")
def test_weighted_sum_every_call(student, draw):
    """Any length and strides, and new numbers at every call; the arguments stay as they are.

    Catches: a fixed length, `view` of what is not contiguous, a cached result, in-place work.
    """
    for t_q, t_k in LONG:
        weights, v = draw.normal(t_q, t_k), draw.normal(t_k, 3)
        assert_close(student.attention.weighted_sum(weights, v), weights @ v)
    weights = draw.strided(5, 2, 11).transpose(0, 1)
    v = draw.normal(13, 11, 2).permute(2, 1, 0)
    for changed in ([v], [weights], []):  # one at a time, in the same memory
        assert_unchanged(student.attention.weighted_sum, weights, v)
        assert_close(student.attention.weighted_sum(weights, v), weights @ v)
        for tensor in changed:
            tensor.copy_(draw.normal(*tensor.shape))


@pytest.mark.exercise("weighted_sum", kind="gradient")
def test_weighted_sum_gradient(student, draw):
    """Autograd reaches the weights and v, at any length, at zeros, at large and small numbers.

    Catches: a graph cut by `detach`, `.data` or NumPy, a clamp.
    """
    calls = [[draw.normal(t_q, t_k), draw.normal(t_k, 3)] for t_q, t_k in LONG]
    calls += [[draw.normal(2, 5, 11), draw.normal(2, 11, 13)]]
    calls += edges([draw.normal(2, 3, 5), draw.normal(2, 5, 7)], [1, -1], [-1, 1])
    for weights, v in calls:
        cotangent = draw.normal(*weights.shape[:-1], v.shape[-1])
        function, names = student.attention.weighted_sum, ["weights", "v"]
        assert_gradients(function, torch.matmul, [weights, v], cotangent, names)


# attention


@pytest.mark.exercise("attention")
def test_attention_values(student, draw, figure):
    """Output and weights, whatever axes stand in front and where every size is equal.

    Keys and values in another order give the same output, and the weights in that order.
    Catches: d_k, √T or √d_v for √d_k, scaled after the softmax or not at all, softmax over the
    queries or over everything, an epsilon, weights transposed, q and k swapped.
    """
    q, k, v = (draw.normal(5, 5, 5) for _ in range(3))  # first: some mistakes run here only
    output, weights = attention64(q, k, v)
    got = student.attention.attention(q, k, v)
    figure("attention_weights", part(got, 1, 0))
    assert_each_close(got, [output, weights], NAMES)
    order = draw.permutation(5)
    got = student.attention.attention(q, k[:, order], v[:, order])
    names = [f"after the keys and values changed order, {name}" for name in NAMES]
    assert_each_close(got, [output, weights[:, :, order]], names)
    for leading in LEADING:
        q, k, v = qkv(draw, *leading)
        got = student.attention.attention(q, k, v)
        assert_each_close(got, attention64(q, k, v), NAMES, relative=1e-11)


@pytest.mark.exercise("attention")
def test_attention_mask(student, draw):
    """Hidden keys take no part, and the others share all the weight; masks of 2, 3 and 4 axes.

    Catches: the mask inverted, filled with 0, 1e-9 or 1, applied after the softmax without a new
    division, applied to the values only, or on the wrong axis.
    """
    (q, k, v), mask = [draw.normal(5, 5, 5) * 0.5 for _ in range(3)], draw.mask(5, 5, 5)
    assert_each_close(student.attention.attention(q, k, v, mask), attention64(q, k, v, mask), NAMES)
    for nothing in (None, torch.ones_like(mask)):
        got = student.attention.attention(q, k, v, nothing)
        assert_each_close(got, attention64(q, k, v), NAMES)
    shapes = {
        (): [()],
        (2,): [(), (1,), (2,)],
        (2, 3): [(), (1,), (3,), (1, 1), (1, 3), (2, 1), (2, 3)],
    }
    for leading, masks in shapes.items():
        q, k, v = qkv(draw, *leading)
        for axes in masks:
            mask = draw.mask(*axes, 5, 11)
            names = [f"with a mask of shape {tuple(mask.shape)}, {name}" for name in NAMES]
            got = student.attention.attention(q, k, v, mask=mask)
            assert_each_close(got, attention64(q, k, v, mask), names)


@pytest.mark.exercise("attention")
def test_attention_nothing_to_attend_to(student, draw):
    """A query that may attend to nothing gets zeros, never NaN; the others are not disturbed.

    Catches: softmax over -inf alone (NaN), a finite fill whose row comes out uniform, one query's
    empty row taken for that of all.
    """
    q, k, v = qkv(draw, 6)
    mask = with_empty_rows(draw)
    empty = ~mask.any(-1)  # (6, 5)
    for shut in (torch.zeros(5, 11, dtype=torch.bool), torch.zeros_like(mask)):
        got = student.attention.attention(q, k, v, shut)
        assert_each_close(got, attention64(q, k, v, shut), NAMES)
    got = student.attention.attention(q, k, v, mask)
    assert_each_close(got, attention64(q, k, v, mask), NAMES)
    for result, name in zip(got, NAMES, strict=True):
        nothing = torch.zeros_like(result[empty])
        assert_close(result[empty], nothing, name=f"for a query without keys, {name}")


@pytest.mark.exercise("attention")
def test_attention_large_logits(student, draw):
    """Logits around -10000, 0 and +10000 and tied ones, with and without a mask; float32 too.

    Catches: no maximum subtracted, the maximum over everything or of hidden keys, -1e4 where -inf
    is meant.
    """
    q, k, v = at_levels(draw)
    mask = draw.mask(5, 11)
    mask[1] = first = torch.arange(11) < 6  # at -10000, some keys are hidden and some are not
    assert_each_close(student.attention.attention(q, k, v), attention64(q, k, v), NAMES)
    assert_each_close(student.attention.attention(q, k, v, mask), attention64(q, k, v, mask), NAMES)
    q[:, :, -1] = torch.tensor(FAR_BELOW) * math.sqrt(q.shape[-1])
    k[:, :, -1] = torch.where(first, 1, -1)
    mask &= first  # so hidden keys are far above all others
    assert_each_close(student.attention.attention(q, k, v, mask), attention64(q, k, v, mask), NAMES)
    q, k, v = at_levels(draw, torch.float32)
    expected = in_float64(attention64, q, k, v)
    got, allowed = student.attention.attention(q, k, v), float32_at(1e4)
    assert_each_close(got, expected, NAMES, dtype=None, relative=allowed)


@pytest.mark.exercise("attention")
def test_attention_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12, with a mask and without.

    Catches: scores or values cut off or taken for zero, zeros taken for padding.
    """
    mask = draw.mask(3, 5)
    for q, k, v in edges(qkv(draw, 2, t_q=3, t_k=5), *POWERS):
        for hidden in (None, mask):
            got = student.attention.attention(q, k, v, hidden)
            assert_each_close(got, attention64(q, k, v, hidden), NAMES)


@pytest.mark.exercise("attention")
def test_attention_dtype(student, draw):
    """float32 and float16 come back as they went in, with a mask too.

    Catches: float64 or float32 returned, a fill such as -1e9 that float16 cannot hold.
    """
    mask = draw.mask(5, 11)
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        q, k, v = qkv(draw, 2, dtype=dtype)
        for hidden in (None, mask):
            expected = attention64(q.double(), k.double(), v.double(), hidden)
            got = student.attention.attention(q, k, v, hidden)
            assert_each_close(got, expected, NAMES, dtype=dtype, relative=allowed)


@pytest.mark.exercise("attention")
def test_attention_every_call(student, draw):
    """Any length and strides, new numbers and masks at every call; arguments stay as they are.

    Catches: a fixed length, a cached result or mask, a size of 1 squeezed away, in-place work.
    """
    for n, t_q, t_k in [(1, 1, 1), (2, 1, 521), (1, 523, 2), (2, 3, 1)]:
        q, k, v = qkv(draw, n, t_q=t_q, t_k=t_k, d_v=3)
        assert_each_close(student.attention.attention(q, k, v), attention64(q, k, v), NAMES)
    q, k = draw.strided(5, 2, 7).transpose(0, 1), draw.normal(7, 11, 2).permute(2, 1, 0)
    v = draw.strided(11, 2, 13).transpose(0, 1)
    mask = draw.mask(11, 5, 2).permute(2, 1, 0)
    assert_unchanged(student.attention.attention, q, k, v, mask)
    for changed in ([k, v], [q], []):  # not all at once, in the same memory
        got = student.attention.attention(q, k, v, mask)
        assert_each_close(got, attention64(q, k, v, mask), NAMES)
        for tensor in changed:
            tensor.copy_(0.5 * draw.normal(*tensor.shape))
    mask.copy_(draw.mask(2, 5, 11))
    got = student.attention.attention(q, k, v, mask)
    assert_each_close(got, attention64(q, k, v, mask), NAMES)


@pytest.mark.exercise("attention", kind="gradient")
def test_attention_gradient(student, draw):
    """Autograd reaches q, k and v through the output and the weights.

    Catches: a graph cut by `detach`, `.data` or NumPy; weights returned without their graph.
    """
    calls = [qkv(draw), qkv(draw, 2, 3)]
    calls += [qkv(draw, t_q=t_q, t_k=t_k, d_k=3, d_v=2) for t_q, t_k in LONG]
    for args in calls:
        assert_attention_gradients(student, draw, *args)


@pytest.mark.exercise("attention", kind="gradient")
def test_attention_gradient_edges(student, draw):
    """The same at exact zeros, at ones, and at numbers of 1e12 and 1e-12.

    Catches: a clamp, whose gradient is 0 beyond it; zeros taken for padding; NaN at a zero.
    """
    for args in edges(qkv(draw, 2, t_q=3, t_k=5), *POWERS):
        assert_attention_gradients(student, draw, *args)


@pytest.mark.exercise("attention", kind="gradient")
def test_attention_gradient_mask(student, draw):
    """With a mask, and for a query that may attend to nothing, gradients are finite and right.

    Masks of every form, one that hides all and one that hides nothing among them. Catches: NaN
    that `nan_to_num` hides in the result only, a gradient through hidden keys.
    """
    assert_attention_gradients(student, draw, *qkv(draw, 6), with_empty_rows(draw))
    for leading, axes in [((), ()), ((2,), ()), ((2,), (1,)), ((2, 3), ())]:
        mask = draw.mask(*axes, 3, 5)
        assert_attention_gradients(student, draw, *qkv(draw, *leading, t_q=3, t_k=5), mask)
    for axes in [(3,), (1, 1)]:
        mask = draw.mask(*axes, 3, 5)
        assert_attention_gradients(student, draw, *qkv(draw, 2, 3, t_q=3, t_k=5), mask)
    for mask in (torch.zeros(3, 5), torch.ones(3, 5)):
        assert_attention_gradients(student, draw, *qkv(draw, 2, t_q=3, t_k=5), mask.bool())


@pytest.mark.exercise("attention", kind="gradient")
def test_attention_gradient_large_logits(student, draw):
    """Logits around -10000 and +10000 and tied ones have finite, right gradients.

    Catches: overflow, the maximum over everything.
    """
    assert_attention_gradients(student, draw, *at_levels(draw))


def assert_attention_gradients(student, draw, q, k, v, *mask):
    """Fail unless the gradients of q, k and v are autograd's, through output and weights."""
    __tracebackhide__ = True
    cotangents = [draw.normal(*q.shape[:-1], width) for width in (v.shape[-1], k.shape[-2])]
    assert_gradients(student.attention.attention, attention64, [q, k, v, *mask], cotangents, QKV)


# speed


@pytest.mark.exercise("score", kind="speed")
def test_score_of_every_pair_at_once(student, draw):
    """All queries meet all keys in one product. Catches: a loop over queries or over keys."""
    function, oracle = student.attention.score, lambda q, k: q @ k.mT
    queries, keys = SCALINGS["score"]
    assert_parallel(function, queries, draw, oracle, "score_by_query")
    assert_parallel(function, keys, draw, oracle, "score_by_key")


@pytest.mark.exercise("weighted_sum", kind="speed")
def test_weighted_sum_of_every_value_at_once(student, draw):
    """One product mixes all values. Catches: a loop over queries or over keys."""
    function, oracle = student.attention.weighted_sum, lambda weights, v: weights @ v
    queries, keys = SCALINGS["weighted_sum"]
    assert_parallel(function, queries, draw, oracle, "weighted_sum_by_query")
    assert_parallel(function, keys, draw, oracle, "weighted_sum_by_key")


@pytest.mark.exercise("attention", kind="speed")
def test_attention_takes_every_sentence_at_once(student, draw):
    """Many short sentences. Catches: a Python loop over the batch."""
    batch, _, _ = SCALINGS["attention"]
    function, control = student.attention.attention, "attention_by_sentence"
    assert_parallel(function, batch, draw, attention64, control, NAMES)


@pytest.mark.exercise("attention", kind="speed")
def test_attention_takes_every_query_at_once(student, draw):
    """Many queries. Catches: a Python loop over them."""
    _, queries, _ = SCALINGS["attention"]
    function, control = student.attention.attention, "attention_by_query"
    assert_parallel(function, queries, draw, attention64, control, NAMES)


@pytest.mark.exercise("attention", kind="speed")
def test_attention_takes_every_key_at_once(student, draw):
    """Many keys. Catches: a Python loop over them, for the scores or for the weighted sum."""
    _, _, keys = SCALINGS["attention"]
    function, control = student.attention.attention, "attention_by_key"
    assert_parallel(function, keys, draw, attention64, control, NAMES)


# devices


@pytest.mark.exercise("score", kind="device")
def test_score_on_a_gpu(student, draw):
    """Catches: products in NumPy, scores in a tensor on the CPU."""
    q, k, _ = qkv(draw, 2)
    cotangent = draw.normal(2, 5, 11)
    assert_gradients(student.attention.score, lambda q, k: q @ k.mT, [q, k], cotangent, QKV[:2])


@pytest.mark.exercise("scale", kind="device")
def test_scale_on_a_gpu(student, draw):
    """Catches: `torch.tensor([d_k])` made on the CPU."""
    scores, cotangent = draw.normal(2, 5, 11), draw.normal(2, 5, 11)
    oracle = lambda scores, d_k: scores / math.sqrt(d_k)  # noqa: E731
    assert_gradients(student.attention.scale, oracle, [scores, 7], cotangent, ["scores"])


@pytest.mark.exercise("softmax", kind="device")
def test_softmax_on_a_gpu(student, draw):
    """Catches: NumPy's exp, rows collected on the CPU."""
    args, cotangent = [draw.normal(2, 5, 11), 1], draw.normal(2, 5, 11)
    assert_gradients(student.attention.softmax, torch.softmax, args, cotangent, ["scores"])


@pytest.mark.exercise("weighted_sum", kind="device")
def test_weighted_sum_on_a_gpu(student, draw):
    """Catches: an output of zeros on the CPU, products in NumPy."""
    args, cotangent = [draw.normal(2, 5, 11), draw.normal(2, 11, 13)], draw.normal(2, 5, 13)
    names = ["the weights", "v"]
    assert_gradients(student.attention.weighted_sum, torch.matmul, args, cotangent, names)


@pytest.mark.exercise("attention", kind="device")
def test_attention_on_a_gpu(student, draw):
    """With a mask and without. Catches: a tensor made on the CPU to fill hidden scores."""
    args, function = qkv(draw, 2), student.attention.attention
    cotangents = [draw.normal(2, 5, 13), draw.normal(2, 5, 11)]
    for mask in (draw.mask(5, 11), None):
        assert_gradients(function, attention64, [*args, mask], cotangents, QKV)
