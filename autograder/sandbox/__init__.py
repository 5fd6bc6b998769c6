"""The only code that runs beside a student's. It imports nothing of the grader."""
