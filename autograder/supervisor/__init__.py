"""The trusted side of the wall: it starts what runs a student's program, and ends it."""
