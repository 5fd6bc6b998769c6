"""Vanishing gradients by hand, Li Na."""

import numpy as np


def step_jacobian(h_next, w_hh):
    # d tanh(a) / da = 1 - tanh(a)^2 and a_i = sum_j h_j w[j, i]
    return np.diag(1 - h_next**2) @ w_hh.T


def gradient_norms(states, w_hh, grad_last):
    length = len(states)
    norms = np.zeros(length)
    g = grad_last
    norms[-1] = np.linalg.norm(g)
    for t in range(length - 2, -1, -1):
        g = step_jacobian(states[t + 1], w_hh).T @ g
        norms[t] = np.linalg.norm(g)
    return norms


def spectral_radius(w):
    eigenvalues = np.linalg.eigvals(w)
    return float(max(abs(eigenvalues)))


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((hidden, hidden))
    w = w * (radius / spectral_radius(w))
    h = 1e-3 * rng.uniform(-1, 1, hidden)
    states = np.empty((length, hidden))
    for t in range(length):
        states[t] = h
        h = np.tanh(h @ w)
    return gradient_norms(states, w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    total = 0.0
    for g in grads:
        total += (g**2).sum()
    norm = np.sqrt(total)
    if norm <= max_norm:
        return [g.copy() for g in grads]
    return [g * (max_norm / norm) for g in grads]
