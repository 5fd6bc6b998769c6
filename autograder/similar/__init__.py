"""Whose work it is: programs that are alike, for an instructor to look at."""
