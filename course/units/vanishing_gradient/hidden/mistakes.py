"""Known mistakes of the unit `vanishing_gradient`, in NumPy."""

import numpy as np

from autograder.mistakes.entry import mistake


def _jacobian(h_next, w_hh):
    return (1 - h_next**2)[:, None] * w_hh.T


def _norms(states, w_hh, grad_last, step=lambda g, h, w: g @ _jacobian(h, w), norm=np.linalg.norm):
    """The norms, from the first state to the last; `step` takes a gradient one state back."""
    gradients = [grad_last]
    for h_next in states[:0:-1]:
        gradients.append(step(gradients[-1], h_next, w_hh))
    return np.array([norm(g) for g in gradients[::-1]])


def _modulus(w):
    return np.abs(np.linalg.eigvals(w)).max()


# step_jacobian, and the same wrong Jacobian in gradient_norms

NO_TRANSPOSE = {
    "en": "w_hh and its transpose are mixed up. With row vectors, which weight leads from h[j] to "
    "h_next[i]?",
    "zh": "w_hh 和它的转置弄混了。对于行向量，从 h[j] 到 h_next[i] 的是哪个权重？",
}
SLOPE_ON_COLUMNS = {
    "en": "The slopes of tanh multiply the wrong axis: a slope belongs to the unit that comes out "
    "of the step.",
    "zh": "tanh 的斜率乘在了错误的轴上：斜率属于这一步输出的那个单元。",
}
PREACTIVATION = {
    "en": "The slope is taken of the wrong number. h_next has been through the tanh already: "
    "write the slope in terms of that.",
    "zh": "斜率取错了对象。h_next 已经经过了 tanh：请用它本身来表示斜率。",
}
NO_SLOPE = {
    "en": "The slope of tanh is missing: a saturated unit passes no gradient on.",
    "zh": "缺少 tanh 的斜率：饱和的单元不会把梯度传下去。",
}
WRONG_SLOPE = {
    "en": "The slope of tanh is not what it should be. Try it: at h_next = 0 it is 1, at "
    "h_next = 1 and h_next = -1 it is 0.",
    "zh": "tanh 的斜率不对。检验一下：h_next = 0 时应为 1，h_next = 1 和 h_next = -1 时应为 0。",
}


def _untransposed(h_next, w_hh):
    return (1 - h_next**2)[:, None] * w_hh


def _other_way_round(h_next, w_hh):
    return (1 - h_next**2) * w_hh


def _slope_on_columns(h_next, w_hh):
    return (1 - h_next**2) * w_hh.T


def _tanh_twice(h_next, w_hh):
    return (1 - np.tanh(h_next) ** 2)[:, None] * w_hh.T


def _before_tanh(h_next, w_hh):
    return (1 - np.arctanh(h_next) ** 2)[:, None] * w_hh.T


def _no_slope(h_next, w_hh):
    return w_hh.T.copy()


def _not_squared(h_next, w_hh):
    return (1 - h_next)[:, None] * w_hh.T


def _difference_squared(h_next, w_hh):
    return ((1 - h_next) ** 2)[:, None] * w_hh.T


def _sigmoid_slope(h_next, w_hh):
    return (h_next * (1 - h_next))[:, None] * w_hh.T


for _id, _help, _wrong in [
    ("no_transpose", NO_TRANSPOSE, _untransposed),
    ("no_transpose", NO_TRANSPOSE, _other_way_round),
    ("slope_on_columns", SLOPE_ON_COLUMNS, _slope_on_columns),
    ("slope_of_preactivation", PREACTIVATION, _tanh_twice),
    ("slope_of_preactivation", PREACTIVATION, _before_tanh),
    ("no_slope", NO_SLOPE, _no_slope),
    ("wrong_slope", WRONG_SLOPE, _not_squared),
    ("wrong_slope", WRONG_SLOPE, _difference_squared),
    ("wrong_slope", WRONG_SLOPE, _sigmoid_slope),
]:

    def _norms_with(states, w_hh, grad_last, jacobian=_wrong):
        return _norms(states, w_hh, grad_last, lambda g, h, w: g @ jacobian(h, w))

    mistake("step_jacobian", _id, **_help)(_wrong)
    mistake("gradient_norms", _id, **_help)(_norms_with)


# gradient_norms

