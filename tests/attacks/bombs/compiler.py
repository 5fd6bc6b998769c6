"""Makes Python's own compiler work without end. (harms itself)"""

from wrong import during

SOURCE = "-" * 100_000 + "1"


def attack():
    for source in (SOURCE, "(" * 199 + ")" * 199, "f(" * 90 + ")" * 90, "a=" * 50_000 + "1"):
        try:
            compile(source, "", "exec")
        except Exception:
            pass
    raise MemoryError


rnn_step, rnn = during(attack)
