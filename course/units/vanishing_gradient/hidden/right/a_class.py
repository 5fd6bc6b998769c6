"""A network that remembers its states, and a named tuple of what was drawn."""

from typing import NamedTuple

import numpy as np


class Network(NamedTuple):
    w: np.ndarray
    start: np.ndarray

    def run(self, length):
        h = self.start
        yield h
        for _ in range(1, length):
            h = np.tanh(self.w.T @ h)
            yield h


def step_jacobian(h_next, w_hh):
    return np.multiply((1 - h_next) * (1 + h_next), w_hh).T


class BackPropagation:
    def __init__(self, w_hh):
        self.w_hh = w_hh

    def __call__(self, states, gradient):
        yield np.linalg.norm(gradient)
        for h_next in np.flip(states, axis=0)[:-1]:
            gradient = step_jacobian(h_next, self.w_hh).T @ gradient
            yield np.linalg.norm(gradient)


def gradient_norms(states, w_hh, grad_last):
    return np.flip(np.fromiter(BackPropagation(w_hh)(states, grad_last), dtype=float))


def spectral_radius(w):
    return float(np.max(np.absolute(np.linalg.eigvals(w))))


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed=seed)
    w = rng.normal(0, 1 / np.sqrt(hidden), (hidden, hidden))
    network = Network(w * radius / spectral_radius(w), rng.normal(0, 1e-5, hidden))
    states = np.vstack(list(network.run(length)))
    return gradient_norms(states, network.w, grad_last=np.full(hidden, 2.0))


def clip_by_global_norm(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads])
    return [g.copy() if norm <= max_norm else g / norm * max_norm for g in grads]
