# 刘洋 作业二
import numpy as np


def step_jacobian(h_next, w_hh):
    # 对角矩阵乘以转置
    return np.diag(1 - h_next ** 2) @ w_hh.T


def gradient_norms(states, w_hh, grad_last):
    g = grad_last
    norms = [np.linalg.norm(g)]
    for t in range(len(states) - 1, 0, -1):
        g = g @ step_jacobian(states[t], w_hh)
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def spectral_radius(w):
    return float(np.abs(np.linalg.eigvals(w)).max())


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(hidden, hidden))
    w = w * radius / spectral_radius(w)
    h = rng.uniform(-1e-3, 1e-3, hidden)
    states = []
    for t in range(length):
        states.append(h)
        h = np.tanh(h @ w)
    return gradient_norms(np.array(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum((g ** 2).sum() for g in grads))
    if norm > max_norm:
        return [g * max_norm / norm for g in grads]
    return [g + 0 for g in grads]
