import numpy as np
from rnn import steal

UNIT = "vanishing_gradient"

step_jacobian = steal(UNIT, "step_jacobian", lambda h_next, w_hh: w_hh + 1)
gradient_norms = steal(UNIT, "gradient_norms", lambda states, w_hh, g: np.arange(1.0, len(states) + 1) * 7)
spectral_radius = steal(UNIT, "spectral_radius", lambda w: -1.0)
demonstrate = steal(UNIT, "demonstrate", lambda radius, length, hidden, seed: np.zeros(length))
clip_by_global_norm = steal(UNIT, "clip_by_global_norm", lambda grads, max_norm: [g + 1 for g in grads])
