"""Wrong programs for the unit `rnn`, as people and language models write them."""

import torch
from rnn import rnn_step


def rnn_step__linear(x, h, w_xh, w_hh, b):
    """No tanh. -> no_tanh"""
    return x @ w_xh + h @ w_hh + b


def rnn_step__relu(x, h, w_xh, w_hh, b):
    """A ReLU in place of the tanh. -> wrong_activation"""
    return torch.relu(x @ w_xh + h @ w_hh + b)


def rnn_step__sigmoid(x, h, w_xh, w_hh, b):
    """A sigmoid in place of the tanh. -> wrong_activation"""
    return torch.sigmoid(x @ w_xh + h @ w_hh + b)


def rnn_step__as_pytorch(x, h, w_xh, w_hh, b):
    """Weights transposed, as nn.Linear keeps them. -> transposed_weights"""
    return torch.tanh(x @ w_xh.T + h @ w_hh.T + b)


def rnn_step__hh_transposed(x, h, w_xh, w_hh, b):
    """Only w_hh is transposed: it is square, so nothing complains. -> transposed_w_hh"""
    return torch.tanh(x @ w_xh + h @ w_hh.T + b)


def rnn_step__column_vectors(x, h, w_xh, w_hh, b):
    """The matrix on the left, as books write it. -> matrix_first"""
    return torch.tanh(w_xh @ x + w_hh @ h + b)


def rnn_step__elementwise(x, h, w_xh, w_hh, b):
    """`*` in place of `@`. -> elementwise"""
    return torch.tanh(x * w_xh + h * w_hh + b)


def rnn_step__no_bias(x, h, w_xh, w_hh, b):
    """The bias is forgotten. -> no_bias"""
    return torch.tanh(torch.matmul(x, w_xh) + torch.matmul(h, w_hh))


def rnn_step__bias_twice(x, h, w_xh, w_hh, b):
    """The bias is added to each product. -> bias_twice"""
    return torch.tanh((x @ w_xh + b) + (h @ w_hh + b))


def rnn_step__bias_outside(x, h, w_xh, w_hh, b):
    """The bias is added after the tanh. -> bias_outside"""
    return torch.tanh(x @ w_xh + h @ w_hh) + b


def rnn_step__two_tanh(x, h, w_xh, w_hh, b):
    """Two tanh, added. -> tanh_too_early"""
    return torch.tanh(x @ w_xh) + torch.tanh(h @ w_hh + b)


def rnn_step__residual(x, h, w_xh, w_hh, b):
    """The old state is added. -> residual"""
    return h + torch.tanh(x @ w_xh + h @ w_hh + b)


def rnn_step__no_state(x, h, w_xh, w_hh, b):
    """The old state is left out. -> no_memory"""
    return torch.tanh(x @ w_xh + b)


def rnn_step__in_place(x, h, w_xh, w_hh, b):
    """The caller's state is overwritten. -> in_place, state_overwritten"""
    h.copy_(torch.tanh(x @ w_xh + h @ w_hh + b))
    return h


def rnn_step__numpy(x, h, w_xh, w_hh, b):
    """Detached on the way. -> detached"""
    return torch.tanh((x @ w_xh + h @ w_hh + b).detach())


def rnn_step__exp_tanh(x, h, w_xh, w_hh, b):
    """A tanh by hand that overflows. -> tanh_overflows"""
    a = x @ w_xh + h @ w_hh + b
    return (torch.exp(a) - torch.exp(-a)) / (torch.exp(a) + torch.exp(-a))


def rnn_step__concatenated(x, h, w_xh, w_hh, b):
    """State and input are joined in the other order than the weights. -> concatenated_order"""
    return torch.tanh(torch.cat([h, x], 1) @ torch.cat([w_xh, w_hh], 0) + b)


def rnn__zeros(x, h, w_xh, w_hh, b):
    """Starts from zeros, not from the state given. -> initial_state_ignored"""
    N, T, D = x.shape
    h = torch.zeros(N, w_hh.shape[0], dtype=x.dtype)
    out = []
    for t in range(T):
        h = rnn_step(x[:, t, :], h, w_xh, w_hh, b)
        out.append(h)
    return torch.stack(out, dim=1)


def rnn__last_only(x, h, w_xh, w_hh, b):
    """Returns the last state only. -> last_state_only"""
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
    return h


def rnn__with_first(x, h, w_xh, w_hh, b):
    """The given state is among the results. -> initial_state_included"""
    hs = [h]
    for t in range(x.size(1)):
        hs.append(rnn_step(x[:, t], hs[-1], w_xh, w_hh, b))
    return torch.stack(hs, 1)


