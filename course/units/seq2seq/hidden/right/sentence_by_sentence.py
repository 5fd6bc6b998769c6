"""Each sentence on its own, as lists, put together at the end."""

import torch
from gates import gru_step


def gru_weights(params, side):
    return tuple(params[side + name] for name in ("_w_x", "_w_h", "_b_x", "_b_h"))


def encode(tokens, lengths, params):
    states, contexts = [], []
    for sentence, n in zip(tokens, lengths.tolist()):
        h = params["enc_w_h"].new_zeros(1, params["enc_w_h"].shape[0])
        row = []
        for word in sentence[:n]:
            h = gru_step(params["enc_embed"][word][None], h, *gru_weights(params, "enc"))
            row.append(h[0])
        contexts.append(h[0])
        row += [torch.zeros_like(h[0])] * (tokens.shape[1] - n)
        states.append(torch.stack(row))
    return torch.stack(states), torch.stack(contexts)


def write(context, params, start, end, max_length):
    word, h, sentence = start, context, []
    while word != end and len(sentence) < max_length or not sentence:
        x = torch.cat([params["dec_embed"][word], context[0]])[None]
        h = gru_step(x, h, *gru_weights(params, "dec"))
        logits = h @ params["out_w"] + params["out_b"]
        word = int(torch.log_softmax(logits, -1).argmax())
        sentence.append(word)
    return sentence


def decode(context, params, start, end, max_length):
    written = [write(c[None], params, start, end, max_length) for c in context]
    longest = max(len(sentence) for sentence in written)
    filled = [sentence + [end] * (longest - len(sentence)) for sentence in written]
    return torch.tensor(filled, device=context.device)
