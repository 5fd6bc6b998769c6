# 王小明 2班
import torch as th
from attention import attention


def project(x, w_q, w_k, w_v):
    q = th.matmul(x, w_q)
    k = th.matmul(x, w_k)
    v = th.matmul(x, w_v)
    return [q, k, v]


def causal_mask(length, device=None):
    # 上三角是未来
    return th.triu(th.ones(length, length, device=device), diagonal=1).bool()


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[1], x.device) if causal else None
    out, _ = attention(q, k, v, mask)
    return out


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    # TODO 没时间写了，先用一个头
    return th.matmul(self_attention(x, w_q, w_k, w_v, causal), w_o)
