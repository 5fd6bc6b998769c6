"""Known mistakes of the unit `attention`."""

import torch

from autograder.diagnosis import mistake


@mistake(
    "softmax",
    "wrong_axis",
    en="The softmax runs over the first axis, whatever `dim` says. Which axis holds one query's "
    "scores?",
    zh="无论 `dim` 是多少，softmax 都沿着第一个轴计算。一个 query 的分数排在哪个轴上？",
)
def softmax_first_axis(scores, dim=-1):
    return torch.softmax(scores, 0)
