"""What the unit `streaming_attention` pins. The truth is plain attention, in float64."""

import math

import pytest
import torch

from autograder.testing.compare import Mismatch, assert_close, assert_gradients, assert_unchanged
from autograder.testing.edges import edges

LEADING = [(), (2,), (1,), (2, 3), (3, 1, 2)]
BLOCKS = [1, 3, 4, 11, 17]  # of eleven keys
POWERS = ([1, -1, 1], [-1, 1, -1])  # of FAR in q, k and v: q·k keeps its size
HALF = 1e-2  # float16 all the way through, logits of a few units
RISING = [-1e4, -40.0, 0.0, 300.0, 1e4]  # logits, one level for each of five blocks of keys


def float32_at(logit):
    """What float32 affords: a sum next to a logit of this size is rounded to its last digit."""
    return 8 * torch.finfo(torch.float32).eps * logit


def float64_at(logit):
    """What float64 affords a gradient: a weight errs by 8·eps·logit, and meets keys as large."""
    return 8 * torch.finfo(torch.float64).eps * logit * logit


def qkv(draw, *leading, t_q=5, t_k=11, d_k=7, d_v=13, dtype=torch.float64):
    """Queries, keys and values whose logits differ by a few units at most."""
    return [
        draw.normal(*leading, t_q, d_k, std=0.5, dtype=dtype),
        draw.normal(*leading, t_k, d_k, dtype=dtype),
        draw.normal(*leading, t_k, d_v, dtype=dtype),
    ]


def at_levels(draw, levels, dtype=torch.float64):
    """Queries, keys and values; the logits of three keys at a time lie around each level."""
    q, k, v = qkv(draw, 2, t_q=7, t_k=3 * len(levels), d_k=5)
    q[:, :, -1] = math.sqrt(q.shape[-1])
    k[:, :, -1] = torch.tensor(levels).repeat_interleave(3)  # the last feature is the level
    q[:, 0, :-1] = 0  # tied logits within a level
    return [q.to(dtype), k.to(dtype), v.to(dtype)]


def attention64(q, k, v, block_size=None):
    """softmax(q·kᵀ/√d_k)·v at once, whatever the block size."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    exponentials = (scores - scores.amax(-1, keepdim=True)).exp()
    return exponentials @ v / exponentials.sum(-1, keepdim=True)


def in_float64(q, k, v):
    """What float64 gives for the same numbers."""
    return attention64(q.double(), k.double(), v.double())


def in_parts(q, k, v):
    """The same, some queries of one sentence at a time: in the cache it takes a fifth."""
    if q.ndim > 2:
        return torch.stack([in_parts(*one) for one in zip(q, k, v, strict=True)])
    return torch.cat([attention64(some, k, v) for some in q.split(16)])


def assert_frugal(student, q, k, v, block_size=64):
    """Fail unless the output is right and memory stays below half of what all the scores take."""
    __tracebackhide__ = True
    outcome = student.streaming_attention.streaming_attention.measure(q, k, v, block_size)
    assert_close(outcome.value, in_parts(q, k, v))
    scores = q[..., 0].numel() * k.shape[-2] * q.element_size()
    if outcome.peak is None or outcome.peak <= scores // 2:
        return
    queries = "·".join(map(str, q.shape[:-1]))
    raise Mismatch(
        f"Over {queries} queries and {k.shape[-2]} keys in blocks of {block_size}, the program "
        f"took {outcome.peak >> 20} MiB more at its peak than when it started. A score for every "
        f"query and key takes {scores >> 20} MiB, and {scores >> 21} MiB are allowed.",
        help="Is there a tensor with a row for every query and a column for every key, a list that "
        "keeps something of every block, or a copy of all keys or values?",
        help_id="full_scores",
        facts={"peak": outcome.peak, "allowed": scores // 2, "scores": scores},
    )


@pytest.mark.exercise("streaming_attention")
def test_streaming_attention_values(student, draw):
    """The output of plain attention, for any leading axes, any lengths and any size of a block.

    Catches: d_k or √d_v for √d_k, no scale, the sum or the output not rescaled, blocks averaged,
    only the last block, what is left after the last whole block dropped, an epsilon, a length of 1
    squeezed away.
    """
    for leading in LEADING:
        q, k, v = qkv(draw, *leading)
        for size in BLOCKS:
            got = student.streaming_attention.streaming_attention(q, k, v, size)
            name = f"in blocks of {size}, the output"
            assert_close(got, attention64(q, k, v), relative=1e-11, name=name)
    q, k, v = (draw.normal(5, 5, 5) for _ in range(3))
    for size in (5, 2):
        got = student.streaming_attention.streaming_attention(q, k, v, size)
        assert_close(got, attention64(q, k, v))
    for t_q, t_k, size in [(1, 1, 1), (1, 1, 7), (1, 521, 64), (523, 2, 3), (3, 529, 517)]:
        q, k, v = qkv(draw, 2, t_q=t_q, t_k=t_k, d_v=3)
        got = student.streaming_attention.streaming_attention(q, k, v, size)
        assert_close(got, attention64(q, k, v), name=f"in blocks of {size}, the output")


@pytest.mark.exercise("streaming_attention")
def test_streaming_attention_large_logits(student, draw):
    """Logits from -10000 to +10000, rising and falling from block to block, and tied; float32 too.

    Catches: no maximum subtracted, that of the first block or of everything, a running maximum
    that starts at 0, a sum or an output not rescaled.
    """
    for levels in (RISING, RISING[::-1], [1e4] * 3, [-1e4] * 3):
        q, k, v = at_levels(draw, levels)
        for size in (3, 4, 1):
            got = student.streaming_attention.streaming_attention(q, k, v, size)
            assert_close(got, attention64(q, k, v), name=f"in blocks of {size}, the output")
        # Queries around 0 and below beside those far above: no maximum may be common to all.
        q[:, ::2] *= -0.01
        got = student.streaming_attention.streaming_attention(q, k, v, 3)
        assert_close(got, attention64(q, k, v))
        q, k, v = at_levels(draw, levels, torch.float32)
        got, allowed = student.streaming_attention.streaming_attention(q, k, v, 4), float32_at(1e4)
        assert_close(got, in_float64(q, k, v), dtype=None, relative=allowed)


@pytest.mark.exercise("streaming_attention")
def test_streaming_attention_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12.

    Catches: scores or values cut off or taken for zero, zeros taken for padding.
    """
    for q, k, v in edges(qkv(draw, 2, t_q=3, t_k=5), *POWERS):
        got = student.streaming_attention.streaming_attention(q, k, v, 2)
        assert_close(got, attention64(q, k, v))


