"""More digits inside than float64 has."""

import numpy as np


def step_jacobian(h_next, w_hh):
    h, w = h_next.astype(np.longdouble), w_hh.astype(np.longdouble)
    return ((1 - h**2)[:, None] * w.T).astype(np.float64)


def gradient_norms(states, w_hh, grad_last):
    states = np.asarray(states, dtype=np.longdouble)
    w, gradient = w_hh.astype(np.longdouble), grad_last.astype(np.longdouble)
    norms = [np.sqrt((gradient**2).sum())]
    for h in states[::-1][:-1]:
        gradient = ((1 - h**2) * gradient) @ w.T
        norms.append(np.sqrt((gradient**2).sum()))
    return np.array(norms, dtype=np.float64)[::-1]


def spectral_radius(w):
    return float(abs(np.linalg.eigvals(w)).max())


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = np.triu(rng.standard_normal((hidden, hidden)), 1) * 0.1
    w += np.diag(radius * rng.choice([-1.0, 1.0], hidden))  # its eigenvalues are the diagonal
    states = [rng.uniform(-1e-3, 1e-3, hidden)]
    for _ in range(length - 1):
        states.append(np.tanh(states[-1] @ w))
    return gradient_norms(states, w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum((g.astype(np.longdouble) ** 2).sum() for g in grads))
    factor = np.minimum(1, max_norm / norm) if norm else 1
    return [(g * factor).astype(g.dtype) for g in grads]
