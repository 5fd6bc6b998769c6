"""A public test that says it catches a mistake fails for a program that makes it."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, UNITS
from test_claims import claims

from autograder.core import course as courses
from autograder.local import public_tests
from autograder.mistakes import publish
from autograder.mistakes.publish import Mistaken, MistakeRecorder
from autograder.testing.plugin import exercise_of

# What public tests say that they catch, and the known mistakes that this is about.
PROMISES = {
    "attention": {
        "q and k swapped": "swapped_qk",
        "a transpose of the wrong axes": "no_transpose",
        "a product of elements": "elementwise",
        "d_k for √d_k|d_k or nothing": "scale_by_d no_scale",
        "no division$": "no_scale",
        "a root taken in float32": "float32_root",
        "`dim` ignored": "dim_ignored",
        "an epsilon": "epsilon",
        "no maximum subtracted": "no_max",
        "the maximum over everything": "max_over_everything",
        "the maximum of hidden keys": "max_of_hidden",
        "the weights transposed": "transposed_weights",
        "a sum over the queries": "sum_over_queries",
        "scaled after the softmax": "scale_after_softmax",
        "the mask inverted": "mask_inverted",
        "filled with 0": "fill_zero",
        "applied without a new division": "mask_after_softmax",
        "NaN in the last row": "empty_row_nan",
    },
    "rnn": {
        "w_hh transposed": "transposed_w_hh",
        "bias missing": "no_bias",
        "no tanh": "no_tanh",
        "sigmoid": "wrong_activation",
        "h0 used at every step": "h0_at_every_step",
        "only the last state": "last_state_only",
        "reversed time": "reversed_time",
        "h0 among the states": "initial_state_included",
        "a `detach` between the steps": "detached",
    },
    "gates": {
        "the gates in another order": "gate_order",
        "i and f swapped": "gates_swapped",
        "sigmoid on the candidate": "sigmoid_candidate",
        "h without tanh": "no_tanh",
        "the old c used": "old_cell",
        "a bias left out": "no_bias",
        "overflows": "sigmoid_overflows",
        "reset before the matmul": "reset_before_matmul",
        "b_hn outside": "bias_outside_reset",
        "z and 1 - z swapped": "interpolation_swapped",
        "r and z swapped": "gates_swapped",
        "h overwritten before the mix": "overwritten_state",
        "the row itself": "off_by_one",
        "the rows before": "reversed_time",
        "a sum": "sum_for_product",
    },
    "receptive_field": {
        "kernel flipped": "kernel_flipped",
        "dilation ignored": "dilation_ignored",
        "on one side only": "one_sided_padding",
        "no bias": "no_bias",
        "a start at 0": "starts_at_zero",
        "K·dilation": "taps_for_gaps",
        "the layer's own stride": "own_stride",
        "one layer early": "stride_too_early",
        "strides ignored": "stride_ignored",
        "one layer too many or too few": "off_by_one",
        "a layer for length 1": "at_least_one",
        "the formula in place": "formula_for_measurement",
        "an end left out": "off_by_one",
    },
    "vanishing_gradient": {
        "transpose missing": "no_transpose",
        "slopes on the columns": "slope_on_columns",
        "the slope of the pre-activation": "slope_of_preactivation",
        "time reversed": "reversed_time",
        "sum for product": "sum_for_product",
        "a norm in place": "norm_for_radius",
        "radius ignored": "radius_ignored",
        "each array or each element": "per_array per_element",
        "an epsilon": "epsilon",
        "everything scaled": "scaled_when_small",
    },
    "seq2seq": {
        "last padded state": "last_padded_state",
        "mean of the states": "mean_of_states",
        "`end` not honoured": "end_not_honoured",
        "words after it": "end_not_filled",
        "`start` among the ids": "start_included",
        "max_length off by one": "off_by_one",
        "the word not fed back": "word_not_fed_back",
        "the parts of the input": "input_order",
        "a first state of zeros": "zero_state",
        "no context in the input": "no_context",
    },
    "cross_attention": {
        "no √H": "no_scale",
        "softmax over the queries": "softmax_over_queries",
        "values from the decoder": "values_from_decoder",
        "the mask ignored": "mask_ignored",
        "filled with 0": "fill_zero",
        "NaN in the last row": "empty_row_nan",
        "padding attended to": "padding_seen",
        "the state after the step": "query_after_step",
        "the alignment's axes": "alignment_axes",
        "a context made once": "context_not_renewed",
    },
    "self_attention": {
        "one projection for all three": "one_projection",
        "a wrong order": "wrong_order",
        "x @ w.T": "transposed_projection",
        "the diagonal hidden": "diagonal_masked",
        "a shift by one": "causal_shifted",
        "True = hidden": "mask_inverted",
        "no mask": "causal_ignored",
        "softmax over the queries": "wrong_axis",
        "a wrong scale": "no_scale scale_by_d",
        "w_o left out": "no_output_projection",
        "a view without a transpose": "view_without_transpose",
        "heads interleaved": "heads_interleaved",
        "√d_model for √d_head": "scale_by_model",
        "a head's width taken from x": "width_of_words",
    },
    "gradient_paths": {
        "time reversed": "reversed_time",
        "the states of all steps added up": "all_outputs",
        "a norm for every sentence": "norm_per_sentence",
        "the gradient of the cell": "cell_for_state",
        "another output than the last": "first_output",
    },
    "cost": {
        "the same count for all": "all_sequential all_parallel",
        "no ValueError": "no_error",
        "dilation ignored": "dilation_ignored",
        "the kernel's size ignored": "kernel_ignored",
        "0 for length 1": "no_layer",
        "a logarithm that rounds wrongly": "float_logarithm",
        "one product of two left out": "one_product",
        "length and width swapped": "length_and_width_swapped",
        "projections counted": "projections_counted",
    },
    "streaming_attention": {
        "the sum or the output not rescaled": "sum_not_rescaled output_not_rescaled",
        "blocks averaged or added": "blocks_averaged blocks_added",
        "only the last block": "last_block_only",
        "the last block dropped": "rest_dropped",
        "d_k or nothing": "scale_by_d no_scale",
        "an epsilon": "epsilon",
        "no maximum subtracted": "no_max",
        "that of the first block only": "max_of_first_block",
        "a maximum that starts at 0": "max_from_zero",
    },
    "pronoun": {
        "another state than the last": "first_output",
        "no out_b": "no_output_bias",
        "cell in place of the state": "cell_for_state",
        "not handed on": "cell_not_kept state_not_kept",
        "one layer for two": "one_layer",
        "no ReLU": "no_relu",
        "middle word for the last": "middle_output",
        "the sum of the words": "sum_output",
        "a sum over the batch": "sum_not_mean",
        "a loss without a logarithm": "no_logarithm",
        "clipped by itself": "clipped_each",
        "small ones scaled up": "scaled_when_small",
        "plain gradient descent": "plain_descent",
        "a loss after the step": "loss_after_step",
        "uphill or nowhere": "uphill",
        "a number of sentences": "number_for_share",
        "a percentage": "percentage",
        "a tensor for a number": "tensor_for_number",
        "another word's row": "first_row",
        "without a softmax": "no_softmax",
        "looks at the last": "column_for_row",
    },
    "order": {
        "sine and cosine swapped": "sine_and_cosine_swapped",
        "all sines before all cosines": "not_interleaved",
        "positions from 1": "positions_from_one",
        "an angle of its own for each column": "rate_by_column",
        "another base": "wrong_base",
        "no ValueError": "no_error",
        "no positions": "no_positions",
        "no causal mask": "causal_ignored",
        "the last position only": "last_position_only",
        "a softmax at the end": "softmax_at_the_end",
        "no bias": "no_output_bias",
        "positions counted from the end": "positions_from_end",
        "the words scaled": "words_scaled",
        "each word its own target": "own_word_as_target",
        "a sum": "summed",
        "a mean over all T": "wrong_number",
        "a target for the last position": "last_has_target",
        "the first prediction left out": "first_left_out",
        "a loss for each sentence": "not_one_number",
        "a softmax before the cross-entropy": "softmax_twice",
        "the logarithm of 0": "naive_logarithm",
        "the beginning left out": "beginning_left_out",
        "written words not read": "not_read",
        "the first position's logits": "first_position",
        "`count` off by one": "off_by_one",
        "the highest id taken": "highest_id",
    },
}


class Ledger(MistakeRecorder):
    """The same runs; what is kept is every failure, whatever it says."""

    def __init__(self) -> None:
        super().__init__(ROOT)
        # By unit and mistake, and then by exercise and test: whether each variant failed it.
        self.made: dict[tuple[str, str], dict[tuple[str, str], list[bool]]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        where, backend = exercise_of(item), self._backend
        if call.when == "call" and where and isinstance(backend, Mistaken):
            runs = self.made.setdefault((where[0], backend._mistake.id), {})
            runs.setdefault((where[1], item.name), []).append(call.excinfo is not None)
        return super().pytest_runtest_makereport(item, call)

    def kept(self, unit: str, name: str, tests: list[str]) -> bool:
        """Whether each variant of a mistake fails one of some tests, in all their exercises."""
        runs = self.made.get((unit, name), {})
        exercises = {exercise for exercise, test in runs if test in tests}
        failed = [[r for (e, t), r in runs.items() if e == x and t in tests] for x in exercises]
        return bool(failed) and all(all(map(any, zip(*f, strict=True))) for f in failed)


@pytest.mark.parametrize("unit", UNITS)
def test_public_tests_catch_what_they_say_they_do(unit: str) -> None:
    """Each promise stands in a docstring, and one of its tests catches each variant.

    What the mistakes return is what course/known_mistakes.json holds; it drifts where a public
    test, a known mistake or its help has changed since.
    """
    ledger, course = Ledger(), courses.load(ROOT)
    assert public_tests.run(course, [course.unit(unit)], plugins=[ledger]).status == 0
    told, gaps = list(claims(ROOT / "exercises" / f"test_{unit}.py")), []
    for words, names in PROMISES.get(unit, {}).items():
        tests = [test for test, claim in told if re.search(words, claim)]
        gaps += [(words, name) for name in names.split() if not ledger.kept(unit, name, tests)]
    assert not gaps
    assert publish.same({unit: publish.recorded(course)[unit]}, ledger.mistakes)


def test_every_promise_is_of_a_unit() -> None:
    assert PROMISES.keys() <= set(UNITS)
