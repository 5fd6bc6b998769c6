"""第一单元 循环神经网络  李雷"""
import torch


def rnn_step(x, h, w_xh, w_hh, b):
    # 公式：tanh(x·w_xh + h·w_hh + b)
    a = x @ w_xh
    a = a + h @ w_hh
    a = a + b
    return torch.tanh(a)


def rnn(x, h, w_xh, w_hh, b):
    N, T, D = x.shape
    结果 = []
    for t in range(T):
        h = rnn_step(x[:, t, :], h, w_xh, w_hh, b)
        结果.append(h.unsqueeze(1))
    return torch.cat(结果, dim=1)
