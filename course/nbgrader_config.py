"""nbgrader's settings for this course: students' notebooks are graded in the sandbox.

`python -m autograder.notebooks DIR` makes a DIR/nbgrader_config.py that loads this file.
"""

from pathlib import Path

from autograder.notebooks.preprocessors import configure

configure(get_config(), Path(__file__).resolve().parent.parent)  # noqa: F821 - traitlets' own name
