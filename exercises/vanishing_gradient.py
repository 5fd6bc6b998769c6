"""Why a recurrent network forgets: a gradient on its way back through time is multiplied by one
matrix a step, and so it dies out or blows up.

Write that matrix, follow a gradient through it, and see what decides between the two: the
spectral radius. Then write the usual remedy for the second. All of it by hand, in NumPy: no
autograd. As everywhere in the course, states are row vectors: h_next = tanh(h @ w_hh + …).

For every function: float64 throughout, right to eight digits; no argument is changed; nothing is
kept between calls; sizes go from 1 to hundreds; zeros are numbers like any other.

Test with `pytest test_vanishing_gradient.py`.
"""

from collections.abc import Sequence

import numpy as np


def step_jacobian(h_next: np.ndarray, w_hh: np.ndarray) -> np.ndarray:
    """Return the Jacobian of one step h_next = tanh(h @ w_hh + …) with respect to h.

    h_next: (H,), the state *after* the step, so tanh has been applied already.
    w_hh: (H, H).
    Returns (H, H): entry [i, j] is ∂h_next[i]/∂h[j].
    Source: Pascanu et al. 2013, the factors of eq. 5.
    """
    raise NotImplementedError  # replace this line with your code


def gradient_norms(states: np.ndarray, w_hh: np.ndarray, grad_last: np.ndarray) -> np.ndarray:
    """Return how large the gradient of a loss on the last state is at every state.

    states: (T, H), the states of one sequence, T ≥ 1; states[t + 1] follows states[t].
    w_hh: (H, H).
    grad_last: (H,), ∂L/∂states[-1].
    Returns (T,): entry t is the 2-norm of ∂L/∂states[t]; the last is that of grad_last itself.
    Source: Pascanu et al. 2013, eq. 3 to 5.
    """
    raise NotImplementedError  # replace this line with your code


def spectral_radius(w: np.ndarray) -> float:
    """Return the largest modulus among the eigenvalues, real or complex, of a square matrix.

    w: (H, H).
    """
    raise NotImplementedError  # replace this line with your code


def demonstrate(radius: float, length: int, hidden: int, seed: int) -> np.ndarray:
    """Draw a random recurrent network and follow a gradient from its last state to its first.

    Draw w_hh and scale it to the spectral radius asked for; draw a first state with no entry
    above 1e-3 in magnitude, so that tanh is nearly linear; run the network without any input;
    take a gradient on the last state, such as ones.

    radius: what `spectral_radius(w_hh)` shall be, > 0.
    length: T, the number of states.
    hidden: H, the width of a state, ≥ 1.
    seed: of the random numbers; another seed draws another network.
    Returns (length,): the `gradient_norms` of that run.
    """
    raise NotImplementedError  # replace this line with your code


def clip_by_global_norm(grads: Sequence[np.ndarray], max_norm: float) -> list[np.ndarray]:
    """Shorten gradients so that their global norm, taken over all of them as one, is ≤ max_norm.

    grads: arrays of any shapes; they stay as they are.
    max_norm: > 0.
    Returns new arrays of the same shapes: equal to grads where the global norm is at most
    max_norm, else all scaled by one factor to a global norm of max_norm, without an epsilon.
    Source: Pascanu et al. 2013, algorithm 1.
    """
    raise NotImplementedError  # replace this line with your code
