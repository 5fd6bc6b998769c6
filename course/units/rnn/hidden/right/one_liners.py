import itertools, torch
rnn_step = lambda x, h, w_xh, w_hh, b: (x @ w_xh + h @ w_hh + b).tanh()
rnn = lambda x, h, *w: torch.stack([*itertools.accumulate(x.unbind(1), lambda h, x: rnn_step(x, h, *w), initial=h)][1:], 1)
