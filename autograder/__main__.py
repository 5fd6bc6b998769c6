"""`python -m autograder`: the commands, where the program `autograder` is not on the PATH."""

from autograder.cli import app

app()
