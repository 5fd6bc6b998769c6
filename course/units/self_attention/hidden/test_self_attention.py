"""What the unit `self_attention` pins. The truth is torch's own attention, in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.calls import Failure
from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_equal,
    assert_gradients,
    assert_raises,
    assert_unchanged,
)
from autograder.testing.edges import edges
from autograder.testing.parallel import assert_parallel
from autograder.testing.pictures import part
from course.units.self_attention.public.loops import SCALINGS

PROJECTED = ["q", "k", "v"]
WEIGHTS = ["x", "w_q", "w_k", "w_v", "w_o"]
# All equal first: some mistakes have a result there only, and are then called by their name.
USUAL = (2, 11, 13, 7, 5)  # N, T, D, d_k, d_v
SIZES = [
    (5, 5, 5, 5, 5),
    USUAL,
    (1, 11, 13, 7, 5),
    (2, 1, 13, 7, 5),
    (1, 1, 3, 2, 1),
]
USUAL_HEADS = (2, 11, 13, 3, 7, 5, 17)  # N, T, D, heads, d_k, d_v, D_out
HEAD_SIZES = [
    (3, 3, 9, 3, 3, 3, 9),
    USUAL_HEADS,
    (1, 11, 13, 3, 7, 5, 17),
    (2, 1, 13, 3, 7, 5, 17),
    (2, 11, 13, 1, 7, 5, 3),
    (2, 7, 13, 5, 1, 1, 3),
]
LONG = 513  # words, beyond 512
# Of FAR in x and the weights: their products keep their size.
POWERS = ([1, -1, -1, -1], [-1, 1, 1, 1])
HEAD_POWERS = ([1, -1, -1, -1, 1], [-1, 1, 1, 1, -1])
HEAD_GROUPS = ((0, 1, 2), (3,), (4,))  # each leaves something to be computed
HALF = 2e-2  # float16 all the way through three matrix products and a softmax
LEVELS = [0.0, 1e4, -1e4, 300.0, -1e4, 0.0, -40.0]  # logits, one level for each word


def inputs(draw, n, t, d, d_k, d_v, dtype=torch.float64):
    """Arguments of self_attention whose logits differ by a few units at most."""
    return [
        draw.normal(n, t, d, std=0.5, dtype=dtype),
        draw.weight(d, d_k, dtype=dtype),
        draw.weight(d, d_k, dtype=dtype),
        draw.weight(d, d_v, dtype=dtype),
    ]


def head_inputs(draw, n, t, d, heads, d_k, d_v, d_out, dtype=torch.float64):
    """Arguments of multi_head_self_attention up to `heads`."""
    weights = inputs(draw, n, t, d, heads * d_k, heads * d_v, dtype)
    return [*weights, draw.weight(heads * d_v, d_out, dtype=dtype), heads]


def at_levels(x, w_q, w_k, w_v, *rest, heads=1):
    """The same arguments, but in every head the logits of word t lie around LEVELS[t]."""
    d_k = w_q.shape[1] // heads
    x[:, :, -2], x[:, :, -1] = 1, torch.tensor(LEVELS)  # two features: one, and the level
    for weight in (w_q, w_k, w_v):
        weight[-1] = 0
    w_q[-1, ::d_k] = math.sqrt(d_k)  # a head's first query feature carries the level ...
    w_k[:, ::d_k] = 0
    w_k[-2, ::d_k] = 1  # ... and meets a one in every key
    return [x, w_q, w_k, w_v, *rest]


def seen(student, draw, causal):
    """One sentence's weights, (1, T, T), in the student's output: a word's value is its place.

    None where it fails: that is for the checks to tell, which try other sizes first.
    """
    t, d, d_k = 9, 13, 7
    places = torch.eye(t, dtype=torch.float64)
    x = torch.cat([draw.normal(1, t, d), places[None]], -1)  # (1, T, D+T)
    w_q, w_k = (F.pad(draw.weight(d, d_k), (0, 0, 0, t)) for _ in range(2))  # (D+T, d_k)
    w_v = F.pad(places, (0, 0, d, 0))  # (D+T, T)
    try:
        return student.self_attention.self_attention(x, w_q, w_k, w_v, causal=causal)
    except Failure:
        return None


def self_attention64(x, w_q, w_k, w_v, causal=False):
    """torch's own attention over three projections."""
    return F.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, is_causal=causal)


