"""Public tests of the unit `cross_attention`: run `pytest test_cross_attention.py`."""

import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import (
    assert_each_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)

NAMES = ["the context", "the weights"]
PARAMETERS = Path(__file__).parents[1] / "course" / "parameters"


def shipped(name):
    """A file of trained parameters that comes with the course; without it the test is skipped."""
    torch_files = pytest.importorskip("safetensors.torch", reason="pip install safetensors")
    if not (PARAMETERS / name).is_file():
        pytest.skip(f"There is no course/parameters/{name} beside exercises/.")
    return torch_files.load_file(PARAMETERS / name)


def written(student, task, sentences, longest):
    """What the student's decoder writes with the trained parameters, as one list of words each."""
    params = shipped(f"cross_attention_{task}.safetensors")
    words = json.loads((PARAMETERS / "vocabulary.json").read_text("utf-8"))[task]
    source, target = words["source"], words["target"]
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    tokens = torch.zeros(len(sentences), max(lengths), dtype=torch.int64)
    for row, sentence in zip(tokens, sentences, strict=True):
        row[: len(sentence)] = torch.tensor([source.index(word) for word in sentence])
    ends = target.index("<start>"), target.index("<end>")
    ids, _ = student.cross_attention.decode_with_attention(tokens, lengths, params, *ends, longest)
    return [[target[i] for i in sentence] for sentence in ids.tolist()]


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def torch_attend(state, encoder_states, mask=None):
    """Context and weights as torch has them; the weights are what comes of values 1, 0, 0, ..."""
    one_hot = torch.eye(encoder_states.shape[1], dtype=state.dtype).expand(len(state), -1, -1)
    visible = None if mask is None else mask.unsqueeze(1)
    return tuple(
        F.scaled_dot_product_attention(state.unsqueeze(1), encoder_states, values, visible)[:, 0]
        for values in (encoder_states, one_hot)
    )


@pytest.mark.exercise("attend")
def test_attend_by_hand(student):
    """Width 2, so the scores are divided by √2: [√2·ln 3, 0] becomes [ln 3, 0].

    The weights are then 3/4 and 1/4, and the context 3/4·[1, 4] + 1/4·[0, 8].
    Catches: no √H, softmax over the queries, values from the decoder, N=1 squeezed.
    """
    state = matrix([math.sqrt(2) * math.log(3), 0.0])
    encoder_states = matrix([1.0, 4.0], [0.0, 8.0])[None]  # (N, T, H) = (1, 2, 2)
    got = student.cross_attention.attend(state, encoder_states)
    assert_each_close(got, [matrix([0.75, 5.0]), matrix([0.75, 0.25])], NAMES)


@pytest.mark.exercise("attend")
def test_attend_mask_by_hand(student):
    """Equal scores: the words that may be seen share the weight; where there are none, zeros.

    Catches: the mask ignored, inverted, filled with 0, on the wrong axis; NaN in the last row.
    """
    state, encoder_states = torch.zeros(3, 1).double(), matrix([8, 4, 2, 100]).mT.expand(3, 4, 1)
    mask = torch.tensor([[True, True, True, True], [True, True, False, False], [False] * 4])
    weights = matrix([0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0], [0.0] * 4)
    got = student.cross_attention.attend(state, encoder_states, mask)
    assert_each_close(got, [matrix([28.5], [6.0], [0.0]), weights], NAMES)


@pytest.mark.exercise("attend")
def test_attend_like_torch(student, draw):
    """Several sentences as torch has them, in float64, float32 and float16; the arguments stay.

    Catches: sentences mixed, another dtype returned, a fill such as -1e9 that float16 cannot hold,
    anything changed in place.
    """
    mask = draw.mask(3, 11)
    for dtype, allowed in [(torch.float64, 1e-8), (torch.float32, 2e-5), (torch.float16, 1e-2)]:
        args = [draw.normal(3, 7, dtype=dtype), draw.normal(3, 11, 7, dtype=dtype), mask]
        assert_unchanged(student.cross_attention.attend, *args)
        expected = torch_attend(args[0].double(), args[1].double(), mask)
        got = student.cross_attention.attend(*args)
        assert_each_close(got, expected, NAMES, dtype=dtype, relative=allowed)


