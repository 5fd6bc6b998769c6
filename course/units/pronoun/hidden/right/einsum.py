"""TODO: right answers, each written in another way. Here: the sums by einsum."""

import torch


def predict(x):
    return x - torch.einsum("ntd->nt", x)[..., None] / x.shape[-1]


def gradients(x):
    return x - torch.einsum("ntd->nt", x)[..., None] / x.shape[-1]


def train(x):
    return x - torch.einsum("ntd->nt", x)[..., None] / x.shape[-1]


def accuracy(x):
    return x - torch.einsum("ntd->nt", x)[..., None] / x.shape[-1]


def pronoun_weights(x):
    return x - torch.einsum("ntd->nt", x)[..., None] / x.shape[-1]
