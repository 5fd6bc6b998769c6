"""The course in nbgrader: lessons into notebooks and pages, and the grading of what comes back."""
