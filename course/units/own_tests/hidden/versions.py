"""The versions of functions that students' tests meet: right ones, and wrong ones made from them.

A wrong version is a known mistake, or a mutant, that differs from what is right in a value, shape,
dtype or exception, on some input that the docstring allows. It is a change of a right version's
text: what is taken out, and what stands there. `en` goes on after "a version that", and `zh` so.
Of versions that the same tests catch, in every file of right/, no more than two are here; of masks,
of which most files have a single test, those that differ most.
"""

from autograder.testing.subjects import Subject, Wrong

IMPORTS = "import math\nimport torch\n"
AMONG = ["softmax", "attention", "causal_mask"]


def wrong(right, before, after, en, zh):
    """A wrong version: a right one's text with a change in it."""
    assert right.count(before) == 1, before
    told = {"en": f"A version that {en}.", "zh": f"这个版本{zh}。"}
    return Wrong(right.replace(before, after), told)


# softmax

TORCHS = (
    IMPORTS
    + """
def softmax(scores, dim=-1):
    return torch.softmax(scores, dim)
"""
)
BY_HAND = (
    IMPORTS
    + """
def softmax(scores, dim=-1):
    largest = scores.amax(dim, keepdim=True)
    exponentials = (scores - largest).exp()
    total = exponentials.sum(dim, keepdim=True)
    return exponentials / total
"""
)
IN_DOUBLE = (
    IMPORTS
    + """
def softmax(scores, dim=-1):
    wide = scores.double()
    return (wide - wide.logsumexp(dim, keepdim=True)).exp().to(scores.dtype)
"""
)
LAST_AXIS = (
    IMPORTS
    + """
def softmax(scores, dim=-1):
    last = scores.movedim(dim, -1)
    powers = torch.exp(last - last.amax(-1)[..., None])
    return (powers * powers.sum(-1).reciprocal()[..., None]).movedim(-1, dim)
"""
)
T, H = TORCHS, BY_HAND
SOFTMAX = Subject(
    "softmax",
    "scores, dim=-1",
    right=[TORCHS, BY_HAND, IN_DOUBLE, LAST_AXIS],
    wrong={
        "last_axis": wrong(
            T,
            "(scores, dim)",
            "(scores, -1)",
            "takes the last axis, whatever `dim` is",
            "无论 `dim` 是多少，总是沿最后一个轴计算",
        ),
        "default_axis": wrong(
            T,
            "dim=-1",
            "dim=0",
            "takes the first axis where no `dim` is given",
            "没有给出 `dim` 时沿第一个轴计算",
        ),
        "over_everything": wrong(
            T,
            "torch.softmax(scores, dim)",
            "scores.flatten().softmax(0).reshape(scores.shape)",
            "makes all numbers together sum to 1, and not each row",
            "让全部数字之和为 1，而不是每一行",
        ),
        "float32": wrong(
            T,
            "dim)\n",
            "dim).float()\n",
            "gives float32, whatever dtype comes",
            "无论输入是什么 dtype，结果总是 float32",
        ),
        "squeezed": wrong(
            T,
            "dim)\n",
            "dim).squeeze()\n",
            "loses axes of size 1",
            "丢掉大小为 1 的轴",
        ),
        "cut_off": wrong(
            T,
            "(scores, dim)",
            "(scores.clamp(-50, 50), dim)",
            "is wrong only for scores beyond 50 and -50",
            "只在分数超过 50 或低于 -50 时出错",
        ),
        "no_max": wrong(
            H,
            "(scores - largest)",
            "scores",
            "is wrong only where scores are so large that their exponential is infinite",
            "只在分数大到指数成为无穷大时出错",
        ),
        "max_over_everything": wrong(
            H,
            "scores.amax(dim, keepdim=True)",
            "scores.max()",
            "is wrong only where one row lies very far below another",
            "只在一行远低于另一行时出错",
        ),
        "max_of_last_axis": wrong(
            H,
            "amax(dim, ",
            "amax(-1, ",
            "is wrong only where `dim` is not the last axis",
            "只在 `dim` 不是最后一个轴时出错",
        ),
        "max_above_only": wrong(
            H,
            "exponentials.sum",
            "scores.exp().sum",
            "subtracts a number above the fraction line, and none below it",
            "在分子里减去了一个数，在分母里没有减",
        ),
        "epsilon": wrong(
            H,
            "/ total",
            "/ (total + 1e-5)",
            "gives rows that sum to a little less than 1, which only many digits show",
            "给出的各行之和略小于 1，只有看足够多的位数才能发现",
        ),
        "keepdim": wrong(
            H,
            "exponentials.sum(dim, keepdim=True)",
            "exponentials.sum(dim)",
            "divides by sums that are lined up with another axis",
            "除以的和对齐到了另一个轴",
        ),
        "first_numbers": wrong(
            H,
            "exponentials.sum(dim",
            "exponentials.narrow(dim, 0, min(64, scores.shape[dim])).sum(dim",
            "is wrong only where more than 64 numbers share the weight",
            "只在超过 64 个数分享权重时出错",
        ),
        "kept": wrong(
            T + "results = {}\n",
            "torch.softmax(scores, dim)",
            "results.setdefault((scores.shape, dim), torch.softmax(scores, dim))",
            "is wrong only when it is called again with other numbers of the same shape",
            "只在以同样的形状、不同的数字再次调用时出错",
        ),
    },
    among=AMONG,
)


