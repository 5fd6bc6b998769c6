"""Why a recurrent network forgets."""

import numpy as np


def step_jacobian(h_next, w_hh):
  """Return the Jacobian of one step."""
  return (1 - h_next ** 2)[:, None] * w_hh.T


def gradient_norms(states, w_hh, grad_last):
  """Return how large the gradient is at every state."""
  g = grad_last
  norms = [np.linalg.norm(g)]
  for h in states[:0:-1]:
    g = g @ step_jacobian(h, w_hh
    norms.insert(0, np.linalg.norm(g))
  return np.array(norms)


def spectral_radius(w):
  """Return the largest modulus among the eigenvalues."""
  return float(abs(np.linalg.eigvals(w)).max())


def demonstrate(radius, length, hidden, seed):
  """Draw a random network and follow a gradient through it."""
  rng = np.random.default_rng(seed)
  w = rng.normal(size=(hidden, hidden))
  w *= radius / spectral_radius(w)
  states = [rng.uniform(-1e-3, 1e-3, hidden)]
  for _ in range(length - 1):
    states.append(np.tanh(states[-1] @ w))
  return gradient_norms(np.array(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
  """Shorten gradients together."""
  norm = np.sqrt(sum(np.vdot(g, g) for g in grads))
  return [g * min(1, max_norm / norm) if norm else g * 1 for g in grads]
