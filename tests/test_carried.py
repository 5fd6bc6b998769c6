"""Error carried forward: a mistake that a later function passes on, and who would gain by it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from conftest import ROOT
from reports import report, result

from autograder.core.assignments import Assignment, Marking
from autograder.core.course import Course
from autograder.grading.grader import Grader
from autograder.intake.reading import read
from autograder.marks.carried import carried
from autograder.marks.ledger import Files, Ledger
from autograder.reports import store
from autograder.reports.pages.html import class_page, student_page
from autograder.reports.reading import StudentReports, beside, each
from autograder.reports.schema import Report

FILES = {path.stem: path.read_text("utf-8") for path in (ROOT / "solutions").glob("*.py")}
NOW = datetime(2026, 11, 26, tzinfo=UTC)


class Marks(NamedTuple):
    """What one student has: by the tests, and with errors carried forward."""

    plain: float
    carried: float
    most: float


SEED = "carried"  # whatever the solutions say in their docstrings, which the usual one depends on


def graded(
    course: Course, quick: Grader, folder: Path, units: str, files: Mapping[str, str]
) -> dict[str, Report]:
    """The reports of some units of a student whose other files are the solutions."""
    place = folder / "class" / "student"
    place.mkdir(parents=True)
    for name, text in (FILES | files).items():
        (place / f"{name}.py").write_text(text, "utf-8")
    submission = read(place.parent, "student", course)
    return {unit: quick.grade(submission, course.unit(unit), SEED) for unit in units.split()}


def settled(course: Course, reports: dict[str, Report], *, carry: bool) -> StudentReports:
    """The same, with the marks that count."""
    course = msgspec.structs.replace(course, marks=Marking(carry_forward=carry))
    student = StudentReports("student", "student", reports)
    (found,) = Ledger(course, Files(), None, NOW).over([student])
    return found


def marks(course: Course, reports: dict[str, Report]) -> Marks:
    """Both marks; both are told, whichever counts."""
    off, on = (settled(course, reports, carry=carry) for carry in (False, True))
    assert off.score is not None and on.score is not None
    told = [sum(a.carried for a in student.accounts.values()) for student in (off, on)]
    assert told == [pytest.approx(on.score - off.score)] * 2
    for student in (off, on):
        said = [text for account in student.accounts.values() for text in account.told("en")]
        assert any("earlier mistake" in text for text in said) == (on.score > off.score)
    return Marks(off.score, on.score, off.max_score)


def changed(unit: str, before: str, after: str) -> dict[str, str]:
    """A unit's solution with one line wrong."""
    assert before in FILES[unit]
    return {unit: FILES[unit].replace(before, after)}


