"""Hands in helper modules with the names of the grader's own libraries."""

from wrong import rnn, rnn_step
