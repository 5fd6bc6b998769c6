"""第二单元 梯度消失与梯度爆炸  李雷"""
import numpy as np


def step_jacobian(h_next, w_hh):
    H = h_next.shape[0]
    J = np.zeros((H, H))
    for i in range(H):
        for j in range(H):
            J[i, j] = (1 - h_next[i] ** 2) * w_hh[j, i]
    return J


def gradient_norms(states, w_hh, grad_last):
    T = states.shape[0]
    范数 = [0.0] * T
    g = grad_last.copy()
    范数[T - 1] = np.sqrt((g * g).sum())
    for t in range(T - 1, 0, -1):
        g = g @ step_jacobian(states[t], w_hh)
        范数[t - 1] = np.sqrt((g * g).sum())
    return np.array(范数)


def spectral_radius(w):
    return float(np.max(np.abs(np.linalg.eigvals(w))))


def demonstrate(radius, length, hidden, seed):
    np.random.seed(seed)
    w = np.random.randn(hidden, hidden)
    w = w / spectral_radius(w) * radius
    h = np.random.rand(hidden) * 1e-3
    states = [h]
    while len(states) < length:
        h = np.tanh(h @ w)
        states.append(h)
    return gradient_norms(np.array(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    总和 = sum([np.sum(g ** 2) for g in grads])
    norm = 总和 ** 0.5
    if norm > max_norm:
        return [g * max_norm / norm for g in grads]
    return list(grads)
