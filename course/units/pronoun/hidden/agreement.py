"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from autograder.testing.layers import Compared, normal, with_parameters

Params = dict[str, torch.Tensor]
Layer = Callable[[torch.Tensor, Params], torch.Tensor]  # (N, T, D) -> (N, H), at the last word
WORDS, WIDTH, STATE, NOUNS = 11, 6, 7, 3
OWN: dict[str, dict[str, tuple[int, ...]]] = {
    "rnn": {"w_xh": (WIDTH, STATE), "w_hh": (STATE, STATE), "b": (STATE,)},
    "lstm": {"w_x": (WIDTH, 4 * STATE), "w_h": (STATE, 4 * STATE), "b": (4 * STATE,)},
    "convolution": {"w": (2, 3, WIDTH, WIDTH), "b": (2, WIDTH)},
    "attention": dict.fromkeys(("w_q", "w_k", "w_v"), (WIDTH, WIDTH)),
}


def _rnn(x: torch.Tensor, params: Params) -> torch.Tensor:
    weights = params["w_xh"].T, params["w_hh"].T, params["b"], torch.zeros(STATE)
    return with_parameters(torch.nn.RNN(WIDTH, STATE, batch_first=True), *weights)(x)[0][:, -1]


def _lstm(x: torch.Tensor, params: Params) -> torch.Tensor:
    weights = params["w_x"].T, params["w_h"].T, params["b"], torch.zeros(4 * STATE)
    return with_parameters(torch.nn.LSTM(WIDTH, STATE, batch_first=True), *weights)(x)[0][:, -1]


def _convolution(x: torch.Tensor, params: Params) -> torch.Tensor:
    for w, b in zip(params["w"], params["b"], strict=True):
        x = F.conv1d(x.mT, w.permute(2, 1, 0), b, padding="same").relu().mT
    return x[:, -1]


def _attention(x: torch.Tensor, params: Params) -> torch.Tensor:
    q, k, v = (x @ params[name] for name in OWN["attention"])
    return F.scaled_dot_product_attention(q, k, v)[:, -1]


LAYERS: dict[str, tuple[str, Layer]] = {
    "rnn": ("nn.RNN", _rnn),
    "lstm": ("nn.LSTM", _lstm),
    "convolution": ("F.conv1d", _convolution),
    "attention": ("SDPA", _attention),
}


def _logits(layer: Layer, tokens: torch.Tensor, params: Params) -> torch.Tensor:
    last = layer(F.embedding(tokens, params["embed"]), params)
    return F.linear(last, params["out_w"].T, params["out_b"])


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layers', in float64."""
    unit = modules["pronoun"]
    tokens, nouns = torch.arange(20).reshape(4, 5) * 7 % WORDS, torch.tensor([0, 2, 1, 2])
    for kind, (name, layer) in LAYERS.items():
        width = STATE if kind in ("rnn", "lstm") else WIDTH
        shapes = {"embed": (WORDS, WIDTH), "out_w": (width, NOUNS), "out_b": (NOUNS,), **OWN[kind]}
        params = {key: normal(*shape) / 2 for key, shape in shapes.items()}
        logits = _logits(layer, tokens, params)
        yield name, unit.predict(kind, tokens, params), logits
        loss = unit.gradients(kind, tokens, nouns, params, 0.1)[0]
        yield f"{name}, nn.CrossEntropyLoss", loss, torch.nn.CrossEntropyLoss()(logits, nouns)
        if kind in ("convolution", "attention"):  # through which gradients reach all params
            yield from _trained(unit, kind, layer, tokens, nouns, params)
    heads = torch.nn.MultiheadAttention(WIDTH, 1, bias=False, batch_first=True)
    projections = torch.cat([params[key] for key in OWN["attention"]], 1).T
    x = F.embedding(tokens, params["embed"])
    weights = with_parameters(heads, projections, torch.eye(WIDTH))(x, x, x)[1][:, -1]
    yield "nn.MultiheadAttention, weights", unit.pronoun_weights(tokens, params), weights


def _trained(
    unit: Any, kind: str, layer: Layer, tokens: torch.Tensor, nouns: torch.Tensor, params: Params
) -> Compared:
    """Gradients, clipped as clip_grad_norm_ does but for its epsilon, and three steps of Adam."""
    name, most, lr = LAYERS[kind][0], 0.1, 0.01
    mine = {key: param.clone().requires_grad_() for key, param in params.items()}
    adam, losses, clipped = torch.optim.Adam(mine.values(), lr), [], []
    for _ in range(3):
        adam.zero_grad()
        loss = F.cross_entropy(_logits(layer, tokens, mine), nouns)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(mine.values(), torch.inf)
        assert norm > most, "it is clipped in every step"
        for param in mine.values():
            assert param.grad is not None
            param.grad *= most / norm
        clipped.append([param.grad.clone() for param in mine.values() if param.grad is not None])
        losses.append(loss.detach())
        adam.step()
    found = unit.gradients(kind, tokens, nouns, params, most)[1]
    yield f"{name}, clip_grad_norm_", [found[key] for key in mine], clipped[0]
    trained, told = unit.train(kind, [(tokens, nouns)] * 3, params, lr, most)
    yield f"{name}, optim.Adam", [trained[key] for key in mine], list(mine.values())
    yield f"{name}, losses", told, torch.stack(losses)
