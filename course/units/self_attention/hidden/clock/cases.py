"""What `autograder bench clock` grades: the programs in the folders beside this file."""

from __future__ import annotations

from course.units.self_attention.hidden import test_self_attention as hidden

FUNCTIONS = {  # the right answer, its names, and the loops of hidden/sequential.py by their walks
    "self_attention": (
        hidden.self_attention64,
        ["the result"],
        {"batch": "self_attention_by_sentence", "length": "self_attention_by_query"},
    ),
    "multi_head_self_attention": (
        hidden.all_heads64,
        ["the result"],
        {"batch": "multi_head_by_sentence", "heads": "multi_head_by_head"},
    ),
}
# What a program of sequential.py walks along, by the first word of its name.
WALKS = {"sentences": "batch", "positions": "length", "heads": "heads"}
