# Pedro Gomes - devagar mas certo
import torch


def rnn_step(x, h, w_xh, w_hh, b):
    linhas = []
    for n in range(x.shape[0]):  # uma frase de cada vez
        linhas.append(torch.tanh(x[n] @ w_xh + h[n] @ w_hh + b))
    return torch.stack(linhas)


def rnn(x, h, w_xh, w_hh, b):
    todas = []
    for n in range(x.shape[0]):
        estado = h[n]
        estados = []
        for t in range(x.shape[1]):
            estado = torch.tanh(x[n, t] @ w_xh + estado @ w_hh + b)
            estados.append(estado)
        todas.append(torch.stack(estados))
    return torch.stack(todas)
