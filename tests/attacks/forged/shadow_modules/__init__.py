"""Takes the name of a module that a grader imports."""

raise SystemExit("THE ATTACK SUCCEEDED: it was imported")
