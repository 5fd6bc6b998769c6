"""Known mistakes: wrong variants, and how a program is told that it made one of them."""
