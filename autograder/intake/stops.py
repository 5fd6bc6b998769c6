"""Where texts stop compiling, told by a process of its own: texts in, line numbers out, or null.

Its arguments: the seconds of CPU time and the bytes of memory that it may use. It runs nothing.
"""

from __future__ import annotations

import json
import sys
import warnings


def limit(seconds: int, memory: int) -> None:
    """Bound this process."""
    try:
        import resource
    except ImportError:  # on Windows, where nobody grades
        return
    for what, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        resource.setrlimit(what, (most, most))


def stop(text: str) -> int | None:
    """The line that a text stops compiling at, if it does at any."""
    try:
        compile(text, "", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno
    except Exception:  # such as for a zero byte: no line is to blame
        pass
    return None


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    limit(*map(int, sys.argv[1:]))
    print(json.dumps([stop(text) for text in json.load(sys.stdin)]))
