"""Public tests of the unit `vanishing_gradient`: run `pytest test_vanishing_gradient.py`."""

import numpy as np
import pytest

from autograder.core.language import say
from autograder.testing.compare import (
    Mismatch,
    assert_close,
    assert_each_close,
    assert_unchanged,
    describe,
)


def lopsided():
    """Weights by which h_next[1] feels h[0] strongly, and h_next[0] does not feel h[1]."""
    return np.array([[0.5, 2.0], [0.0, 0.5]])


@pytest.mark.exercise("step_jacobian")
def test_step_jacobian_by_hand(student):
    """h @ w_hh = [0.5·h[0], 2·h[0] + 0.5·h[1]], and tanh has the slopes 1 - 0² and 1 - 0.6².

    Catches: transpose missing, slopes on the columns, the slope of the pre-activation.
    """
    got = student.vanishing_gradient.step_jacobian(np.array([0.0, 0.6]), lopsided())
    assert_close(got, np.array([[0.5, 0.0], [1.28, 0.32]]))


@pytest.mark.exercise("step_jacobian")
def test_step_jacobian_numerically(student, draw):
    """Move h[j] a little and see how far h_next[i] moves: entry [i, j] is the quotient.

    Catches: transpose missing, slopes on the columns, an argument changed in place.
    """
    h, w_hh, x, little = draw.array(5), draw.array(5, 5) / 2, draw.array(5), 1e-6
    h_next = np.tanh(x + h @ w_hh)
    quotients = np.zeros((5, 5))
    for j in range(5):
        step = little * np.eye(5)[j]
        moved = np.tanh(x + (h + step) @ w_hh) - np.tanh(x + (h - step) @ w_hh)
        quotients[:, j] = moved / (2 * little)
    got = student.vanishing_gradient.step_jacobian(h_next, w_hh)
    assert_close(got, quotients, absolute=1e-6)  # a quotient is not exact
    assert_unchanged(student.vanishing_gradient.step_jacobian, h_next, w_hh)


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_by_hand(student):
    """At states of zero the slopes are 1. From the last state back: [0, 1], [2, 0.5], [2, 0.25].

    Catches: transpose missing, time reversed, sum for product, squared norms.
    """
    got = student.vanishing_gradient.gradient_norms(
        np.zeros((3, 2)), lopsided(), np.array([0.0, 1.0])
    )
    assert_close(got, np.array([np.sqrt(4.0625), np.sqrt(4.25), 1.0]))


@pytest.mark.exercise("gradient_norms")
def test_gradient_norms_one_unit(student):
    """One unit, w_hh = 2: a step back multiplies by 2·(1 - h²) of the state that it starts from.

    From h = 0.6 that is 2·0.64, from h = 0.8 it is 2·0.36; the slope of states[0] plays no part.
    Catches: index off by one, the slope of the pre-activation, an argument changed in place.
    """
    states, w_hh, grad_last = np.array([[0.5], [0.8], [0.6]]), np.array([[2.0]]), np.array([-3.0])
    got = student.vanishing_gradient.gradient_norms(states, w_hh, grad_last)
    assert_close(got, np.array([3 * 1.28 * 0.72, 3 * 1.28, 3.0]))
    got = student.vanishing_gradient.gradient_norms(states[:1], w_hh, grad_last)
    assert_close(got, np.array([3.0]))  # a single state: no step at all
    assert_unchanged(student.vanishing_gradient.gradient_norms, states, w_hh, grad_last)


@pytest.mark.exercise("spectral_radius")
def test_spectral_radius_real(student):
    """The eigenvalues of a triangular matrix are its diagonal; their sign plays no part.

    Catches: a norm in place of the radius (2.12 for the first), the largest eigenvalue by sign.
    """
    assert_close(student.vanishing_gradient.spectral_radius(lopsided()), 0.5, relative=1e-6)
    w = np.array([[-3.0, 1.0], [0.0, 2.0]])
    assert_close(student.vanishing_gradient.spectral_radius(w), 3.0)


