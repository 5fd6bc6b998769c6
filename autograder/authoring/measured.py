"""What a unit's tests make of right and wrong programs, by the functions that measure validity."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from autograder.authoring.draft import (
    AGREEMENT,
    FOLDER,
    HIDDEN,
    MISTAKES,
    PUBLIC,
    RIGHT,
    STARTER,
    Draft,
    Gap,
)
from autograder.bench.validity import agreement, known, mutation, right
from autograder.bench.validity.graders import solutions
from autograder.bench.validity.known import MistakeTrial
from autograder.local import public_tests as public
from autograder.local.recorded import FILE
from autograder.local.tally import Tally
from autograder.mistakes import publish

EQUIVALENT = f"{FOLDER}/hidden/equivalent_mutants.toml"
CALLS = "let it compare values of the function that it tests"
# A program that computes nothing has one of these for the body of each function.
EMPTY = ("return None", "return args[0]", "return 0.0", "raise ValueError", "return [args[0]]")


def public_tests(draft: Draft) -> Iterator[Gap]:
    """The solution passes every public test, the starter none."""
    begun, solved = (_tally(draft, folder) for folder in ("exercises", "solutions"))
    remedy = f"pytest {draft.place(PUBLIC)} --submission solutions shows why"
    if not solved.listed:
        yield draft.gap("missing", PUBLIC, "its tests do not run", remedy)
    for name in draft.names:
        where = (draft.unit.name, name)
        if failure := solved.failure.get(where):
            yield draft.gap("missing", PUBLIC, f"the solution fails {failure.test}", remedy)
        if passed := begun.number(where, "passed"):
            what = f"the starter passes {passed} of {len(begun.listed[where])} tests of {name}"
            yield draft.gap("weak", PUBLIC, what, CALLS)


def _tally(draft: Draft, folder: str) -> Tally:
    """What came of the public tests, for the programs in a folder."""
    for name in draft.course.unit_names:
        sys.modules.pop(name, None)  # another folder's
    options = ["--submission", str(draft.course.root / folder)]
    return public.run(draft.course, [draft.unit], options=options).tally


def hidden_tests(draft: Draft) -> Iterator[Gap]:
    """The solution gets full marks, the starter nothing, and every kind of points is tested."""
    right = solutions(draft.course)
    begin = right | {draft.unit.name: draft.text(STARTER)}
    todo = [(None, draft.unit, program) for program in (right, begin)]
    solved, begun = (report for _, report in draft.graders.grade(todo))
    if solved.status == "incomplete":
        yield draft.gap("missing", HIDDEN, solved.message, f"pytest {draft.place(HIDDEN)}")
        return
    for test in solved.tests:
        if test.status in ("failed", "error"):
            what = f"the solution fails {test.id}: {test.message}"
            yield draft.gap("missing", HIDDEN, what, "one of the two is wrong")
    tested = {(test.exercise, test.kind) for test in begun.tests}
    promised = {(e.name, kind) for e in draft.unit.exercises for kind in e.points}
    for name, kind in sorted(promised - tested):
        what = f"no test of {name} has the kind {kind}, which has points"
        remedy = f'@pytest.mark.exercise("{name}", kind="{kind}")'
        yield draft.gap("missing", HIDDEN, what, remedy)
    for name, kind in sorted(tested - promised):
        what = f"tests of {name} have the kind {kind}, which has no points"
        yield draft.gap("weak", HIDDEN, what, "give it points in course/course.toml")
    for test in begun.tests:
        if test.status == "passed":
            yield draft.gap("weak", HIDDEN, f"the starter passes {test.id}", CALLS)


def empty_programs(draft: Draft) -> Iterator[Gap]:
    """A program that computes nothing passes no test."""
    todo = []
    for body in EMPTY:
        text = "".join(f"def {name}(*args, **kwargs):\n    {body}\n" for name in draft.names)
        todo.append((body, draft.unit, solutions(draft.course) | {draft.unit.name: text}))
    for body, report in draft.graders.grade(todo):
        for test in report.tests:
            if test.status == "passed":
                what = f"a function whose body is `{body}` passes {test.id}"
                yield draft.gap("weak", HIDDEN, what, "compare values too")


def known_mistakes(draft: Draft) -> Iterator[Gap]:
    """Every known mistake is caught, and called by its name."""
    found = known.known_mistakes(draft.graders, [draft.unit])
    draft.counts["known mistakes"] = len(found)
    yield from _judged(draft, MISTAKES, found)


def any_mistakes(draft: Draft) -> Iterator[Gap]:
    """So are the mistakes that any function can make."""
    yield from _judged(draft, HIDDEN, known.generic(draft.graders, [draft.unit]))


def _judged(draft: Draft, file: str, found: list[MistakeTrial]) -> Iterator[Gap]:
    for mistake in found:
        what = f"{mistake.function}: {mistake.id} ({mistake.label})"
        if not mistake.caught:
            remedy = "a hidden test has to fail for it"
            yield draft.gap("weak", file, f"{what} is not caught", remedy)
        elif not mistake.recognised:
            named = ", ".join(sorted(mistake.named)) or "nothing"
            remedy = "what it returns has to be the first wrong value that a test meets"
            yield draft.gap("weak", file, f"{what} is caught, but named {named}", remedy)


def mutants_die(draft: Draft) -> Iterator[Gap]:
    """Every mutant dies, or is listed as equivalent; what is listed is one, and lives."""
    made = mutation.mutation(draft.course, [draft.unit], draft.jobs, share=draft.bar.share)
    draft.counts["mutants"] = len(made)
    for tried in made:
        change = f"{tried.mutant.before} → {tried.mutant.after}"
        if tried.survived:
            what = f"{tried.mutant.function} may be changed unseen: {change}"
            remedy = f"a test that fails for it; if none can, list it in {draft.place(EQUIVALENT)}"
            yield draft.gap("weak", HIDDEN, what, remedy)
        elif tried.equivalent and tried.hidden != "passed":
            what = f"listed, and yet a test fails for it: {tried.mutant.after}"
            yield draft.gap("weak", EQUIVALENT, what, "take it out")
    name = draft.unit.name
    lines = {mutant.after for mutant in mutation.mutants_of(draft.course, draft.unit)}
    for unit, line in mutation.read_equivalent(draft.course):
        if unit == name and line not in lines:
            yield draft.gap("weak", EQUIVALENT, f"listed, and no mutant: {line}", "take it out")


def right_answers(draft: Draft) -> Iterator[Gap]:
    """There are enough right answers, written differently, and all get full marks."""
    found = right.right_answers(draft.graders, [draft.unit])
    draft.counts["right answers"] = len(found)
    if len(found) < draft.bar.right:
        what = f"{len(found)} of {draft.bar.right} right answers"
        yield draft.gap("weak", RIGHT, what, "write the unit in further ways")
    for answer in found:
        failed = [f"{t.id}: {t.message}" for t in answer.report.tests if t.message]
        if not answer.full:
            what = f"no full marks: {failed[0] if failed else answer.report.message}"
            remedy = "the test asks for more than the docstring does, or it is wrong"
            yield draft.gap("weak", f"{RIGHT}/{answer.name}.py", what, remedy)


def agreements(draft: Draft) -> Iterator[Gap]:
    """The solution agrees with PyTorch's own layers, where there are any."""
    for found in agreement.agreements(draft.course, [draft.unit]):
        if not found.close:
            what = f"the solution is {found.difference:.1e} from {found.what}"
            yield draft.gap("weak", AGREEMENT, what, "one of the two is wrong")


def published(draft: Draft) -> Iterator[Gap]:
    """Students' own pytest knows the mistakes by what they give on the public tests."""
    name = draft.unit.name
    old = publish.recorded(draft.course).get(name, [])
    if not publish.same({name: old}, publish.record(draft.course, [draft.unit])):
        what = f"it is not what {draft.place(MISTAKES)} and the public tests make"
        yield Gap(
            "weak", FILE.as_posix(), what, f"python -m autograder.mistakes.publish --unit {name}"
        )
