"""Public tests of the unit `seq2seq`: run `pytest test_seq2seq.py`."""

import json
import math
from pathlib import Path

import pytest
import torch

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)

BOTH = ["states", "context"]
ENCODER = ["enc_embed", "enc_w_x", "enc_w_h", "enc_b_x", "enc_b_h"]
PARAMETERS = Path(__file__).parents[1] / "course" / "parameters"


def shipped(name):
    """A file of trained parameters that comes with the course; without it the test is skipped."""
    torch_files = pytest.importorskip("safetensors.torch", reason="pip install safetensors")
    if not (PARAMETERS / name).is_file():
        pytest.skip(f"There is no course/parameters/{name} beside exercises/.")
    return torch_files.load_file(PARAMETERS / name)


def gates_open(width):
    """A bias for a GRU that keeps nothing of its old state: its update gate is 0."""
    return torch.tensor([0.0] * width + [-100.0] * width + [0.0] * width, dtype=torch.float64)


def encoder(draw, words, e, h):
    """Random parameters of an encoder."""
    shapes = [(words, e), (e, 3 * h), (h, 3 * h), (3 * h,), (3 * h,)]
    return {name: draw.normal(*shape) for name, shape in zip(ENCODER, shapes, strict=True)}


def layer(tokens, lengths, params):
    """torch's own GRU layer; without padding the last state is the context."""
    embed, w_x, w_h, b_x, b_h = (params[name] for name in ENCODER)
    zeros = embed.new_zeros(1, len(tokens), len(w_h))
    weights = (w_x.T, w_h.T, b_x, b_h)
    states, _ = torch.gru(embed[tokens], zeros, weights, True, 1, 0.0, False, False, True)
    return states, states[:, -1]


@pytest.mark.exercise("encode")
def test_encode_by_hand(student):
    """A GRU without memory: each state is the tanh of its word, and tanh(ln 2) is 0.6.

    The second sentence is one word long, the rest of its row is padding: its context is the state
    after that word. Catches: last padded state, mean of the states, length off by one.
    """
    ln2 = math.log(2)
    words = torch.tensor([[0.0, 0.0], [ln2, 0.0], [0.0, -ln2]], dtype=torch.float64)
    candidate = torch.cat([torch.zeros(2, 4), torch.eye(2)], 1).double()  # (E, 3H)
    params = {
        "enc_embed": words,
        "enc_w_x": candidate,
        "enc_w_h": torch.zeros(2, 6).double(),
        "enc_b_x": gates_open(2),
        "enc_b_h": torch.zeros(6).double(),
    }
    tokens, lengths = torch.tensor([[1, 0, 2], [1, 2, 2]]), torch.tensor([3, 1])
    one, two, none = [0.6, 0.0], [0.0, -0.6], [0.0, 0.0]
    states = torch.tensor([[one, none, two]], dtype=torch.float64)
    context = torch.tensor([two, one], dtype=torch.float64)
    got = student.seq2seq.encode(tokens[:1], lengths[:1], params)
    assert_each_close(got, [states, context[:1]], BOTH)
    got = student.seq2seq.encode(tokens, lengths, params)
    assert_close(got[1], context, name="the context of both")


@pytest.mark.exercise("encode")
def test_encode_padding(student, draw):
    """Each sentence of a padded batch has the states and the context that it has on its own.

    Catches: last padded state, sentences mixed up, a state that is not handed on, N=1 squeezed,
    anything changed in place.
    """
    params = encoder(draw, 11, 3, 2)
    tokens, lengths = draw.integers(0, 11, 3, 7), torch.tensor([5, 7, 1])
    assert_unchanged(student.seq2seq.encode, tokens, lengths, params)
    for i, n in enumerate(lengths.tolist()):
        row = slice(i, i + 1)
        expected = layer(tokens[row, :n], None, params)
        got = student.seq2seq.encode(tokens[row, :n], lengths[row], params)
        assert_each_close(got, expected, [f"sentence {i} alone, {name}" for name in BOTH])
        states, context = student.seq2seq.encode(tokens, lengths, params)
        names = [f"sentence {i} in the batch, {name}" for name in BOTH]
        assert_each_close([states[row, :n], context[row]], expected, names)


