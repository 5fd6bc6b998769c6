"""A call's arguments lie in the memory of the call before, however deep, with all that it left."""

from __future__ import annotations

import numpy as np
import torch

from autograder.sandbox.worker import Buffers


def test_what_is_given_deep_inside_lies_where_it_lay() -> None:
    buffers = Buffers()
    first = buffers.refill(["rnn", {"w": torch.zeros(2)}, [[torch.zeros(3), np.zeros(2)]]])
    then = buffers.refill(["lstm", {"w": torch.ones(2)}, [[torch.ones(3), np.ones(2)]]])
    assert then[0] == "lstm"
    assert then[1]["w"] is first[1]["w"] and then[1]["w"].tolist() == [1, 1]
    assert all(new is old for new, old in zip(then[2][0], first[2][0], strict=True))
    assert then[2][0][1].tolist() == [1, 1]


def test_what_does_not_fit_is_new() -> None:
    buffers = Buffers()
    buffers.refill([{"w": torch.zeros(2)}, [torch.zeros(2)]])
    then = buffers.refill([{"v": torch.ones(2), "w": torch.ones(3)}, [torch.ones(2)] * 2, 5])
    assert [then[0]["v"].tolist(), then[0]["w"].tolist()] == [[1, 1], [1, 1, 1]]
    assert [t.tolist() for t in then[1]] == [[1, 1], [1, 1]]
    assert then[2] == 5


def test_a_gradient_that_was_left_is_still_there() -> None:
    """Whoever calls twice with one tensor would see both gradients added."""
    buffers = Buffers()
    for call in (1, 2):
        (x,) = buffers.refill([torch.ones(2)])
        assert not x.requires_grad  # as it comes from a caller
        x.requires_grad_().sum().backward()
        assert x.grad.tolist() == [call, call]


def test_what_became_part_of_a_graph_is_not_written_to() -> None:
    buffers = Buffers()
    (x,) = buffers.refill([torch.ones(2)])
    x.mul_(torch.ones(2, requires_grad=True))
    (then,) = buffers.refill([torch.zeros(2)])
    assert then is not x and then.tolist() == [0, 0]