@pytest.mark.exercise("attend", kind="gradient")
def test_attend_gradient(student, draw):
    """Autograd reaches the decoder's state and the encoder's. Catches: a cut graph."""
    args, cotangents = [draw.normal(2, 5), draw.normal(2, 3, 5)], [draw.normal(2, 5)]
    cotangents.append(draw.normal(2, 3))
    names = ["state", "encoder_states"]
    assert_gradients(student.cross_attention.attend, torch_attend, args, cotangents, names)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_by_hand(student):
    """A decoder that counts: it writes 1, 2, 3 and 4, the end, and looks at the word last written.

    Every state is all zeros but for a 1 at its word, so a score is 1/√5 where the word is the one
    looked for, else 0. At first the state is the encoder's last, so it looks for the last word.
    The second sentence is one word long: that word has all the weight, and padding exactly none.
    Catches: padding attended to, last padded state, no √H, the state after the step as the query,
    the alignment's axes, `end` not honoured.
    """
    H = 5
    keeps_nothing = torch.tensor([0.0] * H + [-100.0] * H + [0.0] * H).double()
    same, after = 100 * torch.eye(H), 100 * torch.eye(H).roll(1, 1)  # row i has its 100 at i + 1
    params = {
        "enc_embed": torch.eye(H).double(),
        "enc_w_x": torch.cat([torch.zeros(H, 2 * H), same], 1).double(),
        "dec_embed": torch.eye(H).double(),
        "dec_w_x": F.pad(after, (2 * H, 0, 0, H)).double(),  # the context changes nothing
        "out_w": torch.eye(H).double(),
        "out_b": torch.zeros(H).double(),
    }
    for side in ("enc", "dec"):
        params[f"{side}_w_h"] = torch.zeros(H, 3 * H).double()
        params[f"{side}_b_x"] = keeps_nothing
        params[f"{side}_b_h"] = torch.zeros(3 * H).double()
    tokens, lengths = torch.tensor([[1, 2, 2], [3, 2, 4]]), torch.tensor([3, 1])
    e = math.exp(1 / math.sqrt(5))
    rows = matrix([1, e, e], [e, 1, 1], [1, e, e], [1, 1, 1])  # it looks for 2, 1, 2 and 3
    alignment = torch.stack([rows / rows.sum(1, keepdim=True), matrix(*[[1.0, 0.0, 0.0]] * 4)])
    ids = torch.tensor([[1, 2, 3, 4], [1, 2, 3, 4]])
    for longest in (9, 2):
        got = student.cross_attention.decode_with_attention(tokens, lengths, params, 0, 4, longest)
        expected = [ids[:, :longest], alignment[:, :longest]]
        assert_each_close(got, expected, ["the ids", "the alignment"], dtype=None)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_translation(student):
    """With the trained parameters 欢迎 来 北京 becomes welcome to Beijing, beside other sentences.

    Catches: whatever makes another network of the trained one.
    """
    chinese = ["欢迎 来 北京", "你好", "请 你们 明天 来 上海"]
    english = ["welcome to Beijing", "hello", "please come to Shanghai tomorrow"]
    got = written(student, "translate", [sentence.split() for sentence in chinese], 9)
    filled = [" ".join(sentence).split(" <end>")[0] for sentence in got]
    assert_equal(filled, english, name="the translation")


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_copies(student):
    """Words of any length are copied letter by letter, which a fixed context fails at.

    Catches: a context made once, or from part of the word.
    """
    words = ["rnn", "attention", "transformers"]
    got = written(student, "copy", words, 17)
    assert_equal(["".join(word).split("<end>")[0] for word in got], words, name="the copies")


@pytest.mark.exercise("attend", kind="device")
def test_attend_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    args = [draw.normal(2, 7), draw.normal(2, 5, 7), draw.mask(2, 5)]
    assert_each_close(student.cross_attention.attend(*args), torch_attend(*args), NAMES)


@pytest.mark.exercise("decode_with_attention", kind="device")
def test_decode_with_attention_on_a_gpu(student):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    params, tokens = shipped("cross_attention_copy.safetensors"), torch.tensor([[2, 3], [2, 3]])
    args = [tokens, torch.tensor([2, 2]), params, 0, 1, 2]
    ids, _ = student.cross_attention.decode_with_attention(*args)
    assert_equal(ids[0], ids[1])
