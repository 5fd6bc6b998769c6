"""Exercises, hidden tests and a sandboxed grader: why attention replaced the RNN."""
