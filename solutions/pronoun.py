"""它 → 电影: which noun does the pronoun mean? Your own layers, trained by your own loop.

A sentence is a noun, some filler words, and 它 (it) at its end; from what a layer gives there, the
noun is to be told. Your own `rnn`, `lstm_step`, `conv1d` and `self_attention` read the sentence,
and you train them: the loss, its gradients, clipped, and Adam.

For every function: a result has the dtype and device of what it is made from, right to eight digits
in float64; no argument is changed; nothing is kept between calls; sizes go from 1 to hundreds;
tensors need not be contiguous; zeros are numbers like any other; large ones must not overflow on
the way; and in `predict` and `pronoun_weights` autograd reaches every input.

`params` holds exactly the tensors of its kind, by name, all of one dtype: `embed` (V, D), a row for
each word; `out_w` (H, K) and `out_b` (K,), from a layer's output to a score for each of K nouns;
and the layer's own, in which H is D or d_v where it is not named:
    "rnn": w_xh (D, H), w_hh (H, H), b (H,), as in `rnn`;
    "lstm": w_x (D, 4H), w_h (H, 4H), b (4H,), as in `lstm_step`;
    "convolution": w (L, k, D, D), b (L, D): L layers of `conv1d`, with ReLU after each;
    "attention": w_q, w_k (D, d_k), w_v (D, d_v), as in `self_attention`.

Test your work with `pytest test_pronoun.py`.
"""

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
    """Score each noun for each sentence, from the layer's output at the last word.

    kind: which layer reads the embedded words: "rnn", "lstm" (its state h, not the cell),
        "convolution" or "attention" (not causal). States and cells are zero before the first word.
    tokens: (N, T) ids, rows of embed. params: as above.
    Returns (N, K): the layer's output at the last word times out_w plus out_b, the logits.
    """
    ### BEGIN SOLUTION
    x = params["embed"][tokens]  # (V, D), (N, T) -> (N, T, D)
    return _last_output(kind, x, params) @ params["out_w"] + params["out_b"]  # (N, K)


def _last_output(layer: str, x: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    """The layer's output at the last word, (N, H)."""
    if layer == "rnn":
        h = x.new_zeros(x.shape[0], params["w_hh"].shape[0])  # (N, H)
        return rnn(x, h, params["w_xh"], params["w_hh"], params["b"])[:, -1]
    if layer == "lstm":
        h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])  # (N, H)
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        return h
    if layer == "convolution":
        for w, b in zip(params["w"], params["b"], strict=True):  # (k, D, D), (D,)
            x = torch.relu(conv1d(x, w, b))  # (N, T, D)
        return x[:, -1]
    return self_attention(x, params["w_q"], params["w_k"], params["w_v"])[:, -1]
    ### END SOLUTION


def gradients(
    kind: str,
    tokens: torch.Tensor,
    nouns: torch.Tensor,
    params: dict[str, torch.Tensor],
    max_norm: float,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Compute the loss of a batch and its gradient for each of the params, clipped together.

    kind, tokens, params: as in `predict`. nouns: (N,) ids from 0 to K - 1, the right ones.
    max_norm: greater than 0, infinity too. If the 2-norm of all gradients together is greater, each
        is multiplied by max_norm / norm, exactly, with no epsilon; otherwise they stay.
    Returns (loss, gradients): (), the mean over the batch of the cross-entropy of the logits; and a
    dict with the keys of params, zeros where the loss does not depend on a number of params.
    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks".
    """
    ### BEGIN SOLUTION
    leaves = {name: param.detach().requires_grad_() for name, param in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)  # (N, K), (N,) -> ()
    found = torch.autograd.grad(loss, list(leaves.values()))
    norm = torch.stack([torch.linalg.vector_norm(gradient) for gradient in found]).norm()
    factor = max_norm / norm if norm > max_norm else torch.ones_like(norm)
    clipped = {name: factor * gradient for name, gradient in zip(leaves, found, strict=True)}
    return loss.detach(), clipped
    ### END SOLUTION


def train(
    kind: str,
    batches: Sequence[tuple[torch.Tensor, torch.Tensor]],
    params: dict[str, torch.Tensor],
    lr: float,
    max_norm: float,
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Train: one step of Adam for each batch, on what `gradients` gives.

    kind, params, max_norm: as in `gradients`; params stay as they are. batches: at least one pair
    (tokens, nouns), and they need not be of one size. lr: the learning rate.
    Adam has the defaults of `torch.optim.Adam`, which you may use.
    Returns (params, losses): a dict of new tensors with the same keys; and (number of batches,) in
    the dtype of params, the loss of each batch before its step.
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """
    ### BEGIN SOLUTION
    params = {name: param.detach().clone() for name, param in params.items()}
    adam = torch.optim.Adam(params.values(), lr)
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        losses.append(loss)
        for name, param in params.items():
            param.grad = found[name]
        adam.step()
    return {name: param.detach() for name, param in params.items()}, torch.stack(losses)
    ### END SOLUTION


def accuracy(
    kind: str, tokens: torch.Tensor, nouns: torch.Tensor, params: dict[str, torch.Tensor]
) -> float:
    """Tell for how many of the sentences the highest logit is that of the right noun.

    kind, tokens, nouns, params: as in `gradients`.
    Returns a Python float: their share, from 0 to 1.
    """
    ### BEGIN SOLUTION
    told = predict(kind, tokens, params).argmax(dim=-1)  # (N, K) -> (N,)
    return (told == nouns).double().mean().item()
    ### END SOLUTION


def pronoun_weights(tokens: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    """Tell how much the last word looks at each word, with the params of the kind "attention".

    tokens: (N, T) ids. params: as in `predict`.
    Returns (N, T): the weights of the last word's query in `self_attention`, not causal.
    """
    ### BEGIN SOLUTION
    x = params["embed"][tokens]  # (N, T, D)
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    _, weights = attention(q[:, -1:], k, v)  # (N, 1, d_k), (N, T, d_k), (N, T, d_v) -> (N, 1, T)
    return weights[:, 0]
    ### END SOLUTION