# attention

STEPS = (
    IMPORTS
    + """
def attention(q, k, v, mask=None):
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, -1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    output = weights @ v
    return output, weights
"""
)
BY_INDICES = (
    IMPORTS
    + """
def attention(q, k, v, mask=None):
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    if mask is None:
        weights = (scores - scores.amax(-1, keepdim=True)).exp()
        weights = weights / weights.sum(-1, keepdim=True)
    else:
        empty = ~mask.any(-1, keepdim=True)
        weights = scores.masked_fill(~mask & ~empty, -torch.inf).softmax(-1).masked_fill(empty, 0)
    return torch.einsum("...ij,...jd->...id", weights, v), weights
"""
)
WIDE = (
    IMPORTS
    + """
def attention(q, k, v, mask=None):
    a, b, c = q.double(), k.double(), v.double()
    powers = a @ b.transpose(-2, -1) / a.shape[-1] ** 0.5
    if mask is not None:
        powers = torch.where(mask, powers, -1e300)
    weights = powers.softmax(dim=-1)
    if mask is not None:
        weights = weights * mask
    return (weights @ c).to(q.dtype), weights.to(q.dtype)
"""
)
SCALED_QUERIES = (
    IMPORTS
    + """
def attention(q, k, v, mask=None):
    shape = (*q.shape[:-1], k.shape[-2])
    mask = torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)
    scores = torch.matmul(q / q.shape[-1] ** 0.5, k.mT)
    largest = scores.masked_fill(~mask, -torch.inf).amax(-1, keepdim=True)
    largest = torch.where(largest.isinf(), 0.0, largest)
    powers = torch.where(mask, scores - largest, -torch.inf).exp()
    total = powers.sum(-1, keepdim=True)
    weights = powers / torch.where(total == 0, 1.0, total)
    return torch.matmul(weights, v), weights
"""
)
A = STEPS
FILL = "scores.masked_fill(~mask, torch.finfo(scores.dtype).min)"
ZEROED = "weights.masked_fill(~mask, 0.0)"
ROOT = "math.sqrt(q.shape[-1])"
RESULT = "return output, weights"
SOFT = "torch.softmax(scores, -1)"
ATTENTION = Subject(
    "attention",
    "q, k, v, mask=None",
    right=[STEPS, BY_INDICES, WIDE, SCALED_QUERIES],
    wrong={
        "swapped": wrong(
            A,
            "q @ k.mT",
            "k @ q.mT",
            "has queries and keys exchanged",
            "把 query 和 key 弄反了",
        ),
        "no_scale": wrong(A, f" / {ROOT}", "", "does not scale the scores", "没有缩放分数"),
        "scaled_by_d": wrong(
            A,
            ROOT,
            "q.shape[-1]",
            "divides the scores by d_k, not by its root",
            "用 d_k 本身而不是它的平方根去除分数",
        ),
        "scaled_by_d_v": wrong(
            A,
            ROOT,
            "math.sqrt(v.shape[-1])",
            "is wrong only where values are not as wide as keys",
            "只在 value 与 key 的宽度不同时出错",
        ),
        "rounded_root": wrong(
            A,
            "math.sqrt",
            "math.isqrt",
            "is wrong only where the root of d_k is no whole number",
            "只在 d_k 的平方根不是整数时出错",
        ),
        "over_queries": wrong(
            A,
            "(scores, -1)",
            "(scores, -2)",
            "takes the softmax over the queries",
            "沿 query 的方向做 softmax",
        ),
        "no_max": wrong(
            A,
            SOFT,
            "scores.exp() / scores.exp().sum(-1, keepdim=True)",
            "is wrong only for large logits",
            "只在 logits 很大时出错",
        ),
        "mask_ignored": wrong(
            A,
            "mask=None):\n",
            "mask=None):\n    mask = None\n",
            "does not heed the mask",
            "没有理会掩码",
        ),
        "mask_late": wrong(
            A,
            FILL,
            "scores",
            "has masked rows whose weights do not sum to 1",
            "有掩码时各行的权重之和不是 1",
        ),
        "fill_zero": wrong(
            A.replace(ZEROED, "weights"),
            FILL,
            "scores.masked_fill(~mask, 0.0)",
            "lets hidden keys take part with a score of 0",
            "让被遮住的 key 以分数 0 参与计算",
        ),
        "fill_small": wrong(
            A,
            FILL,
            "scores.masked_fill(~mask, -1e3)",
            "is wrong only where scores lie below -1000 and a mask hides some",
            "只在分数低于 -1000 且有掩码时出错",
        ),
        "empty_uniform": wrong(
            A,
            ZEROED,
            "weights",
            "is wrong only for a row that is masked whole: it comes out even",
            "只在一行被全部遮住时出错：那一行的权重变成平均的",
        ),
        "empty_output": wrong(
            A,
            "weights @ v",
            "torch.softmax(scores, -1) @ v",
            "is wrong only for a row that is masked whole, and only in the output",
            "只在一行被全部遮住时出错，而且只错在输出",
        ),
        "mask_whole": wrong(
            A,
            FILL,
            "scores.index_put((~mask,), scores.new_tensor(-1e4))",
            "fails only where the mask has fewer axes than the scores",
            "只在掩码的轴比分数少时出错",
        ),
        "mask_half": wrong(
            A,
            RESULT,
            f"return output, torch.softmax(q @ k.mT / {ROOT}, -1)",
            "masks the output, and not the weights",
            "输出用了掩码，返回的权重没有用",
        ),
        "results_swapped": wrong(
            A,
            RESULT,
            "return weights, output",
            "gives the weights first",
            "先返回了权重",
        ),
        "three_axes": wrong(
            A,
            "q @ k.mT",
            'torch.einsum("bid,bjd->bij", q, k)',
            "works only for tensors of three axes",
            "只适用于三个轴的张量",
        ),
        "float32": wrong(
            A,
            RESULT,
            "return output.float(), weights.float()",
            "gives float32, whatever dtype comes",
            "无论输入是什么 dtype，结果总是 float32",
        ),
        "half_overflows": wrong(
            A,
            FILL,
            "scores.masked_fill(~mask, -1e9)",
            "fails only in float16, and with a mask",
            "只在 float16 且有掩码时出错",
        ),
        "one_query": wrong(
            A,
            RESULT,
            "return output.squeeze(-2), weights.squeeze(-2)",
            "is wrong only for a single query, and loses its axis",
            "只在只有一个 query 时出错：丢了那个轴",
        ),
    },
    among=AMONG,
)