def rnn__shifted(x, h, w_xh, w_hh, b):
    """The state before each word is stored, not the one after. -> initial_state_included"""
    hs = []
    for t in range(x.size(1)):
        hs.append(h)
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
    return torch.stack(hs, 1)


def rnn__time_first(x, h, w_xh, w_hh, b):
    """Time is the first axis of the result. -> wrong_axis"""
    states = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states)


def rnn__over_batch(x, h, w_xh, w_hh, b):
    """Walks over the sentences, as if time were the first axis. -> wrong_axis"""
    states = []
    for x_t in x:
        h = rnn_step(x_t, h, w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states)


def rnn__concatenated(x, h, w_xh, w_hh, b):
    """`cat` along the width in place of `stack`. -> wrong_axis"""
    states = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return torch.cat(states, dim=1)


def rnn__same_state(x, h, w_xh, w_hh, b):
    """The state is not handed on: every step starts from the first one. -> h0_at_every_step"""
    states = []
    for t in range(x.shape[1]):
        states.append(rnn_step(x[:, t], h, w_xh, w_hh, b))
    return torch.stack(states, dim=1)


def rnn__detached(x, h, w_xh, w_hh, b):
    """Detached at each step. -> detached"""
    states = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h.detach(), w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states, dim=1)


def rnn__buffer_float32(x, h, w_xh, w_hh, b):
    """The buffer is float32 whatever x is. -> wrong_dtype, float32_inside"""
    N, T, _ = x.shape
    out = torch.zeros(N, T, h.shape[-1])
    for t in range(T):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        out[:, t] = h
    return out


def rnn__one_short(x, h, w_xh, w_hh, b):
    """The last word is left out. -> off_by_one"""
    states = []
    for t in range(x.shape[1] - 1):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states, dim=1)


def rnn__backwards(x, h, w_xh, w_hh, b):
    """Reads from the end. -> reversed_time"""
    states = []
    for t in reversed(range(x.shape[1])):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states[::-1], dim=1)


def rnn__list(x, h, w_xh, w_hh, b):
    """A list of states, not a tensor. -> no_tensor"""
    states = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return states


def rnn__with_last(x, h, w_xh, w_hh, b):
    """(states, last), as nn.RNN returns it. -> no_tensor"""
    states = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states, dim=1), h


def rnn_step__tanh_by_size(x, h, w_xh, w_hh, b):
    """A tanh that never overflows, by |x|: its gradient at exactly 0 is 0. -> flat_at_zero"""
    total = x @ w_xh + h @ w_hh + b
    small = torch.exp(-2 * total.abs())
    return total.sign() * (1 - small) / (1 + small)


def rnn__wide_buffer(x, h, w_xh, w_hh, b):
    """The states are kept in float32 at least, and so float16 is widened. -> wrong_dtype"""
    wide = torch.promote_types(x.dtype, torch.float32)
    states = torch.zeros(*x.shape[:2], len(b), dtype=wide, device=x.device)
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ w_xh + h @ w_hh + b)
        states[:, t] = h
    return states


def rnn_step__tanh_of_minus(x, h, w_xh, w_hh, b):
    """(1 - e) / (1 + e) with e = exp(-2·sum), which overflows. -> tanh_overflows"""
    e = torch.exp(-2 * (x @ w_xh + h @ w_hh + b))
    return (1 - e) / (1 + e)


def rnn__reshaped_to_time_first(x, h, w_xh, w_hh, b):
    """A reshape to (T, N, D) in place of a transpose. -> reshaped_for_transposed"""
    states = []
    for word in x.reshape(x.shape[1], x.shape[0], -1):
        h = torch.tanh(word @ w_xh + h @ w_hh + b)
        states.append(h)
    return torch.stack(states, 1)


def rnn__squeezed(x, h, w_xh, w_hh, b):
    """Axes of size 1 are dropped in the end. -> squeezed"""
    outputs = []
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t, :], h, w_xh, w_hh, b)
        outputs.append(h)
    return torch.stack(outputs, dim=1).squeeze()


def rnn__detached_after_each_step(x, h, w_xh, w_hh, b):
    """Each state is detached before the next step, but the first is not. -> detached"""
    outputs = []
    for word in x.unbind(1):
        h = rnn_step(word, h, w_xh, w_hh, b)
        outputs.append(h)
        h = h.detach()
    return torch.stack(outputs, dim=1)
