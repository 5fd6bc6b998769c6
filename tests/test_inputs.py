"""What tests draw: the same bits everywhere, and nothing of the next draw in the one before.

`make installs` runs this file with every version that it tries; it needs no other file of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
import torch

from autograder.testing import inputs
from autograder.testing.inputs import Draw

DRAWS: dict[str, tuple[Callable[[Draw], torch.Tensor], str]] = {
    "normal": (lambda draw: draw.normal(40, 250, std=0.3), "4b9b7747fa8ae137"),
    "float32": (lambda draw: draw.normal(40, 250, dtype=torch.float32), "4dd10272eb041fea"),
    "weight": (lambda draw: draw.weight(7, 1000), "57f43495816b0711"),
    "integers": (lambda draw: draw.integers(-5, 1000, 40, 25), "fc8b68aafee452bc"),
    "permutation": (lambda draw: draw.permutation(1000), "4eab3ec002887bbc"),
    "mask": (lambda draw: draw.mask(40, 25), "f2d71396d27833da"),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_drawn_bits_are_the_same_with_every_version(kind: str) -> None:
    drawn, bits = DRAWS[kind]
    found = hashlib.sha256(drawn(Draw("seed", "test")).numpy().tobytes()).hexdigest()
    assert found[:16] == bits


def test_a_seed_and_a_tests_name_give_everything_again() -> None:
    first, again = (Draw("seed", "test") for _ in range(2))
    assert all(torch.equal(first.normal(3), again.normal(3)) for _ in range(3))
    others = [Draw("seed", "test"), Draw("seed", "other"), Draw("other", "test")]
    first, *rest = (draw.normal(3) for draw in others)
    assert not any(torch.equal(first, other) for other in rest)


def test_each_draw_has_a_generator_of_its_own_with_a_long_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever works out a generator from what it drew cannot draw what comes next."""
    keys: list[int] = []
    keyed = inputs.keyed

    def noted(key: bytes) -> object:
        generator = keyed(key)
        low, high = generator.bit_generator.state["state"]["key"]
        keys.append(int(high) << 64 | int(low))
        return generator

    monkeypatch.setattr(inputs, "keyed", noted)
    draw = Draw("seed", "test")
    draw.normal(2), draw.weight(2, 2), draw.strided(2), draw.integer(0, 9)
    draw.permutation(5), draw.mask(2, 2), draw.array(2)
    assert len(keys) == len(set(keys)) == 8, "a mask draws twice"
    assert min(key.bit_length() for key in keys) > 110


def test_a_generator_is_as_one_that_is_made_with_the_key() -> None:
    key = bytes(range(1, 33))
    fresh = inputs.np.random.Generator(inputs.np.random.Philox(key=int.from_bytes(key[:16], "big")))
    inputs.keyed(bytes(32)).integers(0, 9, 3, dtype=inputs.np.uint32)  # it keeps half of a number
    again = inputs.keyed(key)
    assert (again.standard_normal(9) == fresh.standard_normal(9)).all()
    assert again.integers(0, 9, dtype="uint32") == fresh.integers(0, 9, dtype="uint32")


def test_a_draw_can_be_continued_by_nobody_who_knows_it() -> None:
    """Catches: a stream that goes on from one tensor to the next."""
    draw = Draw("seed")
    first, second = draw.normal(8), draw.normal(8)
    assert not torch.equal(Draw("seed").normal(16)[8:], second)
    assert torch.equal(Draw("seed").normal(16)[:8], first), "it is a stream within one draw"
