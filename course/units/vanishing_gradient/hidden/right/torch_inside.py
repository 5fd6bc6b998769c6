"""PyTorch for the arithmetic, NumPy at both ends."""

import numpy as np
import torch


def step_jacobian(h_next, w_hh):
    h, w = torch.tensor(h_next), torch.tensor(w_hh)
    return (w * (1 - h.pow(2))).T.numpy()


def gradient_norms(states, w_hh, grad_last):
    states, w, gradient = (torch.tensor(np.array(a)) for a in (states, w_hh, grad_last))
    norms = [gradient.norm()]
    for h in states[1:].flip(0):
        gradient = w @ ((1 - h.square()) * gradient)
        norms.append(gradient.norm())
    return torch.stack(norms).flip(0).numpy()


def spectral_radius(w):
    return torch.linalg.eigvals(torch.tensor(w)).abs().max().item()


def demonstrate(radius, length, hidden, seed):
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(hidden, hidden, generator=generator, dtype=torch.float64).numpy()
    w = w * radius / spectral_radius(w)
    states = [1e-3 * torch.rand(hidden, generator=generator, dtype=torch.float64).numpy()]
    for _ in range(length - 1):
        states.append(np.tanh(states[-1] @ w))
    return gradient_norms(np.stack(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    norm = torch.cat([torch.tensor(g).flatten() for g in grads]).norm().item()
    return [g * (max_norm / norm) if norm > max_norm else +g for g in grads]
