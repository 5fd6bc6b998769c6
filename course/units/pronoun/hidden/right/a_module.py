"""A `torch.nn.Module` for each kind, called with the params by `functional_call`."""

import torch
import torch.nn.functional as F
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import project, self_attention
from torch import nn
from torch.func import functional_call


class Reader(nn.Module):
    def __init__(self, kind, params):
        super().__init__()
        self.kind = kind
        for name, p in params.items():
            self.register_parameter(name, nn.Parameter(p.detach(), requires_grad=True))

    def forward(self, tokens):
        return getattr(self, f"read_{self.kind}")(self.embed[tokens]) @ self.out_w + self.out_b

    def read_rnn(self, x):
        return rnn(x, x.new_zeros(x.shape[0], self.w_hh.shape[1]), self.w_xh, self.w_hh, self.b)[:, -1]

    def read_lstm(self, x):
        h = c = x.new_zeros(x.shape[0], self.w_h.shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, self.w_x, self.w_h, self.b)
        return h

    def read_convolution(self, x):
        for i in range(self.w.shape[0]):
            x = conv1d(x, self.w[i], self.b[i]).relu()
        return x[:, -1]

    def read_attention(self, x):
        return self_attention(x, self.w_q, self.w_k, self.w_v)[:, -1]


def predict(kind, tokens, params):
    return functional_call(Reader(kind, params), params, (tokens,))


def gradients(kind, tokens, nouns, params, max_norm):
    reader = Reader(kind, {name: p.clone() for name, p in params.items()})
    loss = F.cross_entropy(reader(tokens), nouns)
    loss.backward()
    grads = {name: p.grad for name, p in reader.named_parameters()}
    total = torch.sqrt(torch.stack([g.pow(2).sum() for g in grads.values()]).sum())
    if total > max_norm:
        grads = {name: g.mul(max_norm).div(total) for name, g in grads.items()}
    return loss.detach(), grads


def train(kind, batches, params, lr, max_norm):
    reader = Reader(kind, {name: p.clone() for name, p in params.items()})
    optimizer = torch.optim.Adam(reader.parameters(), lr=lr)
    losses = []
    for tokens, nouns in batches:
        loss, grads = gradients(kind, tokens, nouns, dict(reader.named_parameters()), max_norm)
        for name, p in reader.named_parameters():
            p.grad = grads[name]
        optimizer.step()
        losses.append(loss.reshape(1))
    return {name: p.detach() for name, p in reader.named_parameters()}, torch.cat(losses)


def accuracy(kind, tokens, nouns, params):
    reader = Reader(kind, params).eval()
    with torch.inference_mode():
        return reader(tokens).argmax(1).eq(nouns).to(torch.float64).mean().item()


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    q, k, _ = project(x, params["w_q"], params["w_k"], params["w_v"])
    scores = torch.bmm(q, k.transpose(1, 2))[:, -1] / k.size(-1) ** 0.5
    return torch.exp(scores - scores.logsumexp(-1, keepdim=True))
