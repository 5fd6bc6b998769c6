"""What random inputs are drawn from: another seed for every submission."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError
from autograder.intake.submission import Submission

SECRET_BYTES = 32
WAITS, WAIT_SECONDS = 50, 0.01


def seed_of(submission: Submission, unit: Unit, course: Course) -> str:
    """Another seed for every submission, so that no input ever comes back."""
    text = f"{submission.digest}\n{unit.name}"
    return hmac.new(secret(course.root), text.encode(), hashlib.sha256).hexdigest()


def secret(root: Path) -> bytes:
    """The course's secret, which every seed comes from; made at the first grading."""
    path = root / "course" / ".secret"
    try:
        return _whole(path)
    except FileNotFoundError:
        fresh = secrets.token_bytes(SECRET_BYTES)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _whole(path)
    except OSError as error:
        raise CourseError(
            f"{path}, which holds the course's secret, cannot be written: {error.strerror}."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(fresh)
    return fresh


def _whole(path: Path) -> bytes:
    """The secret, once its writer, who may be another of this grading's threads, is done."""
    for _ in range(WAITS):
        if len(found := path.read_bytes()) >= SECRET_BYTES:
            return found
        time.sleep(WAIT_SECONDS)
    raise CourseError(f"{path} is cut short. Delete it; the next grading makes a new one.")
