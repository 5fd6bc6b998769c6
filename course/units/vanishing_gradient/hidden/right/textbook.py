import numpy as np


def step_jacobian(h_next, w_hh):
    H = h_next.shape[0]
    J = np.zeros((H, H))
    for i in range(H):
        for j in range(H):
            J[i, j] = (1.0 - h_next[i] ** 2) * w_hh[j, i]
    return J


def gradient_norms(states, w_hh, grad_last):
    T = states.shape[0]
    norms = np.zeros(T)
    grad = grad_last.copy()
    norms[T - 1] = np.sqrt(np.sum(grad**2))
    for t in range(T - 2, -1, -1):
        grad = np.dot(step_jacobian(states[t + 1], w_hh).T, grad)
        norms[t] = np.sqrt(np.sum(grad**2))
    return norms


def spectral_radius(w):
    eigenvalues, _ = np.linalg.eig(w)
    largest = 0.0
    for value in eigenvalues:
        if abs(value) > largest:
            largest = abs(value)
    return float(largest)


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w_hh = rng.standard_normal((hidden, hidden))
    w_hh = w_hh * (radius / spectral_radius(w_hh))
    states = np.zeros((length, hidden))
    states[0] = 1e-3 * rng.uniform(-1, 1, hidden)
    for t in range(1, length):
        states[t] = np.tanh(np.dot(states[t - 1], w_hh))
    grad_last = rng.standard_normal(hidden)
    return gradient_norms(states, w_hh, grad_last)


def clip_by_global_norm(grads, max_norm):
    total = 0.0
    for g in grads:
        total += float(np.sum(np.square(g)))
    total = total**0.5
    if total <= max_norm:
        return [g.copy() for g in grads]
    clipped = []
    for g in grads:
        clipped.append(g * max_norm / total)
    return clipped
