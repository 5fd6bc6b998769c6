"""What `autograder bench clock` grades: the programs in the folders beside this file."""

from __future__ import annotations

from course.units.attention.hidden import test_attention as hidden

RESULT = ("the result",)
FUNCTIONS = {  # the right answer, its names, and the loops of hidden/sequential.py by their walks
    "score": (
        lambda q, k: q @ k.mT,
        RESULT,
        {"queries": "score_by_query", "keys": "score_by_key"},
    ),
    "weighted_sum": (
        lambda weights, v: weights @ v,
        RESULT,
        {"queries": "weighted_sum_by_query", "keys": "weighted_sum_by_key"},
    ),
    "attention": (
        hidden.attention64,
        hidden.NAMES,
        {
            "batch": "attention_by_sentence",
            "queries": "attention_by_query",
            "keys": "attention_by_key",
        },
    ),
}
# What a program of sequential.py walks along, by the first word of its name.
WALKS = {
    "sentences": "batch", "mapped": "batch", "vmap": "batch",
    "queries": "queries", "keys": "keys", "values": "keys",
}  # fmt: skip
