"""Known mistakes of the unit `vanishing_gradient`, in NumPy."""

import numpy as np
from numpy import linalg

from autograder.mistakes.entry import mistake, wrong


def step_jacobian(h_next, w_hh, *, slope=lambda h: 1 - h**2, rows=lambda s, w: s[:, None] * w.T):
    return rows(slope(h_next), w_hh)


def gradient_norms(
    states,
    w_hh,
    grad_last,
    *,
    path=lambda states: states,
    back=lambda g, j: g[-1] @ j,
    norm=linalg.norm,
    result=lambda n: n,
    **jacobian,
):
    """back: from all gradients up to a state and the Jacobian there, that of the state before."""
    gradients = [grad_last]
    for h_next in path(states)[:0:-1]:
        gradients.append(back(gradients, step_jacobian(h_next, w_hh, **jacobian)))
    return result(np.array([norm(g) for g in gradients[::-1]]))


# the Jacobian, alone and in gradient_norms

TURNED = wrong("no_transpose", step_jacobian, gradient_norms, rows=lambda s, w: s[:, None] * w)(
    en="w_hh and its transpose are mixed up. With row vectors, which weight leads from h[j] to "
    "h_next[i]?",
    zh="w_hh 和它的转置弄混了。对于行向量，从 h[j] 到 h_next[i] 的是哪个权重？",
)
wrong("no_transpose", step_jacobian, gradient_norms, rows=lambda s, w: s * w)(**TURNED)
wrong("slope_on_columns", step_jacobian, gradient_norms, rows=lambda s, w: s * w.T)(
    en="The slopes of tanh multiply the wrong axis: a slope belongs to the unit that comes out of "
    "the step.",
    zh="tanh 的斜率乘在了错误的轴上：斜率属于这一步输出的那个单元。",
)
for _slope in (lambda h: 1 - np.tanh(h) ** 2, lambda h: 1 - np.arctanh(h) ** 2):
    wrong("slope_of_preactivation", step_jacobian, gradient_norms, slope=_slope)(
        en="The slope is taken of the wrong number. h_next has been through the tanh already: "
        "write the slope in terms of that.",
        zh="斜率取错了对象。h_next 已经经过了 tanh：请用它本身来表示斜率。",
    )
wrong("no_slope", step_jacobian, gradient_norms, rows=lambda s, w: w.T.copy())(
    en="The slope of tanh is missing: a saturated unit passes no gradient on.",
    zh="缺少 tanh 的斜率：饱和的单元不会把梯度传下去。",
)
for _slope in (lambda h: 1 - h, lambda h: (1 - h) ** 2, lambda h: h * (1 - h)):
    wrong("wrong_slope", step_jacobian, gradient_norms, slope=_slope)(
        en="The slope of tanh is not what it should be. Try it: at h_next = 0 it is 1, at h_next = "
        "1 and h_next = -1 it is 0.",
        zh="tanh 的斜率不对。检验一下：h_next = 0 时应为 1，h_next = 1 和 h_next = -1 时应为 0。",
    )
wrong("vector_returned", step_jacobian, rows=lambda s, w: s @ w.T)(
    en="The slopes and the matrix were multiplied to a vector. A Jacobian is a matrix: which "
    "number of it belongs to which slope?",
    zh="斜率与矩阵相乘成了一个向量。雅可比是矩阵：其中哪个数对应哪个斜率？",
)

# gradient_norms


def _first_twice(states):
    return np.concatenate([states[:1], states])


