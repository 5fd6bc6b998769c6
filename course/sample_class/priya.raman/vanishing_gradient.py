"""Unit 2. Submitted by Priya Raman."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def step_jacobian(h_next: Array, w_hh: Array) -> Array:
    """Entry [i, j] is d h_next[i] / d h[j]."""
    return (w_hh * (1 - h_next**2)).T


def gradient_norms(states: Array, w_hh: Array, grad_last: Array) -> Array:
    """Backpropagate through time, keeping only the length of the gradient."""
    grads = np.zeros_like(states)
    grads[-1] = grad_last
    for t in reversed(range(1, states.shape[0])):
        grads[t - 1] = step_jacobian(states[t], w_hh).T @ grads[t]
    return np.linalg.norm(grads, axis=1)


def spectral_radius(w: Array) -> float:
    """The radius of the smallest circle around 0 that holds every eigenvalue."""
    return float(np.absolute(np.linalg.eig(w)[0]).max())


def demonstrate(radius: float, length: int, hidden: int, seed: int) -> Array:
    """Follow the gradient through a random network without input."""
    generator = np.random.default_rng(seed)
    w_hh = generator.normal(0, 1 / np.sqrt(hidden), (hidden, hidden))
    w_hh = radius * w_hh / spectral_radius(w_hh)
    states = np.zeros((length, hidden))
    states[0] = generator.uniform(-1e-3, 1e-3, hidden)
    for t in range(1, length):
        states[t] = np.tanh(states[t - 1] @ w_hh)
    grad_last = generator.normal(size=hidden)
    return gradient_norms(states, w_hh, grad_last)


def clip_by_global_norm(grads: list[Array], max_norm: float) -> list[Array]:
    """Scale all of the gradients together."""
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads])
    if norm > max_norm:
        return [g / norm * max_norm for g in grads]
    return [np.array(g) for g in grads]
