"""What a class hands in: found, and read."""