wrong("no_transpose", gradient_norms, back=lambda g, j: j @ g[-1])(**TURNED)
OFF_BY_ONE = wrong("off_by_one", gradient_norms, path=lambda states: _first_twice(states)[:-1])(
    en="The steps are counted off by one. The step from h_t to h_{t+1} has the slope of which "
    "state, and how often is the last gradient multiplied?",
    zh="步数差了一。从 h_t 到 h_{t+1} 这一步用的是哪个状态的斜率？最后的梯度应被乘几次？",
)
wrong("off_by_one", gradient_norms, path=_first_twice, result=lambda n: n[:-1])(**OFF_BY_ONE)
wrong("off_by_one", gradient_norms, path=_first_twice)(**OFF_BY_ONE)
wrong("off_by_one", gradient_norms, result=lambda n: n[:-1])(**OFF_BY_ONE)
REVERSED = wrong("reversed_time", gradient_norms, result=lambda n: n[::-1].copy())(
    en="Time runs backwards: entry t belongs to state t, so the norm of grad_last comes last.",
    zh="时间倒过来了：第 t 项属于第 t 个状态，所以 grad_last 的范数排在最后。",
)
FIRST_STEP_FIRST = wrong(
    "first_step_first", gradient_norms, path=lambda s: np.concatenate([s[:1], s[:0:-1]])
)(
    en="The Jacobians are taken in the wrong order. Which step does a gradient on the last state "
    "meet first?",
    zh="雅可比的顺序反了。最后一个状态的梯度先遇到的是哪一步？",
)
wrong(
    "same_jacobian",
    gradient_norms,
    path=lambda s: np.concatenate([s[:1], s[-1:].repeat(len(s) - 1, 0)]),
)(
    en="Every step has the same Jacobian. Of which state is the slope at each step?",
    zh="每一步用的是同一个雅可比。每一步的斜率取自哪个状态？",
)
wrong("one_step_only", gradient_norms, back=lambda g, j: g[0] @ j)(
    en="Every entry is one step away from grad_last. How many steps lie between states[t] and the "
    "last state, and what does the chain rule do with them?",
    zh="每一项都只从 grad_last 往回走了一步。states[t] 与最后的状态之间隔着多少步，"
    "链式法则怎样处理它们？",
)
SUM = wrong("sum_for_product", gradient_norms, back=lambda g, j: g[-1] + g[-1] @ j)(
    en="Gradients are added up on the way back. The loss sees only the last state: what does each "
    "step do to the gradient that comes from it?",
    zh="反向传播时把梯度加了起来。损失只看最后一个状态：每一步对传来的梯度做的是什么？",
)
wrong("sum_for_product", gradient_norms, back=lambda g, j: g[0] @ j + (g[1:] or [0])[-1])(**SUM)
for _length in (lambda g: np.sum(g**2), lambda g: np.abs(g).sum(), lambda g: np.abs(g).max()):
    wrong("wrong_norm", gradient_norms, norm=_length)(
        en="The gradients may be right, their length is measured in another norm: the 2-norm is "
        "asked for, with its root.",
        zh="梯度可能是对的，但用了别的范数：要求的是 2-范数，不要漏掉开方。",
    )
wrong("norm_for_product", gradient_norms, back=lambda g, j: linalg.norm(g[-1]) * linalg.norm(j, 2))(
    en="Norms were multiplied, not matrices: how much a step shrinks a gradient depends on its "
    "direction.",
    zh="相乘的是范数而不是矩阵：一步使梯度缩小多少，取决于梯度的方向。",
)


def _by_product(states, w_hh, grad_last, join, size):
    """The norms from the product of all Jacobians after a state, joined with one more at a time."""
    product, norms = np.eye(len(w_hh)), [linalg.norm(grad_last)]
    for h_next in states[:0:-1]:
        product = join(product, step_jacobian(h_next, w_hh))
        norms.append(size(grad_last, product))
    return np.array(norms[::-1])


for _order in (None, 2):

    @mistake(
        "gradient_norms",
        "norm_of_product",
        en="The norm of the Jacobians' product is taken, whatever the gradient: how much of a "
        "gradient a matrix leaves depends on its direction.",
        zh="取的是雅可比乘积的范数，与梯度无关：一个矩阵留下多少梯度，取决于梯度的方向。",
    )
    def gradient_norms_of_product(states, w_hh, grad_last, order=_order):
        return _by_product(
            states,
            w_hh,
            grad_last,
            np.matmul,
            lambda g, product: linalg.norm(product, order) * linalg.norm(g),
        )


@mistake("gradient_norms", "first_step_first", **FIRST_STEP_FIRST)
def gradient_norms_in_the_wrong_order(states, w_hh, grad_last):
    return _by_product(
        states,
        w_hh,
        grad_last,
        lambda product, jacobian: jacobian @ product,
        lambda g, product: linalg.norm(g @ product),
    )


# spectral_radius


def _moduli(w):
    return np.abs(linalg.eigvals(w))


def spectral_radius(w, *, measure=lambda w: _moduli(w).max()):
    return float(measure(w))


