import numpy as np


def step_jacobian(h_next, w_hh):
    return (np.diag(1 - np.power(h_next, 2)).dot(np.transpose(w_hh)))


def gradient_norms(states, w_hh, grad_last):
    # product of Jacobians, from the last step back
    J = np.eye(len(grad_last))
    norms = [np.linalg.norm(grad_last)]
    for t in range(len(states) - 1, 0, -1):
        J = J @ step_jacobian(states[t], w_hh)
        norms.append(np.linalg.norm(grad_last @ J))
    return np.flip(norms)


def spectral_radius(w):
    return np.linalg.eigvals(w).__abs__().max().item()


def demonstrate(radius, length, hidden, seed):
    rng = np.random.default_rng([seed, hidden])
    w = rng.uniform(-1, 1, (hidden, hidden))
    w = radius * w / spectral_radius(w)
    h = rng.uniform(-1, 1, hidden) / 1000
    hs = [h := np.tanh(h @ w) if t else h for t in range(length)]
    return gradient_norms(np.vstack(hs), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
    n = sum(float((g**2).sum()) for g in grads) ** 0.5
    c = 1 if n <= max_norm else max_norm / n
    return [c * g for g in grads]


if __name__ == "__main__":
    for r in (0.5, 1.0, 1.5):
        print(r, demonstrate(r, 20, 16, 0)[[0, -1]])
