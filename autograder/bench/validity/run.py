"""Are the marks right? Wrong programs must fail and be told why, right ones must pass.

Six questions, each answered over every unit of the course: are the known mistakes caught and
named, is what others did wrong told truly, is what a GPU would refuse, are small changes of the
solutions caught, do right answers written differently get full marks, and do the solutions agree
with PyTorch's own layers?
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from autograder.bench.validity.agreement import agreements, print_agreements
from autograder.bench.validity.cheats import cheats, print_cheats
from autograder.bench.validity.devices import on_gpu, print_on_gpu
from autograder.bench.validity.graders import CorrectnessGraders
from autograder.bench.validity.known import generic, known_mistakes, print_mistakes
from autograder.bench.validity.mutation import mutation, print_mutation
from autograder.bench.validity.right import print_right, right_answers
from autograder.bench.validity.written import print_wrong, wrong_programs
from autograder.core.course import Course, Unit


def bench(course: Course, units: Sequence[Unit], jobs: int, console: Console) -> bool:
    """Print every part; return whether nothing is left to be mended."""
    with CorrectnessGraders(course, jobs) as graders:
        known = known_mistakes(graders, units)
        print_mistakes(console, "Known mistakes, each alone in a perfect submission", known)
        everywhere = generic(graders, units)
        print_mistakes(console, "Mistakes that any function can make", everywhere)
        written = wrong_programs(graders, units)
        print_wrong(console, written)
        refused = on_gpu(graders, units)
        print_on_gpu(console, refused)
        right = right_answers(graders, units)
        print_right(console, right)
        cheated = cheats(graders, units)
        print_cheats(console, cheated)
    tried = mutation(course, units, jobs, public=True)
    print_mutation(console, tried)
    agreed = agreements(course, units)
    print_agreements(console, agreed)
    return (
        all(m.caught and m.recognised for m in [*known, *everywhere])
        and not any(w.falsely for w in written)
        and not any(t.survived for t in tried)
        and all(r.full for r in right)
        and all(c.caught for c in cheated)
        and all(o.right for o in refused)
        and all(a.close for a in agreed)
    )
