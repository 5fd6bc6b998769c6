import torch
from self_attention import self_attention
_odd = lambda width: (_ for _ in ()).throw(ValueError(width))
_angles = lambda t, d: torch.arange(t).double()[:, None] / 1e4 ** (torch.arange(d) // 2 * 2).double().div(d)
positions = lambda length, width: _odd(width) if width % 2 else torch.where(torch.arange(width) % 2 == 0, _angles(length, width).sin(), _angles(length, width).cos())
next_words = lambda tokens, p: self_attention(p["embed"][tokens] + positions(tokens.shape[1], p["embed"].shape[1]).to(p["embed"]), p["w_q"], p["w_k"], p["w_v"], causal=True) @ p["out_w"] + p["out_b"]
mean_loss = lambda tokens, p: next_words(tokens, p)[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None]).neg().mean()
generate = lambda tokens, p, count: tokens if not count else generate(torch.cat([tokens, next_words(tokens, p)[:, -1:].argmax(-1)], 1), p, count - 1)
