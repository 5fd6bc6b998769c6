"""Wrong programs for the unit `vanishing_gradient`, as people and language models write them."""

import numpy as np
from vanishing_gradient import gradient_norms, spectral_radius, step_jacobian


def step_jacobian__transposed(h_next, w_hh):
    """The transposed Jacobian, as for column vectors. -> no_transpose"""
    return np.diag(1 - h_next**2) @ w_hh


def step_jacobian__inputs_scaled(h_next, w_hh):
    """The slope scales the columns, not the rows. -> slope_on_columns"""
    return w_hh.T * (1 - h_next**2)


def step_jacobian__of_the_gradient(h_next, w_hh):
    """w_hh·diag(slope): the transpose of what is asked. -> no_transpose"""
    return w_hh @ np.diag(1 - h_next**2)


def step_jacobian__tanh_again(h_next, w_hh):
    """tanh is applied once more. -> slope_of_preactivation"""
    slope = 1 - np.tanh(h_next) ** 2
    return slope[:, None] * w_hh.T


def step_jacobian__no_slope(h_next, w_hh):
    """The slope of tanh is left out. -> no_slope"""
    return w_hh.T


def step_jacobian__sigmoid_slope(h_next, w_hh):
    """The slope of the sigmoid, h·(1 - h). -> wrong_slope"""
    return (h_next * (1 - h_next))[:, None] * w_hh.T


def step_jacobian__not_squared(h_next, w_hh):
    """1 - h in place of 1 - h². -> wrong_slope"""
    return (1 - h_next)[:, None] * w_hh.T


def step_jacobian__vector(h_next, w_hh):
    """A vector: the product with the slope. -> vector_returned"""
    return (1 - h_next**2) @ w_hh.T


def gradient_norms__not_reversed(states, w_hh, grad_last):
    """The last one stands first. -> reversed_time"""
    g = grad_last
    norms = [np.linalg.norm(g)]
    for t in range(len(states) - 1, 0, -1):
        g = g @ step_jacobian(states[t], w_hh)
        norms.append(np.linalg.norm(g))
    return np.array(norms)


def gradient_norms__state_before(states, w_hh, grad_last):
    """The Jacobian is taken at the state before the step. -> off_by_one"""
    g = grad_last
    norms = [np.linalg.norm(g)]
    for t in range(len(states) - 1, 0, -1):
        g = g @ step_jacobian(states[t - 1], w_hh)
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def gradient_norms__jacobian_left(states, w_hh, grad_last):
    """J·g in place of g·J. -> no_transpose"""
    g = grad_last
    norms = [np.linalg.norm(g)]
    for t in range(len(states) - 1, 0, -1):
        g = step_jacobian(states[t], w_hh) @ g
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def gradient_norms__norm_of_product(states, w_hh, grad_last):
    """The norms of the matrices are multiplied. -> norm_for_product"""
    n = np.linalg.norm(grad_last)
    norms = [n]
    for t in range(len(states) - 1, 0, -1):
        n = n * np.linalg.norm(step_jacobian(states[t], w_hh), 2)
        norms.append(n)
    return np.array(norms[::-1])


def gradient_norms__without_last(states, w_hh, grad_last):
    """The last state's own norm is missing, one step too many is taken. -> off_by_one"""
    g = grad_last
    norms = []
    for t in range(len(states) - 1, -1, -1):
        g = g @ step_jacobian(states[t], w_hh)
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def gradient_norms__short(states, w_hh, grad_last):
    """T - 1 entries. -> off_by_one"""
    g = grad_last
    norms = []
    for t in range(len(states) - 1, 0, -1):
        g = g @ step_jacobian(states[t], w_hh)
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def gradient_norms__squared(states, w_hh, grad_last):
    """The squares of the norms. -> wrong_norm"""
    g = grad_last
    norms = [np.sum(g**2)]
    for t in range(len(states) - 1, 0, -1):
        g = g @ step_jacobian(states[t], w_hh)
        norms.append(np.sum(g**2))
    return np.array(norms[::-1])


def gradient_norms__one_norm(states, w_hh, grad_last):
    """The sum of the absolute values. -> wrong_norm"""
    g = grad_last
    norms = [np.abs(g).sum()]
    for t in range(len(states) - 1, 0, -1):
        g = g @ step_jacobian(states[t], w_hh)
        norms.append(np.abs(g).sum())
    return np.array(norms[::-1])


