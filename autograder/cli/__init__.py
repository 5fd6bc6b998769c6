"""The commands, thin: each reads its options, calls one module and prints what came of it."""

from autograder.cli.app import app as app
