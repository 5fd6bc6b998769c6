"""One submission in, one report out: the hidden tests, run against it in the sandbox."""
