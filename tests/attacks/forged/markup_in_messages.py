"""Raises messages of terminal escapes, markup, formulas and right-to-left marks. (harms itself)"""

from wrong import during

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m[bold red][/]</td><script>alert(1)</script>=1+1\u202e\u2066\u200b\r\b"


def attack():
    raise type("E" + EVIL, (Exception,), {})(EVIL * 50)


rnn_step, rnn = during(attack)
