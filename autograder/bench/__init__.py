"""What `autograder bench` measures. A ratio is between things measured in turn, in one run."""
