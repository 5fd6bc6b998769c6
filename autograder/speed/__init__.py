"""Does a program loop where it need not? Its time as a share of a loop's, seen from outside."""
