"""The name by which courses' nbgrader_config.py know it: see preprocessors.py."""

from autograder.notebooks.preprocessors import *  # noqa: F403
