"""Where texts stop compiling, told by a process of its own: texts in, line numbers out, or null.

Its arguments: the seconds of CPU time and the bytes of memory that it may use. It runs nothing.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
import warnings

# `a.b.c…`: of a module's name Python's parser keeps every beginning, a gibibyte for 30,000 parts.
CHAIN = re.compile(r"""(?:\.[^.,:;=+\-*/%()\[\]{}<>|&^~@!'"#]+){200}""")


def limit(seconds: int, memory: int) -> None:
    """Bound this process."""
    try:
        import resource
    except ImportError:  # on Windows, where nobody grades
        return
    for what, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        resource.setrlimit(what, (most, most))


def parsable(text: str) -> str:
    """A text that Python's parser can be given: without accents, which it sorts, each with each.

    Raises ValueError for a name of hundreds of parts.
    """
    if CHAIN.search(text):
        raise ValueError("a name of hundreds of parts")
    if text.isascii():
        return text
    return "".join(sign for sign in text if unicodedata.category(sign)[0] != "M")


def stop(text: str) -> int | None:
    """The line that a text stops compiling at, if it does at any."""
    try:
        compile(parsable(text), "", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno
    except Exception:  # such as for a zero byte: no line is to blame
        pass
    return None


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    limit(*map(int, sys.argv[1:]))
    print(json.dumps([stop(text) for text in json.load(sys.stdin)]))
