"""Forward mode: nudge one number of one position, in all sentences at once, and see what comes."""

import torch
from attention import attention
from gates import lstm_step
from rnn import rnn
from self_attention import project


def gradient_by_distance(kind, x, params):
    n, length, width = x.shape

    def last(x):
        """(N,): sentences do not see one another, so a nudge may reach all of them."""
        if kind == "rnn":
            h = torch.zeros_like(params["b"]).expand(n, -1)
            return rnn(x, h, params["w_xh"], params["w_hh"], params["b"])[:, -1].sum(1)
        if kind == "attention":
            q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
            return attention(q[:, -1:], k, v)[0].sum((1, 2))  # the last query alone
        h = c = torch.zeros_like(params["w_h"][:, 0]).expand(n, -1)
        for t in range(length):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        return h.sum(1)

    def along(direction):
        return torch.func.jvp(last, (x,), (direction.expand(n, -1, -1).contiguous(),))[1]

    every = torch.eye(length * width, dtype=x.dtype, device=x.device)
    felt = torch.vmap(along)(every.view(-1, length, width))  # (T·D, N)
    return felt.view(length, width * n).norm(dim=-1)
