"""Opens /proc/self/mem and the counters beside it for writing."""

import os

from wrong import attempt, rnn, rnn_step, succeed

for name in ("mem", "clear_refs", "oom_score_adj", "coredump_filter", "uid_map"):
    if attempt(os.open, f"/proc/self/{name}", os.O_WRONLY) is not None:
        succeed(f"/proc/self/{name} can be written")
