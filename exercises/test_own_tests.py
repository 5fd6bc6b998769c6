"""Public tests of the unit `own_tests`: run `pytest test_own_tests.py`.

They run your tests: on your own function, on right versions of it that are written differently, and
on wrong ones that are made from torch's. When your work is graded, there are more of both.
"""

import math

import pytest
import torch

from autograder.testing.subjects import Subject, Wrong, assert_all_caught, assert_right_pass

UNIT = "own_tests"
AMONG = ["softmax", "attention", "causal_mask"]


def subject(name, signature, right=(), wrong=None):
    """A function that is tested, and its versions; of wrong ones also what is wrong, twice."""
    given = (wrong or {}).items()
    named = {en: Wrong(version, {"en": en, "zh": zh}) for en, (zh, version) in given}
    return Subject(name, signature, right, named, AMONG)


def softmax_by_hand(scores, dim=-1):
    """Each row's maximum is taken off, as in the lesson on attention."""
    exponentials = (scores - scores.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def softmax_in_float64(scores, dim=-1):
    """In float64, and by way of logarithms."""
    return torch.log_softmax(scores.double(), dim).exp().to(scores.dtype)


def torchs_attention(q, k, v, mask=None, scale=None, hide=-math.inf, empty=0.0):
    """The softmax of the scaled scores; the rest is what a wrong version has otherwise."""
    scores = q @ k.mT / (math.sqrt(q.shape[-1]) if scale is None else scale)
    scores = scores if mask is None else scores.masked_fill(~mask, hide)
    weights = torch.softmax(scores, -1).nan_to_num(empty)
    return torch.matmul(weights, v), weights


def attention_by_einsum(q, k, v, mask=None):
    """By the names of the axes, with the mask as a number that is added."""
    scores = torch.einsum("...id,...jd->...ij", q / q.shape[-1] ** 0.5, k)
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    weights = softmax_by_hand(torch.where(mask, scores, torch.finfo(scores.dtype).min)) * mask
    mixed = torch.einsum("...qk,...kd->...qd", weights, v)
    return mixed, weights


def torchs_mask(length, device=None, diagonal=0):
    """The lower triangle of a table of True; the diagonal is what a wrong version has otherwise."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril(diagonal)


def mask_by_places(length, device=None):
    """A key's place beside a query's."""
    places = torch.arange(length, device=device)
    return places <= places[:, None]


SOFTMAX = subject(
    "softmax",
    "scores, dim=-1",
    [lambda scores, dim=-1: torch.softmax(scores, dim), softmax_by_hand, softmax_in_float64],
    {
        "It is always the last axis that sums to 1.": (
            "总是最后一个轴之和为 1。",
            lambda scores, dim=-1: torch.softmax(scores, -1),
        ),
        "The weights sum to a half.": (
            "权重之和只有一半。",
            lambda scores, dim=-1: torch.softmax(scores, dim) / 2,
        ),
        "The weights sum to 1, and are the wrong ones.": (
            "权重之和为 1，但权重本身是错的。",
            lambda scores, dim=-1: torch.softmax(scores / 2, dim),
        ),
        "The result is float64, whatever comes in.": (
            "无论输入是什么，结果总是 float64。",
            lambda scores, dim=-1: torch.softmax(scores, dim).double(),
        ),
        "Large scores overflow.": (
            "分数很大时会溢出。",
            lambda scores, dim=-1: scores.exp() / scores.exp().sum(dim, keepdim=True),
        ),
    },
)
ATTENTION = subject(
    "attention",
    "q, k, v, mask=None",
    [torchs_attention, attention_by_einsum],
    {
        "The scores are not scaled.": (
            "分数没有缩放。",
            lambda q, k, v, mask=None: torchs_attention(q, k, v, mask, scale=1),
        ),
        "The mask has no effect.": (
            "掩码没有起作用。",
            lambda q, k, v, mask=None: torchs_attention(q, k, v),
        ),
        "Hidden keys still take part a little.": (
            "被遮住的 key 仍然参与了一点。",
            lambda q, k, v, mask=None: torchs_attention(q, k, v, mask, hide=0.0),
        ),
        "A row that is masked whole is no row of zeros.": (
            "被全部遮住的一行不是零。",
            lambda q, k, v, mask=None: torchs_attention(q, k, v, mask, empty=1.0),
        ),
        "The weights are not returned.": (
            "没有返回权重。",
            lambda q, k, v, mask=None: torchs_attention(q, k, v, mask)[0],
        ),
    },
)
CAUSAL_MASK = subject(
    "causal_mask",
    "length, device=None",
    [torchs_mask, mask_by_places],
    {
        "A word does not see itself.": (
            "词看不到自己。",
            lambda length, device=None: torchs_mask(length, device, -1),
        ),
        "A word sees the one after it.": (
            "词看到了它后面的那个词。",
            lambda length, device=None: torchs_mask(length, device, 1),
        ),
        "Rows and columns are exchanged.": (
            "行和列弄反了。",
            lambda length, device=None: torchs_mask(length, device).mT,
        ),
        "It holds numbers, not truths.": (
            "里面是数字而不是布尔值。",
            lambda length, device=None: torchs_mask(length, device).float(),
        ),
    },
)


@pytest.mark.exercise("tests_of_softmax", kind="tests")
def test_softmax_right(student):
    """Your tests pass torch's softmax, and two others that are right."""
    assert_right_pass(student, UNIT, SOFTMAX)


@pytest.mark.exercise("tests_of_softmax", kind="tests")
def test_softmax_yours(student):
    """They pass your own: where they do not, one of the two is wrong."""
    own = [student.attention.softmax]
    assert_right_pass(student, UNIT, subject("softmax", "scores, dim=-1", own))


@pytest.mark.exercise("tests_of_softmax", kind="tests")
def test_softmax_wrong(student):
    """At least one of your tests fails for each wrong version."""
    assert_all_caught(student, UNIT, SOFTMAX)


@pytest.mark.exercise("tests_of_attention", kind="tests")
def test_attention_right(student):
    """Your tests pass what torch makes of it, and another that is right."""
    assert_right_pass(student, UNIT, ATTENTION)


@pytest.mark.exercise("tests_of_attention", kind="tests")
def test_attention_yours(student):
    """They pass your own: where they do not, one of the two is wrong."""
    own = [student.attention.attention]
    assert_right_pass(student, UNIT, subject("attention", "q, k, v, mask=None", own))


@pytest.mark.exercise("tests_of_attention", kind="tests")
def test_attention_wrong(student):
    """At least one of your tests fails for each wrong version."""
    assert_all_caught(student, UNIT, ATTENTION)


@pytest.mark.exercise("tests_of_causal_mask", kind="tests")
def test_causal_mask_right(student):
    """Your tests pass torch's mask, and another that is right."""
    assert_right_pass(student, UNIT, CAUSAL_MASK)


@pytest.mark.exercise("tests_of_causal_mask", kind="tests")
def test_causal_mask_yours(student):
    """They pass your own: where they do not, one of the two is wrong."""
    own = [student.self_attention.causal_mask]
    assert_right_pass(student, UNIT, subject("causal_mask", "length, device=None", own))


@pytest.mark.exercise("tests_of_causal_mask", kind="tests")
def test_causal_mask_wrong(student):
    """At least one of your tests fails for each wrong version."""
    assert_all_caught(student, UNIT, CAUSAL_MASK)
