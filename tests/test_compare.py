"""What a comparison lets pass: what rounding alone may do, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch

from autograder.sandbox import evaluate
from autograder.sandbox.evaluate import CallResult
from autograder.testing.compare import (
    AN_INT,
    ONE_TENSOR,
    Mismatch,
    accelerated,
    assert_close,
    assert_equal,
    assert_gradients,
)
from autograder.testing.student import Function

SIZE = 1e12


class Here:
    """A function that is called here, for assert_gradients."""

    name = "attention"

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        self._function = function

    def vjp(self, args: Any, cotangents: Any, **kwargs: Any) -> CallResult:
        """See Function."""
        return evaluate.vjp(self._function, args, kwargs, cotangents)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return torch.softmax(q @ k.mT, -1) @ v


def otherwise(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """The same, rounded otherwise."""
    powers = torch.exp(torch.einsum("qd,kd->qk", q, k))
    return torch.einsum("qk,kd->qd", powers, v) / powers.sum(-1, keepdim=True)


def compare(function: Callable[..., torch.Tensor], k: torch.Tensor) -> None:
    """Compare the gradients with those of attention, at sizes far apart."""
    numbers = torch.Generator().manual_seed(3)
    q, v, cotangent = (
        torch.randn(shape, generator=numbers, dtype=torch.float64)
        for shape in [(2, 3), (5, 4), (2, 4)]
    )
    given = [SIZE * q, k / SIZE, v]
    assert_gradients(cast(Function, Here(function)), attention, given, cotangent, ["q", "k", "v"])


def test_a_gradient_of_which_rounding_alone_is_left_is_no_mistake() -> None:
    """All keys are one: the gradient of q is 0, and 1e-17 where the terms are added otherwise."""
    same = torch.ones(5, 3, dtype=torch.float64) / 3
    compare(otherwise, same)
    compare(lambda q, k, v: otherwise(q.detach(), k, v), same)


@pytest.mark.parametrize("wrong", ["q", "k", "v"])
def test_a_gradient_that_is_a_little_wrong_is_one(wrong: str) -> None:
    """By a millionth, in any of the inputs, whatever their sizes."""

    def little(**given: torch.Tensor) -> torch.Tensor:
        held = given[wrong].detach()
        return otherwise(**given | {wrong: held + (given[wrong] - held) * (1 + 1e-6)})

    keys = torch.randn(5, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    with pytest.raises(Mismatch, match=f"the gradient of {wrong}"):
        compare(lambda q, k, v: little(q=q, k=k, v=v), keys)


def test_an_accelerator_is_allowed_what_its_layers_are_off_by() -> None:
    """An H100's LSTM: 2.3e-5 in float32. float64 is as exact there, and nothing of it lasts."""

    def off(by: float, dtype: torch.dtype) -> None:
        right = torch.ones(3, dtype=dtype)
        assert_close(right + by, right, dtype=dtype)

    with accelerated(float64=True):
        off(4e-5, torch.float32)
        for by, dtype in [(4e-4, torch.float32), (4e-8, torch.float64)]:
            with pytest.raises(Mismatch):
                off(by, dtype)
    with accelerated(float64=False):
        off(4e-5, torch.float64)
    for dtype in (torch.float32, torch.float64):
        with pytest.raises(Mismatch):
            off(4e-5, dtype)


@pytest.mark.parametrize("function", [lambda *given: [attention(*given)], lambda *given: given])
def test_a_list_in_place_of_a_tensor_is_told_as_such(function: Any) -> None:
    """Of one tensor, too, which looks like that tensor where only the numbers are looked at."""
    with pytest.raises(Mismatch, match=r"returned a (list|tuple)") as failed:
        compare(function, torch.ones(5, 3, dtype=torch.float64))
    assert failed.value.help == ONE_TENSOR


@pytest.mark.parametrize(("got", "told"), [(2.0, True), (99.5, True), (3, False), (None, False)])
def test_a_float_for_an_int_is_told_what_to_do(got: object, told: bool) -> None:
    with pytest.raises(Mismatch) as failed:
        assert_equal(got, 2)
    assert (failed.value.help == AN_INT) is told


def test_where_any_number_will_do_it_has_to_be_one() -> None:
    numbers = torch.zeros(2, dtype=torch.float64)
    assert_close(numbers + 9.0, numbers, absolute=float("inf"))
    with pytest.raises(Mismatch, match=r"^the loss\[1\] is nan, expected a number\.$"):
        assert_close(
            numbers / torch.tensor([1, 0]), numbers, absolute=float("inf"), name="the loss"
        )