NORM = wrong("norm_for_radius", spectral_radius, measure=lambda w: linalg.norm(w, 2))(
    en="This is a norm of the matrix. For [[0.5, 2], [0, 0.5]] the norm is above 2 and the "
    "spectral radius 0.5: which numbers does the radius look at?",
    zh="这是矩阵的范数。对于 [[0.5, 2], [0, 0.5]]，范数大于 2，而谱半径是 0.5："
    "谱半径看的是哪些数？",
)
for _measure in (
    linalg.norm,
    lambda w: linalg.norm(w, 1),
    lambda w: linalg.norm(w, np.inf),
    lambda w: np.abs(w).max(),
):
    wrong("norm_for_radius", spectral_radius, measure=_measure)(**NORM)
REAL = wrong("real_part", spectral_radius, measure=lambda w: linalg.eigvals(w).real.max())(
    en="Eigenvalues may be complex, and the real part is not their size: a rotation has purely "
    "imaginary ones. A negative one can be the largest, too.",
    zh="特征值可能是复数，实部并不是它的大小：旋转矩阵的特征值就是纯虚数。负的也可能是最大的。",
)
wrong("real_part", spectral_radius, measure=lambda w: np.abs(linalg.eigvals(w).real).max())(**REAL)


def _iterated(steps, least):
    """least: in place of a length of zero."""

    def measure(w):
        vector = np.ones(len(w))
        for _ in range(steps):
            vector = w @ vector
            vector = vector / (linalg.norm(vector) or least)
        return linalg.norm(w @ vector)

    return measure


for _steps in (49, 50, 99, 100, 199, 200, 999, 1000):
    wrong("power_iteration", spectral_radius, measure=[_iterated(_steps, n) for n in (0.0, 1.0)])(
        en="A power iteration settles only where one eigenvalue is larger than all others; of a "
        "complex pair both are as large.",
        zh="只有当一个特征值比其他的都大时，幂迭代才会收敛；一对共轭复特征值的模是一样大的。",
    )
wrong("pair_for_values", spectral_radius, measure=lambda w: np.abs(linalg.eig(w)).max())(
    en="`eig` returns two things, the values and the vectors.",
    zh="`eig` 返回两样东西：特征值和特征向量。",
)
wrong("symmetric_only", spectral_radius, measure=lambda w: np.abs(linalg.eigvalsh(w)).max())(
    en="These are eigenvalues of a symmetric matrix (`eigvalsh` reads one half of w only).",
    zh="这是对称矩阵的特征值（`eigvalsh` 只读取 w 的一半）。",
)
for _measure in (lambda w: _moduli(w)[0], lambda w: _moduli(w).min()):
    wrong("wrong_eigenvalue", spectral_radius, measure=_measure)(
        en="This is one of the moduli, but not the largest: eigenvalues come in no order.",
        zh="这是其中一个特征值的模，但不是最大的：特征值的排列没有顺序。",
    )


# demonstrate: its random numbers are free, so these prove more than they recognise


def demonstrate(
    radius,
    length,
    hidden,
    seed,
    *,
    size=lambda w, radius: _moduli(w).max(),
    start=1e-3,
    more=0,
    drawn=lambda seed: seed,
    drawing=lambda rng, n, start: rng.uniform(-start, start, size=n),
    norms=gradient_norms,
    **slots,
):
    """size: of the matrix drawn, before it is scaled. more: steps too many."""
    rng = np.random.default_rng(drawn(seed))
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh *= radius / size(w_hh, radius)
    states = [drawing(rng, hidden, start)]
    for _ in range(length + more - 1):
        states.append(np.tanh(states[-1] @ w_hh))
    return norms(np.stack(states), w_hh, np.ones(hidden), **slots)


def _of_states(states, w_hh, grad_last, **slots):
    return linalg.norm(states, axis=1)


