"""For whoever adds a unit to the course: its files laid out, and what it still lacks."""

MISTAKES = 3  # known ones that each exercise needs
RIGHT_ANSWERS = 10  # that a unit needs, no two written alike
SHARE = 8  # one mutant, or mistake, in so many is tried where time is short
