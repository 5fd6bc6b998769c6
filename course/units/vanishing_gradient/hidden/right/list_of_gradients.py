"""First every gradient, then every norm; and lists wherever a list will do."""

import numpy as np


def step_jacobian(h_next, w_hh):
    columns = [(1 - h * h) * w_hh[:, i] for i, h in enumerate(h_next)]
    return np.array(columns)


def gradient_norms(states, w_hh, grad_last):
    gradients = {len(states) - 1: grad_last}
    for t in range(len(states) - 2, -1, -1):
        gradients[t] = np.dot(gradients[t + 1], step_jacobian(states[t + 1], w_hh))
    return [float(np.linalg.norm(gradients[t])) for t in range(len(states))]


def spectral_radius(w):
    eigenvalues, _ = np.linalg.eig(w)
    return np.linalg.norm(eigenvalues, ord=np.inf)


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng([seed, hidden])
    w = rng.normal(size=(hidden, hidden))
    w = w.dot(radius / spectral_radius(w))
    states = [rng.choice([-1e-3, 1e-3], hidden)]
    for _ in range(length - 1):
        states.append(np.tanh(np.dot(states[-1], w)))
    return np.array(gradient_norms(states, w, np.ones(hidden)))


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum((grad * grad).sum() for grad in grads))
    clipped = []
    for grad in grads:
        new = np.array(grad, dtype=np.float64)
        if norm > max_norm:
            new *= max_norm / norm
        clipped.append(new)
    return clipped
