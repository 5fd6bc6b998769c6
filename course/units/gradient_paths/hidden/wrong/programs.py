"""Wrong programs for the unit `gradient_paths`, as people and language models write them."""

import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention


def last_output(kind, x, params):
    """The right last output, which the wrong programs below start from."""
    if kind == "rnn":
        h = x.new_zeros(x.shape[0], params["w_hh"].shape[0])
        return rnn(x, h, params["w_xh"], params["w_hh"], params["b"])[:, -1]
    if kind == "lstm":
        h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        return h
    return self_attention(x, params["w_q"], params["w_k"], params["w_v"])[:, -1]


def gradient_by_distance__reversed(kind, x, params):
    """Entry 0 is at distance 0. -> reversed_time"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return x.grad.norm(dim=(0, 2)).flip(0)


def gradient_by_distance__mean_norm(kind, x, params):
    """The mean of the sentences' norms. -> norm_per_sentence"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return x.grad.norm(dim=-1).mean(0)


def gradient_by_distance__sum_of_norms(kind, x, params):
    """The sum of the sentences' norms. -> norm_per_sentence"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return x.grad.norm(dim=2).sum(dim=0)


def gradient_by_distance__per_sentence(kind, x, params):
    """A norm for every sentence. -> norm_per_sentence"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return x.grad.norm(dim=-1)


def gradient_by_distance__absolute(kind, x, params):
    """The sum of absolute values. -> wrong_norm"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return x.grad.abs().sum(dim=(0, 2))


def gradient_by_distance__squared(kind, x, params):
    """The root is forgotten. -> squared_norm"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return (x.grad**2).sum(dim=(0, 2))


def gradient_by_distance__mean_output(kind, x, params):
    """The mean of the last output, not its sum. -> mean_not_sum"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).mean().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__all_outputs(kind, x, params):
    """The outputs of all positions. -> all_outputs"""
    x = x.clone().requires_grad_(True)
    if kind == "rnn":
        h = x.new_zeros(x.shape[0], params["w_hh"].shape[0])
        y = rnn(x, h, params["w_xh"], params["w_hh"], params["b"])
    elif kind == "lstm":
        h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])
        hs = []
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
            hs.append(h)
        y = torch.stack(hs, 1)
    else:
        y = self_attention(x, params["w_q"], params["w_k"], params["w_v"])
    y.sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__cell(kind, x, params):
    """The LSTM's cell in place of its state. -> cell_for_state"""
    x = x.clone().requires_grad_(True)
    if kind == "lstm":
        h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        y = c
    else:
        y = last_output(kind, x, params)
    y.sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__in_place(kind, x, params):
    """The caller's x is made to require a gradient and gathers it. -> in_place, random"""
    x.requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__no_requires(kind, x, params):
    """x does not require a gradient. -> no_requires_grad"""
    (g,) = torch.autograd.grad(last_output(kind, x, params).sum(), x)
    return g.norm(dim=(0, 2))


def gradient_by_distance__not_summed(kind, x, params):
    """backward of a tensor with more than one number. -> not_summed"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__first_query(kind, x, params):
    """The output of the first position of the attention, not the last. -> first_output"""
    x = x.clone().requires_grad_(True)
    if kind == "attention":
        y = self_attention(x, params["w_q"], params["w_k"], params["w_v"])[:, 0]
    else:
        y = last_output(kind, x, params)
    y.sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__detached(kind, x, params):
    """Detached at every step: only the last input is felt. -> detached"""
    x = x.clone().requires_grad_(True)
    if kind == "lstm":
        h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(
                x[:, t], h.detach(), c.detach(), params["w_x"], params["w_h"], params["b"]
            )
        y = h
    else:
        y = last_output(kind, x, params)
    y.sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__first_sentence(kind, x, params):
    """Only the first sentence counts. -> one_sentence"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params)[0].sum().backward()
    return x.grad[0].norm(dim=-1)


def gradient_by_distance__normalised(kind, x, params):
    """Divided by the last entry. -> normalised"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    norms = x.grad.norm(dim=(0, 2))
    return norms / norms[-1]


def gradient_by_distance__ones(kind, x, params):
    """The first state is ones. -> first_state_ones"""
    x = x.clone().requires_grad_(True)
    if kind == "rnn":
        h = x.new_ones(x.shape[0], params["w_hh"].shape[0])
        y = rnn(x, h, params["w_xh"], params["w_hh"], params["b"])[:, -1]
    elif kind == "lstm":
        h = c = x.new_ones(x.shape[0], params["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        y = h
    else:
        y = last_output(kind, x, params)
    y.sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__cell_lost(kind, x, params):
    """The LSTM's cell is not handed on. -> cell_not_kept"""
    x = x.clone().requires_grad_(True)
    if kind == "lstm":
        h = zero = x.new_zeros(x.shape[0], params["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, _ = lstm_step(x[:, t], h, zero, params["w_x"], params["w_h"], params["b"])
        y = h
    else:
        y = last_output(kind, x, params)
    y.sum().backward()
    return x.grad.norm(dim=(0, 2))


def gradient_by_distance__list(kind, x, params):
    """A list of floats. -> no_tensor"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return [x.grad[:, t].norm().item() for t in range(x.shape[1])]


def gradient_by_distance__spectral_norm(kind, x, params):
    """A matrix norm over batch and width. -> matrix_norm"""
    x = x.clone().requires_grad_(True)
    last_output(kind, x, params).sum().backward()
    return torch.linalg.norm(x.grad, ord=2, dim=(0, 2))
