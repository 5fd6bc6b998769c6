"""Public tests of the unit `gates`: run `pytest test_gates.py`."""

import pytest
import torch

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_gradients,
    assert_unchanged,
)

STATES = ["h'", "c'"]
OPEN, SHUT, HALF = 1000.0, -1000.0, 0.0  # a sigmoid makes 1, 0 and 0.5 of these; exp overflows


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def vector(*numbers):
    """A float64 vector."""
    return torch.tensor(numbers, dtype=torch.float64)


def lstm(x, h, c, w_x, w_h, b):
    """One step as torch's LSTMCell takes it, which wants its weights transposed."""
    return torch.lstm_cell(x, (h, c), w_x.T, w_h.T, b, torch.zeros_like(b))


def gru(x, h, w_x, w_h, b_x, b_h):
    """One step as torch's GRUCell takes it, which wants its weights transposed."""
    return torch.gru_cell(x, h, w_x.T, w_h.T, b_x, b_h)


def lstm_of_biases(i, f, g, o):
    """One unit (H=1) with h = 0.3 and c = 2 whose weights are 0: the biases alone set the gates."""
    return [
        matrix([1.0]),
        matrix([0.3]),
        matrix([2.0]),
        torch.zeros(1, 4, dtype=torch.float64),
        torch.zeros(1, 4, dtype=torch.float64),
        vector(i, f, g, o),
    ]


@pytest.mark.exercise("lstm_step")
def test_lstm_step_gate_by_gate(student):
    """Only biases, so that you can follow each gate. The cell before is 2, the candidate 1 or 0.

    Catches: the gates in another order, i and f swapped, sigmoid on the candidate, h without
    tanh(c), the old c used for h.
    """
    tanh1, tanh2 = 0.761594155955765, 0.964027580075817
    for (i, f, g, o), h, c in [
        ((SHUT, OPEN, 5.0, OPEN), tanh2, 2.0),  # write nothing, forget nothing, show all
        ((SHUT, HALF, 5.0, OPEN), tanh1, 1.0),  # forget half
        ((OPEN, SHUT, 100.0, OPEN), tanh1, 1.0),  # forget all, write the candidate 1
        ((OPEN, HALF, 0.0, OPEN), tanh1, 1.0),  # forget half, write tanh(0) = 0
        ((SHUT, OPEN, 5.0, HALF), tanh2 / 2, 2.0),  # show half
    ]:
        got = student.gates.lstm_step(*lstm_of_biases(i, f, g, o))
        assert_each_close(got, [matrix([h]), matrix([c])], STATES)


@pytest.mark.exercise("lstm_step")
def test_lstm_step_batch(student, draw):
    """Three sentences at once, as torch's own cell has them; the arguments stay as they are.

    Catches: a bias left out, the sentences mixed, c overwritten in place.
    """
    inputs = [draw.normal(3, 5), draw.normal(3, 7), draw.normal(3, 7)]
    inputs += [draw.weight(5, 28), draw.weight(7, 28), draw.normal(28)]
    assert_each_close(student.gates.lstm_step(*inputs), lstm(*inputs), STATES)
    assert_unchanged(student.gates.lstm_step, *inputs)


@pytest.mark.exercise("lstm_step", kind="gradient")
def test_lstm_step_gradient(student, draw):
    """Autograd reaches all six inputs, also where a gate is quite shut.

    Catches: `detach`, `.data`, a sigmoid by hand that overflows.
    """
    inputs = [draw.normal(2, 3), draw.normal(2, 5), draw.normal(2, 5)]
    inputs += [draw.weight(3, 20), draw.weight(5, 20), draw.normal(20)]
    inputs[5][:2] = vector(OPEN, SHUT)
    cotangents = [draw.normal(2, 5), draw.normal(2, 5)]
    names = ["x", "h", "c", "w_x", "w_h", "b"]
    assert_gradients(student.gates.lstm_step, lstm, inputs, cotangents, names)


@pytest.mark.exercise("gru_step")
def test_gru_step_gate_by_gate(student):
    """One unit with h = 2 whose candidate gets 1 from b_x, and r·(0.5·h + 3) = r·4 from the state.

    Catches: reset before the matmul, b_hn outside the reset, z and 1 - z swapped, r and z
    swapped, sigmoid on the candidate, h overwritten before the mix.
    """
    tanh1, tanh3, tanh5 = 0.761594155955765, 0.995054753686730, 0.999909204262595
    w_x, w_h = torch.zeros(1, 3, dtype=torch.float64), matrix([0.0, 0.0, 0.5])
    x, h, b_h = matrix([1.0]), matrix([2.0]), vector(0.0, 0.0, 3.0)
    for r, z, expected in [
        (OPEN, SHUT, tanh5),  # the candidate alone, with all of the state in it
        (SHUT, SHUT, tanh1),  # the same with nothing of the state
        (HALF, SHUT, tanh3),  # the same with half: 1 + 0.5·4
        (OPEN, OPEN, 2.0),  # the old state alone
        (SHUT, HALF, (tanh1 + 2.0) / 2),
    ]:
        got = student.gates.gru_step(x, h, w_x, w_h, vector(r, z, 1.0), b_h)
        assert_close(got, matrix([expected]))


