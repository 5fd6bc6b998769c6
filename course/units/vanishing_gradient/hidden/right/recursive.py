"""The norms of a sentence are those of the sentence without its last word, and one more."""

import sys

import numpy as np

sys.setrecursionlimit(10_000)


def step_jacobian(h_next, w_hh):
    return w_hh.T * (1 - h_next**2).reshape(-1, 1)


def gradient_norms(states, w_hh, grad_last):
    last = np.array([np.sqrt((grad_last**2).sum())])
    if len(states) == 1:
        return last
    before = grad_last.reshape(1, -1) @ step_jacobian(states[-1], w_hh)
    return np.concatenate([gradient_norms(states[:-1], w_hh, before[0]), last])


def spectral_radius(w):
    moduli = sorted(np.abs(np.linalg.eigvals(w)))
    return moduli[-1]


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((hidden, hidden))
    w *= radius
    w /= spectral_radius(w) / radius

    def run(states):
        return states if len(states) == length else run([*states, np.tanh(states[-1] @ w)])

    states = run([rng.uniform(-5e-4, 5e-4, hidden)])
    return gradient_norms(np.array(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    def squares(arrays):
        return (arrays[0] ** 2).sum() + squares(arrays[1:]) if len(arrays) else 0.0

    norm = squares(grads) ** 0.5
    return [g * (max_norm / max(norm, max_norm)) for g in grads]
