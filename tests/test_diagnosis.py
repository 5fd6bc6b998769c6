"""A mistake is named where a program makes it, and nothing is named where nothing is known."""

from __future__ import annotations

import pytest

from autograder.bench.validity.graders import CorrectnessGraders, solutions
from autograder.reports import schema

# Added to a right solution. None of these is a known mistake; each was once called one, because it
# gave the same as one in a single call.
UNKNOWN = {
    "a softmax that is rounded": (
        "attention",
        "exact = softmax\ndef softmax(scores, dim=-1):\n"
        "    return (exact(scores, dim) * 1e4).round() / 1e4\n",
    ),
    "NaN all over": (
        "attention",
        "exact = softmax\ndef softmax(scores, dim=-1):\n"
        "    found = exact(scores, dim)\n"
        "    return found * float('nan') if scores.abs().max() > 50 else found\n",
    ),
}
# The same beside something that names itself, in all tests but one or two.
COARSE = """
def streaming_attention(q, k, v, block_size):
    q = q / math.sqrt(q.shape[-1])
    largest = q.new_full((*q.shape[:-1], 1), -torch.inf)
    total, output = torch.zeros_like(largest), q.new_zeros(*q.shape[:-1], v.shape[-1])
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2)):
        scores = q @ keys.mT
        now = torch.maximum(largest, scores.amax(-1, keepdim=True))
        weights, kept = torch.exp(scores - now), torch.exp(largest - now)
        total = total * kept + weights.sum(-1, keepdim=True)
        output, largest = output * kept + weights @ values, now
    return (output.float() / total.float()).to(q.dtype)
"""
# And these are: each in a form of its own, not the catalogue's.
KNOWN = {
    "divided by the width itself": (
        "attention",
        "def scale(scores, d_k):\n    return scores.mul(1 / d_k)\n",
        "scale",
        "scale_by_d",
    ),
    "no maximum subtracted": (
        "attention",
        "def softmax(scores, dim=-1):\n"
        "    e = torch.exp(scores)\n    return e.div(e.sum(dim, keepdim=True))\n",
        "softmax",
        "no_max",
    ),
    "the width of the words for that of a head": (
        "self_attention",
        "exact = multi_head_self_attention\n"
        "def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):\n"
        "    share = (w_q.shape[1] / x.shape[2]) ** 0.5\n"
        "    return exact(x, w_q * share, w_k, w_v, w_o, heads, causal)\n",
        "multi_head_self_attention",
        "scale_by_model",
    ),
    "a logarithm in floating point": (
        "receptive_field",
        "import math\nexact = layers_to_cover\n"
        "def layers_to_cover(length, kernel_size, dilation_base=1):\n"
        "    if dilation_base != kernel_size:\n"
        "        return exact(length, kernel_size, dilation_base)\n"
        "    return math.ceil(math.log(length, kernel_size))\n",
        "layers_to_cover",
        "float_logarithm",
    ),
    "a bias that is not used: no gradient comes, and nothing was detached": (
        "rnn",
        "def rnn_step(x, h, w_xh, w_hh, b):\n    return torch.tanh(x @ w_xh + h @ w_hh)\n",
        "rnn_step",
        "no_bias",
    ),
    "keys not transposed, as an exception tells": (
        "attention",
        "def score(q, k):\n    return torch.matmul(q, k)\n",
        "score",
        "no_transpose",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_no_known_mistake_is_called_none(name: str, graders: CorrectnessGraders) -> None:
    failed = failures(graders, *UNKNOWN[name])
    assert failed
    assert {test.help_id for test in failed} == {""}


def test_no_mistake_is_named_beside_too_low_a_precision(graders: CorrectnessGraders) -> None:
    """An epsilon, where large logits leave one number of seventy that is not right."""
    for seed in "abcde":
        failed = failures(graders, "streaming_attention", f"import math\n{COARSE}", seed)
        assert {test.help_id for test in failed} <= {"float32_inside", ""}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_mistake_is_named_in_every_test_that_it_fails(
    name: str, graders: CorrectnessGraders
) -> None:
    unit, wrong, exercise, id_ = KNOWN[name]
    failed = failures(graders, unit, wrong)
    assert {test.help_id for test in failed if test.exercise == exercise} == {id_}


def failures(
    graders: CorrectnessGraders, unit: str, wrong: str, seed: str = ""
) -> list[schema.TestResult]:
    """The failed tests of the unit's solution with something added."""
    right = solutions(graders.course)
    texts = right | {unit: f"{right[unit]}\n\n{wrong}"}
    ((_, report),) = graders.grade([(None, graders.course.unit(unit), texts)], seed)
    return [test for test in report.tests if test.status == "failed"]