wrong("radius_ignored", demonstrate, size=lambda w, radius: radius)(
    en="The matrix is as it was drawn: the radius asked for has no effect.",
    zh="矩阵还是抽出来的样子：要求的谱半径没有起作用。",
)
wrong("norm_for_radius", demonstrate, size=lambda w, radius: linalg.norm(w, 2))(**NORM)
wrong("norm_for_radius", demonstrate, size=lambda w, radius: linalg.norm(w))(**NORM)
wrong("reversed_time", demonstrate, result=lambda n: n[::-1].copy())(**REVERSED)
wrong("sum_for_product", demonstrate, back=lambda g, j: g[-1] + g[-1] @ j)(**SUM)
wrong("off_by_one", demonstrate, more=1)(**OFF_BY_ONE)
wrong("scaled_unmeasured", demonstrate, size=lambda w, radius: 1.0)(
    en="The matrix was multiplied by the radius as it was drawn: how large was its own?",
    zh="矩阵抽出来之后直接乘上了要求的半径：它原来的谱半径是多少？",
)
wrong("large_first_state", demonstrate, drawing=lambda rng, n, start: rng.normal(size=n))(
    en="The first state is too large: tanh saturates, and its slopes hide what the radius does.",
    zh="初始状态太大：tanh 饱和，它的斜率掩盖了谱半径的作用。",
)
wrong("large_first_state", demonstrate, start=3.0)(
    en="The first state is too large: tanh saturates, and its slopes hide what the radius does.",
    zh="初始状态太大：tanh 饱和，它的斜率掩盖了谱半径的作用。",
)
wrong("seed_ignored", demonstrate, drawn=lambda seed: 0)(
    en="Every seed draws the same network.",
    zh="无论种子是多少，抽出的都是同一个网络。",
)
wrong("states_returned", demonstrate, norms=_of_states)(
    en="These are the states' norms, not those of the gradients at the states.",
    zh="这是状态的范数，而不是状态处梯度的范数。",
)


# clip_by_global_norm


def _norm(grads):
    return np.sqrt(sum(np.sum(grad**2) for grad in grads))


def _as_matrix(grad):
    """What `norm(grad, 2)` measures: of a matrix it is the largest singular value."""
    return linalg.norm(grad, 2) if grad.ndim == 2 else grad


def clip_by_global_norm(
    grads,
    max_norm,
    *,
    norm=_norm,
    factor=lambda norm, most: most / norm if norm > most else 1.0,
    clip=lambda grad, factor, most: grad * factor,
):
    shared = factor(norm(grads), max_norm)
    return [clip(grad, shared, max_norm) for grad in grads]


wrong("per_array", clip_by_global_norm, clip=lambda g, _, most: clip_by_global_norm([g], most)[0])(
    en="Each array is clipped by its own norm, which bends the gradient's direction. How long are "
    "all of them together?",
    zh="每个数组按自己的范数裁剪，梯度的方向因此被扭曲。它们合在一起有多长？",
)
wrong("per_element", clip_by_global_norm, clip=lambda grad, _, most: np.clip(grad, -most, most))(
    en="Each number is cut by itself, which bends the gradient's direction.",
    zh="每个数各自被截断，梯度的方向因此被扭曲。",
)
wrong("scaled_when_small", clip_by_global_norm, factor=lambda norm, most: most / norm)(
    en="Gradients that are short already were made longer. Those stay as they are.",
    zh="本来就短的梯度被放大了。它们应保持不变。",
)
wrong("not_clipped", clip_by_global_norm, factor=lambda norm, most: 1.0)(
    en="Long gradients came back as they were.",
    zh="过长的梯度原样返回了。",
)
for _norm_of in (
    lambda grads: _norm(grads) ** 2,
    lambda grads: sum(linalg.norm(grad) for grad in grads),
    lambda grads: max(linalg.norm(grad) for grad in grads),
    lambda grads: _norm([_as_matrix(grad) for grad in grads]),
):
    wrong("wrong_global_norm", clip_by_global_norm, norm=_norm_of)(
        en="The global norm is not that of all numbers taken as one long vector.",
        zh="全局范数不是把所有数当作一个长向量时的范数。",
    )
wrong("only_divided", clip_by_global_norm, factor=lambda n, most: 1 / n if n > most else 1.0)(
    en="Clipped gradients should have the norm max_norm, not 1.",
    zh="裁剪后梯度的范数应是 max_norm，而不是 1。",
)
for _size in (1e-5, 1e-6, 1e-7, 1e-8):
    for _factor in (
        lambda norm, most, epsilon=_size: most / (norm + epsilon) if norm > most else 1.0,
        lambda norm, most, epsilon=_size: min(1.0, most / (norm + epsilon)),
    ):
        wrong("epsilon", clip_by_global_norm, factor=_factor)(
            en="A small number in the denominator leaves the norm a little below max_norm. When "
            "you divide, the norm is larger than max_norm anyway.",
            zh="分母里加的小数使范数略低于 max_norm。做除法的时候，范数本来就大于 max_norm。",
        )


# made so often that one program may make two
COMMON = """
no_transpose slope_on_columns slope_of_preactivation no_slope wrong_slope off_by_one reversed_time
wrong_norm norm_for_radius wrong_global_norm scaled_when_small only_divided epsilon per_array
""".split()
