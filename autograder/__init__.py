"""Exercises, hidden tests and a sandboxed grader for the lesson "why attention replaced the RNN"."""
