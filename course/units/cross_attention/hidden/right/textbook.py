import torch
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    H = state.shape[1]
    scores = torch.bmm(encoder_states, state.unsqueeze(2)).squeeze(2)
    scores = scores / (H**0.5)
    if mask is None:
        weights = torch.softmax(scores, dim=1)
    else:
        scores = scores.masked_fill(mask == False, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, dim=1)
        weights = weights.masked_fill(mask == False, 0.0)
    context = torch.bmm(weights.unsqueeze(1), encoder_states).squeeze(1)
    return context, weights


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states, state = encode(tokens, lengths, params)
    mask = torch.arange(tokens.size(1), device=tokens.device).unsqueeze(0) < lengths.unsqueeze(1)
    N = tokens.size(0)
    previous = torch.full((N,), start, dtype=torch.long, device=tokens.device)
    finished = torch.zeros(N, dtype=torch.bool, device=tokens.device)
    all_ids, all_weights = [], []
    for _ in range(max_length):
        context, weights = attend(state, states, mask)
        x = torch.cat((params["dec_embed"][previous], context), dim=1)
        state = gru_step(
            x, state, params["dec_w_x"], params["dec_w_h"], params["dec_b_x"], params["dec_b_h"]
        )
        logits = torch.mm(state, params["out_w"]) + params["out_b"]
        previous = torch.argmax(logits, dim=1)
        previous[finished] = end
        finished = finished | (previous == end)
        all_ids.append(previous)
        all_weights.append(weights)
        if finished.all():
            break
    return torch.stack(all_ids, dim=1), torch.stack(all_weights, dim=1)