def gradient_norms__same_jacobian(states, w_hh, grad_last):
    """The last state's Jacobian at every step. -> same_jacobian"""
    g = grad_last
    jacobian = step_jacobian(states[-1], w_hh)
    norms = [np.linalg.norm(g)]
    for _ in range(len(states) - 1):
        g = g @ jacobian
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def gradient_norms__forwards(states, w_hh, grad_last):
    """Walks from the first state to the last. -> first_step_first"""
    g = grad_last
    norms = [np.linalg.norm(g)]
    for h in states[1:]:
        g = g @ step_jacobian(h, w_hh)
        norms.append(np.linalg.norm(g))
    return np.array(norms[::-1])


def spectral_radius__signed(w):
    """The largest eigenvalue, not the largest modulus. -> real_part"""
    return float(np.max(np.linalg.eigvals(w).real))


def spectral_radius__real_parts(w):
    """Imaginary parts are dropped. -> real_part"""
    return float(np.abs(np.linalg.eigvals(w).real).max())


def spectral_radius__singular(w):
    """The largest singular value. -> norm_for_radius"""
    return float(np.linalg.norm(w, 2))


def spectral_radius__frobenius(w):
    """The Frobenius norm. -> norm_for_radius"""
    return float(np.linalg.norm(w))


def spectral_radius__symmetric(w):
    """eigvalsh is for symmetric matrices. -> symmetric_only"""
    return float(np.abs(np.linalg.eigvalsh(w)).max())


def spectral_radius__float_of_complex(w):
    """`float` of a complex number is an error. -> real_part, complex_eigenvalues"""
    return float(max(np.linalg.eigvals(w)))


def spectral_radius__power_iteration(w):
    """Power iteration does not converge for complex eigenvalues. -> power_iteration"""
    v = np.ones(len(w))
    for _ in range(100):
        v = w @ v
        v = v / np.linalg.norm(v)
    return float(np.linalg.norm(w @ v))


def spectral_radius__eig_pair(w):
    """`eig` returns a pair. -> pair_for_values"""
    return float(np.abs(np.linalg.eig(w)).max())


def demonstrate__not_scaled(radius, length, hidden, seed):
    """The matrix is multiplied by the radius, without its own in the denominator. -> scaled_unmeasured"""
    rng = np.random.default_rng(seed)
    w_hh = rng.normal(size=(hidden, hidden)) * radius
    h = rng.uniform(-1e-3, 1e-3, hidden)
    states = [h]
    for _ in range(length - 1):
        h = np.tanh(h @ w_hh)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))


def demonstrate__by_norm(radius, length, hidden, seed):
    """Scaled by its norm, not its spectral radius. -> norm_for_radius"""
    rng = np.random.default_rng(seed)
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh = w_hh / np.linalg.norm(w_hh, 2) * radius
    h = rng.uniform(-1e-3, 1e-3, hidden)
    states = [h]
    for _ in range(length - 1):
        h = np.tanh(h @ w_hh)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))


def demonstrate__seed_ignored(radius, length, hidden, seed):
    """The seed is not used. -> random"""
    w_hh = np.random.randn(hidden, hidden)
    w_hh *= radius / spectral_radius(w_hh)
    h = np.random.uniform(-1e-3, 1e-3, hidden)
    states = [h]
    for _ in range(length - 1):
        h = np.tanh(h @ w_hh)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))


def demonstrate__fixed_seed(radius, length, hidden, seed):
    """Always the same network. -> seed_ignored"""
    rng = np.random.default_rng(0)
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh *= radius / spectral_radius(w_hh)
    h = rng.uniform(-1e-3, 1e-3, hidden)
    states = [h]
    for _ in range(length - 1):
        h = np.tanh(h @ w_hh)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))


def demonstrate__large_state(radius, length, hidden, seed):
    """The first state is a normal draw: tanh bends it. -> large_first_state"""
    rng = np.random.default_rng(seed)
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh *= radius / spectral_radius(w_hh)
    h = rng.normal(size=hidden)
    states = [h]
    for _ in range(length - 1):
        h = np.tanh(h @ w_hh)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))


def demonstrate__one_more(radius, length, hidden, seed):
    """length steps make length + 1 states. -> off_by_one"""
    rng = np.random.default_rng(seed)
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh *= radius / spectral_radius(w_hh)
    h = rng.uniform(-1e-3, 1e-3, hidden)
    states = [h]
    for _ in range(length):
        h = np.tanh(h @ w_hh)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))


def demonstrate__symmetric(radius, length, hidden, seed):
    """The transposed matrix runs the network. -> reversed_time"""
    rng = np.random.default_rng(seed)
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh *= radius / spectral_radius(w_hh)
    h = rng.uniform(-1e-3, 1e-3, hidden)
    states = [h]
    for _ in range(length - 1):
        h = np.tanh(w_hh @ h)
        states.append(h)
    return gradient_norms(np.array(states), w_hh, np.ones(hidden))[::-1]


