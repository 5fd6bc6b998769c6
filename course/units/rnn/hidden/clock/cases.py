"""What `autograder bench clock` grades: the programs in the folders beside this file."""

from __future__ import annotations

from course.units.rnn.hidden import test_rnn as hidden

FUNCTIONS = {  # the right answer, its names, and the loops of hidden/sequential.py by their walks
    "rnn": (
        hidden.rnn64,
        ["the result"],
        {"batch": "rnn_by_sentence", "hidden units": "rnn_by_unit"},
    ),
}
# What a program of sequential.py walks along, by the first word of its name.
WALKS = {"sentences": "batch", "units": "hidden units"}
