"""What the unit `vanishing_gradient` pins. The truth is autograd's, in float64."""

import numpy as np
import pytest
import torch

from autograder.testing.compare import (
    Mismatch,
    assert_close,
    assert_each_close,
    assert_unchanged,
    describe,
)
from autograder.testing.edges import edges


def non_normal():
    """A matrix of spectral radius 0.5 whose largest singular value is 2.12."""
    return np.array([[0.5, 2.0], [0.0, 0.5]])


def norms64(states, w_hh, grad_last):
    """The norm of autograd's gradient at every state of a run through just these states."""
    states, w_hh = torch.from_numpy(states), torch.from_numpy(w_hh)
    run = [states[0].clone().requires_grad_()]
    for after in states[1:]:
        recurrent = run[-1] @ w_hh  # (H,) @ (H, H) -> (H,)
        x = torch.atanh(after) - recurrent.detach()  # the input that leads to the next state
        run.append(torch.tanh(x + recurrent))
    gradients = torch.autograd.grad(run[-1], run, torch.from_numpy(grad_last))
    return torch.stack(gradients).norm(dim=1).numpy()  # (T,)


def norms_by_products(states, w_hh, grad_last):
    """The same for states that no input leads to, such as ±1: one product after the other."""
    gradients = [grad_last]
    for after in states[:0:-1]:
        gradients.append(w_hh @ np.diag(1 - after**2) @ gradients[-1])
    return np.linalg.norm(gradients[::-1], axis=1)  # (T,)


def states(draw, length, hidden):
    """States as a network has them: some small, some near ±1. (length, hidden)."""
    return np.tanh(draw.array(length, hidden))


@pytest.mark.exercise("step_jacobian")
def test_step_jacobian_values(student, draw):
    """Entry [i, j] is ∂h_next[i]/∂h[j], as autograd has it; also for a single unit.

    Catches: transpose missing, slopes on the columns, the slope of the pre-activation,
    1 - h in place of 1 - h², a result kept from an earlier call.
    """
    for hidden in (7, 7, 2, 1):
        h, w_hh = draw.normal(hidden, std=0.5), draw.weight(hidden, hidden)
        x = draw.normal(hidden)

        def step(h, x=x, w_hh=w_hh):
            return torch.tanh(x + h @ w_hh)

        truth = torch.autograd.functional.jacobian(step, h).numpy()
        assert_close(student.vanishing_gradient.step_jacobian(step(h).numpy(), w_hh.numpy()), truth)


@pytest.mark.exercise("step_jacobian")
def test_step_jacobian_limits(student, draw):
    """A unit at 0 passes its weights on whole, a saturated one (±1) nothing at all.

    Catches: slopes on the columns, transpose missing, arctanh of a saturated state (NaN).
    """
    w_hh = draw.array(5, 5)
    h_next = np.array([0.0, 1.0, -0.6, -1.0, 0.0])
    truth = np.array([w_hh[:, 0], np.zeros(5), 0.64 * w_hh[:, 2], np.zeros(5), w_hh[:, 4]])
    assert_close(student.vanishing_gradient.step_jacobian(h_next, w_hh), truth)


@pytest.mark.exercise("step_jacobian")
def test_step_jacobian_edges(student, draw):
    """Exact zeros and ones, weights of 1e12 and 1e-12, and the same numbers again.

    Catches: numbers cut off or taken for zero, a state kept from an earlier call.
    """
    for h_next, w_hh in edges([np.tanh(draw.array(5)), draw.array(5, 5)], [0, 1], [-1, -1]):
        truth = np.diag(1 - h_next**2) @ w_hh.T
        for _ in range(2):
            assert_close(student.vanishing_gradient.step_jacobian(h_next, w_hh), truth)


