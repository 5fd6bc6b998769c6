"""Keys and values of words that were read are kept while one call writes on."""

import torch
import torch.nn.functional as F


def positions(length, width):
    return torch.cat([place(t, width) for t in range(length)])


def place(t, width):
    """(1, D), one row of the table."""
    if width % 2:
        raise ValueError(width)
    i = torch.arange(width // 2, dtype=torch.float64)
    angle = t * 10000 ** (-2 * i / width)
    row = torch.empty(1, width, dtype=torch.float64)
    row[0, ::2], row[0, 1::2] = angle.sin(), angle.cos()
    return row


class Reader:
    """Reads word after word; its lists grow by a key and a value for each."""

    def __init__(self, params):
        self.params = params
        self.keys, self.values = [], []

    def read(self, words):
        """(N,) ids -> (N, V) logits."""
        embed = self.params["embed"]
        x = embed[words] + place(len(self.keys), embed.shape[1]).to(embed)
        q, k, v = (x @ self.params[name] for name in ("w_q", "w_k", "w_v"))
        self.keys.append(k)
        self.values.append(v)
        keys, values = torch.stack(self.keys, 1), torch.stack(self.values, 1)
        y = F.scaled_dot_product_attention(q[:, None], keys, values)[:, 0]
        return y @ self.params["out_w"] + self.params["out_b"]


def next_words(tokens, params):
    reader = Reader(params)
    return torch.stack([reader.read(words) for words in tokens.unbind(1)], 1)


def mean_loss(tokens, params):
    reader, losses = Reader(params), []
    for words, following in zip(tokens.unbind(1), tokens[:, 1:].unbind(1), strict=False):
        losses.append(F.cross_entropy(reader.read(words), following, reduction="none"))
    return torch.stack(losses, 1).mean()


def generate(tokens, params, count):
    reader, words = Reader(params), list(tokens.unbind(1))
    for word in words:
        logits = reader.read(word)
    for number in range(count):
        words.append(logits.argmax(-1))
        if number + 1 < count:
            logits = reader.read(words[-1])
    return torch.stack(words, 1)
