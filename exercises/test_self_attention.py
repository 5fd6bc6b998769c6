"""Public tests of the unit `self_attention`: run `pytest test_self_attention.py`.

Your attention.py is used too: where that is not done yet, these tests cannot pass.
"""

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)

NAMES = ["x", "w_q", "w_k", "w_v", "w_o"]


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def torch_multi_head(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """What torch.nn.MultiheadAttention computes; it wants square matrices and T before N."""
    width, t = x.shape[2], x.shape[1]
    output, _ = F.multi_head_attention_forward(
        *[x.transpose(0, 1)] * 3,
        embed_dim_to_check=width,
        num_heads=heads,
        in_proj_weight=torch.cat([w_q, w_k, w_v], 1).T,
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=w_o.T,
        out_proj_bias=None,
        need_weights=False,
        attn_mask=torch.full((t, t), -torch.inf, dtype=x.dtype).triu(1) if causal else None,
    )
    return output.transpose(0, 1)


def torch_self_attention(x, w_q, w_k, w_v, causal=False):
    """One head, whose output is left as it is."""
    identity = torch.eye(x.shape[2], dtype=x.dtype)
    return torch_multi_head(x, w_q, w_k, w_v, identity, 1, causal)


@pytest.mark.exercise("project")
def test_project_by_hand(student):
    """The word [1, 2] becomes q = [1, 2]·w_q, k = [1, 2]·w_k and v = [1, 2]·w_v, in this order.

    Catches: one projection for all three, a wrong order, `x @ w.T`.
    """
    x, w_q, w_k = matrix([[1.0, 2.0]]), matrix([1.0, 0.0], [3.0, 1.0]), matrix([0.0, 5.0], [1.0, 1])
    w_v = matrix([2.0], [-4.0])
    got = student.self_attention.project(x, w_q, w_k, w_v)
    expected = [matrix([[7.0, 2.0]]), matrix([[2.0, 7.0]]), matrix([[-6.0]])]
    assert_each_close(got, expected, ["q", "k", "v"])


@pytest.mark.exercise("project", kind="gradient")
def test_project_gradient(student):
    """One word, width 1: each product's gradients are its two factors. Catches: a cut graph."""
    args = [matrix([[2.0]]), matrix([3.0]), matrix([5.0]), matrix([7.0])]
    assert_gradients(
        student.self_attention.project,
        lambda x, w_q, w_k, w_v: [x * w_q, x * w_k, x * w_v],
        args,
        [matrix([[1.0]]), matrix([[-2.0]]), matrix([[4.0]])],
        NAMES[:4],
    )


@pytest.mark.exercise("causal_mask")
def test_causal_mask_by_hand(student):
    """Word 0 sees itself, word 1 sees 0 and 1, word 2 sees 0, 1 and 2.

    Catches: the diagonal hidden, a shift by one, True = hidden, numbers for booleans.
    """
    seen = torch.tensor([[True, False, False], [True, True, False], [True, True, True]])
    assert_equal(student.self_attention.causal_mask(3), seen, "the mask")
    assert_equal(student.self_attention.causal_mask(2, device="cpu"), seen[:2, :2], "the mask")
    assert_equal(student.self_attention.causal_mask(1), seen[:1, :1], "the mask")


@pytest.mark.exercise("self_attention")
def test_self_attention_by_hand(student):
    """Queries of zeros score every key alike: each word gets the mean of what it sees.

    The values are [6, 0], [0, 3] and [3, 3]; a causal word sees only those up to its own.
    Catches: no mask, the mask inverted or shifted, softmax over the queries.
    """
    x = matrix([[1.0, 0.0], [0.0, 1.0], [0.5, 1.0]])
    w_q, w_k = torch.zeros(2, 5).double(), torch.ones(2, 5).double()
    w_v = matrix([6.0, 0.0], [0.0, 3.0])
    mean = matrix([[3.0, 2.0], [3.0, 2.0], [3.0, 2.0]])
    assert_close(student.self_attention.self_attention(x, w_q, w_k, w_v), mean)
    running = matrix([[6.0, 0.0], [3.0, 1.5], [3.0, 2.0]])
    assert_close(student.self_attention.self_attention(x, w_q, w_k, w_v, causal=True), running)


@pytest.mark.exercise("self_attention")
def test_self_attention_like_torch(student, draw):
    """As torch has it, in float64, float32 and float16, causal and not; the arguments stay.

    Catches: a wrong scale, one projection for all three, the dtype changed, a fill such as -1e9
    that float16 cannot hold.
    """
    for dtype, allowed in [(torch.float64, 1e-8), (torch.float32, 2e-5), (torch.float16, 2e-2)]:
        args = [draw.normal(2, 11, 7, std=0.5, dtype=dtype)]
        args += [draw.weight(7, 7, dtype=dtype) for _ in range(3)]
        for causal in (False, True):
            expected = torch_self_attention(*(a.double() for a in args), causal)
            got = student.self_attention.self_attention(*args, causal)
            assert_close(got, expected, dtype=dtype, relative=allowed)
        assert_unchanged(student.self_attention.self_attention, *args, True)


@pytest.mark.exercise("self_attention", kind="gradient")
def test_self_attention_gradient(student, draw):
    """Autograd reaches x and the three matrices, causal and not. Catches: a cut graph."""
    for causal in (False, True):
        args = [draw.normal(2, 5, 7, std=0.5), *(draw.weight(7, 7) for _ in range(3)), causal]
        function, cotangent = student.self_attention.self_attention, draw.normal(2, 5, 7)
        assert_gradients(function, torch_self_attention, args, cotangent, NAMES[:4])


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_by_hand(student):
    """Queries of zeros again, two heads: means of what is seen, joined, then mixed by w_o.

    Head 0 has the values 2, 4 and 9, head 1 has 1, 1 and 4; w_o makes 10·(head 0) + (head 1).
    Catches: w_o left out, heads joined in another order, no mask.
    """
    x = matrix([[2.0, 1.0], [4.0, 1.0], [9.0, 4.0]])
    w_q, w_k = torch.zeros(2, 6).double(), torch.ones(2, 6).double()
    w_v, w_o = matrix([1.0, 0.0], [0.0, 1.0]), matrix([10.0], [1.0])
    got = student.self_attention.multi_head_self_attention(x, w_q, w_k, w_v, w_o, 2)
    assert_close(got, matrix([[52.0], [52.0], [52.0]]))
    got = student.self_attention.multi_head_self_attention(x, w_q, w_k, w_v, w_o, 2, causal=True)
    assert_close(got, matrix([[21.0], [31.0], [52.0]]))


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_like_torch(student, draw):
    """As torch.nn.MultiheadAttention has it, with 1, 3 and 5 heads, causal and not.

    Catches: a view without a transpose, heads interleaved or mixed, √d_model for √d_head.
    """
    args = [draw.normal(2, 7, 15, std=0.5), *(draw.weight(15, 15) for _ in range(4))]
    for heads in (3, 1, 5):
        for causal in (False, True):
            expected = torch_multi_head(*args, heads, causal)
            got = student.self_attention.multi_head_self_attention(*args, heads, causal)
            assert_close(got, expected, name=f"with {heads} heads, causal={causal}: the result")


@pytest.mark.exercise("multi_head_self_attention")
def test_multi_head_widths(student, draw):
    """Words of 4 numbers, two heads with keys of 3 and values of 5, in float64 and float16, causal.

    Catches: values cut by the width of a key, a head's width taken from x, √d_model for √d_head, a
    fill such as -1e9 that float16 cannot hold.
    """
    for dtype, allowed in [(torch.float64, 1e-8), (torch.float16, 2e-2)]:
        x = draw.normal(2, 7, 4, std=0.5, dtype=dtype)
        weights = [draw.weight(4, width, dtype=dtype) for width in (6, 6, 10)]
        w_o = draw.weight(10, 3, dtype=dtype)
        projected = [(x.double() @ w.double()).chunk(2, -1) for w in weights]
        heads = [
            F.scaled_dot_product_attention(*qkv, is_causal=True)
            for qkv in zip(*projected, strict=True)
        ]
        expected = torch.cat(heads, -1) @ w_o.double()
        function = student.self_attention.multi_head_self_attention
        got = function(x, *weights, w_o, 2, causal=True)
        assert_close(got, expected, dtype=dtype, relative=allowed)
        assert_unchanged(function, x, *weights, w_o, 2, True)


@pytest.mark.exercise("multi_head_self_attention", kind="gradient")
def test_multi_head_gradient(student, draw):
    """Autograd reaches x and the four matrices. Catches: a cut graph."""
    args = [draw.normal(2, 5, 6, std=0.5), *(draw.weight(6, 6) for _ in range(4)), 3, True]
    function, cotangent = student.self_attention.multi_head_self_attention, draw.normal(2, 5, 6)
    assert_gradients(function, torch_multi_head, args, cotangent, NAMES)


@pytest.mark.exercise("project", kind="device")
def test_project_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    x, weights = draw.normal(2, 5, 7), [draw.weight(7, 3), draw.weight(7, 3), draw.weight(7, 2)]
    got = student.self_attention.project(x, *weights)
    assert_each_close(got, [x @ w for w in weights], ["q", "k", "v"])


@pytest.mark.exercise("causal_mask", kind="device")
def test_causal_mask_on_a_gpu(student):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    got = student.self_attention.causal_mask(4, device=student.device)
    assert_equal(got, torch.ones(4, 4, dtype=torch.bool).tril())


@pytest.mark.exercise("self_attention", kind="device")
def test_self_attention_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    args = [draw.normal(2, 5, 6), *(draw.weight(6, 6) for _ in range(3))]
    got = student.self_attention.self_attention(*args, causal=True)
    assert_close(got, torch_self_attention(*args, causal=True))


@pytest.mark.exercise("multi_head_self_attention", kind="device")
def test_multi_head_self_attention_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    args = [draw.normal(2, 5, 6), *(draw.weight(6, 6) for _ in range(4)), 3]
    got = student.self_attention.multi_head_self_attention(*args, causal=True)
    assert_close(got, torch_multi_head(*args, causal=True))