@pytest.mark.exercise("step_jacobian")
def test_step_jacobian_unchanged(student, draw):
    """The arguments stay as they are, and may have any strides.

    Catches: h_next squared or w_hh scaled in place.
    """
    h_next, w_hh = np.tanh(draw.array(22))[::2], draw.array(22, 11)[::2].T
    got = assert_unchanged(student.vanishing_gradient.step_jacobian, h_next, w_hh)
    truth = [[(1 - h_next[i] ** 2) * w_hh[j, i] for j in range(11)] for i in range(11)]
    assert_close(got, np.array(truth))
    for h, w in [(h_next, -2 * w_hh), (h_next / 2, -2 * w_hh)]:  # one changed, then the other
        got = student.vanishing_gradient.step_jacobian(h, w)
        assert_close(got, np.diag(1 - h**2) @ w.T)


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_values(student, draw):
    """The norm of autograd's gradient at every state, the last one that of grad_last itself.

    Catches: transpose missing, index off by one, time reversed, sum for product, the slope of
    the pre-activation, squared norms, the gradients of the weights in place of the states.
    """
    for length, hidden in [(7, 5), (3, 11), (5, 5), (2, 3), (1, 3), (5, 1)]:
        inputs = states(draw, length, hidden), draw.array(hidden, hidden), draw.array(hidden)
        got = student.vanishing_gradient.gradient_norms(*inputs)
        assert_close(got, norms64(*inputs), elementwise=True)


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_linear(student, draw):
    """At states of zero a step is w_hh alone: a non-normal one lifts the norm before it falls.

    Catches: transpose missing, powers of the spectral norm or radius in place of the product.
    """
    length = 9
    for w_hh, grad_last in [
        (non_normal(), np.array([0.0, 1.0])),
        (non_normal().T, np.array([0.0, 1.0])),
        (non_normal(), draw.array(2)),
        (0.9 * np.array([[0.0, 1.0], [-1.0, 0.0]]), draw.array(2)),  # eigenvalues ±0.9i
    ]:
        truth = [
            np.linalg.norm(np.linalg.matrix_power(w_hh, length - 1 - t) @ grad_last)
            for t in range(length)
        ]
        got = student.vanishing_gradient.gradient_norms(np.zeros((length, 2)), w_hh, grad_last)
        assert_close(got, np.array(truth), elementwise=True)


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_long(student, draw, figure):
    """A hundred steps and more that vanish or explode by tens of powers of ten, each to its size.

    And more than five hundred that do neither. Catches: an epsilon in the norm, float32 inside (it
    underflows), a clipped gradient, a limit on the length.
    """
    turn = torch.linalg.qr(draw.normal(5, 5)).Q.numpy()
    inputs = states(draw, 521, 5) / 20, turn, draw.array(5)
    got = student.vanishing_gradient.gradient_norms(*inputs)
    assert_close(got, norms_by_products(*inputs), relative=1e-6, elementwise=True)
    for length, gain in ((50, 1.0), (130, 1.0), (130, 4.0)):
        w_hh, grad_last = gain * draw.weight(5, 5).numpy(), draw.array(5)
        inputs = states(draw, length, 5), w_hh, grad_last
        got = student.vanishing_gradient.gradient_norms(*inputs)
        if length == 50:
            figure("gradient_norms", {"yours": got, "reference": norms64(*inputs)})
        # rounding errors grow where a product nearly cancels, so not to the last digit
        assert_close(got, norms_by_products(*inputs), relative=1e-6, elementwise=True)


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_edges(student, draw):
    """Exact zeros and ones, numbers of 1e12 and 1e-12, and the same numbers again.

    Catches: numbers cut off or taken for zero, 0/0, a gradient kept from an earlier call.
    """
    start = [states(draw, 4, 3), draw.array(3, 3), draw.array(3)]
    for inputs in edges(start, [-1, -1, 1], [0, 1, -1]):
        for _ in range(2):
            got = student.vanishing_gradient.gradient_norms(*inputs)
            assert_close(got, norms_by_products(*inputs), elementwise=True)


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_unchanged(student, draw):
    """The arguments stay as they are, and may have any strides.

    Catches: grad_last, which the scaling back begins with, multiplied in place.
    """
    inputs = states(draw, 5, 26)[:, ::2], draw.array(13, 13).T / 4, draw.array(26)[::2]
    got = assert_unchanged(student.vanishing_gradient.gradient_norms, *inputs)
    assert_close(got, norms64(*inputs), elementwise=True)
    inputs = inputs[0] / 2, inputs[1], -inputs[2]  # all but w_hh changed
    got = student.vanishing_gradient.gradient_norms(*inputs)
    assert_close(got, norms64(*inputs), elementwise=True)


@pytest.mark.exercise("spectral_radius")
def test_spectral_radius_values(student, draw):
    """The largest modulus, as torch's eigenvalues have it; the argument stays as it is.

    Catches: a norm in place of the radius, the smallest or the first eigenvalue, eigvalsh,
    singular values, a result kept from an earlier call.
    """
    for hidden in (5, 5, 11, 1):
        w = draw.normal(hidden, hidden)
        truth = float(torch.linalg.eigvals(w).abs().max())
        # one number a call: where float32 happens to round well, 1e-8 would let it through
        got = assert_unchanged(student.vanishing_gradient.spectral_radius, w.numpy())
        assert_close(got, truth, relative=1e-9)


