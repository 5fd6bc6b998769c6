"""TODO: right answers, each written in another way. Here: one row after the other."""

import torch


def predict(x):
    return torch.stack([torch.stack([row - sum(row) / len(row) for row in rows]) for rows in x])


def gradients(x):
    return torch.stack([torch.stack([row - sum(row) / len(row) for row in rows]) for rows in x])


def train(x):
    return torch.stack([torch.stack([row - sum(row) / len(row) for row in rows]) for rows in x])


def accuracy(x):
    return torch.stack([torch.stack([row - sum(row) / len(row) for row in rows]) for rows in x])


def pronoun_weights(x):
    return torch.stack([torch.stack([row - sum(row) / len(row) for row in rows]) for rows in x])
