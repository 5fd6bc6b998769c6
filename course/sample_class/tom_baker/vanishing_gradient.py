import numpy as np

# vanishing gradients - tom


def step_jacobian(h_next, w_hh):
	return (1 - h_next ** 2)[:, None] * w_hh


def gradient_norms(states, w_hh, grad_last):
	norms = []
	g = grad_last
	norms.append(np.linalg.norm(g))
	for t in range(len(states) - 1, 0, -1):
		g = g @ step_jacobian(states[t], w_hh)
		norms.append(np.linalg.norm(g))
	return np.array(norms)  # newest first


def spectral_radius(w):
	# the biggest eigenvalue
	return float(np.linalg.eigvals(w).real.max())


def demonstrate(radius, length, hidden, seed):
	rng = np.random.default_rng(seed)
	w = rng.standard_normal((hidden, hidden))
	w = w * radius / spectral_radius(w)
	h = rng.standard_normal(hidden) * 1e-4
	states = [h]
	for _ in range(length - 1):
		h = np.tanh(h @ w)
		states.append(h)
	return gradient_norms(np.array(states), w, np.ones(hidden))


def clip_by_global_norm(grads, max_norm):
	out = []
	for g in grads:
		n = np.linalg.norm(g)
		if n > max_norm:
			g = g * max_norm / (n + 1e-6)
		out.append(g)
	return out
