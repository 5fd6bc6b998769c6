"""A class: many submissions, over the workers of this machine or a cluster, each graded once."""
