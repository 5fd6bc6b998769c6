"""Public tests of the unit `order`: run `pytest test_order.py`.

Your self_attention.py and attention.py are used too: where these are not done yet, the tests cannot
pass.
"""

import math

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import (
    assert_close,
    assert_equal,
    assert_gradients,
    assert_raises,
    assert_unchanged,
)

NAMES = ["embed", "w_q", "w_k", "w_v", "out_w", "out_b"]
LN_2 = math.log(2)


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def network(draw, v, d, d_k, d_v, dtype=torch.float64):
    """Random parameters: V words of width D, keys and values of their own widths."""
    shapes = [(v, d), (d, d_k), (d, d_k), (d, d_v), (d_v, v), (v,)]
    tensors = [draw.normal(*shape, std=0.7, dtype=dtype) for shape in shapes]
    return dict(zip(NAMES, tensors, strict=True))


def places(length, width):
    """The positions, from polar coordinates, whose angles are t · 10000^(-2i/D)."""
    rates = torch.logspace(0, -4, width // 2 + 1, dtype=torch.float64)[:-1]
    angles = torch.arange(length)[:, None] * rates
    return torch.view_as_real(torch.polar(torch.ones_like(angles), angles)).flip(-1).flatten(1)


def torch_next_words(tokens, params):
    """One pass of torch's own causal attention."""
    x = F.embedding(tokens, params["embed"]) + places(tokens.shape[1], params["embed"].shape[1])
    q, k, v = (x @ params[name] for name in ("w_q", "w_k", "w_v"))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return y @ params["out_w"] + params["out_b"]


def torch_mean_loss(tokens, params):
    """torch wants the logits' V before T."""
    return F.cross_entropy(torch_next_words(tokens, params)[:, :-1].mT, tokens[:, 1:])


def only_a_bias(*logits):
    """Parameters whose logits are these, whatever the words are."""
    params = {name: torch.ones(2, 2, dtype=torch.float64) for name in NAMES}
    params["embed"] = torch.ones(len(logits), 2, dtype=torch.float64)
    params["out_w"] = torch.zeros(2, len(logits), dtype=torch.float64)
    return params | {"out_b": matrix(*logits)}


@pytest.mark.exercise("positions")
def test_positions_by_hand(student):
    """Width 4: the first angle grows by 1 from word to word, the second by 1/100.

    Catches: sine and cosine swapped, all sines before all cosines, positions from 1, an angle of
    its own for each column, another base.
    """
    expected = matrix(
        [0.0, 1.0, 0.0, 1.0],
        [math.sin(1), math.cos(1), math.sin(0.01), math.cos(0.01)],
        [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)],
    )
    got = student.order.positions(3, 4)
    assert_close(got, expected, dtype=None, absolute=2e-6)
    assert_close(student.order.positions(1, 2), matrix([0.0, 1.0]), dtype=None)


@pytest.mark.exercise("positions")
def test_positions_odd_width(student):
    """There is no cosine for the last sine. Catches: no ValueError."""
    assert_raises(student.order.positions, ValueError, 4, 3)


@pytest.mark.exercise("next_words")
def test_next_words_by_hand(student):
    """Queries of zeros: each word gets the mean of the words up to it, positions included.

    Word 0 is [1, 0] and stands at [0, 1]; word 1 is [0, 2] and stands at [sin 1, cos 1].
    Catches: no positions, no causal mask, the last position only, a softmax at the end, no bias.
    """
    params = {
        "embed": matrix([1.0, 0.0], [0.0, 2.0], [3.0, 3.0]),
        "w_q": torch.zeros(2, 5).double(),
        "w_k": torch.ones(2, 5).double(),
        "w_v": torch.eye(2).double(),
        "out_w": matrix([1.0, 0.0, 2.0], [0.0, 1.0, 0.0]),
        "out_b": matrix(0.0, 0.0, 5.0),
    }
    a, b = (1 + math.sin(1)) / 2, (1 + 2 + math.cos(1)) / 2
    expected = matrix([1.0, 1.0, 7.0], [a, b, 2 * a + 5])[None]
    assert_close(student.order.next_words(torch.tensor([[0, 1]]), params), expected)


@pytest.mark.exercise("next_words")
def test_next_words_by_prefixes(student, draw):
    """One pass says at every position what a pass over the words up to there says at its end.

    Catches: no causal mask, positions counted from the end.
    """
    tokens, params = draw.integers(0, 7, 2, 5), network(draw, 7, 4, 3, 6)
    whole = student.order.next_words(tokens, params)
    for t in range(1, 5):
        part = student.order.next_words(tokens[:, :t], params)
        assert_close(part[:, -1], whole[:, t - 1], name=f"after {t} words, the result")


@pytest.mark.exercise("next_words")
def test_next_words_like_torch(student, draw):
    """As torch has it, in float64, float32 and float16; the arguments stay.

    Catches: the words scaled, the dtype of the positions kept, anything changed in place.
    """
    tokens = draw.integers(0, 7, 2, 5)
    for dtype, allowed in [(torch.float64, 1e-8), (torch.float32, 2e-5), (torch.float16, 2e-2)]:
        params = network(draw, 7, 4, 3, 6, dtype)
        exact = {name: tensor.double() for name, tensor in params.items()}
        expected = torch_next_words(tokens, exact)
        got = student.order.next_words(tokens, params)
        assert_close(got, expected, dtype=dtype, relative=allowed)
        assert_unchanged(student.order.next_words, tokens, params)


