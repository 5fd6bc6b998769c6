"""Seeded random inputs for tests."""

from __future__ import annotations

import numpy as np
import torch


class Draw:
    """Random inputs from one seed, the same on every machine."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def normal(
        self, *shape: int, std: float = 1.0, dtype: torch.dtype = torch.float64
    ) -> torch.Tensor:
        """Normal numbers of the given shape and standard deviation."""
        return (torch.randn(shape, generator=self._generator, dtype=torch.float64) * std).to(dtype)

    def weight(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """A weight matrix scaled by 1/√(rows), so that products keep their size."""
        return self.normal(*shape, std=shape[0] ** -0.5, dtype=dtype)

    def strided(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Normal numbers in a tensor that is not contiguous: every second element of another."""
        wide = self.normal(*shape[:-1], 2 * shape[-1], dtype=dtype)
        return wide[..., ::2]

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Integers in [low, high), int64."""
        return torch.randint(low, high, shape, generator=self._generator)

    def integer(self, low: int, high: int) -> int:
        """One integer in [low, high)."""
        return int(self.integers(low, high, 1))

    def permutation(self, n: int) -> torch.Tensor:
        """A random order of n things, int64, never the identity for n > 1."""
        identity = torch.arange(n)
        order = torch.randperm(n, generator=self._generator)
        return order.roll(1) if n > 1 and bool((order == identity).all()) else order

    def mask(self, *shape: int) -> torch.Tensor:
        """A boolean mask, True in about two places of three and at least once in every row."""
        allowed = torch.rand(shape, generator=self._generator) < 2 / 3
        pick = self.integers(0, shape[-1], *shape[:-1], 1)
        return allowed.scatter(-1, pick, torch.ones_like(pick, dtype=torch.bool))

    def array(self, *shape: int, std: float = 1.0) -> np.ndarray:
        """Normal numbers as a float64 NumPy array."""
        return self.normal(*shape, std=std).numpy()
