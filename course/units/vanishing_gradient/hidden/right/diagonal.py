"""A diagonal matrix of slopes, and products of whole Jacobians."""

import numpy as np
from numpy.linalg import eigvals, norm


def step_jacobian(h_next, w_hh):
    return np.diag(1 - h_next * h_next) @ w_hh.T


def gradient_norms(states, w_hh, grad_last):
    norms = [norm(grad_last)]
    product = np.eye(len(w_hh))
    for h_next in reversed(states[1:]):
        product = product @ step_jacobian(h_next, w_hh)
        norms.insert(0, norm(grad_last @ product))
    return np.asarray(norms)


def spectral_radius(w):
    return max(abs(value) for value in eigvals(w))


def demonstrate(radius, length, hidden, seed):
    random = np.random.RandomState(seed)
    w = random.randn(hidden, hidden)
    w = w / spectral_radius(w) * radius
    states = np.zeros((length, hidden))
    states[0] = 1e-3 * random.rand(hidden)
    for t in range(1, length):
        states[t] = np.tanh(states[t - 1] @ w)
    return gradient_norms(states, w, random.randn(hidden))


def clip_by_global_norm(grads, max_norm):
    total = norm(np.concatenate([grad.ravel() for grad in grads]))
    if total <= max_norm:
        return [grad.copy() for grad in grads]
    return [grad * (max_norm / total) for grad in grads]