OFF_BY_ONE = {
    "en": "The steps are counted off by one. The step from h_t to h_{t+1} has the slope of which "
    "state, and how often is the last gradient multiplied?",
    "zh": "步数差了一。从 h_t 到 h_{t+1} 这一步用的是哪个状态的斜率？最后的梯度应被乘几次？",
}
REVERSED = {
    "en": "Time runs backwards: entry t belongs to state t, so the norm of grad_last comes last.",
    "zh": "时间倒过来了：第 t 项属于第 t 个状态，所以 grad_last 的范数排在最后。",
}
SUM_FOR_PRODUCT = {
    "en": "Gradients are added up on the way back. The loss sees only the last state: what does "
    "each step do to the gradient that comes from it?",
    "zh": "反向传播时把梯度加了起来。损失只看最后一个状态：每一步对传来的梯度做的是什么？",
}
WRONG_NORM = {
    "en": "The gradients may be right, their length is measured in another norm: the 2-norm is "
    "asked for, with its root.",
    "zh": "梯度可能是对的，但用了别的范数：要求的是 2-范数，不要漏掉开方。",
}


@mistake("gradient_norms", "no_transpose", **NO_TRANSPOSE)
def norms_jacobian_times_gradient(states, w_hh, grad_last):
    return _norms(states, w_hh, grad_last, lambda g, h, w: _jacobian(h, w) @ g)


@mistake("gradient_norms", "off_by_one", **OFF_BY_ONE)
def norms_slope_of_the_state_before(states, w_hh, grad_last):
    return _norms(np.concatenate([states[:1], states[:-1]]), w_hh, grad_last)


@mistake("gradient_norms", "off_by_one", **OFF_BY_ONE)
def norms_one_step_too_many(states, w_hh, grad_last):
    return _norms(np.concatenate([states[:1], states]), w_hh, grad_last)[:-1]


@mistake("gradient_norms", "off_by_one", **OFF_BY_ONE)
def norms_one_entry_too_many(states, w_hh, grad_last):
    return _norms(np.concatenate([states[:1], states]), w_hh, grad_last)


@mistake("gradient_norms", "off_by_one", **OFF_BY_ONE)
def norms_one_entry_missing(states, w_hh, grad_last):
    return _norms(states, w_hh, grad_last)[:-1]


@mistake("gradient_norms", "reversed_time", **REVERSED)
def norms_reversed(states, w_hh, grad_last):
    return _norms(states, w_hh, grad_last)[::-1].copy()


@mistake("gradient_norms", "reversed_time", **REVERSED)
def norms_first_state_first(states, w_hh, grad_last):
    return _norms(np.concatenate([states[:1], states[:0:-1]]), w_hh, grad_last)


@mistake("gradient_norms", "sum_for_product", **SUM_FOR_PRODUCT)
def norms_summed(states, w_hh, grad_last):
    return _norms(states, w_hh, grad_last, lambda g, h, w: g + g @ _jacobian(h, w))


@mistake("gradient_norms", "sum_for_product", **SUM_FOR_PRODUCT)
def norms_of_summed_jacobians(states, w_hh, grad_last):
    total, norms = np.zeros_like(w_hh), [np.linalg.norm(grad_last)]
    for h_next in states[:0:-1]:
        total = total + _jacobian(h_next, w_hh)
        norms.append(np.linalg.norm(grad_last @ total))
    return np.array(norms[::-1])


def _squared(gradient):
    return np.sum(gradient**2)


def _absolute(gradient):
    return np.abs(gradient).sum()


def _largest(gradient):
    return np.abs(gradient).max()


for _norm in (_squared, _absolute, _largest):

    def _other_norms(states, w_hh, grad_last, norm=_norm):
        return _norms(states, w_hh, grad_last, norm=norm)

    mistake("gradient_norms", "wrong_norm", **WRONG_NORM)(_other_norms)


@mistake(
    "gradient_norms",
    "norm_for_product",
    en="Norms were multiplied, not matrices: how much a step shrinks a gradient depends on its "
    "direction.",
    zh="相乘的是范数而不是矩阵：一步使梯度缩小多少，取决于梯度的方向。",
)
def norms_multiplied(states, w_hh, grad_last):
    norms = [np.linalg.norm(grad_last)]
    for h_next in states[:0:-1]:
        norms.append(norms[-1] * np.linalg.norm(_jacobian(h_next, w_hh), 2))
    return np.array(norms[::-1])


# spectral_radius

