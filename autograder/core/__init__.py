"""What every room knows: the course, languages, errors, the terminal and other processes."""