@pytest.mark.exercise("streaming_attention")
def test_streaming_attention_dtype(student, draw):
    """float32 and float16 come back as they went in. Catches: running sums of another dtype."""
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        q, k, v = qkv(draw, 2, dtype=dtype)
        for size in (3, 17):
            got = student.streaming_attention.streaming_attention(q, k, v, size)
            assert_close(got, in_float64(q, k, v), dtype=dtype, relative=allowed)


@pytest.mark.exercise("streaming_attention")
def test_streaming_attention_every_call(student, draw):
    """Any strides, new numbers and block sizes at every call; the arguments stay as they are.

    Catches: `view` of what is not contiguous, a cached result, in-place work on an argument.
    """
    q, k = draw.strided(5, 2, 7).transpose(0, 1), draw.normal(7, 11, 2).permute(2, 1, 0)
    v = draw.strided(11, 2, 13).transpose(0, 1)
    for size in (3, 11, 3):
        got = student.streaming_attention.streaming_attention(q, k, v, size)
        assert_close(got, attention64(q, k, v))
        got = assert_unchanged(student.streaming_attention.streaming_attention, q, k, v, size)
        assert_close(got, attention64(q, k, v))
        for tensor in (q, k, v) if size == 3 else (k, v):  # and not all at once
            tensor.copy_(0.5 * draw.normal(*tensor.shape))


@pytest.mark.exercise("streaming_attention", cpu_only=True)
def test_streaming_attention_memory(student, draw):
    """Over 3001 queries and 3137 keys, half of what all their scores would take is not reached.

    Catches: a tensor of all scores or weights, blocks that are kept until the end.
    """
    assert_frugal(student, *qkv(draw, t_q=3001, t_k=3137, d_v=3))


@pytest.mark.exercise("streaming_attention", cpu_only=True)
def test_streaming_attention_memory_of_many_keys(student, draw):
    """The same over few queries in each of many sentences, and very many keys, common to all.

    Catches: memory that grows with the keys, such as a softmax over a few queries at a time.
    """
    q, k, v = qkv(draw, t_q=3, t_k=65003, d_k=1, d_v=1)
    q = draw.normal(67, 3, 1)
    assert_frugal(student, q, k.expand(67, -1, -1), v.expand(67, -1, -1), 509)


@pytest.mark.exercise("streaming_attention", kind="gradient")
def test_streaming_attention_gradient(student, draw):
    """Autograd reaches q, k and v through every block.

    At any length, at zeros, large and small numbers. Catches: `detach`, `.data` or NumPy on the
    way, running sums filled in place, a clamp.
    """
    calls = [(qkv(draw, *leading), size) for leading, size in [((), 3), ((2, 3), 4), ((2,), 17)]]
    calls += [(qkv(draw, t_q=2, t_k=521), 517), (qkv(draw, t_q=523, t_k=2, d_v=3), 3)]
    calls += [(args, 2) for args in edges(qkv(draw, 2, t_q=3, t_k=5), *POWERS)]
    for args, size in calls:
        cotangent = draw.normal(*args[0].shape[:-1], args[2].shape[-1])
        function = student.streaming_attention.streaming_attention
        assert_gradients(function, attention64, [*args, size], cotangent, ["q", "k", "v"])


@pytest.mark.exercise("streaming_attention", kind="gradient")
def test_streaming_attention_gradient_large_logits(student, draw):
    """Logits from -10000 to +10000, rising and falling, have finite, right gradients.

    Catches: overflow, a share of the maximum's own gradient that does not cancel.
    """
    for levels in (RISING, RISING[::-1]):
        assert_gradients(
            student.streaming_attention.streaming_attention,
            attention64,
            [*at_levels(draw, levels), 4],
            draw.normal(2, 7, 13),
            ["q", "k", "v"],
            relative=float64_at(1e4),
        )


# devices


@pytest.mark.exercise("streaming_attention", kind="device")
def test_streaming_attention_on_a_gpu(student, draw):
    """Catches: running sums on the CPU, the output on the CPU."""
    args, cotangent = qkv(draw, 2, t_k=5), draw.normal(2, 5, 13)
    function = student.streaming_attention.streaming_attention
    assert_gradients(function, attention64, [*args, 3], cotangent, ["q", "k", "v"])
