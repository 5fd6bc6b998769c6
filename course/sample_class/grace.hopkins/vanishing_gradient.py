# grace hopkins
import numpy as np


def step_jacobian(h_next, w_hh):
    jacobian = w_hh.T.copy()
    jacobian *= (1 - h_next**2)[:, None]
    return jacobian


def gradient_norms(states, w_hh, grad_last):
    norms = np.zeros(len(states))
    g = grad_last.copy()
    norms[-1] = np.linalg.norm(g)
    for t in range(len(states) - 1, 0, -1):
        g[:] = g @ step_jacobian(states[t], w_hh)
        norms[t - 1] = np.linalg.norm(g)
    return norms


def spectral_radius(w):
    return float(np.abs(np.linalg.eigvals(w)).max())


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(hidden, hidden))
    w *= radius / spectral_radius(w)
    states = np.zeros((length, hidden))
    states[0] = rng.uniform(-1e-3, 1e-3, hidden)
    for t in range(length - 1):
        np.tanh(states[t] @ w, out=states[t + 1])
    return gradient_norms(states, w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return grads
