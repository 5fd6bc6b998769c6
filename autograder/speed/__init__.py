"""Is a program as parallel as the reference? Both are timed in turn, from outside."""
