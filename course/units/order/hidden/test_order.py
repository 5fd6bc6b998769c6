"""What the unit `order` pins. The truth is a pass over each prefix, or torch's own causal one."""

import functools
import math
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F

from autograder.core.errors import GraderError
from autograder.testing.compare import (
    assert_close,
    assert_equal,
    assert_gradients,
    assert_raises,
    assert_unchanged,
)
from autograder.testing.edges import edges
from autograder.testing.parallel import assert_parallel
from course.units.order.public.loops import SCALINGS

NAMES = ["embed", "w_q", "w_k", "w_v", "out_w", "out_b"]
# Together, so that whoever leaves one of them out still gives another result: it was not kept.
REFILLED = (["embed", "w_v", "out_w"], ["w_q", "w_k", "out_b"], [])
LONG = 513  # words, beyond 512
HALF = 3e-2  # float16 all the way through four matrix products and a softmax
TRIES = 1000  # few are needed
CLEAR = 1e-2  # of the logits' size, by which the likeliest word leads
# Of FAR in the parameters: their products keep their size, but for the words' beside the positions.
POWERS = ([1, -1, -1, -1, 0, 0], [0, -1, 1, 1, -1, 0])
GROUPS = ((0, 1), (2, 5), (3, 4))  # each leaves something to be computed


class Sizes(NamedTuple):
    """Sentences, words in each, vocabulary, and the widths of a word, of its key and its value."""

    n: int
    t: int
    v: int
    d: int
    d_k: int
    d_v: int


# All equal first: some mistakes have a result there only, and are then called by their name.
USUAL = Sizes(2, 7, 11, 6, 5, 3)
SIZES = [Sizes(4, 4, 4, 4, 4, 4), USUAL, Sizes(1, 5, 7, 4, 2, 3), Sizes(3, 2, 5, 6, 1, 4)]
ONE_WORD = [Sizes(3, 1, 7, 4, 2, 5), Sizes(1, 1, 1, 2, 1, 1)]


def network(draw, sizes, dtype=torch.float64):
    """Random parameters, in which words and positions weigh about the same."""
    _, _, v, d, d_k, d_v = sizes
    params = {
        "embed": draw.normal(v, d),
        "w_q": 1.5 * draw.weight(d, d_k),
        "w_k": 1.5 * draw.weight(d, d_k),
        "w_v": draw.weight(d, d_v),
        "out_w": 2 * draw.weight(d_v, v),
        "out_b": draw.normal(v, std=0.3),
    }
    return {name: tensor.to(dtype) for name, tensor in params.items()}


def inputs(draw, sizes, dtype=torch.float64):
    """Arguments of next_words and of mean_loss."""
    return [draw.integers(0, sizes.v, sizes.n, sizes.t), network(draw, sizes, dtype)]


def at_the_edges(draw, powers=POWERS, groups=GROUPS):
    """The same at exact zeros and ones, and at very large and small numbers."""
    tokens, params = inputs(draw, Sizes(2, 3, 5, 4, 7, 6))
    for tensors in edges(list(params.values()), *powers, groups=groups):
        yield [tokens, dict(zip(NAMES, tensors, strict=True))]


def strided(draw, sizes):
    """Ids and parameters that are not contiguous."""
    tokens, params = inputs(draw, sizes)
    params["out_b"] = draw.strided(sizes.v)
    turned = {name: p.mT.contiguous().mT if p.ndim == 2 else p for name, p in params.items()}
    return [tokens.T.contiguous().T, turned]


def refill(draw, tokens, params, names):
    """Put other numbers into the same memory; no names: other ids."""
    for name in names:
        params[name].copy_(draw.normal(*params[name].shape))
    if not names:
        tokens.copy_((tokens + 1 + draw.integers(0, USUAL.v - 1, *tokens.shape)) % USUAL.v)


def in_float64(params):
    """The same numbers, in which the truth is computed."""
    return {name: tensor.double() for name, tensor in params.items()}


@functools.cache
def positions64(length, width):
    """The docstring's formula, number by number."""

    def number(t, column):
        angle = t / 10000 ** ((column - column % 2) / width)
        return math.cos(angle) if column % 2 else math.sin(angle)

    rows = [[number(t, column) for column in range(width)] for t in range(length)]
    return torch.tensor(rows, dtype=torch.float64)


def projected64(tokens, params):
    """Queries, keys and values of words and positions together."""
    embed = params["embed"]
    x = F.embedding(tokens, embed) + positions64(tokens.shape[1], embed.shape[1])
    return [x @ params[name] for name in ("w_q", "w_k", "w_v")]


