"""The report of a unit: the truth that every rendering is made from."""