@pytest.mark.exercise("spectral_radius")
def test_spectral_radius_known(student, draw):
    """Matrices whose eigenvalues are known: non-normal, negative, complex, purely imaginary.

    Catches: the largest singular value (2.12 for the first), the largest real part, no modulus.
    """
    size = draw.integer(3, 30) / 10
    rotation = size * np.array([[0.6, -0.8], [0.8, 0.6]])  # size · (0.6 ± 0.8i)
    quarter_turn = size * np.array([[0.0, -1.0], [1.0, 0.0]])  # ±size · i
    negative = size * np.array([[1.0, 5.0, -4.0], [0.0, 2.0, 1.0], [0.0, 0.0, -3.0]])
    mixed = np.zeros((3, 3))  # the largest real part belongs to the smaller modulus
    mixed[:2, :2], mixed[2, 2] = rotation, 0.7 * size
    for w, truth in [
        (non_normal(), 0.5),
        (rotation, size),
        (quarter_turn, size),
        (negative, 3 * size),
        (mixed, size),
    ]:
        # a double eigenvalue is only good to the root of the rounding error
        assert_close(student.vanishing_gradient.spectral_radius(w), truth, relative=1e-6)


@pytest.mark.exercise("spectral_radius")
def test_spectral_radius_edges(student, draw):
    """Exact zeros and ones, numbers of 1e12 and 1e-12, no number but zero; the same again.

    Catches: numbers cut off or taken for zero, 0/0, a start kept from an earlier call.
    """
    below_zero = -np.abs(draw.array(5, 5))  # the largest modulus is always a negative eigenvalue's
    for (w,) in edges([below_zero], [1], [-1]):
        truth = float(torch.linalg.eigvals(torch.tensor(w)).abs().max())
        for _ in range(2):
            assert_close(student.vanishing_gradient.spectral_radius(w), truth, relative=1e-9)


def demonstrated(student, radius, length, hidden, seed):
    """The norms of a demonstration, over the last one."""
    __tracebackhide__ = True
    norms = student.vanishing_gradient.demonstrate(radius, length, hidden, seed)
    if not isinstance(norms, np.ndarray) or norms.dtype.kind != "f" or norms.shape != (length,):
        raise Mismatch(
            f"demonstrate({radius}, {length}, {hidden}, {seed}) gave {describe(norms)}, "
            f"expected a NumPy array of real numbers, of shape ({length},)."
        )
    with np.errstate(all="ignore"):
        return norms / norms[-1]


def median_of(student, radius, length, hidden, seeds):
    """The median over the seeds of what is felt at every state: one draw alone may be another."""
    __tracebackhide__ = True
    return np.median([demonstrated(student, radius, length, hidden, s) for s in seeds], axis=0)


def assert_felt(median, t, radius, low, high):
    """Fail unless what is felt at a state lies between the two."""
    __tracebackhide__ = True
    if not low < median[t] < high:
        wanted = f"more than {low:.3g}" if high == np.inf else f"between {low:.3g} and {high:.3g}"
        raise Mismatch(
            f"At radius {radius} and length {len(median)}, norms[{t}]/norms[-1] is {median[t]:.3g} "
            f"(median over nine seeds), expected {wanted}."
        )


@pytest.mark.exercise("demonstrate")
def test_demonstrate_one_unit(student, draw):
    """With a single hidden unit every step multiplies by the radius, over more than 128 steps too.

    Catches: time reversed, sum for product, a step too many or too few, w_hh not scaled, a large
    first state, wrong shape, the first and the last norm alone; length 1 has one norm.
    """
    for radius, length in [(0.5, 11), (1.5, 5), (1.0, 7), (2.0, 1), (0.9, 131)]:
        felt = demonstrated(student, radius, length, 1, draw.integer(0, 2**31))
        truth = radius ** np.arange(length - 1.0, -1, -1)
        # what is missing to exactness is the bend of tanh, which a state of 1e-3 hardly meets
        name = "(norms/norms[-1])"
        assert_close(felt, truth, relative=1e-3, elementwise=True, name=name)