def next_words64(tokens, params):
    """torch's own causal attention."""
    y = F.scaled_dot_product_attention(*projected64(tokens, params), is_causal=True)
    return torch.addmm(params["out_b"], y.flatten(0, 1), params["out_w"]).view(*tokens.shape, -1)


def next_word64(tokens, params):
    """(N, V), what comes after the last word: its query asks all keys, and there is no mask."""
    q, k, v = projected64(tokens, params)
    y = F.scaled_dot_product_attention(q[:, -1:], k, v)[:, 0]
    return torch.addmm(params["out_b"], y, params["out_w"])


def by_prefixes64(tokens, params):
    """A pass over each of the growing prefixes."""
    lengths = range(1, tokens.shape[1] + 1)
    return torch.stack([next_word64(tokens[:, :t], params) for t in lengths], 1)


def mean_loss64(tokens, params):
    """For each word but the first, minus the logarithm of the probability that it was given."""
    logits = next_words64(tokens, params)[:, :-1]
    right = logits.gather(2, tokens[:, 1:, None])[..., 0]  # (N, T-1)
    return (logits.logsumexp(2) - right).mean()


def generate64(tokens, params, count):
    """Ids (N, T + count), and the least lead of a likeliest word as a share of its logits' size."""
    lead = math.inf
    for _ in range(count):
        logits = next_word64(tokens, params)  # (N, V)
        best, size = logits.topk(2, 1), logits.abs().amax(1)
        lead = min(lead, float(((best.values[:, 0] - best.values[:, 1]) / size).min()))
        tokens = torch.cat([tokens, best.indices[:, :1]], 1)
    return tokens, lead


def clear(draw, sizes, count, dtype=torch.float64, make=network, lead=CLEAR):
    """Arguments of generate, and what it must write: no word is one that rounding decides.

    They are drawn until, of three words or more, not all are the same in any sentence.
    """
    for _ in range(TRIES):
        tokens = draw.integers(0, sizes.v, sizes.n, sizes.t)
        params = make(draw, sizes, dtype)
        expected, leads = generate64(tokens, in_float64(params), count)
        written = expected[:, sizes.t :]
        varied = count < 3 or bool((written != written[:, :1]).any(1).all())
        if leads > lead and varied:
            return [tokens, params, count], expected
    raise GraderError(f"no clear network was found in {TRIES} draws")


def plain(draw, sizes, dtype):
    """Parameters with zeros and ones among them, and a bias of zero."""
    params = network(draw, sizes, dtype)
    for tensor in params.values():
        tensor.view(-1)[::5] = 0
        tensor.view(-1)[1::5] = 1
    params["out_b"].zero_()
    return params


def choosy(draw, sizes, dtype):
    """A word attends to few others, wherever they stand."""
    params = network(draw, sizes, dtype)
    for name in ("w_q", "w_k"):
        params[name] *= 4
    return params


def far(draw, sizes, dtype, factor=1e12):
    """Very large values that meet a very small matrix, so that the logits keep their size."""
    params = network(draw, sizes, dtype)
    params["w_v"] *= factor
    params["out_w"] /= factor
    return params


def near(draw, sizes, dtype):
    """Very small values that meet a very large matrix."""
    return far(draw, sizes, dtype, 1e-12)


def assert_positions(got, length, width):
    """Fail unless these are the positions, in float64 or, which will do, in float32."""
    __tracebackhide__ = True
    single = isinstance(got, torch.Tensor) and got.dtype == torch.float32
    dtype, allowed = (torch.float32, 2e-7 * max(10, length)) if single else (torch.float64, 1e-9)
    assert_close(got, positions64(length, width), dtype=dtype, absolute=allowed)


# positions


@pytest.mark.exercise("positions")
def test_positions_values(student):
    """Sines in the even columns, cosines of the same angles in the odd ones, counted from 0.

    Catches: sine and cosine swapped, all sines before all cosines, an angle of its own for each
    column, another base, positions from 1, the slowest first, length and width swapped.
    """
    for length, width in [(4, 4), (11, 6), (5, 2), (3, 16), (7, 10)]:
        assert_positions(student.order.positions(length, width), length, width)


@pytest.mark.exercise("positions")
def test_positions_every_call(student):
    """One position, hundreds of them, hundreds of columns, and a few again.

    Catches: a table cached for another length or width, a limit on the length, angles scaled by
    the length.
    """
    for length, width in [(1, 4), (LONG, 6), (2, 4), (2, 4), (2, 130), (5, 6), (5, 4)]:
        assert_positions(student.order.positions(length, width), length, width)


