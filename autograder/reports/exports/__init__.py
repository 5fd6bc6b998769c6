"""Marks as other systems read them, each a pure function of the reports."""