NORM_FOR_RADIUS = {
    "en": "This is a norm of the matrix. For [[0.5, 2], [0, 0.5]] the norm is above 2 and the "
    "spectral radius 0.5: which numbers does the radius look at?",
    "zh": "这是矩阵的范数。对于 [[0.5, 2], [0, 0.5]]，范数大于 2，而谱半径是 0.5："
    "谱半径看的是哪些数？",
}
REAL_PART = {
    "en": "Eigenvalues may be complex, and the real part is not their size: a rotation has purely "
    "imaginary ones. A negative one can be the largest, too.",
    "zh": "特征值可能是复数，实部并不是它的大小：旋转矩阵的特征值就是纯虚数。负的也可能是最大的。",
}


def _eigenvalues(w):
    return np.linalg.eigvals(w)


for _id, _help, _wrong in [
    ("norm_for_radius", NORM_FOR_RADIUS, lambda w: float(np.linalg.norm(w, 2))),
    ("norm_for_radius", NORM_FOR_RADIUS, lambda w: float(np.linalg.norm(w))),
    ("norm_for_radius", NORM_FOR_RADIUS, lambda w: float(np.linalg.norm(w, 1))),
    ("norm_for_radius", NORM_FOR_RADIUS, lambda w: float(np.linalg.norm(w, np.inf))),
    ("norm_for_radius", NORM_FOR_RADIUS, lambda w: float(np.abs(w).max())),
    ("real_part", REAL_PART, lambda w: float(_eigenvalues(w).real.max())),
    ("real_part", REAL_PART, lambda w: float(np.abs(_eigenvalues(w).real).max())),
]:
    mistake("spectral_radius", _id, **_help)(_wrong)


@mistake(
    "spectral_radius",
    "symmetric_only",
    en="These are eigenvalues of a symmetric matrix (`eigvalsh` reads one half of w only).",
    zh="这是对称矩阵的特征值（`eigvalsh` 只读取 w 的一半）。",
)
def radius_of_symmetric(w):
    return float(np.abs(np.linalg.eigvalsh(w)).max())


@mistake(
    "spectral_radius",
    "wrong_eigenvalue",
    en="This is one of the moduli, but not the largest: eigenvalues come in no order.",
    zh="这是其中一个特征值的模，但不是最大的：特征值的排列没有顺序。",
)
def radius_first_eigenvalue(w):
    return float(np.abs(_eigenvalues(w)[0]))


@mistake(
    "spectral_radius",
    "wrong_eigenvalue",
    en="This is one of the moduli, but not the largest: eigenvalues come in no order.",
    zh="这是其中一个特征值的模，但不是最大的：特征值的排列没有顺序。",
)
def radius_smallest_eigenvalue(w):
    return float(np.abs(_eigenvalues(w)).min())


# demonstrate: its random numbers are free, so these prove more than they recognise


def _demonstrate(radius, length, hidden, seed, *, size=_modulus, start=1e-3, norms=_norms):
    rng = np.random.default_rng(seed)
    w_hh = rng.normal(size=(hidden, hidden))
    w_hh *= radius / size(w_hh)
    states = [rng.uniform(-start, start, size=hidden)]
    for _ in range(length - 1):
        states.append(np.tanh(states[-1] @ w_hh))
    return norms(np.stack(states), w_hh, np.ones(hidden))


@mistake(
    "demonstrate",
    "radius_ignored",
    en="The matrix is as it was drawn: the radius asked for has no effect.",
    zh="矩阵还是抽出来的样子：要求的谱半径没有起作用。",
)
def demonstrate_unscaled(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, seed, size=lambda w: radius)


@mistake("demonstrate", "norm_for_radius", **NORM_FOR_RADIUS)
def demonstrate_spectral_norm(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, seed, size=lambda w: np.linalg.norm(w, 2))


@mistake("demonstrate", "norm_for_radius", **NORM_FOR_RADIUS)
def demonstrate_frobenius_norm(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, seed, size=np.linalg.norm)


@mistake("demonstrate", "reversed_time", **REVERSED)
def demonstrate_reversed(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, seed, norms=norms_reversed)


@mistake("demonstrate", "sum_for_product", **SUM_FOR_PRODUCT)
def demonstrate_summed(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, seed, norms=norms_summed)


@mistake("demonstrate", "off_by_one", **OFF_BY_ONE)
def demonstrate_one_step_too_many(radius, length, hidden, seed):
    return _demonstrate(radius, length + 1, hidden, seed)


@mistake(
    "demonstrate",
    "large_first_state",
    en="The first state is too large: tanh saturates, and its slopes hide what the radius does.",
    zh="初始状态太大：tanh 饱和，它的斜率掩盖了谱半径的作用。",
)
def demonstrate_saturated(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, seed, start=3.0)


