"""Do the solutions agree with PyTorch's own layers?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

from autograder.bench.validity.graders import solutions
from autograder.core.course import Course, Unit
from autograder.sandbox.loader import Submission as Loader
from autograder.sandbox.wire import Source


@dataclass(frozen=True)
class Agreement:
    """How far a solution is from PyTorch's own layer, relative to the largest number."""

    unit: str
    what: str
    difference: float


def agreements(course: Course, units: Sequence[Unit]) -> list[Agreement]:
    """Compare the solutions with PyTorch's own layers, in float64."""
    found = []
    with _loaded(course) as modules:
        torch.manual_seed(7)
        for unit in units:
            for what, got, expected in LAYERS.get(unit.name, _no_layers)(modules):
                pairs = zip(_flat(got), _flat(expected), strict=True)
                difference = max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
                found.append(Agreement(unit.name, what, difference))
    return found


def print_agreements(console: Console, found: Sequence[Agreement]) -> None:
    """Print the largest relative difference for each of PyTorch's layers."""
    table = Table(title="Solutions against PyTorch's own, float64")
    for heading in ("unit", "against", "largest relative difference"):
        table.add_column(heading)
    for agreement in found:
        table.add_row(agreement.unit, agreement.what, f"{agreement.difference:.1e}")
    console.print(table)


@contextmanager
def _loaded(course: Course) -> Iterator[dict[str, ModuleType]]:
    """The solutions as modules, forgotten afterwards."""
    texts = solutions(course)
    loader = Loader([Source(name, f"{name}.py", [text], False, []) for name, text in texts.items()])
    before = {name: sys.modules.pop(name, None) for name in texts}
    loader.install()
    try:
        yield {name: import_module(name) for name in texts}
    finally:
        sys.meta_path.remove(loader)
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module:
                sys.modules[name] = module


Compared = Iterator[tuple[str, Any, Any]]  # what, the solution's result, PyTorch's


def _normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def _flat(value: Any) -> list[torch.Tensor]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return [torch.as_tensor(item, dtype=torch.float64).detach() for item in items]


def _parameters(layer: torch.nn.Module, *tensors: torch.Tensor) -> torch.nn.Module:
    """A layer with these tensors as its parameters, in the layer's own order."""
    layer = layer.double()
    with torch.no_grad():
        for parameter, tensor in zip(layer.parameters(), tensors, strict=True):
            parameter.copy_(tensor)
    return layer


def _no_layers(modules: Mapping[str, Any]) -> Compared:
    yield from ()


def _rnn(modules: Mapping[str, Any]) -> Compared:
    x, h, w_xh, w_hh, b = (_normal(*s) for s in [(3, 29, 5), (3, 7), (5, 7), (7, 7), (7,)])
    w_hh = w_hh / 7**0.5
    weights = w_xh.T, w_hh.T, b, torch.zeros_like(b)
    cell = _parameters(torch.nn.RNNCell(5, 7), *weights)
    yield "nn.RNNCell", modules["rnn"].rnn_step(x[:, 0], h, w_xh, w_hh, b), cell(x[:, 0], h)
    layer = _parameters(torch.nn.RNN(5, 7, batch_first=True), *weights)
    yield "nn.RNN", modules["rnn"].rnn(x, h, w_xh, w_hh, b), layer(x, h[None])[0]


def _vanishing_gradient(modules: Mapping[str, Any]) -> Compared:
    unit = modules["vanishing_gradient"]
    h, w, x = _normal(7), _normal(7, 7), _normal(7)

    def step(h: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x + h @ w)

    got = unit.step_jacobian(step(h).numpy(), w.numpy())
    yield "torch.func.jacrev", got, torch.func.jacrev(step)(h)
    yield "linalg.eigvals", unit.spectral_radius(w.numpy()), torch.linalg.eigvals(w).abs().max()


def _gates(modules: Mapping[str, Any]) -> Compared:
    x, h, c = _normal(3, 5), _normal(3, 7), _normal(3, 7)
    w_x, w_h, b, zero = _normal(5, 28), _normal(7, 28), _normal(28), torch.zeros(28)
    lstm = _parameters(torch.nn.LSTMCell(5, 7), w_x.T, w_h.T, b, zero)
    yield "nn.LSTMCell", modules["gates"].lstm_step(x, h, c, w_x, w_h, b), lstm(x, (h, c))
    w_x, w_h, b_x, b_h = _normal(5, 21), _normal(7, 21), _normal(21), _normal(21)
    gru = _parameters(torch.nn.GRUCell(5, 7), w_x.T, w_h.T, b_x, b_h)
    yield "nn.GRUCell", modules["gates"].gru_step(x, h, w_x, w_h, b_x, b_h), gru(x, h)


