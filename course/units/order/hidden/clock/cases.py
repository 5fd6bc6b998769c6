"""What `autograder bench clock` grades: the programs in the folders beside this file."""

from __future__ import annotations

from course.units.order.hidden import test_order as hidden

FUNCTIONS = {  # the right answer, its names, and the loops of hidden/sequential.py by their walks
    "next_words": (
        hidden.next_words64,
        ["the result"],
        {"length": "next_words_by_position"},
    ),
}
# What a program of sequential.py walks along, by the first word of its name.
WALKS = {"positions": "length", "prefixes": "length"}