@pytest.mark.exercise("encode", kind="gradient")
def test_encode_gradient(student, draw):
    """Autograd reaches the embeddings, the weights and the biases.

    Catches: a `detach` between the steps, states copied with `torch.tensor`.
    """
    args = [draw.integers(0, 7, 2, 5), torch.tensor([5, 5]), encoder(draw, 7, 2, 3)]
    cotangents = [draw.normal(2, 5, 3), draw.normal(2, 3)]
    assert_gradients(student.seq2seq.encode, layer, args, cotangents, ENCODER)


@pytest.mark.exercise("decode")
def test_decode_by_hand(student):
    """A decoder that counts: after word i it writes i + 1, unless its context says 4, the end.

    The state is tanh(1) = 0.76 at the word after the last, and tanh(2) = 0.96 at the one in the
    context; so the second sentence ends at once and is filled with `end` from then on. Where the
    update gate is open, the state stays the context.
    Catches: `end` not honoured or left out, words after it, `start` among the ids, max_length off
    by one, the word not fed back, the parts of the input in the wrong order, a first state of
    zeros.
    """
    after = torch.eye(5).roll(1, 1)  # row i has its 1 at i + 1
    after[4, 4] = -4.0  # after the end it would not say the end again, but word 0
    candidate = torch.cat([after, 2 * torch.eye(5)])  # (E+H, H)
    params = {
        "dec_embed": torch.eye(5).double(),
        "dec_w_x": torch.cat([torch.zeros(10, 10), candidate], 1).double(),
        "dec_w_h": torch.zeros(5, 15).double(),
        "dec_b_x": gates_open(5),
        "dec_b_h": torch.zeros(15).double(),
        "out_w": torch.eye(5).double(),
        "out_b": torch.zeros(5).double(),
    }
    context = torch.zeros(2, 5).double()
    context[1, 4] = 1
    ids = torch.tensor([[1, 2, 3, 4], [4, 4, 4, 4]])
    assert_unchanged(student.seq2seq.decode, context, params, 0, 4, 9)
    assert_equal(student.seq2seq.decode(context, params, 0, 4, 9), ids)
    assert_equal(student.seq2seq.decode(context, params, 0, 4, 2), ids[:, :2])
    assert_equal(student.seq2seq.decode(context[1:], params, 0, 4, 9), ids[1:, :1])
    kept = params | {"dec_b_x": -gates_open(5)}
    context = torch.eye(5).double()[[3, 1]]
    assert_equal(student.seq2seq.decode(context, kept, 0, 4, 2), torch.tensor([[3, 3], [1, 1]]))


@pytest.mark.exercise("decode")
def test_decode_translation(student):
    """With the trained parameters 欢迎 来 北京 becomes welcome to Beijing, by your two functions.

    Catches: no context in the input, a state that is not handed on.
    """
    params = shipped("seq2seq_translate.safetensors")
    words = json.loads((PARAMETERS / "vocabulary.json").read_text("utf-8"))["translate"]
    source, target = words["source"], words["target"]
    chinese, english = "欢迎 来 北京".split(), "welcome to Beijing <end>".split()
    tokens = torch.tensor([[source.index(word) for word in chinese]])
    _, context = student.seq2seq.encode(tokens, torch.tensor([3]), params)
    ends = target.index("<start>"), target.index("<end>")
    ids = student.seq2seq.decode(context, params, *ends, 9)
    assert_equal(ids, torch.tensor([[target.index(word) for word in english]]))


@pytest.mark.exercise("encode", kind="device")
def test_encode_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    tokens, lengths = torch.tensor([[3, 1, 2], [4, 0, 0]]), torch.tensor([3, 3])
    params = encoder(draw, 5, 2, 3)
    _, context = student.seq2seq.encode(tokens, lengths, params)
    expected = layer(tokens, lengths, params)[1]
    assert_close(context, expected, name="the context")


@pytest.mark.exercise("decode", kind="device")
def test_decode_on_a_gpu(student):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    params = shipped("seq2seq_translate.safetensors")
    context = torch.zeros(2, params["out_w"].shape[0])
    ids = student.seq2seq.decode(context, params, 0, 1, 2)
    assert_equal(ids[0], ids[1])
