"""Every error that is ours to tell, in one tree.

GraderError             something failed on our side: no submission is to blame
├── CourseError         the course cannot be used as it is
├── SubmissionsError    the folder given holds no submissions
├── ResultsError        the folder of results cannot be written to
└── IsolationError      this machine cannot isolate a student's program
"""

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


class CourseError(GraderError):
    """The course cannot be used as it is; the message names the file and the remedy."""


class SubmissionsError(GraderError):
    """The folder given holds no submissions; the message says what was expected."""


class ResultsError(GraderError):
    """The folder of results cannot be written to; the message says why and the remedy."""