@pytest.mark.exercise("gru_step")
def test_gru_step_batch(student, draw):
    """Three sentences at once, as torch's own cell has them; the arguments stay as they are.

    Catches: a bias left out, the sentences mixed, h overwritten in place.
    """
    inputs = [draw.normal(3, 5), draw.normal(3, 7), draw.weight(5, 21), draw.weight(7, 21)]
    inputs += [draw.normal(21), draw.normal(21)]
    assert_close(student.gates.gru_step(*inputs), gru(*inputs))
    assert_unchanged(student.gates.gru_step, *inputs)


@pytest.mark.exercise("gru_step", kind="gradient")
def test_gru_step_gradient(student, draw):
    """Autograd reaches all six inputs, also where a gate is quite shut.

    Catches: `detach`, `.data`, a sigmoid by hand that overflows.
    """
    inputs = [draw.normal(2, 3), draw.normal(2, 5), draw.weight(3, 15), draw.weight(5, 15)]
    inputs += [draw.normal(15), draw.normal(15)]
    inputs[4][:2] = vector(OPEN, SHUT)
    names = ["x", "h", "w_x", "w_h", "b_x", "b_h"]
    assert_gradients(student.gates.gru_step, gru, inputs, draw.normal(2, 5), names)


@pytest.mark.exercise("cell_gradient")
def test_cell_gradient_by_hand(student):
    """Two units over three steps: from the last row up, 1, then 0.5, then 0.5·0.8.

    Catches: the row itself in the product, the rows before in place of those after, a sum.
    """
    forget = matrix([0.3, 1.0], [0.8, 0.0], [0.5, 0.9])
    got = student.gates.cell_gradient(forget)
    assert_close(got, matrix([0.4, 0.0], [0.5, 0.9], [1.0, 1.0]))
    assert_close(student.gates.cell_gradient(forget[:1]), matrix([1.0, 1.0]))  # a single step
    assert_unchanged(student.gates.cell_gradient, forget)


@pytest.mark.exercise("cell_gradient")
def test_cell_gradient_far(student):
    """A hundred steps: gates of 1 carry a gradient whole, gates of 0.9 leave 0.9⁹⁹ of it.

    Catches: rounding in float32, a step too many or too few.
    """
    got = student.gates.cell_gradient(matrix([1.0, 0.9]).expand(100, 2))
    assert_close(got[0], vector(1.0, 0.9**99), elementwise=True, name="the first row")


@pytest.mark.exercise("cell_gradient", kind="gradient")
def test_cell_gradient_gradient(student):
    """Row 0 is f[1]·f[2] and row 1 is f[2]: autograd finds what each gate adds to the two.

    A second unit forgets all at one step: its gate is 0.
    Catches: a graph cut by `detach`, `.item()` or NumPy; logarithms, or a division by a gate (NaN).
    """

    def three_steps(forget):
        return torch.stack([forget[1] * forget[2], forget[2], torch.ones_like(forget[2])])

    forget = matrix([0.3, 0.3], [0.8, 0.0], [0.5, 0.5])
    cotangent = matrix([1.0, 1.0], [2.0, 2.0], [0.0, 0.0])
    assert_gradients(student.gates.cell_gradient, three_steps, [forget], cotangent, ["forget"])


@pytest.mark.exercise("lstm_step", kind="device")
def test_lstm_step_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    x, h, c = draw.normal(2, 3), draw.normal(2, 5), draw.normal(2, 5)
    args = [x, h, c, draw.weight(3, 20), draw.weight(5, 20), draw.normal(20)]
    assert_each_close(student.gates.lstm_step(*args), lstm(*args), STATES)


@pytest.mark.exercise("gru_step", kind="device")
def test_gru_step_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    weights = [draw.weight(3, 15), draw.weight(5, 15), draw.normal(15), draw.normal(15)]
    args = [draw.normal(2, 3), draw.normal(2, 5), *weights]
    assert_close(student.gates.gru_step(*args), gru(*args))


@pytest.mark.exercise("cell_gradient", kind="device")
def test_cell_gradient_on_a_gpu(student):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    forget = matrix([0.5, 0.25], [0.5, 1.0], [0.25, 0.5])
    expected = matrix([0.125, 0.5], [0.25, 0.5], [1.0, 1.0])
    assert_close(student.gates.cell_gradient(forget), expected)
