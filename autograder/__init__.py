"""A sandboxed grader for programming exercises; the exercises and their tests are a course's."""

__version__ = "0.1.0"  # which a course may ask for: [course] needs in its course.toml