@pytest.mark.exercise("positions")
def test_positions_odd_width(student):
    """An odd width is refused, and an even one after it is not. Catches: no ValueError."""
    for width in (1, 3, 7, 129):
        assert_raises(student.order.positions, ValueError, 4, width)
    assert_positions(student.order.positions(3, 8), 3, 8)


# next_words


@pytest.mark.exercise("next_words")
def test_next_words_values(student, draw):
    """As torch's own layers have it; sizes all different, all equal, one sentence, one word.

    Catches: no positions, positions of the batch, added twice or after the attention, the words
    scaled, the words themselves added to the output, a softmax at the end, no bias, the last
    position only, an axis of size 1 squeezed away.
    """
    for sizes in [*SIZES, *ONE_WORD]:
        args = inputs(draw, sizes)
        assert_close(student.order.next_words(*args), next_words64(*args), relative=1e-11)


@pytest.mark.exercise("next_words")
def test_next_words_by_prefixes(student, draw):
    """One pass gives what T passes over growing prefixes give, of any words.

    Catches: no causal mask, the mask shifted, positions that depend on the length, positions
    counted from the end.
    """
    tokens, params = inputs(draw, USUAL)
    for ids in (tokens, torch.zeros_like(tokens)):
        expected = by_prefixes64(ids, params)
        assert_close(student.order.next_words(ids, params), expected)
        for t in (1, 4):
            got = student.order.next_words(ids[:, :t], params)
            assert_close(got, expected[:, :t], name=f"of the first {t} words, the result")


@pytest.mark.exercise("next_words")
def test_next_words_future(student, draw):
    """Other words later change nothing before; earlier words in another order change what follows.

    Catches: a leak from the future, no positions.
    """
    tokens, params = inputs(draw, USUAL)
    tokens[:, 0] = (tokens[:, 1] + 1) % USUAL.v  # what is exchanged differs
    expected, later = next_words64(tokens, params), tokens.clone()
    later[:, 4:] = (tokens[:, 4:] + 3) % USUAL.v
    got = student.order.next_words(later, params)
    assert_close(got[:, :4], expected[:, :4], name="before the first changed word, the result")
    exchanged = tokens[:, [1, 0, *range(2, USUAL.t)]]
    got, expected = student.order.next_words(exchanged, params), next_words64(exchanged, params)
    assert_close(got, expected, name="with two words exchanged, the result")


@pytest.mark.exercise("next_words")
def test_next_words_edges(student, draw):
    """Exact zeros, ones, numbers of 1e12 and 1e-12 among the parameters, scores of some 10000.

    Catches: numbers cut off or taken for zero, the id 0 taken for padding, no maximum subtracted,
    the maximum of hidden words.
    """
    tokens, params = inputs(draw, USUAL)
    steep = params | {name: 100 * params[name] for name in ("w_q", "w_k")}
    for args in [*at_the_edges(draw), [tokens, steep]]:
        assert_close(student.order.next_words(*args), next_words64(*args))


@pytest.mark.exercise("next_words")
def test_next_words_dtype(student, draw):
    """float32 and float16 come back as `embed` went in.

    Catches: float64 returned because positions have it, float16 widened.
    """
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        tokens, params = inputs(draw, USUAL, dtype)
        expected = next_words64(tokens, in_float64(params))
        got = student.order.next_words(tokens, params)
        assert_close(got, expected, dtype=dtype, relative=allowed)


@pytest.mark.exercise("next_words")
def test_next_words_every_call(student, draw):
    """Any length and strides, new ids and numbers at every call; the arguments stay as they are.

    Catches: a fixed length, a table of positions or a mask cached for another length, a cached
    result, in-place work, `view` of what is not contiguous.
    """
    for t in (3, LONG, 2):
        args = inputs(draw, Sizes(1, t, 5, 4, 2, 3))
        assert_close(student.order.next_words(*args), next_words64(*args))
    tokens, params = strided(draw, USUAL)
    for refilled in REFILLED:
        assert_unchanged(student.order.next_words, tokens, params)
        assert_close(student.order.next_words(tokens, params), next_words64(tokens, params))
        refill(draw, tokens, params, refilled)
    assert_close(student.order.next_words(tokens, params), next_words64(tokens, params))


@pytest.mark.exercise("next_words", kind="gradient")
def test_next_words_gradient(student, draw):
    """Autograd reaches every parameter, `embed` at each place of a word.

    At any length, at zeros, large and small numbers. Catches: a cut graph, a clamp.
    """
    calls = [inputs(draw, USUAL), inputs(draw, Sizes(1, LONG, 3, 2, 1, 2))]
    for tokens, params in [*calls, *at_the_edges(draw, POWERS[:1], GROUPS[:2])]:
        cotangent = draw.normal(*tokens.shape, len(params["out_b"]))
        function = student.order.next_words
        assert_gradients(function, next_words64, [tokens, params], cotangent, NAMES)


