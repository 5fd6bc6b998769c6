# 王小明 2班
import torch as th


def rnn_step(x, h, w_xh, w_hh, b):
    # 老师：为什么要转置？pytorch的nn.RNN里权重是转置的
    return th.tanh(th.mm(x, w_xh) + th.mm(h, w_hh.t()) + b)


def rnn(x, h, w_xh, w_hh, b):
    hs = []
    for i in range(x.shape[1]):
        h = rnn_step(x[:, i], h, w_xh, w_hh, b)
        hs.append(h)
    return th.stack(hs, dim=1)
