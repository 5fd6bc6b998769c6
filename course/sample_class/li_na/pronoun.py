from __future__ import annotations
from collections.abc import Sequence
import torch
import torch.nn.functional as F
from attention import attention
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import project, self_attention

def predict(kind: str, tokens: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    x = params['embed'][tokens]
    return _last_output(kind, x, params) @ params['out_w'] + params['out_b']

def _last_output(kind: str, x: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    if kind == 'rnn':
        h = x.new_zeros(x.shape[0], params['w_hh'].shape[0])
        return rnn(x, h, params['w_xh'], params['w_hh'], params['b'])[:, -1]
    if kind == 'lstm':
        h = c = x.new_zeros(x.shape[0], params['w_h'].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params['w_x'], params['w_h'], params['b'])
        return h
    if kind == 'convolution':
        for w, b in zip(params['w'], params['b'], strict=True):
            x = torch.relu(conv1d(x, w, b))
        return x[:, -1]
    return self_attention(x, params['w_q'], params['w_k'], params['w_v'])[:, -1]

def gradients(kind: str, tokens: torch.Tensor, nouns: torch.Tensor, params: dict[str, torch.Tensor], max_norm: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    leaves = {name: param.detach().requires_grad_() for name, param in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)
    found = torch.autograd.grad(loss, list(leaves.values()))
    norm = torch.stack([torch.linalg.vector_norm(gradient) for gradient in found]).norm()
    factor = max_norm / norm if norm > max_norm else torch.ones_like(norm)
    clipped = {name: factor * gradient for name, gradient in zip(leaves, found, strict=True)}
    return (loss.detach(), clipped)

def train(kind: str, batches: Sequence[tuple[torch.Tensor, torch.Tensor]], params: dict[str, torch.Tensor], lr: float, max_norm: float) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    params = {name: param.detach().clone() for name, param in params.items()}
    optimizer = torch.optim.Adam(params.values(), lr)
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        losses.append(loss)
        for name, param in params.items():
            param.grad = found[name]
        optimizer.step()
    return ({name: param.detach() for name, param in params.items()}, torch.stack(losses))

def accuracy(kind: str, tokens: torch.Tensor, nouns: torch.Tensor, params: dict[str, torch.Tensor]) -> float:
    with torch.no_grad():
        told = predict(kind, tokens, params).argmax(dim=-1)
    return (told == nouns).double().mean().item()

def pronoun_weights(tokens: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    x = params['embed'][tokens]
    q, k, v = project(x, params['w_q'], params['w_k'], params['w_v'])
    _, weights = attention(q[:, -1:], k, v)
    return weights[:, 0]