# mean_loss


def assert_loss(student, args, relative):
    """The loss may be off by twice what a logit may, which is `relative` of the largest.

    It is a difference: of one near 0, rounding leaves few digits.
    """
    allowed = 2 * relative * float(next_words64(*args).abs().amax())
    assert_close(student.order.mean_loss(*args), mean_loss64(*args), absolute=allowed)


@pytest.mark.exercise("mean_loss")
def test_mean_loss_values(student, draw):
    """The mean over sentences and positions of the loss of the next word; sizes as above, and T=2.

    Catches: each word its own target, the word before as target, a sum, a mean over sentences or
    over all T, a target for the last position, the first prediction left out, a loss for each
    sentence, a softmax before the cross-entropy, another base, no sign.
    """
    for sizes in [*SIZES, Sizes(1, 2, 5, 4, 7, 3)]:
        args = inputs(draw, sizes)
        assert_loss(student, args, 1e-11)


@pytest.mark.exercise("mean_loss")
def test_mean_loss_last_word(student, draw):
    """The last word is a target only: in a sentence of two it decides one loss, and asks nothing.

    Catches: a target for the last position (the first word, 0 or its own word).
    """
    params = network(draw, USUAL)
    tokens = torch.tensor([[0, 3], [5, 0], [7, 7]])
    for last in (3, 0, 9):
        tokens[:, 1] = last
        expected = F.cross_entropy(next_word64(tokens[:, :1], params), tokens[:, 1])
        assert_close(student.order.mean_loss(tokens, params), expected)


@pytest.mark.exercise("mean_loss")
def test_mean_loss_edges(student, draw):
    """Exact zeros, ones, numbers of 1e12 and 1e-12, and words that are all but impossible.

    Catches: the logarithm of a probability that is 0, overflow, an epsilon, the id 0 left out.
    """
    for args in at_the_edges(draw):
        assert_close(student.order.mean_loss(*args), mean_loss64(*args))
    tokens, params = inputs(draw, USUAL)
    params["out_b"] *= 1e4
    assert_close(student.order.mean_loss(tokens, params), mean_loss64(tokens, params))


@pytest.mark.exercise("mean_loss")
def test_mean_loss_every_call(student, draw):
    """Any dtype, length and strides, new numbers at every call; the arguments stay as they are.

    Catches: float64 returned, a fixed length, a cached result, in-place work, `view` of what is
    not contiguous.
    """
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        tokens, params = inputs(draw, USUAL, dtype)
        expected = mean_loss64(tokens, in_float64(params))
        got = student.order.mean_loss(tokens, params)
        assert_close(got, expected, dtype=dtype, relative=allowed)
    for t in (3, LONG + 1, 2):
        assert_loss(student, inputs(draw, Sizes(1, t, 5, 4, 2, 3)), 1e-8)
    tokens, params = strided(draw, USUAL)
    for refilled in REFILLED:
        assert_unchanged(student.order.mean_loss, tokens, params)
        assert_close(student.order.mean_loss(tokens, params), mean_loss64(tokens, params))
        refill(draw, tokens, params, refilled)
    assert_close(student.order.mean_loss(tokens, params), mean_loss64(tokens, params))


