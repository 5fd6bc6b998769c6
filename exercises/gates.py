"""Gates: how the LSTM and the GRU keep a memory over many steps.

A plain recurrent network passes its whole state through a matrix and a tanh at every step, and
the gradient fades on the way back. Here gates decide, elementwise, what is kept, what is
written and what is shown, so that a memory can pass a step nearly as it is. Write one step of
each, then see what the forget gates leave of a gradient.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test with `pytest test_gates.py`.
"""

import torch


def lstm_step(
    x: torch.Tensor,
    h: torch.Tensor,
    c: torch.Tensor,
    w_x: torch.Tensor,
    w_h: torch.Tensor,
    b: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One step of an LSTM: forget some of the cell, write some to it, show some of it.

    The columns of w_x, w_h and b are four blocks of width H, in the order of `torch.nn.LSTM`:
    input gate i, forget gate f, candidate g, output gate o. The gates pass through a sigmoid, the
    candidate through a tanh. Then c' = f·c + i·g and h' = o·tanh(c'), elementwise. A gate may
    be quite open or shut: nothing overflows there, in a value or in a gradient.

    x: (N, D), one word of each sentence.
    h, c: (N, H), state and cell before that word; they stay as they are.
    w_x: (D, 4H). w_h: (H, 4H). b: (4H,).
    Returns (h', c'): (N, H) each, of the dtype and on the device of x.
    Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000 (forget gate).
    """
    raise NotImplementedError  # replace this line with your code


def gru_step(
    x: torch.Tensor,
    h: torch.Tensor,
    w_x: torch.Tensor,
    w_h: torch.Tensor,
    b_x: torch.Tensor,
    b_h: torch.Tensor,
) -> torch.Tensor:
    """One step of a GRU: a mix of the old state and a candidate for the new one.

    The columns of the weights and biases are three blocks of width H, in the order of
    `torch.nn.GRU`: reset gate r, update gate z, candidate n. The gates pass through a sigmoid, the
    candidate through a tanh. The reset gate scales what h adds to the candidate, after the product
    with w_h and with b_h in it. Then h' = (1 - z)·n + z·h, elementwise. A gate may be quite
    open or shut: nothing overflows there, in a value or in a gradient.

    x: (N, D), one word of each sentence.
    h: (N, H), the state before that word; it stays as it is.
    w_x: (D, 3H). w_h: (H, 3H). b_x, b_h: (3H,).
    Returns h', (N, H), of the dtype and on the device of x.
    Source: Cho et al. 2014; with the reset after the product, as torch.nn.GRU has it.
    """
    raise NotImplementedError  # replace this line with your code


def cell_gradient(forget: torch.Tensor) -> torch.Tensor:
    """How much of the last cell comes straight from each earlier one: ∂c_T/∂c_t.

    Along the direct path c' = f·c + …, with i, g and o taken as given, each step multiplies by its
    forget gate, and by nothing else.

    forget: (T, H), row t the forget gates (after the sigmoid) of step t; exact zeros are allowed,
        in the gradient, too.
    Returns (T, H): row t is the product of the rows after t, so the last row is all ones.
    Source: Hochreiter and Schmidhuber 1997 (the error carousel); Gers et al. 2000.
    """
    raise NotImplementedError  # replace this line with your code
