# Übungsblatt 3, Jonas Müller
import math

import torch


def score(q, k):
    return torch.matmul(q, torch.transpose(k, -2, -1))


def scale(scores, d_k):
    return torch.div(scores, math.sqrt(d_k))


def softmax(scores, dim=-1):
    maximum = torch.amax(scores, dim=dim, keepdim=True)
    zaehler = torch.exp(torch.sub(scores, maximum))
    nenner = torch.sum(zaehler, dim=dim, keepdim=True)
    return torch.div(zaehler, nenner)


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    werte = scale(score(q, k), q.size(-1))
    if mask is not None:
        verdeckt = torch.logical_not(mask)
        werte = torch.masked_fill(werte, verdeckt, torch.finfo(werte.dtype).min)
        gewichte = torch.masked_fill(softmax(werte, dim=-1), verdeckt, 0)
    else:
        gewichte = softmax(werte, dim=-1)
    return weighted_sum(gewichte, v), gewichte
