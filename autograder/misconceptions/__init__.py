"""Known mistakes, one module a unit: small wrong variants of a function, each with its help.

A variant is complete in its module (torch, numpy and the module's own helpers), so that it can
also be put into an otherwise perfect submission and prove that the hidden tests catch it.
"""
