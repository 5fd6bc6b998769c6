"""Are the marks right? Programs that are known to be wrong or right, graded as a class is."""
