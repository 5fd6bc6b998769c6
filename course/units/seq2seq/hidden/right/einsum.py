"""A GRU of its own, gate by gate in index notation; words through a table of what they add."""

import torch


def table(params, side):
    """What each word adds to the three gates: (V, 3, H)."""
    embed = params[f"{side}_embed"]
    w = params[f"{side}_w_x"][: embed.shape[1]].unflatten(1, (3, -1))
    return torch.einsum("ve,egh->vgh", embed, w) + params[f"{side}_b_x"].unflatten(0, (3, -1))


def step(given, h, params, side):
    """given: (N, 3, H), what does not come from the state."""
    kept = torch.einsum("nk,kgh->ngh", h, params[f"{side}_w_h"].unflatten(1, (3, -1)))
    kept = kept + params[f"{side}_b_h"].unflatten(0, (3, -1))
    reset = 1 / (1 + torch.exp(-given[:, 0] - kept[:, 0]))
    update = torch.special.expit(given[:, 1] + kept[:, 1])
    new = torch.tanh(given[:, 2] + reset * kept[:, 2])
    return new + update * (h - new)


def encode(tokens, lengths, params):
    words = table(params, "enc")[tokens]  # (N, T, 3, H)
    states = [torch.zeros_like(words[:, 0, 0])]
    for t in range(words.shape[1]):
        states.append(step(words[:, t], states[-1], params, "enc"))
    every = torch.stack(states, dim=1)  # (N, T+1, H), the first before any word
    return every[:, 1:], every[range(len(tokens)), lengths]


def decode(context, params, start, end, max_length):
    words = table(params, "dec")
    from_context = params["dec_w_x"][params["dec_embed"].shape[1] :].unflatten(1, (3, -1))
    always = torch.einsum("nk,kgh->ngh", context, from_context)
    h, ids = context, []
    token = torch.tensor(start, device=context.device).expand(len(context))
    while True:
        h = step(words[token] + always, h, params, "dec")
        logits = torch.einsum("nh,hv->nv", h, params["out_w"]) + params["out_b"]
        best = torch.max(logits, 1).indices
        ended = torch.zeros_like(best, dtype=torch.bool)
        for earlier in ids:
            ended |= earlier == end
        token = torch.where(ended, torch.full_like(best, end), best)
        ids.append(token)
        if len(ids) == max_length or (ended | (token == end)).all():
            return torch.stack(ids, 1)
