from __future__ import annotations
import torch
from attention import attention
from gates import gru_step
from seq2seq import encode

def attend(state: torch.Tensor, encoder_states: torch.Tensor, mask: torch.Tensor | None=None) -> tuple[torch.Tensor, torch.Tensor]:
    query = state[:, None]
    visible = None if mask is None else mask[:, None]
    context, weights = attention(query, encoder_states, encoder_states, visible)
    return (context.squeeze(1), weights.squeeze(1))

def decode_with_attention(tokens: torch.Tensor, lengths: torch.Tensor, params: dict[str, torch.Tensor], start: int, end: int, max_length: int) -> tuple[torch.Tensor, torch.Tensor]:
    weights = [params[f'dec_{name}'] for name in ('w_x', 'w_h', 'b_x', 'b_h')]
    states, state = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    token = torch.full_like(lengths, start)
    ended = torch.zeros_like(token, dtype=torch.bool)
    ids: list[torch.Tensor] = []
    rows: list[torch.Tensor] = []
    while len(ids) < max_length and (not ended.all()):
        context, row = attend(state, states, mask)
        x = torch.cat([params['dec_embed'][token], context], dim=-1)
        state = gru_step(x, state, *weights)
        logits = state @ params['out_w'] + params['out_b']
        token = logits.argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids.append(token)
        rows.append(row)
    return (torch.stack(ids, dim=1), torch.stack(rows, dim=1))
