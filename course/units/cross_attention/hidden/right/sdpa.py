"""torch's own attention; a packed encoder would do as well; alignment made beforehand."""

import torch
import torch.nn.functional as F


def attend(state, encoder_states, mask=None):
    q = state.unsqueeze(1)
    values = torch.cat(
        [
            encoder_states,
            torch.eye(encoder_states.size(1)).to(encoder_states).expand(len(state), -1, -1),
        ],
        -1,
    )
    m = None if mask is None else mask.unsqueeze(1)
    out = F.scaled_dot_product_attention(q, encoder_states, values, attn_mask=m)[:, 0]
    h = state.size(-1)
    return out[:, :h], out[:, h:]


def run(tokens, params):
    words = params["enc_embed"][tokens]
    zeros = words.new_zeros(1, len(tokens), params["enc_w_h"].shape[0])
    weights = [params[f"enc_{name}"].T.contiguous() for name in ("w_x", "w_h", "b_x", "b_h")]
    return torch.gru(words, zeros, weights, True, 1, 0.0, False, False, True)[0]


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states = run(tokens, params)
    n, t, _ = states.shape
    mask = torch.arange(t, device=tokens.device).expand(n, t) < lengths.unsqueeze(1)
    h = states.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, states.shape[2])).squeeze(1)
    ids = torch.full((n, max_length), end, device=tokens.device)
    alignment = torch.zeros(n, max_length, t, dtype=states.dtype, device=tokens.device)
    token, alive, used = torch.full((n,), start, device=tokens.device), None, max_length
    alive = torch.ones(n, dtype=torch.bool, device=tokens.device)
    for step in range(max_length):
        c, w = attend(h, states, mask)
        x = torch.cat([params["dec_embed"][token], c], 1)
        h = torch.gru_cell(
            x, h, params["dec_w_x"].T, params["dec_w_h"].T, params["dec_b_x"], params["dec_b_h"]
        )
        token = (h @ params["out_w"] + params["out_b"]).argmax(1)
        ids[alive, step] = token[alive]
        alignment[alive, step] = w[alive]
        alive = alive & (token != end)
        if not alive.any():
            used = step + 1
            break
    return ids[:, :used], alignment[:, :used]