def multi_head64(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """One head after the other, each with its own block of columns."""
    blocks = zip(*(weight.chunk(heads, 1) for weight in (w_q, w_k, w_v)), strict=True)
    return torch.cat([self_attention64(x, *block, causal) for block in blocks], -1) @ w_o


def all_heads64(x, w_q, w_k, w_v, w_o, heads):
    """All heads at once, for the many that are timed."""
    q, k, v = ((x @ w).unflatten(-1, (heads, -1)).transpose(1, 2) for w in (w_q, w_k, w_v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2) @ w_o


def in_float64(oracle, args, *rest):
    """What float64 gives for the same numbers."""
    return oracle(*(a.double() if isinstance(a, torch.Tensor) else a for a in args), *rest)


def other_end(x, t):
    """The same sentences, but with other words from position t on."""
    changed = x.clone()
    changed[:, t:] = -2 * x[:, t:] + 1
    return changed


# project


@pytest.mark.exercise("project")
def test_project_values(student, draw):
    """Three different projections, returned as q, k, v; sizes all different and all equal.

    Catches: one projection for q, k and v, a wrong order, x @ w.T, a size of 1 squeezed away.
    """
    for sizes in SIZES:
        x, *weights = inputs(draw, *sizes)
        expected = [torch.einsum("ntd,de->nte", x, w) for w in weights]
        assert_each_close(student.self_attention.project(x, *weights), expected, PROJECTED)


@pytest.mark.exercise("project")
def test_project_edges(student, draw):
    """Exact zeros, ones, numbers of 1e12 and 1e-12; an exception where a matrix has not D rows.

    Catches: numbers cut off or taken for zero, zeros taken for padding, widths cut to fit.
    """
    for x, *weights in edges(inputs(draw, 2, 3, 5, 7, 4), *POWERS):
        expected = [x @ w for w in weights]
        assert_each_close(student.self_attention.project(x, *weights), expected, PROJECTED)
    x, *weights = inputs(draw, 2, 3, 5, 7, 4)
    for i in range(3):
        for rows in (4, 6):
            wrong = [draw.normal(rows, w.shape[1]) if j == i else w for j, w in enumerate(weights)]
            assert_raises(student.self_attention.project, Exception, x, *wrong)


@pytest.mark.exercise("project")
def test_project_every_call(student, draw):
    """Any dtype, length and strides, new numbers at every call; the arguments stay as they are.

    Catches: float64 returned, `view` of what is not contiguous, a cached result.
    """
    for dtype in (torch.float32, torch.float16):
        args = inputs(draw, 1, LONG, 3, 2, 5, dtype)
        expected = [in_float64(torch.matmul, [args[0], w]) for w in args[1:]]
        assert_each_close(student.self_attention.project(*args), expected, PROJECTED, dtype=dtype)
    args = [draw.strided(11, 2, 13).transpose(0, 1)]
    args += [0.3 * draw.weight(d, 13).mT for d in (7, 7, 5)]
    for changed in (args[1:], args[:1], []):
        x, *weights = args
        assert_unchanged(student.self_attention.project, *args)
        got = student.self_attention.project(*args)
        assert_each_close(got, [x @ w for w in weights], PROJECTED)
        for tensor in changed:
            tensor.copy_(draw.normal(*tensor.shape))


@pytest.mark.exercise("project", kind="gradient")
def test_project_gradient(student, draw):
    """Autograd reaches x and all three matrices, at any length, zero, large and small number.

    Catches: a graph cut on the way, a clamp.
    """

    def oracle(x, *weights):
        return [x @ w for w in weights]

    calls = [inputs(draw, 2, 11, 13, 7, 5), inputs(draw, 1, LONG, 3, 2, 5)]
    for x, *weights in [*calls, *edges(inputs(draw, 2, 3, 5, 7, 4), *POWERS)]:
        cotangents = [draw.normal(*x.shape[:2], w.shape[1]) for w in weights]
        args = [x, *weights]
        assert_gradients(student.self_attention.project, oracle, args, cotangents, WEIGHTS[:4])


# causal_mask


@pytest.mark.exercise("causal_mask")
def test_causal_mask_values(student):
    """True on and below the diagonal, as booleans, at several lengths.

    Catches: the diagonal hidden, a shift by one, rows and columns swapped, True = hidden.
    """
    for length in (7, 1, 2, LONG):
        position = torch.arange(length)
        expected = position[None, :] <= position[:, None]
        got = student.self_attention.causal_mask(length, device=student.device)
        assert_equal(got, expected, "the mask")


@pytest.mark.exercise("causal_mask")
def test_causal_mask_every_call(student):
    """A shorter length after a longer one, and again; the device by position or left out.

    Catches: a mask cached for another length, a device that must be named.
    """
    for length in (5, 5, 3, 13):
        position = torch.arange(length)
        expected = position[None, :] <= position[:, None]
        got = student.self_attention.causal_mask(length, student.device)
        assert_equal(got, expected, "the mask")
        if student.device == "cpu" and length in (3, 13):
            assert_equal(student.self_attention.causal_mask(length), expected, "the mask")


# self_attention


@pytest.mark.exercise("self_attention")
def test_self_attention_values(student, draw, figure):
    """Every word attends to every word; words in another order give outputs in that order.

    Catches: one projection for q, k and v, a wrong scale, softmax over the queries or over
    everything, an epsilon, weights transposed, q and k swapped, a causal mask nobody asked for.
    """
    figure("attention_weights", part(seen(student, draw, causal=False), 0))
    for sizes in SIZES:
        args = inputs(draw, *sizes)
        got = student.self_attention.self_attention(*args)
        assert_close(got, self_attention64(*args), relative=1e-11)
    x, *weights = inputs(draw, *USUAL)
    order = draw.permutation(x.shape[1])
    got = student.self_attention.self_attention(x[:, order], *weights, causal=False)
    expected = self_attention64(x, *weights)[:, order]
    assert_close(got, expected, name="after the words changed order, the result")


@pytest.mark.exercise("self_attention")
def test_self_attention_causal(student, draw, figure):
    """A word attends to itself and to those before it, and other words later change nothing.

    Catches: no mask, the mask inverted, the diagonal hidden (NaN or zeros in the first row), a
    shift by one, a mask after the softmax without a new division, filled with 0 or 1e-9.
    """
    figure("causal_attention_weights", part(seen(student, draw, causal=True), 0))
    for sizes in SIZES[:4]:
        args = inputs(draw, *sizes)
        expected = self_attention64(*args, causal=True)
        assert_close(student.self_attention.self_attention(*args, causal=True), expected)
    assert_close(student.self_attention.self_attention(*args, True), expected)
    x, *weights = inputs(draw, *USUAL)
    expected = self_attention64(x, *weights, causal=True)
    got = student.self_attention.self_attention(other_end(x, 6), *weights, causal=True)
    assert_close(got[:, :6], expected[:, :6], name="before the first changed word, the result")


@pytest.mark.exercise("self_attention")
def test_self_attention_large_logits(student, draw):
    """Logits around -10000, 0 and +10000, causal and not.

    Catches: no maximum subtracted, the maximum over everything or of hidden words, -1e3 where -inf
    is meant.
    """
    x, w_q, w_k, w_v = args = at_levels(*inputs(draw, 2, len(LEVELS), 13, 11, 5))
    far_above = [x, w_k, w_q, w_v]  # the levels are the keys', and those to come beat those seen
    for one, causal in [(args, False), (args, True), (far_above, True)]:
        got = student.self_attention.self_attention(*one, causal=causal)
        assert_close(got, self_attention64(*one, causal))


@pytest.mark.exercise("self_attention")
def test_self_attention_edges(student, draw):
    """Exact zeros, ones, numbers of 1e12 and 1e-12, causal and not.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    for number, args in enumerate(edges(inputs(draw, 2, 3, 5, 7, 4), *POWERS)):
        got = student.self_attention.self_attention(*args, causal=number % 2 == 0)
        assert_close(got, self_attention64(*args, number % 2 == 0))


@pytest.mark.exercise("self_attention")
def test_self_attention_dtype(student, draw):
    """float32 and float16 come back as they went in, causal and not.

    Catches: float64 or float32 returned, a float32 mask, a fill that float16 cannot hold.
    """
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        args = inputs(draw, 2, 11, 13, 7, 5, dtype)
        for causal in (False, True):
            got = student.self_attention.self_attention(*args, causal=causal)
            expected = in_float64(self_attention64, args, causal)
            assert_close(got, expected, dtype=dtype, relative=allowed)


@pytest.mark.exercise("self_attention")
def test_self_attention_every_call(student, draw):
    """Any length and strides, new numbers at every call; the arguments stay as they are.

    Catches: a fixed length, a mask cached for another length, a cached result, in-place work.
    """
    for t, causal in ((3, True), (LONG, True), (2, True), (2, False)):
        args = inputs(draw, 1, t, 7, 5, 3)
        got = student.self_attention.self_attention(*args, causal=causal)
        assert_close(got, self_attention64(*args, causal))
    args = [draw.strided(11, 2, 13).transpose(0, 1)]
    args += [0.3 * draw.weight(d, 13).mT for d in (7, 7, 5)]
    for changed in (args[1:], args[:1], []):
        assert_unchanged(student.self_attention.self_attention, *args, causal=True)
        got = student.self_attention.self_attention(*args, causal=True)
        assert_close(got, self_attention64(*args, causal=True))
        for tensor in changed:
            tensor.copy_(0.3 * draw.normal(*tensor.shape))


@pytest.mark.exercise("self_attention", kind="gradient")
def test_self_attention_gradient(student, draw):
    """Autograd reaches x, along all three ways, and the three matrices.

    At any length, at zeros, large and small numbers. Catches: a cut graph, a clamp.
    """
    calls = [inputs(draw, 2, 11, 13, 7, 5), inputs(draw, 1, LONG, 3, 2, 1)]
    for args in [*calls, *edges(inputs(draw, 2, 3, 5, 7, 4), *POWERS)]:
        cotangent = draw.normal(*args[0].shape[:2], args[3].shape[1])
        function = student.self_attention.self_attention
        assert_gradients(function, self_attention64, args, cotangent, WEIGHTS[:4])


@pytest.mark.exercise("self_attention", kind="gradient")
def test_self_attention_gradient_causal(student, draw):
    """With the causal mask too, around -10000 and +10000 as well.

    Catches: NaN where -inf is subtracted from -inf, a gradient from the future.
    """
    cotangent, function = draw.normal(2, len(LEVELS), 5), student.self_attention.self_attention
    for args in (
        inputs(draw, 2, len(LEVELS), 13, 11, 5),
        at_levels(*inputs(draw, 2, len(LEVELS), 13, 11, 5)),
    ):
        assert_gradients(function, self_attention64, [*args, True], cotangent, WEIGHTS[:4])


# multi_head_self_attention


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_values(student, draw):
    """Each head attends with its own block of columns; sizes all different, some one, all equal.

    Catches: a view without a transpose, heads interleaved or mixed, √d_model for √d_head, w_o
    left out, d_k used for d_v, a size of 1 squeezed away.
    """
    for sizes in HEAD_SIZES:
        args = head_inputs(draw, *sizes)
        got = student.self_attention.multi_head_self_attention(*args)
        assert_close(got, multi_head64(*args), relative=1e-11)


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_like_torch(student, draw):
    """The same as torch.nn.MultiheadAttention, causal and not, with 1, 3 and 15 heads.

    Catches: heads interleaved, joined in another order, w_o transposed.
    """
    x, *weights = draw.normal(2, 7, 15, std=0.5), *(draw.weight(15, 15) for _ in range(4))
    words_first = x.transpose(0, 1)  # torch wants T before N
    hidden = torch.ones(7, 7, dtype=torch.bool).triu(1)  # True = hidden, to torch
    for heads, mask in ((3, None), (3, hidden), (1, None), (15, hidden)):
        expected, _ = F.multi_head_attention_forward(
            *[words_first] * 3,
            embed_dim_to_check=15,
            num_heads=heads,
            in_proj_weight=torch.cat(weights[:3], 1).T,
            in_proj_bias=None,
            bias_k=None,
            bias_v=None,
            add_zero_attn=False,
            dropout_p=0.0,
            out_proj_weight=weights[3].T,
            out_proj_bias=None,
            need_weights=False,
            attn_mask=mask,
        )
        got = student.self_attention.multi_head_self_attention(
            x, *weights, heads, causal=mask is not None
        )
        assert_close(got, expected.transpose(0, 1))


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_causal(student, draw):
    """No head sees a later word, whose change changes nothing before it, at any size of logits.

    Catches: no mask, the mask of one head only, inverted or shifted, filled with 0 or -1e3, no
    maximum subtracted, the maximum over everything or of hidden words.
    """
    for sizes in HEAD_SIZES[:4]:
        args = head_inputs(draw, *sizes)
        expected = multi_head64(*args, causal=True)
        got = student.self_attention.multi_head_self_attention(*args, causal=True)
        assert_close(got, expected)
    x, *rest = head_inputs(draw, *USUAL_HEADS)
    expected = multi_head64(x, *rest, causal=True)
    got = student.self_attention.multi_head_self_attention(other_end(x, 6), *rest, True)
    assert_close(got[:, :6], expected[:, :6], name="before the first changed word, the result")
    args = at_levels(*head_inputs(draw, 2, len(LEVELS), 13, 3, 11, 5, 17), heads=3)
    x, w_q, w_k, *rest = args
    for one in (args, [x, w_k, w_q, *rest]):  # in the second, words to come beat those seen
        got = student.self_attention.multi_head_self_attention(*one, causal=True)
        assert_close(got, multi_head64(*one, causal=True))


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_edges(student, draw):
    """Exact zeros, ones, numbers of 1e12 and 1e-12; an exception where no equal heads can be cut.

    Catches: numbers cut off or taken for zero, columns left over.
    """
    *tensors, heads = head_inputs(draw, 2, 3, 5, 2, 7, 4, 6)
    for number, args in enumerate(edges(tensors, *HEAD_POWERS, groups=HEAD_GROUPS)):
        causal = number % 2 == 0
        got = student.self_attention.multi_head_self_attention(*args, heads, causal=causal)
        assert_close(got, multi_head64(*args, heads, causal))
    x, w_q, w_k, w_v, w_o, heads = head_inputs(draw, 2, 3, 5, 3, 2, 2, 7)
    for d_k, d_v in [(4, 6), (6, 4)]:
        args = [x, w_q[:, :d_k], w_k[:, :d_k], w_v[:, :d_v], w_o[:d_v], heads]
        assert_raises(student.self_attention.multi_head_self_attention, Exception, *args)


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_dtype(student, draw):
    """float32 and float16 come back as they went in, causal and not.

    Catches: float64 or float32 returned, a fill that float16 cannot hold.
    """
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        args = head_inputs(draw, *USUAL_HEADS, dtype)
        for causal in (False, True):
            got = student.self_attention.multi_head_self_attention(*args, causal=causal)
            expected = in_float64(multi_head64, args, causal)
            assert_close(got, expected, dtype=dtype, relative=allowed)


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_every_call(student, draw):
    """Any length and strides, new numbers at every call; the arguments stay as they are.

    Catches: a fixed length, `view` of what is not contiguous, a cached result, in-place work.
    """
    for t, heads, causal in ((3, 3, True), (LONG, 1, True), (2, 3, True), (2, 3, False)):
        args = head_inputs(draw, 1, t, 7, heads, 5, 2, 11)
        got = student.self_attention.multi_head_self_attention(*args, causal=causal)
        assert_close(got, multi_head64(*args, causal))
    args = [draw.strided(11, 2, 13).transpose(0, 1)]
    args += [0.3 * draw.weight(d, 13).mT for d in (21, 21, 15)]
    args += [draw.weight(17, 15).mT, 3]
    for changed in (args[1:5], args[:1], []):
        assert_unchanged(student.self_attention.multi_head_self_attention, *args, causal=True)
        got = student.self_attention.multi_head_self_attention(*args, causal=True)
        assert_close(got, multi_head64(*args, causal=True))
        for tensor in changed:
            tensor.copy_(0.3 * draw.normal(*tensor.shape))


@pytest.mark.exercise("multi_head_self_attention", kind="gradient")
def test_multi_head_gradient(student, draw):
    """Autograd reaches x and the four matrices, through every head.

    At any length, at zeros, large and small numbers. Catches: a cut graph, a clamp.
    """
    *tensors, heads = head_inputs(draw, 2, 3, 5, 2, 7, 4, 6)
    calls = [head_inputs(draw, *USUAL_HEADS), head_inputs(draw, 1, LONG, 3, 1, 2, 1, 2)]
    for args in [*calls, *([*t, heads] for t in edges(tensors, *HEAD_POWERS, groups=HEAD_GROUPS))]:
        cotangent = draw.normal(*args[0].shape[:2], args[4].shape[1])
        function = student.self_attention.multi_head_self_attention
        assert_gradients(function, multi_head64, args, cotangent, WEIGHTS)


@pytest.mark.exercise("multi_head_self_attention", kind="gradient")
def test_multi_head_gradient_causal(student, draw):
    """With the causal mask too. Catches: NaN from -inf, a gradient from the future."""
    args, cotangent = [*head_inputs(draw, *USUAL_HEADS), True], draw.normal(2, 11, 17)
    function = student.self_attention.multi_head_self_attention
    assert_gradients(function, multi_head64, args, cotangent, WEIGHTS)


# speed


@pytest.mark.exercise("self_attention", kind="speed")
def test_self_attention_takes_every_sentence_at_once(student, draw):
    """Many short sentences. Catches: a Python loop over the batch."""
    scaling, _ = SCALINGS["self_attention"]
    function, control = student.self_attention.self_attention, "self_attention_by_sentence"
    assert_parallel(function, scaling, draw, self_attention64, control)


@pytest.mark.exercise("self_attention", kind="speed")
def test_self_attention_takes_every_position_at_once(student, draw):
    """A long sentence. Catches: a Python loop over queries or over keys."""
    _, scaling = SCALINGS["self_attention"]
    function, control = student.self_attention.self_attention, "self_attention_by_query"
    assert_parallel(function, scaling, draw, self_attention64, control)


@pytest.mark.exercise("multi_head_self_attention", kind="speed")
def test_multi_head_takes_every_sentence_at_once(student, draw):
    """Many short sentences, two heads. Catches: a Python loop over the batch."""
    scaling, _ = SCALINGS["multi_head_self_attention"]
    function, control = student.self_attention.multi_head_self_attention, "multi_head_by_sentence"
    assert_parallel(function, scaling, draw, all_heads64, control)


@pytest.mark.exercise("multi_head_self_attention", kind="speed")
def test_multi_head_takes_every_head_at_once(student, draw):
    """Many small heads. Catches: a Python loop over the heads."""
    _, scaling = SCALINGS["multi_head_self_attention"]
    function, control = student.self_attention.multi_head_self_attention, "multi_head_by_head"
    assert_parallel(function, scaling, draw, all_heads64, control)


# devices


@pytest.mark.exercise("project", kind="device")
def test_project_on_a_gpu(student, draw):
    """Catches: a layer of torch's own whose weights are left on the CPU."""
    args = inputs(draw, *USUAL)
    cotangents = [draw.normal(2, 11, width) for width in (7, 7, 5)]
    oracle = lambda x, *weights: [x @ w for w in weights]  # noqa: E731
    assert_gradients(student.self_attention.project, oracle, args, cotangents, WEIGHTS[:4])


@pytest.mark.exercise("causal_mask", kind="device")
def test_causal_mask_on_a_gpu(student):
    """Catches: `device` not used."""
    got = student.self_attention.causal_mask(5, device=student.device)
    assert_equal(got, torch.ones(5, 5, dtype=torch.bool).tril())


@pytest.mark.exercise("self_attention", kind="device")
def test_self_attention_on_a_gpu(student, draw):
    """Catches: a mask made on the CPU, `causal_mask` not told the device."""
    args, cotangent = [*inputs(draw, *USUAL), True], draw.normal(2, 11, 5)
    function = student.self_attention.self_attention
    assert_gradients(function, self_attention64, args, cotangent, WEIGHTS[:4])


@pytest.mark.exercise("multi_head_self_attention", kind="device")
def test_multi_head_self_attention_on_a_gpu(student, draw):
    """Catches: a mask made on the CPU, heads written into a tensor on the CPU."""
    args, cotangent = [*head_inputs(draw, *USUAL_HEADS), True], draw.normal(2, 11, 17)
    function = student.self_attention.multi_head_self_attention
    assert_gradients(function, multi_head64, args, cotangent, WEIGHTS)
