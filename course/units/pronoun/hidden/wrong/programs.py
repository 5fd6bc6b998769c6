"""Wrong programs for the unit `pronoun`, as people and language models write them."""

import torch
import torch.nn.functional as F
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import project, self_attention
from attention import attention


def read(kind, x, params):
    """The right outputs at the last word, which the wrong programs below start from."""
    if kind == "rnn":
        h = x.new_zeros(x.shape[0], params["w_hh"].shape[0])
        return rnn(x, h, params["w_xh"], params["w_hh"], params["b"])[:, -1]
    if kind == "lstm":
        h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
        return h
    if kind == "convolution":
        for w, b in zip(params["w"], params["b"]):
            x = F.relu(conv1d(x, w, b))
        return x[:, -1]
    return self_attention(x, params["w_q"], params["w_k"], params["w_v"])[:, -1]


def scores(kind, tokens, params):
    """The right logits."""
    return read(kind, params["embed"][tokens], params) @ params["out_w"] + params["out_b"]


def predict__no_relu_at_the_end(kind, tokens, params):
    """ReLU between the layers only. -> last_relu_missing, earlier_function"""
    x = params["embed"][tokens]
    if kind != "convolution":
        return scores(kind, tokens, params)
    for i in range(len(params["w"])):
        x = conv1d(x, params["w"][i], params["b"][i])
        if i < len(params["w"]) - 1:
            x = torch.relu(x)
    return x[:, -1] @ params["out_w"] + params["out_b"]


def predict__linear_convolutions(kind, tokens, params):
    """No ReLU at all. -> no_relu, earlier_function"""
    x = params["embed"][tokens]
    if kind != "convolution":
        return scores(kind, tokens, params)
    for w, b in zip(params["w"], params["b"]):
        x = conv1d(x, w, b)
    return x[:, -1] @ params["out_w"] + params["out_b"]


def predict__cell(kind, tokens, params):
    """The LSTM's cell in place of its state. -> cell_for_state, earlier_function"""
    x = params["embed"][tokens]
    if kind != "lstm":
        return scores(kind, tokens, params)
    h = c = x.new_zeros(x.shape[0], params["w_h"].shape[0])
    for t in range(x.shape[1]):
        h, c = lstm_step(x[:, t], h, c, params["w_x"], params["w_h"], params["b"])
    return c @ params["out_w"] + params["out_b"]


def predict__softmax(kind, tokens, params):
    """Probabilities, not logits. -> probabilities, earlier_function"""
    return torch.softmax(scores(kind, tokens, params), dim=1)


def predict__no_bias(kind, tokens, params):
    """out_b forgotten. -> no_output_bias, earlier_function"""
    return read(kind, params["embed"][tokens], params) @ params["out_w"]


def gradients__torch_clips(kind, tokens, nouns, params, max_norm):
    """torch's own clipping has an epsilon. -> epsilon, earlier_function"""
    leaves = {k: p.detach().clone().requires_grad_() for k, p in params.items()}
    loss = F.cross_entropy(scores(kind, tokens, leaves), nouns)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(leaves.values()), max_norm)
    return loss.detach(), {k: p.grad for k, p in leaves.items()}


def gradients__softmax_first(kind, tokens, nouns, params, max_norm):
    """cross_entropy of probabilities. -> softmax_twice, earlier_function"""
    leaves = {k: p.detach().clone().requires_grad_() for k, p in params.items()}
    loss = F.cross_entropy(torch.softmax(scores(kind, tokens, leaves), dim=-1), nouns)
    loss.backward()
    found = {k: p.grad for k, p in leaves.items()}
    norm = torch.sqrt(sum((g**2).sum() for g in found.values()))
    if norm > max_norm:
        found = {k: g * max_norm / norm for k, g in found.items()}
    return loss.detach(), found


def gradients__each_by_itself(kind, tokens, nouns, params, max_norm):
    """A norm for each tensor. -> clipped_each, earlier_function"""
    leaves = {k: p.detach().clone().requires_grad_() for k, p in params.items()}
    loss = F.cross_entropy(scores(kind, tokens, leaves), nouns)
    loss.backward()
    found = {}
    for k, p in leaves.items():
        norm = p.grad.norm()
        found[k] = p.grad * (max_norm / norm) if norm > max_norm else p.grad
    return loss.detach(), found


def gradients__always_scaled(kind, tokens, nouns, params, max_norm):
    """Small gradients grow. -> scaled_when_small, earlier_function"""
    leaves = {k: p.detach().clone().requires_grad_() for k, p in params.items()}
    loss = F.cross_entropy(scores(kind, tokens, leaves), nouns)
    found = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))
    norm = torch.sqrt(sum((g**2).sum() for g in found.values()))
    return loss.detach(), {k: g * (max_norm / norm) for k, g in found.items()}


