"""In double precision within, and back; states by gather; a cell of torch.nn with these weights."""

import torch
from torch.func import functional_call


def cell(params, side):
    width, size = params[f"{side}_w_h"].shape[0], params[f"{side}_w_x"].shape[0]
    layer = torch.nn.GRUCell(size, width, device="meta")
    names = {"weight_ih": "w_x", "weight_hh": "w_h", "bias_ih": "b_x", "bias_hh": "b_h"}
    weights = {
        k: params[f"{side}_{v}"].double().mT if "w" in v else params[f"{side}_{v}"].double()
        for k, v in names.items()
    }
    return lambda x, h: functional_call(layer, weights, (x, h))


def encode(tokens, lengths, params):
    dtype = params["enc_embed"].dtype
    step, words = cell(params, "enc"), params["enc_embed"].double()[tokens]
    h = words.new_zeros(tokens.shape[0], params["enc_w_h"].shape[0])
    states = torch.empty(*tokens.shape, h.shape[1], dtype=torch.float64, device=tokens.device)
    rows = []
    for t in range(tokens.shape[1]):
        h = step(words[:, t], h)
        rows.append(h)
    states = torch.cat([row[:, None] for row in rows], 1)
    index = (lengths - 1).view(-1, 1, 1).expand(-1, 1, h.shape[1])
    return [states.to(dtype), states.gather(1, index)[:, 0].to(dtype)]


def decode(context, params, start, end, max_length):
    context = context.double()
    step, h = cell(params, "dec"), context
    w, b, embed = (params[k].double() for k in ("out_w", "out_b", "dec_embed"))
    token = torch.tensor([start] * len(context), device=context.device)
    done, out = set(), []
    for _ in range(max_length):
        h = step(torch.cat([embed[token], context], 1), h)
        token = torch.softmax(h @ w + b, 1).argmax(1)
        for i in done:
            token[i] = end
        done |= {i for i, word in enumerate(token.tolist()) if word == end}
        out.append(token)
        if len(done) == len(context):
            break
    return torch.stack(out).transpose(0, 1).contiguous()