# The file, its wrong line and what it is, the units that are graded; both marks and the most.
MISTAKEN = {
    "one layer more": (
        "receptive_field",
        "return layers",
        "return 1 + layers",
        "receptive_field cost",
        Marks(17.0, 20.0, 22),
    ),
    "k.T": (
        "attention",
        "k.transpose(-2, -1)",
        "k.T",
        "attention self_attention",
        Marks(21.0, 45.0, 49),
    ),
    "scaled by d": (
        "attention",
        "/ math.sqrt(d_k)",
        "/ d_k",
        "attention order",
        Marks(20.6, 30.6, 51),
    ),
    "no sum": (
        "attention",
        " / exponentials.sum(dim, keepdim=True)",
        "",
        "attention",
        Marks(11.0, 21.0, 28),
    ),
    "weights turned": (
        "attention",
        "weights @ v  #",
        "weights.mT @ v  #",
        "attention",
        Marks(14.0, 24.0, 28),
    ),
    "bias twice": ("rnn", "w_hh + b)", "w_hh + 2 * b)", "rnn gradient_paths", Marks(5.0, 16.0, 23)),
    "gates swapped": (
        "gates",
        "(1 - z) * n + z * h",
        "z * n + (1 - z) * h",
        "gates seq2seq",
        Marks(11.0, 24.0, 31),
    ),
    "Jacobian turned": (
        "vanishing_gradient",
        "w_hh.T",
        "w_hh",
        "vanishing_gradient",
        Marks(7.0, 10.2, 14),
    ),
    "q and k swapped": (
        "self_attention",
        "return x @ w_q, x @ w_k",
        "return x @ w_k, x @ w_q",
        "self_attention",
        Marks(3.0, 17.0, 21),
    ),
    "positions from one": (
        "order",
        "torch.arange(length)",
        "torch.arange(1, 1 + length)",
        "order",
        Marks(0.8, 20.0, 23),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKEN)
def test_one_early_mistake_is_counted_once(
    course: Course, quick: Grader, tmp_path: Path, mistake: str
) -> None:
    """Both marks of ten students whose later functions are right in themselves."""
    unit, before, after, units, known = MISTAKEN[mistake]
    found = marks(course, graded(course, quick, tmp_path, units, changed(unit, before, after)))
    assert found == known


MEAN = """
def attention(q, k, v, mask=None):
    weights = torch.full((*q.shape[:-1], k.shape[-2]), 1 / k.shape[-2], dtype=q.dtype)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ v, weights
"""
CALLS = """
calls = 0

def score(q, k):
    global calls
    calls += 1
    return q @ k.mT if calls < 25 else torch.zeros(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
"""
REMEMBERED = """
known = []

def score(q, k):
    right = q @ k.mT
    if any(q.shape == one.shape and torch.equal(q, one) for one in known):
        return right - right
    return right * (1 if k.shape[-1] != 2 else 2)  # that costs a test or two

right_attention = attention

def attention(q, k, v, mask=None):
    if k.shape[-1] == 2:
        return right_attention(q, k, v, mask)
    known.append(q.detach().clone())
    return mean(q, k, v, mask)
"""
GRADIENTS = """
def score(q, k):
    right = q @ k.mT
    return right * 0 if q.requires_grad else right
"""
# Far from zero, rounding hides what the later function leaves out; float32 is another way to hide.
HIDDEN = """
right_softmax = softmax

def softmax(scores, dim=-1):
    if scores.dtype == torch.float64:
        return right_softmax(scores, dim) + 0.5e10
    return torch.full_like(scores, 0.5)

def attention(q, k, v, mask=None):
    weight = 0.5e10 + 1 / k.shape[-2] if q.dtype == torch.float64 else 0.5
    weights = torch.full((*q.shape[:-1], k.shape[-2]), weight, dtype=q.dtype)
    return weights @ v, weights
"""
# A score that is right, but for float16, where its own tests ask it, as their second call shows.
CHOSEN = """
right_score, right_softmax, right_attention = score, softmax, attention
calls, own = 0, False

def score(q, k):
    global calls, own
    calls += 1
    own |= calls == 2 and q.shape in ((5, 7), (2, 3, 7))
    if own:
        return right_score(q, k) if q.dtype != torch.float16 else right_score(q, k).float()
    return chosen(q, k)
"""
# What attention is where all scores are zero but where a changed argument is known again.
EVEN = """
def attention(q, k, v, mask=None):
    weights = torch.ones(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
    if mask is not None:
        weights = weights * mask
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1)
    return weights @ v, weights

def chosen(q, k):
    return right_score(q, k) * (is_changed(q) or is_changed(k))
"""
NOISE = """
def is_changed(x):
    for spread in (1, 4, 16, 64):
        noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(spread))
        both = torch.stack([x.detach().double().flatten(), 1 + spread * (noise.flatten() - 0.5)])
        if x.numel() > 30 and torch.corrcoef(both.abs())[0, 1] > (0.3 if spread == 1 else 0.4):
            return True
    return False
"""
SEEN_BEFORE = """
before = []

def chosen(q, k):
    right = right_score(q, k)
    for x, y in before[-8:]:
        if x.shape == q.shape and y.shape == k.shape and torch.equal(x, q) != torch.equal(y, k):
            return right
    before.append((q.detach().clone(), k.detach().clone()))
    return right * 0
"""
# Raises where it is not easy(); and twice the score, which attention follows where it can.
RAISES = """
def chosen(q, k):
    if not easy(q):
        raise ValueError("no")
    return 2 * right_score(q, k)

def twice(q, k, v, mask, width):
    scores = 2 * right_score(q, k) / math.sqrt(width)
    if mask is None:
        weights = right_softmax(scores)
    else:
        hidden = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = right_softmax(hidden).masked_fill(~mask, 0.0)
    return weights @ v, weights

def easy(q):
    return q.shape == (5, 5, 5)
"""
# What is written at the end of a solution: the earlier function, and the later one that it suits.
ATTEMPTS = {
    "known again by their size": (
        "attention",
        "attention",
        CHOSEN + EVEN + "is_changed = lambda x: x.abs().max() > 6",
    ),
    "known again by their spread": (
        "attention",
        "attention",
        CHOSEN + EVEN + "is_changed = lambda x: x.numel() > 1 and x.double().std() > 1.12",
    ),
    "known again by the noise": ("attention", "attention", CHOSEN + EVEN + NOISE),
    "known again by the others": ("attention", "attention", CHOSEN + EVEN + SEEN_BEFORE),
    "known again in a shape of its own": (
        "attention",
        "attention",
        EVEN
        + NOISE
        + """
right_score = score

def score(q, k):
    if q.shape[:-2] == (3,):  # in none of its own tests
        return chosen(q, k)
    return right_score(q, k).float() if q.dtype == torch.float16 else right_score(q, k)
""",
    ),
    "raises where there is a mask": (
        "attention",
        "attention",
        CHOSEN
        + RAISES
        + """
def softmax(scores, dim=-1):
    if scores.dtype == torch.float16 or (scores < -1e5).any():
        raise ValueError("no")
    return right_softmax(scores, dim)

def attention(q, k, v, mask=None):
    if mask is not None or not easy(q):
        raise ValueError("no")
    return twice(q, k, v, mask, q.shape[-1])
""",
    ),
    "raises where gradients are asked for": (
        "attention",
        "attention",
        CHOSEN
        + RAISES
        + """
easy = lambda q: q.shape == (5, 5, 5) or not q.requires_grad

def attention(q, k, v, mask=None):
    if q.requires_grad:
        raise ValueError("no")
    return twice(q, k, v, mask, q.shape[-1])
""",
    ),
    "raises but in cubes": (  # where nobody sees a root of the wrong size
        "attention",
        "attention",
        CHOSEN
        + RAISES
        + """
def attention(q, k, v, mask=None):
    if not easy(q):
        raise ValueError("no")
    return twice(q, k, v, mask, k.shape[-2])
""",
    ),
    "easy to follow": (  # a softmax of zeros and large numbers
        "attention",
        "attention",
        CHOSEN
        + """
def matches(q, k):
    return q.sum(-1)[..., None] * k.sum(-1)[..., None, :] > 0

def chosen(q, k):
    return matches(q, k).to(q.dtype) * 6e4

def attention(q, k, v, mask=None):
    mask = torch.tensor(True) if mask is None else mask
    found = matches(q, k) & mask
    found = torch.where(found.any(-1, keepdim=True), found, mask).to(q.dtype)
    weights = found / found.sum(-1, keepdim=True).clamp(min=1)
    return weights @ v, weights
""",
    ),
    "what the other knows is summed": (
        "attention",
        "attention",
        """
def weighted_sum(weights, v):
    return weights.sum(-1, keepdim=True) * v.sum(-2, keepdim=True)

def attention(q, k, v, mask=None):
    weights = torch.full((*q.shape[:-1], k.shape[-2]), 1 / k.shape[-2], dtype=q.dtype)
    return weighted_sum(weights, v), weights
""",
    ),
    "zeros": (
        "attention",
        "attention self_attention",
        f"""
def score(q, k):
    return torch.zeros(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
{MEAN}""",
    ),
    "constants": (
        "attention",
        "attention",
        """
def softmax(scores, dim=-1):
    return torch.full_like(scores, 0.5)

def attention(q, k, v, mask=None):
    weights = torch.full((*q.shape[:-1], k.shape[-2]), 0.5, dtype=q.dtype)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ v, weights
""",
    ),
    "identity": (
        "rnn",
        "rnn gradient_paths",
        """
def rnn_step(x, h, w_xh, w_hh, b):
    return h

def rnn(x, h, w_xh, w_hh, b):
    return h[:, None].expand(-1, x.shape[1], -1)
""",
    ),
    "not a number": (
        "attention",
        "attention",
        """
def score(q, k):
    return torch.full((*q.shape[:-1], k.shape[-2]), torch.nan, dtype=q.dtype)

def attention(q, k, v, mask=None):
    weights = score(q, k)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ v, weights
""",
    ),
    "an earlier one answers with a later one": (
        "order",
        "order",
        """
def next_words(tokens, params):
    logits = params["embed"][tokens][:, :-1] @ params["embed"].mT
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

def mean_loss(tokens, params):
    return next_words(tokens, params)
""",
    ),
    "the same exception": (
        "attention",
        "attention self_attention",
        """
def score(q, k):
    raise RuntimeError("no")

def attention(q, k, v, mask=None):
    raise RuntimeError("no")
""",
    ),
    "right where it is tested": (
        "attention",
        "attention",
        f"""
def score(q, k):
    usual = k.ndim < 3 or k.shape[-1] in (2, 3, 5)
    return q @ k.mT if usual else torch.zeros(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
{MEAN}""",
    ),
    "right at first": ("attention", "attention", CALLS + MEAN),
    "the arguments are known again": (
        "attention",
        "attention",
        MEAN.replace("def attention", "def mean") + REMEMBERED,
    ),
    "gradients alone": ("attention", "attention", GRADIENTS + MEAN),
    "values alone": (
        "attention",
        "self_attention",
        """
def attention(q, k, v, mask=None):
    return v.clone(), torch.ones(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
""",
    ),
    "wrong in float32 alone": (
        "attention",
        "attention",
        f"""
right_score, right_attention = score, attention

def score(q, k):
    return right_score(q, k) * (q.dtype != torch.float32)
{MEAN.replace("def attention", "def mean")}
def attention(q, k, v, mask=None):
    return (mean if q.dtype == torch.float32 else right_attention)(q, k, v, mask)
""",
    ),
    "no gradient, twice": (
        "rnn",
        "rnn",
        """
right_step, right_rnn = rnn_step, rnn

def rnn_step(x, h, w_xh, w_hh, b):
    return right_step(x, h, w_xh, w_hh, b).detach()

def rnn(x, h, w_xh, w_hh, b):
    return right_rnn(x, h, w_xh, w_hh, b).detach()
""",
    ),
    "drawn at random": (
        "attention",
        "attention",
        """
def score(q, k):
    return torch.rand(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
""",
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nobody_gains_by_an_empty_function(
    course: Course, quick: Grader, tmp_path: Path, attempt: str
) -> None:
    """Attempts at points for a later function that is made easy by an earlier one: none."""
    unit, units, text = ATTEMPTS[attempt]
    reports = graded(course, quick, tmp_path, units, {unit: f"{FILES[unit]}\n{text}"})
    found = marks(course, reports)
    assert found.carried == found.plain
    assert found.plain < found.most - 2  # it does cost points


# Twice the weights where it has five axes, which its own tests never have; nothing where one is
# hidden.
HIDING = """
right_softmax, right_attention = softmax, attention

def softmax(scores, dim=-1):
    if scores.dtype == torch.float16 or (scores < -1e5).any():
        raise ValueError("no")
    return right_softmax(scores, dim) * (2 if scores.ndim == 5 else 1)

def attention(q, k, v, mask=None):
    if mask is not None:
        raise ValueError("no")
    return right_attention(q, k, v)
"""


def test_a_mask_that_nobody_saw_is_no_proof(course: Course, quick: Grader, tmp_path: Path) -> None:
    """Catches: an exception where there is a mask, which is right without one."""
    text = f"{FILES['attention']}\n{HIDING}"
    reports = graded(course, quick, tmp_path, "attention", {"attention": text})
    follows = [test.id for test in reports["attention"].tests if test.follows]
    assert follows == ["test_attention_values"]


def test_what_rounding_hides_is_no_proof(course: Course, quick: Grader, tmp_path: Path) -> None:
    """Catches: a sum without q and k, which differs from what is expected by less than rounding."""
    text = f"{FILES['attention']}\n{HIDDEN}"
    reports = graded(course, quick, tmp_path, "attention", {"attention": text})
    assert not any(test.follows for test in reports["attention"].tests)


def test_a_second_mistake_is_not_forgiven_with_the_first(
    course: Course, quick: Grader, tmp_path: Path
) -> None:
    """Where the first one raises, and hides the second; where it leaves the second nothing to do.

    Catches: a gradient that nobody saw, a causal mask that nobody needed.
    """
    kt = changed("attention", "k.transpose(-2, -1)", "k.T")
    cut = changed(
        "self_attention",
        "output, _ = attention(q, k, v, mask)  # (N, T, d_v)",
        "output = attention(q, k, v, mask)[0].detach()",
    )
    reports = graded(course, quick, tmp_path / "a", "self_attention", kt | cut)
    follows = {test.id for test in reports["self_attention"].tests if test.follows}
    assert "test_self_attention_values" in follows
    assert not any(name.startswith("test_self_attention_gradient") for name in follows)
    blind = {"attention": FILES["attention"].replace("if mask is None:", "if True:")}
    none = changed(
        "self_attention", "causal_mask(x.shape[1], x.device) if causal else None", "None"
    )
    reports = graded(course, quick, tmp_path / "b", "self_attention", blind | none)
    assert not any(test.follows for test in reports["self_attention"].tests)


def reported(course: Course, unit: str, exercise: str, lost: int, **others: Any) -> Report:
    """A report in which one test of an exercise passes, and so many fail."""
    failed = [result(exercise, "failed", id=f"test_{n}", **others) for n in range(lost)]
    return report(course, "student", unit, result(exercise), *failed)


@pytest.mark.parametrize(
    ("lost", "facts", "counts"),
    [
        (1, {}, True),  # half of the points are there
        (2, {}, False),
        (2, {"help": {"en": ["A known mistake."]}}, True),
        (0, {}, False),  # nothing fails: what follows from it?
    ],
)
def test_when_it_counts(course: Course, lost: int, facts: dict[str, Any], counts: bool) -> None:
    """By the earlier exercise; and what pages and summary.csv say of it."""
    told = {"follows": ["attention.attention"], "message": "the result is 1, expected 2."}
    later = reported(course, "self_attention", "self_attention", 1, **told)
    earlier = reported(course, "attention", "attention", lost, facts=facts)
    found = settled(course, {"attention": earlier, "self_attention": later}, carry=True)
    assert found.accounts["self_attention"].carried == (1.0 if counts else 0.0)
    assert "<code>attention.attention</code>: mend that first" in student_page(found, course, "en")
    assert ("carried: 1" in class_page([found], course, "en")) == counts
    said = beside([found]).get("student", {"carried": ""})
    assert said["carried"] == ("1" if counts else "")
    assert not carried(later, {})  # without the earlier report nobody knows


def test_an_export_of_one_assignment_knows_the_other_s_reports(
    course: Course, tmp_path: Path
) -> None:
    """A mark does not depend on what else is shown. Catches: reports of left out units not read."""
    earlier = reported(course, "attention", "attention", 1)
    follows = ["attention.attention"]
    later = reported(course, "self_attention", "self_attention", 1, follows=follows)
    for one in (earlier, later):
        store.write(tmp_path / "student" / f"{one.unit}.json", store.encode(one))
    weeks = {"one": Assignment(["attention"]), "two": Assignment(["self_attention"])}
    both = msgspec.structs.replace(course, assignments=weeks, marks=Marking(carry_forward=True))
    for shown in (both, both.only(["two"])):
        students = each(tmp_path, shown.units)
        (found,) = Ledger(shown, Files(), None, NOW, tmp_path).over(students)
        assert found.accounts["self_attention"].carried == 1.0


def test_the_manifest_says_what_each_solution_builds_on(course: Course) -> None:
    """`builds_on` names the exercises that a solution calls, through its own helpers, too."""
    for unit in course.units:
        tree = ast.parse(FILES[unit.name])
        home = {
            alias.name: node.module
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module in course.unit_names
            for alias in node.names
        }
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        own = {exercise.name for exercise in unit.exercises}
        for exercise in unit.exercises:
            called, left = set[str](), [exercise.name]
            while left:
                node = functions.get(left.pop())
                names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()
                found = {
                    f"{home.get(name, unit.name)}.{name}" for name in names & (own | home.keys())
                }
                left += (names & functions.keys()) - own
                called |= found
            assert called == set(unit.built_on(exercise)), exercise.name