@mistake(
    "demonstrate",
    "seed_ignored",
    en="Every seed draws the same network.",
    zh="无论种子是多少，抽出的都是同一个网络。",
)
def demonstrate_one_seed(radius, length, hidden, seed):
    return _demonstrate(radius, length, hidden, 0)


@mistake(
    "demonstrate",
    "states_returned",
    en="These are the states' norms, not those of the gradients at the states.",
    zh="这是状态的范数，而不是状态处梯度的范数。",
)
def demonstrate_states(radius, length, hidden, seed):
    return _demonstrate(
        radius, length, hidden, seed, norms=lambda states, w, g: np.linalg.norm(states, axis=1)
    )


# clip_by_global_norm

PER_ARRAY = {
    "en": "Each array is clipped by its own norm, which bends the gradient's direction. How long "
    "are all of them together?",
    "zh": "每个数组按自己的范数裁剪，梯度的方向因此被扭曲。它们合在一起有多长？",
}
WRONG_GLOBAL_NORM = {
    "en": "The global norm is not that of all numbers taken as one long vector.",
    "zh": "全局范数不是把所有数当作一个长向量时的范数。",
}
EPSILON = {
    "en": "A small number in the denominator leaves the norm a little below max_norm. When you "
    "divide, the norm is larger than max_norm anyway.",
    "zh": "分母里加的小数使范数略低于 max_norm。做除法的时候，范数本来就大于 max_norm。",
}


def _norm(grads):
    return np.sqrt(sum(np.sum(grad**2) for grad in grads))


def _clip(grads, max_norm, norm):
    factor = max_norm / norm if norm > max_norm else 1.0
    return [grad * factor for grad in grads]


@mistake("clip_by_global_norm", "per_array", **PER_ARRAY)
def clip_each_array(grads, max_norm):
    return [_clip([grad], max_norm, _norm([grad]))[0] for grad in grads]


@mistake(
    "clip_by_global_norm",
    "per_element",
    en="Each number is cut by itself, which bends the gradient's direction.",
    zh="每个数各自被截断，梯度的方向因此被扭曲。",
)
def clip_each_element(grads, max_norm):
    return [np.clip(grad, -max_norm, max_norm) for grad in grads]


@mistake(
    "clip_by_global_norm",
    "scaled_when_small",
    en="Gradients that are short already were made longer. Those stay as they are.",
    zh="本来就短的梯度被放大了。它们应保持不变。",
)
def clip_always(grads, max_norm):
    return [grad * (max_norm / _norm(grads)) for grad in grads]


@mistake(
    "clip_by_global_norm",
    "not_clipped",
    en="Long gradients came back as they were.",
    zh="过长的梯度原样返回了。",
)
def clip_never(grads, max_norm):
    return [grad.copy() for grad in grads]


@mistake("clip_by_global_norm", "wrong_global_norm", **WRONG_GLOBAL_NORM)
def clip_squared_norm(grads, max_norm):
    return _clip(grads, max_norm, _norm(grads) ** 2)


@mistake("clip_by_global_norm", "wrong_global_norm", **WRONG_GLOBAL_NORM)
def clip_sum_of_norms(grads, max_norm):
    return _clip(grads, max_norm, sum(np.linalg.norm(grad) for grad in grads))


@mistake("clip_by_global_norm", "wrong_global_norm", **WRONG_GLOBAL_NORM)
def clip_largest_norm(grads, max_norm):
    return _clip(grads, max_norm, max(np.linalg.norm(grad) for grad in grads))


@mistake(
    "clip_by_global_norm",
    "only_divided",
    en="Clipped gradients should have the norm max_norm, not 1.",
    zh="裁剪后梯度的范数应是 max_norm，而不是 1。",
)
def clip_to_one(grads, max_norm):
    norm = _norm(grads)
    return [grad / norm if norm > max_norm else grad.copy() for grad in grads]


for _size in (1e-5, 1e-6, 1e-7, 1e-8):

    def _clip_with_epsilon(grads, max_norm, epsilon=_size):
        norm = _norm(grads)
        factor = max_norm / (norm + epsilon) if norm > max_norm else 1.0
        return [grad * factor for grad in grads]

    def _clip_as_torch(grads, max_norm, epsilon=_size):
        factor = min(1.0, max_norm / (_norm(grads) + epsilon))
        return [grad * factor for grad in grads]

    mistake("clip_by_global_norm", "epsilon", **EPSILON)(_clip_with_epsilon)
    mistake("clip_by_global_norm", "epsilon", **EPSILON)(_clip_as_torch)
