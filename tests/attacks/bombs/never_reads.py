"""Sleeps for ever, and its connection fills up. (harms itself)"""

import time

time.sleep(1e6)
