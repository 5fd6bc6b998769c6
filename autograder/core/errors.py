"""Every error that ends a command, in one tree."""

from __future__ import annotations


class GraderError(Exception):
    """Something failed on our side: no submission is to blame."""


class IsolationError(GraderError):
    """This machine cannot isolate a student's program.

    cause: why. remedy: what mends it, where that is known. said: all that the sandbox wrote.
    """

    def __init__(self, cause: str, remedy: str = "", said: str = "") -> None:
        advice = remedy or ("`autograder doctor` shows all that it said." if said else "")
        super().__init__(f"{cause} {advice}".rstrip())
        self.cause, self.remedy, self.said = cause, remedy, said


class CourseError(Exception):
    """The course cannot be used as it is; the message names the file and the remedy."""


class SubmissionsError(Exception):
    """The folder given holds no submissions; the message says what was expected."""


class ResultsError(Exception):
    """The folder of results cannot be written to; the message says why and the remedy."""