@pytest.mark.exercise("spectral_radius")
def test_spectral_radius_complex(student):
    """A turn by 90° and a stretch by 0.7 has the eigenvalues ±0.7i.

    Catches: the largest real part (0) in place of the largest modulus.
    """
    w = np.array([[0.0, -0.7], [0.7, 0.0]])
    assert_close(student.vanishing_gradient.spectral_radius(w), 0.7)


def felt_at_the_start(student, radius, length, hidden, seed):
    """norms[0] / norms[-1] of a demonstration: what is left of the gradient at the first state."""
    norms = student.vanishing_gradient.demonstrate(radius, length, hidden, seed)
    if getattr(norms, "shape", None) != (length,):
        told = say(
            "demonstrate gave %(got)s, expected shape %(shape)s.",
            got=describe(norms),
            shape=[length],
        )
        raise Mismatch(told)
    return norms[0] / norms[-1]


def assert_that(holds, felt, radius, length):
    """Fail unless what is left of the gradient is as it should be."""
    if not holds:
        told = say(
            "norms[0]/norms[-1] is %(got)s at radius %(radius)s, length %(length)s.",
            got=float(felt),
            radius=radius,
            length=length,
        )
        raise Mismatch(told)


@pytest.mark.exercise("demonstrate")
def test_demonstrate_one_unit(student):
    """With one hidden unit every step back multiplies by ± the radius: six steps make radius⁶.

    Catches: time reversed, a step too many, w_hh not scaled, a first state that is not small.
    """
    for radius, length in [(0.5, 7), (1.5, 5)]:
        felt = felt_at_the_start(student, radius, length, 1, seed=3)
        assert_close(felt, radius ** (length - 1), relative=0.01, name="norms[0]/norms[-1]")


@pytest.mark.exercise("demonstrate")
def test_demonstrate_vanishes_and_explodes(student):
    """In the median over nine draws, radii 0.5 and 0.9 lose the gradient, radius 1.5 blows it up.

    Catches: radius ignored, w_hh scaled to a norm instead, time reversed, wrong shape.
    """
    vanished = np.median([felt_at_the_start(student, 0.9, 101, 5, seed) for seed in range(9)])
    assert_that(vanished < 0.01, vanished, radius=0.9, length=101)
    faded = np.median([felt_at_the_start(student, 0.5, 15, 5, seed) for seed in range(9)])
    assert_that(faded < 0.01, faded, radius=0.5, length=15)
    exploded = np.median([felt_at_the_start(student, 1.5, 15, 5, seed) for seed in range(9)])
    assert_that(exploded > 1, exploded, radius=1.5, length=15)


@pytest.mark.exercise("clip_by_global_norm")
def test_clip_by_global_norm_by_hand(student):
    """The norm of 3, 4 and 12 is 13, so at most 6.5 leaves exactly half of each.

    Catches: each array or each element clipped by itself, an epsilon, a change in place.
    """
    grads = [np.array([3.0, 4.0]), np.array([[12.0]])]
    halves = [np.array([1.5, 2.0]), np.array([[6.0]])]
    got = student.vanishing_gradient.clip_by_global_norm(grads, 6.5)
    assert_each_close(got, halves, ["array 0", "array 1"], relative=1e-12)
    assert_unchanged(student.vanishing_gradient.clip_by_global_norm, grads, 6.5)


@pytest.mark.exercise("clip_by_global_norm")
def test_clip_by_global_norm_small(student):
    """A norm of 13 is left alone by max_norm 20, and zeros stay zeros; 10 clips.

    Catches: everything scaled to max_norm, 0/0.
    """
    names = ["array 0", "array 1"]
    grads = [np.array([5.0]), np.array([[12.0, 0.0]])]
    zeros = [np.zeros(2), np.zeros((3, 1))]
    clip = student.vanishing_gradient.clip_by_global_norm
    assert_each_close(clip(grads, 20.0), grads, names)
    assert_each_close(clip(zeros, 1.0), zeros, names)
    assert_each_close(clip(grads, 10.0), [grad * 10 / 13 for grad in grads], names)
