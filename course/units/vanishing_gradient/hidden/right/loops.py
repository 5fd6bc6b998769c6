"""Number by number, with Python's own arithmetic."""

import math
import random

import numpy as np


def step_jacobian(h_next, w_hh):
    size = len(h_next)
    jacobian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            jacobian[i, j] = (1 - float(h_next[i]) ** 2) * w_hh[j, i]
    return jacobian


def gradient_norms(states, w_hh, grad_last):
    gradient = [float(g) for g in grad_last]
    norms = [math.hypot(*gradient)]
    for t in range(len(states) - 1, 0, -1):
        jacobian = step_jacobian(states[t], w_hh)
        gradient = [
            sum(gradient[i] * jacobian[i, j] for i in range(len(gradient)))
            for j in range(len(gradient))
        ]
        norms.append(math.hypot(*gradient))
    return norms[::-1]


def spectral_radius(w):
    return max(math.hypot(value.real, value.imag) for value in np.linalg.eigvals(w))


def demonstrate(radius, length, hidden, seed):
    generator = random.Random(seed)
    w = np.array([[generator.gauss(0, 1) for _ in range(hidden)] for _ in range(hidden)])
    w *= radius / spectral_radius(w)
    state = np.array([generator.uniform(-1e-3, 1e-3) for _ in range(hidden)])
    states = [state]
    while len(states) < length:
        state = np.tanh(state @ w)
        states.append(state)
    return np.array(gradient_norms(states, w, [1.0] * hidden))


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(math.fsum(float(x) ** 2 for grad in grads for x in np.nditer(grad)))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return tuple(factor * grad for grad in grads)