@pytest.mark.exercise("demonstrate")
def test_demonstrate_vanishes_and_explodes(student, draw):
    """Below radius 1 the first state feels next to nothing, above it more than the last.

    Catches: radius ignored, w_hh scaled to a norm instead, time reversed, saturated states.
    """
    seeds = draw.integers(0, 2**31, 9).tolist()
    assert_felt(median_of(student, 0.8, 41, 7, seeds), 0, 0.8, 0.0, 0.01)
    assert_felt(median_of(student, 1.5, 15, 5, seeds), 0, 1.5, 1.0, np.inf)


@pytest.mark.exercise("demonstrate")
def test_demonstrate_rate(student, draw):
    """The radius sets the rate, within radius^(steps/2) and radius^(2·steps), on the whole way.

    Seeds differ, and the same seed gives the same. Catches: w_hh scaled to its norm, seed ignored,
    the same network at every call, numbers that are drawn on from call to call.
    """
    seeds = draw.integers(0, 2**31, 9).tolist()
    # Long and small enough for networks that are far from normal, which grow before they fade.
    for radius, length in ((0.7, 81), (0.5, 31)):
        median = median_of(student, radius, length, 7, seeds)
        for t in range(length):
            steps, slack = (length, 1.0) if t == 0 else (length - 1 - t, 10.0)
            low, high = radius ** (2 * steps) / slack, radius ** (steps / 2) * slack
            assert_felt(median, t, radius, low, high)
    drawn = [demonstrated(student, 0.5, 31, 7, seeds[i]) for i in (0, 1, 1, 0)]
    if (drawn[0] == drawn[1]).all():
        raise Mismatch("demonstrate gives the same norms for two seeds, expected another draw.")
    for again, first in ((2, 1), (3, 0)):
        assert_close(drawn[again], drawn[first], name="with the same seed again, (norms/norms[-1])")


def clipped64(grads, max_norm):
    """All arrays as one long vector, shortened where it is longer than max_norm."""
    norm = torch.cat([torch.from_numpy(grad).flatten() for grad in grads]).norm().item()
    return [grad * min(1.0, max_norm / norm if norm else 1.0) for grad in grads]


def assert_clipped(student, grads, max_norm):
    """Fail unless the student's clipping equals clipped64."""
    __tracebackhide__ = True
    got = student.vanishing_gradient.clip_by_global_norm(grads, max_norm)
    names = [f"array {position}" for position in range(len(grads))]
    assert_each_close(got, clipped64(grads, max_norm), names)


@pytest.mark.exercise("clip_by_global_norm")
def test_clip_by_global_norm_values(student, draw):
    """One norm over all arrays, and exactly max_norm afterwards, whatever the size of the numbers.

    Catches: each array or each element clipped by itself, sum of the norms, squared norm,
    an epsilon in the denominator.
    """
    for scale in (1.0, 1e3, 1e-7, 1e-12):
        grads = [draw.array(3, 5, std=scale), draw.array(7, std=scale), draw.array(2, 3, 2)]
        grads[2] *= 0.1 * scale
        assert_clipped(student, grads, 0.5 * scale)
    assert_clipped(student, [draw.array(11)], 0.01)
    assert_clipped(student, [draw.array(2) for _ in range(67)], 0.5)
    for (grads,) in edges([[draw.array(3, 5), draw.array(7)]], [1], [-1]):
        assert_clipped(student, grads, 0.5)


@pytest.mark.exercise("clip_by_global_norm")
def test_clip_by_global_norm_small(student, draw):
    """Gradients that are small already stay as they are, zeros too; larger ones do not.

    Catches: everything scaled to max_norm, 0/0 for zero gradients.
    """
    grads = [draw.array(5, 2), draw.array(3)]
    norm = float(np.sqrt(sum(np.sum(grad**2) for grad in grads)))
    for max_norm in (1.01 * norm, 0.99 * norm, 100 * norm):
        assert_clipped(student, grads, max_norm)
    zeros = [np.zeros((5, 2)), np.zeros(3)]
    got = student.vanishing_gradient.clip_by_global_norm(zeros, 1.0)
    assert_each_close(got, zeros, ["array 0", "array 1"])


@pytest.mark.exercise("clip_by_global_norm")
def test_clip_by_global_norm_unchanged(student, draw):
    """The arguments stay as they are, clipped or not, and may have any strides.

    Catches: `grad *= factor`, arrays joined and cut wrongly, a result kept from an earlier call.
    """
    for _ in range(2):
        grads = [draw.array(5, 3).T, draw.array(14)[::2], draw.array(4, 4)]
        for max_norm in (0.1, 100.0):
            assert_unchanged(student.vanishing_gradient.clip_by_global_norm, grads, max_norm)
            assert_clipped(student, grads, max_norm)