# causal_mask

LOWER = (
    IMPORTS
    + """
def causal_mask(length, device=None):
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()
"""
)
COMPARED = (
    IMPORTS
    + """
def causal_mask(length, device=None):
    places = torch.arange(length, device=device)
    return places[None, :] <= places[:, None]
"""
)
NOT_UPPER = (
    IMPORTS
    + """
def causal_mask(length, device=None):
    return ~torch.full((length, length), True, device=device).triu(diagonal=1)
"""
)
M = LOWER
CAUSAL_MASK = Subject(
    "causal_mask",
    "length, device=None",
    right=[LOWER, COMPARED, NOT_UPPER],
    wrong={
        "diagonal_hidden": wrong(
            M,
            "tril()",
            "tril(-1)",
            "hides a word from itself",
            "让词看不到自己",
        ),
        "shifted": wrong(
            M,
            "tril()",
            "tril(1)",
            "lets each word see the one after it",
            "让每个词看到它后面的那个词",
        ),
        "transposed": wrong(
            M,
            "tril()",
            "triu()",
            "shows the future and hides the past",
            "露出未来，遮住过去",
        ),
        "numbers": wrong(
            M,
            "torch.bool",
            "torch.float32",
            "holds numbers, not truths",
            "里面是数字而不是布尔值",
        ),
        "near_past": wrong(
            M,
            "tril()",
            "tril().triu(-3)",
            "is wrong only beyond four words: it hides the far past",
            "只在超过四个词时出错：遮住了较远的过去",
        ),
        "one_word": wrong(
            M,
            "tril()",
            "tril(-1 if length == 1 else 0)",
            "is wrong only for a single word",
            "只在只有一个词时出错",
        ),
    },
    among=AMONG,
)
