"""A network drawn as orthogonal ones are; helpers in a class of functions."""

import numpy as np


class Tools:
    @staticmethod
    def slope(h):
        return np.subtract(1.0, np.square(h))

    @staticmethod
    def norm(v):
        return np.linalg.norm(np.asarray(v).ravel())


def step_jacobian(h_next, w_hh):
    return np.diag(Tools.slope(h_next)) @ np.transpose(w_hh)


def gradient_norms(states, w_hh, grad_last):
    out = [Tools.norm(grad_last)]
    g = grad_last
    for h in reversed(states[1:]):
        g = w_hh @ (Tools.slope(h) * g)
        out.insert(0, Tools.norm(g))
    return np.array(out)


def spectral_radius(w):
    return float(np.max(np.abs(np.linalg.eigvals(w))))


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng([seed, hidden])
    q, _ = np.linalg.qr(rng.normal(size=(hidden, hidden)))
    w = radius * q
    h = rng.normal(size=hidden)
    h *= 1e-3 / np.abs(h).max()
    states = [h]
    for _ in range(1, length):
        states.append(np.tanh(states[-1] @ w))
    return gradient_norms(np.vstack(states), w, rng.normal(size=hidden))


def clip_by_global_norm(grads, max_norm):
    total = Tools.norm([Tools.norm(g) for g in grads])
    return [np.multiply(g, min(1.0, max_norm / total)) if total > 0 else np.array(g) for g in grads]
