# -*- coding: utf-8 -*-
# Práctica 1 · Ana María Núñez
from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor


class Pesos(NamedTuple):
    """Los pesos de la celda, juntos."""

    entrada: Tensor
    memoria: Tensor
    sesgo: Tensor


def _celda(h: Tensor, xw: Tensor, p: Pesos) -> Tensor:
    # addmm = xw + h @ memoria, en una sola operación
    return torch.addmm(xw, h, p.memoria).tanh()


def rnn_step(x: Tensor, h: Tensor, w_xh: Tensor, w_hh: Tensor, b: Tensor) -> Tensor:
    p = Pesos(w_xh, w_hh, b)
    return _celda(h, torch.einsum("nd,dh->nh", x, p.entrada) + p.sesgo, p)


def rnn(x: Tensor, h: Tensor, w_xh: Tensor, w_hh: Tensor, b: Tensor) -> Tensor:
    p = Pesos(w_xh, w_hh, b)
    # La proyección de la entrada no depende del tiempo: todas las palabras a la vez.
    xw = torch.einsum("ntd,dh->tnh", x, p.entrada) + p.sesgo

    def paso(estados: list[Tensor], xw_t: Tensor) -> list[Tensor]:
        return [*estados, _celda(estados[-1], xw_t, p)]

    estados = reduce(paso, xw, [h])
    return torch.stack(estados[1:]).movedim(0, 1)
