"""Seeded random inputs for tests."""

from __future__ import annotations

import hmac
import itertools
from typing import Any

import numpy as np
import torch

# One generator for all, as to make one draws randomness from the system, which is then not used.
_PHILOX = np.random.Philox(key=0)
_GENERATOR = np.random.Generator(_PHILOX)
_START: Any = _PHILOX.state


def keyed(key: bytes) -> np.random.Generator:
    """The generator as one made with the key's first 128 bits, all that Philox takes, begins."""
    high, low = np.frombuffer(key, ">u8", 2).astype(np.uint64)
    _PHILOX.state = _START | {"state": {"counter": np.zeros(4, np.uint64), "key": [low, high]}}
    return _GENERATOR


class Draw:
    """Random inputs of a test, bit by bit the same on every machine and with every version.

    Each draw has a generator of its own, whose key is made from the seed by a hash that cannot be
    turned around: a program that works out the key of one input knows nothing of the next.
    """

    def __init__(self, seed: str, test: str = "") -> None:
        self._seed = seed
        self._test = test
        self._drawn = itertools.count()

    def of(self, what: str) -> Draw:
        """Draws for a part of the test, whatever the other parts draw."""
        return Draw(self._seed, f"{self._test}\n{what}")

    def _generator(self) -> np.random.Generator:
        """The next draw's. torch's own would take 32 bits of a key."""
        text = f"{self._test}\n{next(self._drawn)}"
        return keyed(hmac.digest(self._seed.encode(), text.encode(), "sha256"))

    def normal(
        self, *shape: int, std: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> torch.Tensor:
        """Normal numbers of the given shape and standard deviation."""
        numbers = self._generator().standard_normal(shape)
        return (torch.from_numpy(numbers) * std).to(dtype)

    def weight(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """A weight matrix scaled by 1/√(rows), so that products keep their size."""
        return self.normal(*shape, std=shape[0] ** -0.5, dtype=dtype)

    def strided(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Normal numbers in a tensor that is not contiguous: every second element of another."""
        wide = self.normal(*shape[:-1], 2 * shape[-1], dtype=dtype)
        return wide[..., ::2]

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Integers in [low, high), int64."""
        return torch.from_numpy(self._generator().integers(low, high, shape))

    def integer(self, low: int, high: int) -> int:
        """One integer in [low, high)."""
        return int(self.integers(low, high, 1))

    def permutation(self, n: int) -> torch.Tensor:
        """A random order of n things, int64, never the identity for n > 1."""
        identity = torch.arange(n)
        order = torch.from_numpy(self._generator().permutation(n))
        return order.roll(1) if n > 1 and bool((order == identity).all()) else order

    def mask(self, *shape: int) -> torch.Tensor:
        """A boolean mask, True in about two places of three and at least once in every row."""
        allowed = torch.from_numpy(self._generator().random(shape)) < 2 / 3
        pick = self.integers(0, shape[-1], *shape[:-1], 1)
        return allowed.scatter(-1, pick, torch.ones_like(pick, dtype=torch.bool))

    def array(self, *shape: int, std: float = 1.0) -> np.ndarray:
        """Normal numbers as a float64 NumPy array."""
        return self.normal(*shape, std=std).numpy()