def gradients__summed(kind, tokens, nouns, params, max_norm):
    """The sum over the batch. -> sum_not_mean, earlier_function"""
    leaves = {k: p.detach().clone().requires_grad_() for k, p in params.items()}
    loss = F.cross_entropy(scores(kind, tokens, leaves), nouns, reduction="sum")
    found = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))
    norm = torch.sqrt(sum((g**2).sum() for g in found.values()))
    factor = max_norm / norm if norm > max_norm else 1.0
    return loss.detach(), {k: g * factor for k, g in found.items()}


def train__optimizer_inside(kind, batches, params, lr, max_norm):
    """Adam is made anew at every step. -> optimiser_made_anew"""
    params = {k: p.detach().clone() for k, p in params.items()}
    losses = []
    for tokens, nouns in batches:
        optimizer = torch.optim.Adam(params.values(), lr=lr)
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        for k in params:
            params[k].grad = found[k]
        optimizer.step()
        losses.append(loss)
    return params, torch.stack(losses)


def train__adamw(kind, batches, params, lr, max_norm):
    """AdamW decays. -> weight_decay"""
    params = {k: p.detach().clone() for k, p in params.items()}
    optimizer = torch.optim.AdamW(params.values(), lr=lr)
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        for k in params:
            params[k].grad = found[k]
        optimizer.step()
        losses.append(loss)
    return params, torch.stack(losses)


def train__sgd(kind, batches, params, lr, max_norm):
    """Plain descent. -> plain_descent"""
    params = {k: p.detach().clone() for k, p in params.items()}
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        params = {k: p - lr * found[k] for k, p in params.items()}
        losses.append(loss)
    return params, torch.stack(losses)


def train__default_rate(kind, batches, params, lr, max_norm):
    """lr is not handed on. -> own_rate"""
    params = {k: p.detach().clone() for k, p in params.items()}
    optimizer = torch.optim.Adam(params.values())
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        for k in params:
            params[k].grad = found[k]
        optimizer.step()
        losses.append(loss)
    return params, torch.stack(losses)


def train__in_place(kind, batches, params, lr, max_norm):
    """The caller's params are trained. -> in_place"""
    optimizer = torch.optim.Adam(params.values(), lr=lr)
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        for k in params:
            params[k].grad = found[k]
        optimizer.step()
        losses.append(loss)
    return params, torch.stack(losses)


def accuracy__count(kind, tokens, nouns, params):
    """How many, not which share. -> number_for_share"""
    return (scores(kind, tokens, params).argmax(-1) == nouns).sum().item()


def accuracy__tensor(kind, tokens, nouns, params):
    """A tensor, not a float. -> tensor_for_number"""
    return (scores(kind, tokens, params).argmax(-1) == nouns).float().mean()


def pronoun_weights__whole(tokens, params):
    """All words' weights. -> every_row"""
    x = params["embed"][tokens]
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    return attention(q, k, v)[1]


def pronoun_weights__axis_kept(tokens, params):
    """The query's axis stays. -> query_axis_kept"""
    x = params["embed"][tokens]
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    return attention(q[:, -1:], k, v)[1]


def pronoun_weights__column(tokens, params):
    """How much each looks at the pronoun. -> column_for_row"""
    x = params["embed"][tokens]
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    return attention(q, k, v)[1][:, :, -1]


def pronoun_weights__not_scaled(tokens, params):
    """No root. -> no_scale"""
    x = params["embed"][tokens]
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    return torch.softmax(q[:, -1:] @ k.transpose(1, 2), dim=-1).squeeze(1)


def accuracy__percent(kind, tokens, nouns, params):
    """Of a hundred, from a mean in float32. -> percentage"""
    return 100 * (predict(kind, tokens, params).argmax(-1) == nouns).float().mean().item()


def pronoun_weights__detached(tokens, params):
    """The weights are cut off the graph. -> detached"""
    q, k, v = project(params["embed"][tokens], params["w_q"], params["w_k"], params["w_v"])
    return attention(q, k, v)[1][:, -1].detach()


def gradients__kept_in_params(kind, tokens, nouns, params, max_norm):
    """The params gather their gradients, from call to call. -> random"""
    for p in params.values():
        p.requires_grad_()
    loss = F.cross_entropy(scores(kind, tokens, params), nouns)
    loss.backward()
    grads = {name: p.grad.clone() for name, p in params.items()}
    norm = sum((g**2).sum() for g in grads.values()).sqrt()
    if norm > max_norm:
        grads = {name: g * (max_norm / norm) for name, g in grads.items()}
    return loss.detach(), grads


def predict__wavenet(kind, tokens, params):
    """The convolutions are dilated, 1, 2, 4, …. -> dilated, earlier_function"""
    if kind != "convolution":
        return scores(kind, tokens, params)
    x = params["embed"][tokens]
    for i, (w, b) in enumerate(zip(params["w"], params["b"])):
        x = F.relu(conv1d(x, w, b, dilation=2**i))
    return x[:, -1] @ params["out_w"] + params["out_b"]
