"""RNN, Li Na."""

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    """One step: mix the new word with what we remember, squash with tanh."""
    from_word = torch.matmul(x, w_xh)  # (N, H)
    from_memory = torch.matmul(h, w_hh)  # (N, H)
    return torch.tanh(from_word + from_memory + b)


def rnn(x, h, w_xh, w_hh, b):
    """All the states, (N, T, H)."""
    all_states = []
    state = h
    for word in x.unbind(dim=1):
        state = rnn_step(word, state, w_xh, w_hh, b)
        all_states.append(state)
    return torch.stack(all_states, dim=1)
