import torch
from gates import gru_step


def encode(tokens, lengths, params):
    N, T = tokens.shape
    H = params["enc_w_h"].shape[0]
    embedded = params["enc_embed"][tokens]
    h = torch.zeros(N, H, dtype=embedded.dtype, device=embedded.device)
    outputs = []
    for t in range(T):
        h = gru_step(
            embedded[:, t], h, params["enc_w_x"], params["enc_w_h"], params["enc_b_x"], params["enc_b_h"]
        )
        outputs.append(h)
    states = torch.stack(outputs, dim=1)
    last = []
    for n in range(N):
        last.append(states[n, int(lengths[n]) - 1])
    return states, torch.stack(last)


def decode(context, params, start, end, max_length):
    N = context.shape[0]
    h = context
    word = torch.tensor([start] * N, device=context.device)
    done = [False] * N
    columns = []
    for step in range(max_length):
        x = torch.cat([params["dec_embed"][word], context], dim=1)
        h = gru_step(x, h, params["dec_w_x"], params["dec_w_h"], params["dec_b_x"], params["dec_b_h"])
        best = torch.argmax(torch.matmul(h, params["out_w"]) + params["out_b"], dim=1).tolist()
        column = [end if done[n] else best[n] for n in range(N)]
        done = [done[n] or column[n] == end for n in range(N)]
        word = torch.tensor(column, device=context.device)
        columns.append(word)
        if all(done):
            break
    return torch.stack(columns, dim=1)
