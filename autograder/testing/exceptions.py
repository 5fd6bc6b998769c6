"""What exceptions of torch's and Python's own mean to a beginner, by their words."""

from __future__ import annotations

import re

from autograder.core.language import _

# Words of an exception; the name of the mistake that raises it; what to look at.
MEANING = [
    (
        r"modified by an inplace operation|leaf Variable that requires grad",
        "in_place",
        _(
            "Autograd still needs a tensor that was changed in place (`+=`, `/=`, `[…] =`, or a "
            "name that ends in `_`). Make a new one: `h = h + x`, or a list and `torch.stack`."
        ),
    ),
    (
        r"cannot be converted to type .*Half without overflow",
        "fill_overflows",
        _(
            "The number does not fit into float16, whose largest is 65504. What is the lowest "
            "number of whatever dtype a tensor has?"
        ),
    ),
    (
        r"with a bool tensor is not supported",
        "bool_arithmetic",
        _("True and False are no numbers to torch. `~mask` is the opposite of a mask."),
    ),
    (
        r"torch\.return_types\.|'tuple' object has no attribute '(abs|max|min|exp)'",
        "pair_for_values",
        _(
            "Along an axis, `max` and `min` return two things, the values and where they stand. "
            "Which of them is wanted here?"
        ),
    ),
    (
        r"to have the same dtype|expected scalar type|dtypes? .*(do not|don't) match",
        "mixed_dtypes",
        _(
            "Two dtypes meet. What you make yourself has torch's default, float32, unless you say "
            "otherwise: `dtype=x.dtype`, or `x.new_zeros(…)`. What is kept from an earlier call "
            "has that call's."
        ),
    ),
    (
        r"does not require grad|can't optimize a non-leaf",
        "no_requires_grad",
        _(
            "Autograd was asked about a tensor that it does not follow. From which tensor on, and "
            "up to where, is there a graph?"
        ),
    ),
    (
        r"can be implicitly created only for scalar",
        "not_summed",
        _("A gradient is that of a single number: what makes one of all these?"),
    ),
    (
        r"Boolean value of Tensor with more than one|truth value of an array with more than one",
        "one_of_a_batch",
        _(
            "`if`, `while`, `and` and `not` want one truth, and a tensor holds one for each of its "
            "numbers. Is it meant of any, of all, or of each by itself (`torch.where`)?"
        ),
    ),
    (
        r"be converted to (Python )?[Ss]calar|can only convert an array of size 1",
        "one_number_of_many",
        _(
            "`item()`, `int` and `float` want a single number, and here there are several: with a "
            "batch, one for each sentence. Is one of them meant, or all, as a tensor?"
        ),
    ),
    (
        r"'complex'|complex number",
        "complex_eigenvalues",
        _("The number is complex: neither is it a float, nor is there an order. What is its size?"),
    ),
    (
        r"Can't call numpy\(\) on Tensor that requires grad",
        "detached",
        _("NumPy knows of no gradients, and `detach` would cut the graph: stay in torch."),
    ),
]


def in_words(kind: str, message: str) -> str:
    """An exception as its last line has it: `ValueError: no idea`."""
    return f"{kind}: {message}" if message else kind


def meaning(error: str) -> tuple[str, str]:
    """The help for an exception, and the mistake's name; both empty where the words say it all."""
    found = ((advice, name) for words, name, advice in MEANING if re.search(words, error))
    return next(found, ("", ""))
