"""The name of the pretend accelerator, and whether it can be had. Imports no torch."""

from __future__ import annotations

import functools
import importlib.util
import os
from pathlib import Path

PRETEND = "gpu"  # the device that every machine has: see accelerator.py
# What torch must have for it, and where.
SETUP, WHERE = "_setup_privateuseone_for_python_backend", "utils/backend_registration.py"
REHEARSAL = "AUTOGRADER_REHEARSE_CUDA"  # a variable of tests: it stands for CUDA; see rehearses


def rehearses() -> bool:
    """Whether this device takes CUDA's place in all that is done for CUDA, to try that without one.

    The variable is 1 then. Such marks are advisory.
    """
    return os.environ.get(REHEARSAL) == "1"


@functools.cache
def can_pretend() -> bool:
    """Whether the installed torch can have it: asked of its source."""
    spec = importlib.util.find_spec("torch")
    if not spec or not spec.origin:
        return False
    try:
        return f"def {SETUP}" in (Path(spec.origin).parent / WHERE).read_text("utf-8")
    except OSError:
        return False
