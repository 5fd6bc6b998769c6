import torch
import torch.nn.functional as F
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    s = (encoder_states * state[:, None]).sum(-1) / state.shape[-1] ** 0.5
    if mask is None:
        w = F.softmax(s, -1)
    else:
        seen = mask.any(-1, keepdim=True)
        w = F.softmax(s.masked_fill(~mask & seen, -torch.inf), -1) * seen
    return (w[..., None] * encoder_states).sum(1), w


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    memory, h = encode(tokens, lengths, params)
    seen = torch.arange(tokens.shape[1], device=tokens.device)[None] < lengths[:, None]
    gru = [params[f"dec_{n}"] for n in ("w_x", "w_h", "b_x", "b_h")]
    word, out, looks = torch.full_like(lengths, start), [], []
    open_ = torch.ones_like(lengths, dtype=torch.bool)
    for _ in range(max_length):
        context, w = attend(h, memory, mask=seen)
        h = gru_step(torch.cat([params["dec_embed"][word], context], -1), h, *gru)
        word = torch.where(open_, (h @ params["out_w"] + params["out_b"]).argmax(-1), end)
        out.append(word), looks.append(w)
        open_ = open_ & (word != end)
        if not open_.any():
            break
    return torch.stack(out, 1), torch.stack(looks, 1)