def _receptive_field(modules: Mapping[str, Any]) -> Compared:
    x, w, b = _normal(3, 29, 5), _normal(3, 5, 7), _normal(7)
    for dilation in (1, 4):
        layer = torch.nn.Conv1d(5, 7, 3, padding="same", dilation=dilation)
        expected = _parameters(layer, w.permute(2, 1, 0), b)(x.mT).mT
        got = modules["receptive_field"].conv1d(x, w, b, dilation)
        yield f"nn.Conv1d, dilation {dilation}", got, expected


def _seq2seq(modules: Mapping[str, Any]) -> Compared:
    lengths = torch.tensor([11, 3, 7])
    embed, w_x, w_h, b_x, b_h = (_normal(*s) for s in [(13, 5), (5, 21), (7, 21), (21,), (21,)])
    params = {"enc_embed": embed, "enc_w_x": w_x, "enc_w_h": w_h, "enc_b_x": b_x, "enc_b_h": b_h}
    tokens = torch.randint(0, 13, (3, 11))
    layer = _parameters(torch.nn.GRU(5, 7, batch_first=True), w_x.T, w_h.T, b_x, b_h)
    words = torch.nn.utils.rnn.pack_padded_sequence(
        embed[tokens], lengths, batch_first=True, enforce_sorted=False
    )
    _, context = modules["seq2seq"].encode(tokens, lengths, params)
    yield "nn.GRU, packed", context, layer(words)[1][0]


def _attention(modules: Mapping[str, Any]) -> Compared:
    unit = modules["attention"]
    q, k, v = _normal(2, 3, 5, 7), _normal(2, 3, 11, 7), _normal(2, 3, 11, 13)
    mask = torch.rand(2, 1, 5, 11) < 0.7
    mask[..., 0] = True
    yield "softmax", unit.softmax(q, dim=1), torch.softmax(q, 1)
    for name, hidden in (("", None), (", masked", mask)):
        expected = F.scaled_dot_product_attention(q, k, v, hidden)
        yield f"SDPA{name}", unit.attention(q, k, v, hidden)[0], expected


def _cross_attention(modules: Mapping[str, Any]) -> Compared:
    state, states = _normal(3, 7), _normal(3, 11, 7)
    mask = torch.arange(11) < torch.tensor([11, 3, 7])[:, None]
    got = modules["cross_attention"].attend(state, states, mask)[0]
    query, visible = state[:, None], mask[:, None]
    yield "SDPA, masked", got, F.scaled_dot_product_attention(query, states, states, visible)[:, 0]


def _self_attention(modules: Mapping[str, Any]) -> Compared:
    unit = modules["self_attention"]
    x, weights = _normal(2, 11, 15), [_normal(15, 15) / 15**0.5 for _ in range(4)]
    for causal in (False, True):
        name = ", causal" * causal
        q, k, v = (x @ w for w in weights[:3])
        expected = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        yield f"SDPA{name}", unit.self_attention(x, *weights[:3], causal), expected
        heads = torch.nn.MultiheadAttention(15, 3, bias=False, batch_first=True)
        layer = _parameters(heads, torch.cat(weights[:3], 1).T, weights[3].T)
        hidden = torch.ones(11, 11, dtype=torch.bool).triu(1) if causal else None
        expected = layer(x, x, x, attn_mask=hidden, need_weights=False)[0]
        got = unit.multi_head_self_attention(x, *weights, 3, causal)
        yield f"nn.MultiheadAttention{name}", got, expected


def _streaming_attention(modules: Mapping[str, Any]) -> Compared:
    q, k, v = _normal(2, 3, 5, 7), _normal(2, 3, 11, 7), _normal(2, 3, 11, 13)
    got = modules["streaming_attention"].streaming_attention(q, k, v, 4)
    yield "SDPA", got, F.scaled_dot_product_attention(q, k, v)


LAYERS: dict[str, Callable[[Mapping[str, Any]], Compared]] = {
    "rnn": _rnn,
    "vanishing_gradient": _vanishing_gradient,
    "gates": _gates,
    "receptive_field": _receptive_field,
    "seq2seq": _seq2seq,
    "attention": _attention,
    "cross_attention": _cross_attention,
    "self_attention": _self_attention,
    "streaming_attention": _streaming_attention,
}