def clip_by_global_norm__each(grads, max_norm):
    """Every gradient is clipped by its own norm. -> per_array"""
    out = []
    for g in grads:
        n = np.linalg.norm(g)
        out.append(g * (max_norm / n) if n > max_norm else g)
    return out


def clip_by_global_norm__values(grads, max_norm):
    """Values are clipped. -> per_element"""
    return [np.clip(g, -max_norm, max_norm) for g in grads]


def clip_by_global_norm__always(grads, max_norm):
    """Short gradients are lengthened. -> scaled_when_small"""
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * max_norm / norm for g in grads]


def clip_by_global_norm__epsilon(grads, max_norm):
    """An epsilon in the denominator, as in torch. -> epsilon"""
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    factor = min(1.0, max_norm / (norm + 1e-6))
    return [g * factor for g in grads]


def clip_by_global_norm__sum_of_norms(grads, max_norm):
    """The norms are added. -> wrong_global_norm"""
    norm = sum(np.linalg.norm(g) for g in grads)
    factor = max_norm / norm if norm > max_norm else 1
    return [g * factor for g in grads]


def clip_by_global_norm__no_root(grads, max_norm):
    """The root is forgotten. -> wrong_global_norm"""
    norm = sum((g**2).sum() for g in grads)
    factor = max_norm / norm if norm > max_norm else 1
    return [g * factor for g in grads]


def clip_by_global_norm__in_place(grads, max_norm):
    """The caller's arrays are scaled. -> in_place"""
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return grads


def clip_by_global_norm__same_arrays(grads, max_norm):
    """Returns the caller's own arrays where nothing is clipped."""
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm <= max_norm:
        return grads
    return [g * max_norm / norm for g in grads]


def clip_by_global_norm__divided(grads, max_norm):
    """Divided by the norm, without max_norm. -> only_divided"""
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    factor = 1 / norm if norm > max_norm else 1
    return [g * factor for g in grads]


def clip_by_global_norm__largest(grads, max_norm):
    """The largest of the norms. -> wrong_global_norm"""
    norm = max(np.linalg.norm(g) for g in grads)
    factor = max_norm / norm if norm > max_norm else 1
    return [g * factor for g in grads]


def spectral_radius__two_hundred_steps(w):
    """A power iteration of 200 steps. -> power_iteration"""
    v, r = np.ones(w.shape[0]), 0.0
    for _ in range(200):
        u = w @ v
        r = np.linalg.norm(u)
        if r == 0:
            return 0.0
        v = u / r
    return float(r)


def gradient_norms__of_the_product(states, w_hh, grad_last):
    """The norm of the Jacobians' product, times that of grad_last. -> norm_of_product"""
    T = len(states)
    norms, J = np.zeros(T), np.eye(w_hh.shape[0])
    norms[T - 1] = np.linalg.norm(grad_last)
    for t in range(T - 2, -1, -1):
        J = J @ step_jacobian(states[t + 1], w_hh)
        norms[t] = np.linalg.norm(J) * np.linalg.norm(grad_last)
    return norms


def clip_by_global_norm__norm_two(grads, max_norm):
    """`norm(g, 2)`, which of a matrix is its largest singular value. -> wrong_global_norm"""
    squares = [np.linalg.norm(g, 2) ** 2 if g.ndim <= 2 else np.sum(g**2) for g in grads]
    norm = np.sqrt(sum(squares))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [g * factor for g in grads]


def gradient_norms__product_turned_round(states, w_hh, grad_last):
    """Each further Jacobian stands left of the product. -> first_step_first"""
    J = np.eye(len(w_hh))
    norms = [np.linalg.norm(grad_last)]
    for t in range(len(states) - 1, 0, -1):
        J = step_jacobian(states[t], w_hh) @ J
        norms.append(np.linalg.norm(grad_last @ J))
    return np.array(norms[::-1])


def gradient_norms__spectral_norm_of_the_product(states, w_hh, grad_last):
    """The largest singular value of the product, times the norm of grad_last. -> norm_of_product"""
    J = np.eye(len(w_hh))
    norms = [np.linalg.norm(grad_last)]
    for t in range(len(states) - 1, 0, -1):
        J = J @ step_jacobian(states[t], w_hh)
        norms.append(np.linalg.norm(J, 2) * np.linalg.norm(grad_last))
    return np.array(norms[::-1])
