"""Words before words: a decoder that calls itself, and a softmax over pairs of words."""

import torch
from gates import gru_step
from seq2seq import encode


def merged(left, right):
    """Two runs of words, each as its largest logit, the sum of exponentials, and the mix."""
    top = torch.maximum(left[0], right[0])
    a, b = (left[0] - top).exp(), (right[0] - top).exp()
    return top, a * left[1] + b * right[1], a * left[2] + b * right[2]


def tree(scores, visible, states):
    """Over the words of all sentences, by halves: (N, 1), (N, 1), (N, H)."""
    if scores.shape[1] == 1:
        ones = visible.to(scores.dtype)
        return scores, ones, ones * states[:, 0]
    half = scores.shape[1] // 2
    left = tree(scores[:, :half], visible[:, :half], states[:, :half])
    return merged(left, tree(scores[:, half:], visible[:, half:], states[:, half:]))


def attend(state, encoder_states, mask=None):
    scores = (encoder_states @ state[..., None])[..., 0] / torch.tensor(
        state.shape[1], dtype=torch.float64
    ).sqrt().item()
    visible = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    lowest = scores.detach().amin(1, keepdim=True)
    scores = torch.where(visible, scores, lowest)  # so that no hidden one is the largest alone
    top, total, mixed = tree(scores, visible, encoder_states)
    total = torch.where(total == 0, torch.ones_like(total), total)
    return mixed / total, torch.where(visible, (scores - top).exp() / total, 0)


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states, h = encode(tokens, lengths, params)
    mask = torch.stack([torch.arange(tokens.shape[1], device=tokens.device) < n for n in lengths])
    weights = tuple(params[f"dec_{name}"] for name in ["w_x", "w_h", "b_x", "b_h"])

    def write(word, h, over, left):
        if left == 0 or all(over.tolist()):
            return []
        context, row = attend(h, states, mask)
        h = gru_step(torch.hstack([params["dec_embed"][word], context]), h, *weights)
        best = torch.argmax(h @ params["out_w"] + params["out_b"], -1)
        best = best.where(~over, end)
        return [(best, row), *write(best, h, over | (best == end), left - 1)]

    words = write(torch.full_like(lengths, start), h, lengths < 0, max_length)
    return torch.stack([w for w, _ in words], 1), torch.stack([r for _, r in words], 1)
