"""What students run: their own files, the public tests, and what to fix first."""
