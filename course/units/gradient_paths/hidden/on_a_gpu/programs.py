"""What a GPU would refuse in the unit `gradient_paths`, and what it would not: see `attention`."""

import numpy as np
import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention


def gradient_by_distance__states_on_the_cpu(kind, x, params):
    """-> torch.zeros(len(x), hidden"""
    x = x.detach().requires_grad_()
    if kind == "attention":
        last = self_attention(x, *params.values())[:, -1]
    else:
        hidden = len(params["w_hh" if kind == "rnn" else "w_h"])
        h = c = torch.zeros(len(x), hidden, dtype=x.dtype)
        if kind == "rnn":
            h = rnn(x, h, *params.values())[:, -1]
        else:
            for t in range(x.shape[1]):
                h, c = lstm_step(x[:, t], h, c, *params.values())
        last = h
    (gradient,) = torch.autograd.grad(last.sum(), x)
    return gradient.square().sum((0, 2)).sqrt()


def gradient_by_distance__norms_by_numpy(kind, x, params):
    """-> np.linalg.norm("""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(_last_output(kind, x, params).sum(), x)
    return torch.tensor(np.linalg.norm(gradient.numpy(), axis=(0, 2)))


def gradient_by_distance__norms_in_a_list(kind, x, params):
    """-> torch.tensor([g.norm().item()"""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(_last_output(kind, x, params).sum(), x)
    return torch.tensor([g.norm().item() for g in gradient.unbind(1)], dtype=x.dtype)


def gradient_by_distance__norms_in_a_list_where_x_is(kind, x, params):
    """-> """
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(_last_output(kind, x, params).sum(), x)
    return x.new_tensor([g.norm().item() for g in gradient.unbind(1)])
