"""Writes a report of full marks on every descriptor that it finds. (harms itself)"""

import os

from wrong import attempt

for descriptor in range(256):
    attempt(os.write, descriptor, b'{"score": 12, "max_score": 12, "status": "graded"}\n')