@pytest.mark.exercise("mean_loss", kind="gradient")
def test_mean_loss_gradient(student, draw):
    """Autograd reaches every parameter.

    At any length, at zeros, large and small numbers. Catches: a cut graph, a clamp, `.item()`.
    """
    calls = [inputs(draw, USUAL), inputs(draw, Sizes(1, LONG // 4 + 1, 3, 2, 1, 2))]
    for args in [*calls, *at_the_edges(draw, POWERS[:1], GROUPS[:2])]:
        cotangent = draw.normal(1)[0]
        assert_gradients(student.order.mean_loss, mean_loss64, args, cotangent, NAMES)


# generate


@pytest.mark.exercise("generate")
def test_generate_values(student, draw):
    """The beginnings and what is written after them, for several sentences, one, one word, V=4.

    Catches: the beginning left out, written words not read, read alone, or read at position 0,
    the first position's logits, the likeliest in a batch, `count` off by one or taken for T.
    """
    calls = [(SIZES[0], 4), (USUAL, 5), (Sizes(1, 3, 7, 4, 2, 5), 4), (Sizes(3, 1, 5, 6, 2, 4), 6)]
    for sizes, count in [*calls, (Sizes(3, 5, 7, 4, 2, 6), 1)]:
        args, expected = clear(draw, sizes, count)
        assert_equal(student.order.generate(*args), expected)


@pytest.mark.exercise("generate")
def test_generate_ties(student, draw):
    """Where the logits are the bias alone and two are the largest, the lower id is written.

    Catches: the highest id taken, a draw between them.
    """
    params = network(draw, USUAL)
    params["out_w"].zero_()
    for first, second in ((0, 4), (3, 10), (6, 7)):
        tokens = draw.integers(0, USUAL.v, 2, 3)
        params["out_b"] = draw.normal(USUAL.v, std=0.1)
        params["out_b"][[first, second]] = 1.5
        expected = F.pad(tokens, (0, 3), value=first)
        assert_equal(student.order.generate(tokens, params, 3), expected)


@pytest.mark.exercise("generate")
def test_generate_long(student, draw):
    """After more than 128 words, and a dozen of them written.

    Catches: a limit on the length, the last words only.
    """
    for sizes, count in ((Sizes(3, LONG // 4 + 1, 11, 4, 3, 2), 3), (Sizes(2, 1, 5, 4, 3, 2), 12)):
        args, expected = clear(draw, sizes, count, make=choosy, lead=1e-3)
        assert_equal(student.order.generate(*args), expected)


@pytest.mark.exercise("generate")
def test_generate_edges(student, draw):
    """Exact zeros and ones among the parameters, all zeros, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, the id 0 taken for an end or for padding.
    """
    for make in (plain, far, near):
        args, expected = clear(draw, Sizes(2, 3, 5, 4, 7, 6), 3, make=make)
        assert_equal(student.order.generate(*args), expected)
    tokens, params, count = args
    for name in NAMES[:-1]:
        params[name] = torch.zeros_like(params[name])
    params["out_b"] = torch.tensor([4.0, 1.0, 0.0, -2.0, 3.0], dtype=torch.float64)
    expected = F.pad(tokens, (0, count), value=0)
    assert_equal(student.order.generate(tokens, params, count), expected)


@pytest.mark.exercise("generate")
def test_generate_every_call(student, draw):
    """Any dtype and strides, other sentences at every call; the arguments stay as they are.

    Catches: keys or values kept from an earlier call, in-place work, float64 mixed with float32.
    """
    sizes = Sizes(2, 4, 5, 6, 7, 3)
    for dtype, count, lead in [
        (torch.float16, 2, 0.1),
        (torch.float32, 2, CLEAR),
        (torch.float64, 3, CLEAR),
    ]:
        args, expected = clear(draw, sizes, count, dtype, lead=lead)
        assert_equal(assert_unchanged(student.order.generate, *args), expected)
    tokens, params, count = args
    tokens.copy_(tokens.flip(0))  # in the same memory
    turned = {name: p.mT.contiguous().mT if p.ndim == 2 else p for name, p in params.items()}
    for each in ([tokens, params, count], [tokens.T.contiguous().T, turned, count]):
        assert_equal(student.order.generate(*each), expected.flip(0))
    assert_equal(student.order.generate(tokens, params, 1), expected.flip(0)[:, :-2])
    other, written = clear(draw, sizes, 3)
    for name, tensor in other[1].items():
        params[name].copy_(tensor)
    assert_equal(student.order.generate(other[0], params, 3), written)


# speed


@pytest.mark.exercise("next_words", kind="speed")
def test_next_words_takes_every_position_at_once(student, draw):
    """Two long sentences. Catches: a loop over positions, a pass for each prefix."""
    (scaling,) = SCALINGS["next_words"]
    function, control = student.order.next_words, "next_words_by_position"
    assert_parallel(function, scaling, draw, next_words64, control)


# devices


@pytest.mark.exercise("next_words", kind="device")
def test_next_words_on_a_gpu(student, draw):
    """Catches: positions left on the CPU, a mask made on the CPU."""
    args, cotangent = inputs(draw, USUAL), draw.normal(2, 7, 11)
    assert_gradients(student.order.next_words, next_words64, args, cotangent, NAMES)


@pytest.mark.exercise("mean_loss", kind="device")
def test_mean_loss_on_a_gpu(student, draw):
    """Catches: a loss gathered on the CPU, an index made on the CPU."""
    args, cotangent = inputs(draw, USUAL), draw.normal(1)[0]
    assert_gradients(student.order.mean_loss, mean_loss64, args, cotangent, NAMES)


@pytest.mark.exercise("generate", kind="device")
def test_generate_on_a_gpu(student, draw):
    """Catches: written words gathered on the CPU."""
    args, expected = clear(draw, USUAL, 2)
    assert_equal(student.order.generate(*args), expected)
