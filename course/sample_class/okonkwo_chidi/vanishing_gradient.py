"""Unit 2, Chidi Okonkwo."""
import numpy as np


def step_jacobian(h_next, w_hh):
    return (w_hh * (1 - h_next**2)[None, :]).T


def gradient_norms(states, w_hh, grad_last):
    norms = np.empty(len(states))
    g = grad_last
    for t in range(len(states))[::-1]:
        norms[t] = np.sqrt(g @ g)
        g = g @ step_jacobian(states[t], w_hh)
    return norms


def spectral_radius(w):
    return float(np.sort(np.abs(np.linalg.eigvals(w)))[-1])


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((hidden, hidden))
    w *= radius / spectral_radius(w)
    states = np.zeros((length, hidden))
    states[0] = rng.uniform(0, 1e-3, hidden)
    for t in range(1, length):
        states[t] = np.tanh(w.T @ states[t - 1])
    return gradient_norms(states, w, rng.standard_normal(hidden))


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum(np.sum(np.square(g)) for g in grads))
    return [g / max(1.0, norm / max_norm) for g in grads]
