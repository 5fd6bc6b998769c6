"""The expected numbers come from Python's own arithmetic."""

import math

import torch


def near(got, expected, digits=1e-9):
    assert list(got.shape) == list(torch.tensor(expected).shape)
    flat = torch.tensor(expected, dtype=torch.float64).flatten().tolist()
    for mine, right in zip(got.double().flatten().tolist(), flat):
        assert abs(mine - right) <= digits, (mine, right)


def row(scores):
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    return [power / sum(powers) for power in powers]


def table(rows):
    return torch.tensor(rows, dtype=torch.float64)


ROWS = [[0.3, -1.2, 2.0], [-5.0, -5.5, -4.0], [1e4, 1e4 - 2, 0.0], [-1e4, -1e4 + 1, -1e4], [80, 70, 75]]


def test_softmax_rows(softmax):
    near(softmax(table(ROWS)), [row(r) for r in ROWS])
    near(softmax(table(ROWS), 1), [row(r) for r in ROWS])
    near(softmax(table(ROWS), dim=-1), [row(r) for r in ROWS])
    for r in ROWS:
        near(softmax(table(r)), row(r))
        near(softmax(table([r])), [row(r)])


def test_softmax_columns(softmax):
    columns = [row(column) for column in zip(*ROWS)]
    for dim in (0, -2):
        near(softmax(table(ROWS), dim), [list(r) for r in zip(*columns)])
    near(softmax(table([[1.0], [2.0]])), [[1.0], [1.0]])
    near(softmax(table([[2.0, 1.0], [0.0, 3.0]]), 0), [[row([2, 0])[0], row([1, 3])[0]]] + [
        [row([2, 0])[1], row([1, 3])[1]]])


def test_softmax_many(softmax):
    many = [math.sin(i) for i in range(200)]
    near(softmax(table([many, many])), [row(many), row(many)])


def test_softmax_dtypes(softmax):
    for dtype, digits in [(torch.float16, 2e-3), (torch.float32, 1e-6)]:
        got = softmax(table(ROWS[:2]).to(dtype))
        assert got.dtype == dtype
        near(got, [row(r) for r in ROWS[:2]], digits)


def look(q, k, v, mask=None):
    weights = []
    for i, query in enumerate(q):
        scores = [sum(a * b for a, b in zip(query, key)) / math.sqrt(len(query)) for key in k]
        seen = [j for j in range(len(k)) if mask is None or mask[i][j]]
        shares = dict(zip(seen, row([scores[j] for j in seen]))) if seen else {}
        weights.append([shares.get(j, 0.0) for j in range(len(k))])
    mixed = [[sum(w * x[c] for w, x in zip(ws, v)) for c in range(len(v[0]))] for ws in weights]
    return mixed, weights


Q = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [-90.0, -90.0, -90.0]]
K = [[1.0, 0.0, 0.5], [60.0, 61.0, 62.0], [-0.5, 2.0, 1.0], [60.0, 60.0, 62.0]]
V = [[1.0, -1.0], [2.0, 0.5], [-3.0, 4.0], [0.0, 1.0]]
MASKS = [
    [[True, False, True, True], [False, False, False, False], [False, True, False, True]],
    [[True] * 4, [False, True, False, False], [True, True, False, False]],
    [[False] * 4] * 3,
]


def pair(got):
    output, weights = got
    return output, weights


def test_attention_one_sentence(attention):
    q, k, v = table(Q), table(K), table(V)
    output, weights = pair(attention(q, k, v))
    near(output, look(Q, K, V)[0])
    near(weights, look(Q, K, V)[1])
    output, weights = pair(attention(q[:1], k, v))
    near(output, look(Q[:1], K, V)[0])
    near(weights, look(Q[:1], K, V)[1])


def test_attention_masks(attention):
    for mask in MASKS:
        output, weights = pair(attention(table(Q), table(K), table(V), torch.tensor(mask)))
        near(output, look(Q, K, V, mask)[0])
        near(weights, look(Q, K, V, mask)[1])


def test_attention_batch(attention):
    q, k, v = (torch.stack([table(x), table(x)]) for x in (Q, K, V))
    output, weights = attention(q, k, v, torch.tensor(MASKS[0]))
    near(output, [look(Q, K, V, MASKS[0])[0]] * 2)
    near(weights, [look(Q, K, V, MASKS[0])[1]] * 2)
    output, weights = attention(q[None], k[None], v[None], torch.tensor(MASKS[:2])[None])
    near(output, [[look(Q, K, V, MASKS[0])[0], look(Q, K, V, MASKS[1])[0]]])


def test_attention_dtypes(attention):
    mask = torch.tensor(MASKS[1])
    for dtype, digits in [(torch.float16, 2e-2), (torch.float32, 1e-5)]:
        small = [[x / 90 for x in q] for q in Q], [[x / 60 for x in k] for k in K]
        q, k = (table(x).to(dtype) for x in small)
        output, weights = attention(q, k, table(V).to(dtype), mask)
        assert output.dtype == weights.dtype == dtype
        near(output, look(*small, V, MASKS[1])[0], digits)


def test_attention_strides(attention):
    q = table([[x, 0.0] for r in Q for x in r]).reshape(3, 3, 2)[:, :, 0]
    near(attention(q, table(K), table(V))[1], look(Q, K, V)[1])
    q = torch.stack([table(Q), table(Q)], 1).transpose(0, 1)
    near(attention(q, table(K)[None].expand(2, 4, 3), table(V)[None].expand(2, 4, 2))[1][1], look(Q, K, V)[1])


def test_causal_mask_entries(causal_mask):
    for length in (1, 3, 8):
        mask = causal_mask(length)
        assert mask.dtype == torch.bool
        assert mask.tolist() == [[j <= i for j in range(length)] for i in range(length)]
