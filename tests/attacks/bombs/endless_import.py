"""Never ends its import, in C, where no signal handler of Python's is run. (harms itself)"""

import re

re.match(r"(a+)+$", "a" * 64 + "b")
