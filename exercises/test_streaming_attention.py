"""Public tests of the unit `streaming_attention`: run `pytest test_streaming_attention.py`.

Whether memory grows with the length or with its square is measured when the work is graded.
"""

import math

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import assert_close, assert_gradients, assert_unchanged


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def at_once(q, k, v, block_size=None):
    """torch's own attention."""
    return F.scaled_dot_product_attention(q, k, v)


@pytest.mark.exercise("streaming_attention")
def test_by_hand(student):
    """Scores ln 1, ln 2 and ln 5 make weights 1/8, 2/8 and 5/8, in any order and any blocks.

    Catches: the sum or the output not rescaled when a larger score comes, blocks averaged or
    added, only the last block, the last block dropped because it is a short one.
    """
    q, v = matrix([1.0]), matrix([8.0, 0.0], [0.0, 8.0], [16.0, 8.0])
    k = matrix([1.0], [2.0], [5.0]).log()
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        for size in (1, 2, 3):
            got = student.streaming_attention.streaming_attention(q, k[order], v[order], size)
            assert_close(got, matrix([11.0, 7.0]), name=f"in blocks of {size}, the output")


@pytest.mark.exercise("streaming_attention")
def test_like_torch(student, draw):
    """A sentence, a batch, a batch with heads; blocks that do not divide the eleven keys.

    Catches: d_k or nothing for √d_k, an epsilon, axes counted from the front, work in place.
    """
    for leading in [(), (2,), (2, 3)]:
        q, k, v = (draw.normal(*leading, *size) for size in [(5, 7), (11, 7), (11, 13)])
        for size in (1, 4, 11, 17):
            got = student.streaming_attention.streaming_attention(q, k, v, size)
            name = f"in blocks of {size}, the output"
            assert_close(got, at_once(q, k, v), relative=1e-11, name=name)
        assert_unchanged(student.streaming_attention.streaming_attention, q, k, v, 4)


@pytest.mark.exercise("streaming_attention")
def test_large_logits(student):
    """Scores of -3000, 0 and 10000: the largest takes all, wherever it stands.

    Catches: no maximum subtracted, that of the first block only, a maximum that starts at 0.
    """
    q, v = matrix([1.0]), matrix([1.0], [2.0], [3.0])
    for scores, winner in [([-3e3, 0, 1e4], 3.0), ([1e4, 0, -3e3], 1.0), ([-4e3, -3e3, -4e3], 2.0)]:
        k = matrix(*([score] for score in scores))
        for size in (1, 2):
            got = student.streaming_attention.streaming_attention(q, k, v, size)
            assert_close(got, matrix([winner]))


@pytest.mark.exercise("streaming_attention")
def test_dtype(student, draw):
    """float32 and float16 come back as they went in. Catches: running sums of another dtype."""
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, 1e-2)]:
        q, k, v = (draw.normal(2, *size, std=0.5) for size in [(5, 7), (11, 7), (11, 3)])
        q, k, v = q.to(dtype), k.to(dtype), v.to(dtype)
        got = student.streaming_attention.streaming_attention(q, k, v, 3)
        expected = at_once(q.double(), k.double(), v.double())
        assert_close(got, expected, dtype=dtype, relative=allowed)


@pytest.mark.exercise("streaming_attention", kind="gradient")
def test_gradient(student, draw):
    """Autograd reaches q, k and v through every block. Catches: `detach`, `.data`, NumPy."""
    q, k, v = draw.normal(2, 5, 7), draw.normal(2, 11, 7), draw.normal(2, 11, 3)
    assert_gradients(
        student.streaming_attention.streaming_attention,
        at_once,
        [q, k / math.sqrt(7), v, 3],
        draw.normal(2, 5, 3),
        ["q", "k", "v"],
    )


@pytest.mark.exercise("streaming_attention", kind="device")
def test_streaming_attention_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    q, k, v = draw.normal(5, 7), draw.normal(11, 7), draw.normal(11, 3)
    got = student.streaming_attention.streaming_attention(q, k, v, 4)
    assert_close(got, at_once(q, k, v))
