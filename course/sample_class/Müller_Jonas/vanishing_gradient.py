# Übungsblatt 2, Jonas Müller
import numpy as np


def step_jacobian(h_next, w_hh):
    ableitung = 1.0 - h_next * h_next
    return np.outer(ableitung, np.ones_like(ableitung)) * w_hh.T


def gradient_norms(states, w_hh, grad_last):
    def norm(vektor):
        return float(np.sqrt(np.sum(vektor**2)))

    gradienten = [grad_last]
    for zustand in reversed(list(states)[1:]):
        gradienten.append(step_jacobian(zustand, w_hh).T.dot(gradienten[-1]))
    return np.array([norm(g) for g in reversed(gradienten)])


def spectral_radius(w):
    eigenwerte = np.linalg.eigvals(w)
    return float(np.hypot(eigenwerte.real, eigenwerte.imag).max())


def demonstrate(radius, length, hidden, seed):
    zufall = np.random.default_rng(seed)
    w_hh = zufall.normal(size=(hidden, hidden))
    w_hh = w_hh * (radius / spectral_radius(w_hh))
    zustand = zufall.uniform(low=-0.001, high=0.001, size=hidden)
    zustaende = [zustand]
    for _ in range(length - 1):
        zustand = np.tanh(zustand @ w_hh)
        zustaende.append(zustand)
    return gradient_norms(np.stack(zustaende), w_hh, zufall.normal(size=hidden))


def clip_by_global_norm(grads, max_norm):
    quadrate = [np.square(g).sum() for g in grads]
    gesamt = np.sqrt(np.sum(quadrate))
    if gesamt <= max_norm:
        faktor = 1.0
    else:
        faktor = max_norm / gesamt
    return [faktor * g for g in grads]
