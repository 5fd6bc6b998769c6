from __future__ import annotations
import torch
from gates import gru_step

def encode(tokens: torch.Tensor, lengths: torch.Tensor, params: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    words = params['enc_embed'][tokens]
    weights = [params[f'enc_{name}'] for name in ('w_x', 'w_h', 'b_x', 'b_h')]
    state = words.new_zeros(len(tokens), weights[1].shape[0])
    states = []
    for t in range(tokens.shape[1]):
        state = gru_step(words[:, t], state, *weights)
        states.append(state)
    stacked = torch.stack(states, dim=1)
    sentences = torch.arange(len(tokens), device=tokens.device)
    return (stacked, stacked[sentences, lengths - 1])

def decode(context: torch.Tensor, params: dict[str, torch.Tensor], start: int, end: int, max_length: int) -> torch.Tensor:
    weights = [params[f'dec_{name}'] for name in ('w_x', 'w_h', 'b_x', 'b_h')]
    state = context
    token = torch.full(context.shape[:1], start, device=context.device)
    ended = torch.zeros_like(token, dtype=torch.bool)
    ids: list[torch.Tensor] = []
    while len(ids) < max_length and (not ended.all()):
        x = torch.cat([params['dec_embed'][token], context], dim=-1)
        state = gru_step(x, state, *weights)
        logits = state @ params['out_w'] + params['out_b']
        token = logits.argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids.append(token)
    return torch.stack(ids, dim=1)
