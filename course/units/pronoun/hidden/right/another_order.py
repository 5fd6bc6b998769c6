"""TODO: right answers, each written in another way. Here: the division comes last."""


def predict(x):
    d = x.shape[-1]
    return (d * x - x.sum(-1, keepdim=True)) / d


def gradients(x):
    d = x.shape[-1]
    return (d * x - x.sum(-1, keepdim=True)) / d


def train(x):
    d = x.shape[-1]
    return (d * x - x.sum(-1, keepdim=True)) / d


def accuracy(x):
    d = x.shape[-1]
    return (d * x - x.sum(-1, keepdim=True)) / d


def pronoun_weights(x):
    d = x.shape[-1]
    return (d * x - x.sum(-1, keepdim=True)) / d
