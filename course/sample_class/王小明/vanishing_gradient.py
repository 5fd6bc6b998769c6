# 王小明 2班
import numpy as np


def step_jacobian(h_next, w_hh):
    return np.diag(1 - h_next ** 2).dot(w_hh)      # 没有转置


def gradient_norms(states, w_hh, grad_last):
    T = len(states)
    norms = np.zeros(T)
    g = grad_last
    for t in range(T - 1, -1, -1):
        norms[t] = np.linalg.norm(g)
        g = step_jacobian(states[t], w_hh).T.dot(g)
    return norms


def spectral_radius(w):
    # 谱半径 = 最大奇异值 ?
    return float(np.linalg.norm(w, 2))


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(hidden, hidden))
    w = w * radius / np.abs(np.linalg.eigvals(w)).max()
    h = rng.normal(size=hidden)
    h = h / np.abs(h).max() * 1e-3
    states = []
    for t in range(length):
        states.append(h)
        h = np.tanh(h.dot(w))
    return gradient_norms(np.array(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum((g ** 2).sum() for g in grads))
    return [g * (max_norm / norm) for g in grads]