@pytest.mark.exercise("next_words", kind="gradient")
def test_next_words_gradient(student, draw):
    """Autograd reaches every parameter. Catches: a cut graph."""
    args, cotangent = [draw.integers(0, 7, 2, 5), network(draw, 7, 4, 3, 6)], draw.normal(2, 5, 7)
    assert_gradients(student.order.next_words, torch_next_words, args, cotangent, NAMES)


@pytest.mark.exercise("mean_loss")
def test_mean_loss_by_hand(student):
    """Words with the probabilities 1/2, 1/4 and 1/4, whatever came before.

    The losses of the next words are 2, 2, 1 and 2 times ln 2, and their mean 7/4 · ln 2.
    Catches: each word its own target, a sum, a mean over all T, a target for the last position, the
    first prediction left out, a loss for each sentence, a softmax before the cross-entropy.
    """
    params, tokens = only_a_bias(2 * LN_2, LN_2, LN_2), torch.tensor([[0, 1, 1], [2, 0, 1]])
    expected = torch.tensor(7 / 4 * LN_2, dtype=torch.float64)
    assert_close(student.order.mean_loss(tokens, params), expected)


@pytest.mark.exercise("mean_loss")
def test_mean_loss_large(student):
    """A word that is all but impossible costs 2000. Catches: the logarithm of 0."""
    params, expected = only_a_bias(2000.0, 0.0), torch.tensor(2000.0, dtype=torch.float64)
    assert_close(student.order.mean_loss(torch.tensor([[0, 1]]), params), expected)


@pytest.mark.exercise("mean_loss")
def test_mean_loss_like_torch(student, draw):
    """As torch has it, in float64 and float32; the arguments stay.

    Catches: each word its own target, the dtype changed, anything changed in place.
    """
    tokens = draw.integers(0, 7, 2, 5)
    for dtype, allowed in [(torch.float64, 1e-8), (torch.float32, 2e-5)]:
        params = network(draw, 7, 4, 3, 6, dtype)
        expected = torch_mean_loss(tokens, {name: t.double() for name, t in params.items()})
        got = student.order.mean_loss(tokens, params)
        assert_close(got, expected, dtype=dtype, relative=allowed)
        assert_unchanged(student.order.mean_loss, tokens, params)


@pytest.mark.exercise("mean_loss", kind="gradient")
def test_mean_loss_gradient(student, draw):
    """Autograd reaches every parameter. Catches: a cut graph."""
    args = [draw.integers(0, 7, 2, 5), network(draw, 7, 4, 3, 6)]
    cotangent = torch.tensor(3.0, dtype=torch.float64)
    assert_gradients(student.order.mean_loss, torch_mean_loss, args, cotangent, NAMES)


@pytest.mark.exercise("generate")
def test_generate_by_hand(student):
    """A network that counts: after word i it writes i + 1, after the last one 0.

    The words are so large that positions do not count: a word asks for words like itself, and
    their value is the word that follows.
    Catches: the beginning left out, written words not read, the first position's logits, `count`
    off by one.
    """
    V = 6
    eye = torch.eye(V).double()
    params = {"embed": 100 * eye, "w_q": eye, "w_k": eye, "w_v": eye.roll(1, 1), "out_w": eye}
    params["out_b"] = torch.zeros(V).double()
    tokens = torch.tensor([[2, 4, 3], [0, 0, 5]])
    expected = torch.tensor([[2, 4, 3, 4, 5, 0, 1], [0, 0, 5, 0, 1, 2, 3]])
    assert_equal(student.order.generate(tokens, params, 4), expected)
    assert_equal(student.order.generate(tokens[:1, :1], params, 1), torch.tensor([[2, 3]]))
    assert_unchanged(student.order.generate, tokens, params, 4)


@pytest.mark.exercise("generate")
def test_generate_ties(student):
    """Words 1 and 3 are as likely as each other. Catches: the highest id taken."""
    params = only_a_bias(0.0, 2.0, 1.0, 2.0)
    got = student.order.generate(torch.tensor([[3], [0]]), params, 2)
    assert_equal(got, torch.tensor([[3, 1, 1], [0, 1, 1]]))


@pytest.mark.exercise("next_words", kind="device")
def test_next_words_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    args = [draw.integers(0, 7, 2, 5), network(draw, 7, 4, 3, 6)]
    assert_close(student.order.next_words(*args), torch_next_words(*args))


@pytest.mark.exercise("mean_loss", kind="device")
def test_mean_loss_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    args = [draw.integers(0, 7, 2, 5), network(draw, 7, 4, 3, 6)]
    assert_close(student.order.mean_loss(*args), torch_mean_loss(*args))


@pytest.mark.exercise("generate", kind="device")
def test_generate_on_a_gpu(student):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    got = student.order.generate(torch.tensor([[2]]), only_a_bias(0.0, 2.0, 1.0), 2)
    assert_equal(got, torch.tensor([[2, 1, 1]]))
