# %%
import numpy as np
import torch


# %%
def step_jacobian(h_next, w_hh):
    d = 1 - h_next**2
    return d[:, None] * np.transpose(w_hh)


print(step_jacobian(np.zeros(2), np.eye(2)))


# %%
def gradient_norms(states, w_hh, grad_last):
    T = states.shape[0]
    grads = np.zeros_like(states)
    grads[T - 1] = grad_last
    for t in range(T - 1, 0, -1):
        J = step_jacobian(states[t], w_hh)
        grads[t - 1] = J.T @ grads[t]
    return np.linalg.norm(grads, axis=-1)


# %%
spectral_radius = lambda w: np.abs(np.linalg.eigvals(w)).max()  # noqa: E731
spectral_radius(np.array([[0.5, 2], [0, 0.5]]))


# %%
def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((hidden, hidden))
    W = W * (radius / spectral_radius(W))
    h = rng.standard_normal(hidden) * 1e-6
    H = np.stack([h := np.tanh(h @ W) if t else h for t in range(length)])
    return gradient_norms(H, W, np.ones(hidden))


demonstrate(0.9, 50, 8, 0)


# %%
def clip_by_global_norm(grads, max_norm):
    flat = np.hstack([g.flatten() for g in grads])
    total = np.linalg.norm(flat)
    coefficient = 1 if total <= max_norm else max_norm / total
    return list(map(lambda g: coefficient * g, grads))


assert torch.tensor(1) == 1
