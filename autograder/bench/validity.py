"""Are the marks right? Wrong programs must fail and be told why, right ones must pass.

Four questions, each answered over every unit of the course: are the known mistakes caught and
named, are small changes of the solutions caught, do right answers written differently get full
marks, and do the solutions agree with PyTorch's own layers?
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

from autograder import batch, diagnosis
from autograder.bench import mutants, trial
from autograder.bench.mutants import Mutant
from autograder.bench.trial import Case, Verdict
from autograder.course import Course, Unit
from autograder.grading import Options
from autograder.reports import Report
from autograder.sandbox.loader import Submission as Loader
from autograder.sandbox.wire import Source
from autograder.submission import File, Submission

MISCONCEPTIONS = Path(diagnosis.__file__).parent / "misconceptions"
HIDDEN = Path(diagnosis.__file__).parent / "hidden"
IMPORT = "from autograder.diagnosis import mistake\n"
COLLECT = '''
KNOWN = []


def mistake(function, id, **help):
    """In place of the grader's decorator: keep the variants in their order."""

    def register(variant):
        KNOWN.append(variant)
        return variant

    return register
'''

Item = TypeVar("Item")
Job = tuple[Item, Unit, dict[str, str]]  # about what, the unit to grade, and the files' texts


class Graders(batch.Graders):
    """The very graders that a class is graded with. Speed is not asked."""

    def __init__(self, course: Course, jobs: int) -> None:
        super().__init__(course, Options(speed=False), [course.root], jobs)
        self.course = course

    def grade(self, todo: Sequence[Job[Item]], seed: str = "") -> Iterator[tuple[Item, Report]]:
        """Grade each, and return what it was about with its report, in the same order.

        seed: what the inputs are drawn from; by default made from the course's secret.
        """
        return self.pool.map(lambda job: self._grade(job, seed), todo)

    def _grade(self, job: Job[Item], seed: str) -> tuple[Item, Report]:
        about, unit, texts = job
        files = [File(name, f"{name}.py", [text]) for name, text in texts.items()]
        digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()
        with self.borrow() as grader:
            return about, grader.grade(Submission("validity", files, digest), unit, seed)


@dataclass(frozen=True)
class Mistake:
    """A wrong program, and what grading said of it."""

    unit: str
    function: str
    id: str
    label: str
    failed: list[str]
    named: set[str]

    @property
    def caught(self) -> bool:
        """Whether a test of its exercise failed."""
        return bool(self.failed)

    @property
    def recognised(self) -> bool:
        """Whether it was called by its name."""
        return self.id in self.named


@dataclass(frozen=True)
class Tried:
    """A mutant, what the hidden and the public tests made of it, and why it is right after all."""

    unit: str
    mutant: Mutant
    hidden: Verdict
    public: Verdict
    equivalent: str

    @property
    def survived(self) -> bool:
        """Whether the hidden tests let a mutant pass that is not equivalent."""
        return self.hidden == "passed" and not self.equivalent


@dataclass(frozen=True)
class Right:
    """A right answer, written differently, and its marks."""

    unit: str
    name: str
    report: Report

    @property
    def full(self) -> bool:
        """Whether it got all its points."""
        return self.report.status == "graded" and self.report.score == self.report.max_score


@dataclass(frozen=True)
class Agreement:
    """How far a solution is from PyTorch's own layer, relative to the largest number."""

    unit: str
    what: str
    difference: float


def solutions(course: Course) -> dict[str, str]:
    """The texts of the solutions, by unit."""
    folder = course.root / "solutions"
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.py"))}


# Known mistakes


def known_mistakes(graders: Graders, units: Sequence[Unit]) -> list[Mistake]:
    """Grade every known mistake, each the only one in an otherwise perfect submission."""
    right = solutions(graders.course)
    todo: list[Job[diagnosis.Mistake]] = []
    for unit in units:
        for number, mistake in enumerate(diagnosis.known(unit.name)):
            collected = (MISCONCEPTIONS / f"{unit.name}.py").read_text("utf-8")
            assert IMPORT in collected, f"misconceptions/{unit.name}.py needs: {IMPORT}"
            lines = f"\nfrom known_mistakes import KNOWN\n{mistake.function} = KNOWN[{number}]\n"
            files = {unit.name: right[unit.name] + lines}
            files["known_mistakes"] = collected.replace(IMPORT, COLLECT)
            todo.append((mistake, unit, right | files))
    judged = [
        _judged(report, mistake.function, mistake.id, mistake.variant.__name__)
        for mistake, report in graders.grade(todo)
    ]
    return [mistake for mistake in judged if mistake]


def generic(graders: Graders, units: Sequence[Unit]) -> list[Mistake]:
    """Grade the mistakes that have no output of their own, made in every function they fit."""
    right = solutions(graders.course)
    text = (MISCONCEPTIONS / "generic.py").read_text("utf-8")
    todo: list[Job[tuple[str, str, str]]] = []
    for unit in units:
        for function, call, label, name in _generic(unit, right[unit.name]):
            lines = f"\nimport generic_mistakes as wrong\n{function} = wrong.{call}\n"
            files = {unit.name: right[unit.name] + lines, "generic_mistakes": text}
            todo.append(((function, name, label), unit, right | files))
    judged = [
        _judged(report, function, name, label)
        for (function, name, label), report in graders.grade(todo)
    ]
    return [mistake for mistake in judged if mistake]


def _generic(unit: Unit, source: str) -> Iterator[tuple[str, str, str, str]]:
    """The function, the call that wraps it, what that does, and the name to be given to it."""
    for function in ast.parse(source).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        name = function.name
        exercise = next((e for e in unit.exercises if e.name == name), None)
        if exercise is None:
            continue
        annotations = [ast.unparse(a.annotation) for a in function.args.args if a.annotation]
        arrays = [i for i, text in enumerate(annotations) if "Tensor" in text or "ndarray" in text]
        returned = ast.unparse(function.returns) if function.returns else ""
        for i in arrays:
            yield name, f"in_place({name}, {i})", f"changes argument {i}", "in_place"
        if arrays:
            yield name, f"cached({name}, 'shape')", "a cache by shape", "cached"
            if all(annotations[i].startswith(("torch.Tensor", "np.ndarray")) for i in arrays):
                yield name, f"cached({name}, 'id')", "a cache by identity", "cached"
            yield name, f"rounded({name})", "float32 inside", "float32_inside"
        if "Tensor" in returned:
            for dtype in ("float64", "float32"):
                yield name, f"cast({name}, '{dtype}')", f"returns {dtype}", "wrong_dtype"
        if "gradient" in exercise.points:
            yield name, f"detached({name})", "returns a detached result", "detached"
            for i in arrays:
                if annotations[i] == "torch.Tensor":
                    yield name, f"detached({name}, {i})", f"detaches argument {i}", "detached"


def _judged(report: Report, function: str, name: str, label: str) -> Mistake | None:
    """What came of a mistake; None where the function gave it nothing to be made with."""
    failed = [t for t in report.tests if t.exercise == function and t.status == "failed"]
    named = {name for test in failed for name in test.help_id.split(",") if name}
    if any("NothingToDo" in test.facts.get("raised", ()) for test in failed):
        return None
    return Mistake(report.unit, function, name, label, [t.id for t in failed], named)


def print_mistakes(console: Console, title: str, found: Sequence[Mistake]) -> None:
    """Print the share that was caught and named, by unit, and what was not."""
    rows = {}
    for unit, group in _by_unit(found):
        caught = sum(m.caught for m in group)
        rows[unit] = (len(group), caught, sum(m.recognised for m in group))
    _print(console, title, ("programs", "caught", "named"), rows)
    for m in found:
        if not (m.caught and m.recognised):
            said = ", ".join(sorted(m.named)) or "nothing"
            what = f"named {said}" if m.caught else "not caught"
            console.print(
                f"  {m.unit}.{m.function}: {m.id} ({m.label}): {what}", style="red", markup=False
            )


# Mutants


def mutation(
    course: Course, units: Sequence[Unit], jobs: int, *, public: bool = False, share: int = 1
) -> list[Tried]:
    """Try the mutants of the solutions on the hidden tests, and on the public ones if asked to.

    share: one mutant in so many is tried, spread evenly over the functions.
    """
    right = solutions(course)
    equivalent = read_equivalent(course)
    every = [(unit, mutant) for unit in units for mutant in mutants.mutants(right[unit.name])]
    made = every[::share]
    cases = [
        Case(unit.name, _exercises(unit, mutant.function), right | {unit.name: mutant.source})
        for unit, mutant in made
    ]
    hidden = trial.attempt(HIDDEN, cases, jobs)
    learned = trial.attempt(course.root / "exercises", cases, jobs) if public else hidden
    return [
        Tried(
            unit.name, mutant, by_hidden, by_public, equivalent.get((unit.name, mutant.after), "")
        )
        for (unit, mutant), by_hidden, by_public in zip(made, hidden, learned, strict=True)
    ]


def read_equivalent(course: Course) -> dict[tuple[str, str], str]:
    """Why a mutant is as right as the solution, by its unit and its changed statement."""
    path = course.root / "tests" / "equivalent_mutants.toml"
    listed = tomllib.loads(path.read_text("utf-8")).get("mutant", [])
    return {(entry["unit"], entry["line"]): entry["why"] for entry in listed}


def _exercises(unit: Unit, function: str) -> list[str]:
    """The exercise of a function; of a helper, every exercise of its unit."""
    names = [exercise.name for exercise in unit.exercises]
    return [function] if function in names else names


def print_mutation(console: Console, tried: Sequence[Tried]) -> None:
    """Print the score, by unit, and the survivors."""
    rows = {}
    for unit, group in _by_unit(tried):
        wrong = [t for t in group if not t.equivalent]
        killed = sum(not t.survived for t in wrong)
        raised = sum(t.hidden in ("raised", "ended") for t in wrong)
        public = sum(t.public != "passed" for t in wrong)
        counts = (len(group), len(group) - len(wrong), killed, raised)
        rows[unit] = (*counts, f"{killed / len(wrong):.1%}", f"{public / len(wrong):.1%}")
    headings = ("mutants", "equivalent", "killed", "by an error", "score", "public tests alone")
    _print(console, "Mutants of the solutions", headings, rows)
    for t in tried:
        if t.survived:
            where = f"{t.unit}.{t.mutant.function}"
            console.print(
                f"  {where}: {t.mutant.before} → {t.mutant.after}", style="red", markup=False
            )


# Right answers written differently


def right_answers(graders: Graders, units: Sequence[Unit], seed: str = "") -> list[Right]:
    """Grade every file of tests/right/<unit>; on the inputs of a seed, if one is given."""
    right, folder = solutions(graders.course), graders.course.root / "tests" / "right"
    todo: list[Job[str]] = []
    for unit in units:
        for path in sorted((folder / unit.name).glob("*.py")):
            todo.append((path.stem, unit, right | {unit.name: path.read_text("utf-8")}))
    return [Right(report.unit, name, report) for name, report in graders.grade(todo, seed)]


def print_right(console: Console, found: Sequence[Right]) -> None:
    """Print how many got full marks, by unit, and what the others lost."""
    rows = {unit: (len(g), sum(r.full for r in g)) for unit, g in _by_unit(found)}
    _print(console, "Right answers written differently", ("programs", "full marks"), rows)
    for right in found:
        for test in right.report.tests:
            if test.status in ("failed", "error"):
                where = f"{right.unit}/{right.name}: {test.id}"
                console.print(f"  {where}: {test.message}", style="red", markup=False)


# Agreement with PyTorch's own layers


def agreements(course: Course, units: Sequence[Unit]) -> list[Agreement]:
    """Compare the solutions with PyTorch's own layers, in float64."""
    found = []
    with _loaded(course) as modules:
        torch.manual_seed(7)
        for unit in units:
            for what, got, expected in LAYERS.get(unit.name, _no_layers)(modules):
                pairs = zip(_flat(got), _flat(expected), strict=True)
                difference = max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
                found.append(Agreement(unit.name, what, difference))
    return found


def print_agreements(console: Console, found: Sequence[Agreement]) -> None:
    """Print the largest relative difference for each of PyTorch's layers."""
    table = Table(title="Solutions against PyTorch's own, float64")
    for heading in ("unit", "against", "largest relative difference"):
        table.add_column(heading)
    for agreement in found:
        table.add_row(agreement.unit, agreement.what, f"{agreement.difference:.1e}")
    console.print(table)


@contextmanager
def _loaded(course: Course) -> Iterator[dict[str, ModuleType]]:
    """The solutions as modules, forgotten afterwards."""
    texts = solutions(course)
    loader = Loader([Source(name, f"{name}.py", [text], False, []) for name, text in texts.items()])
    before = {name: sys.modules.pop(name, None) for name in texts}
    loader.install()
    try:
        yield {name: import_module(name) for name in texts}
    finally:
        sys.meta_path.remove(loader)
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module:
                sys.modules[name] = module


Compared = Iterator[tuple[str, Any, Any]]  # what, the solution's result, PyTorch's


def _normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def _flat(value: Any) -> list[torch.Tensor]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return [torch.as_tensor(item, dtype=torch.float64).detach() for item in items]


def _parameters(layer: torch.nn.Module, *tensors: torch.Tensor) -> torch.nn.Module:
    """A layer with these tensors as its parameters, in the layer's own order."""
    layer = layer.double()
    with torch.no_grad():
        for parameter, tensor in zip(layer.parameters(), tensors, strict=True):
            parameter.copy_(tensor)
    return layer


def _no_layers(modules: Mapping[str, Any]) -> Compared:
    yield from ()


def _rnn(modules: Mapping[str, Any]) -> Compared:
    x, h, w_xh, w_hh, b = (_normal(*s) for s in [(3, 29, 5), (3, 7), (5, 7), (7, 7), (7,)])
    w_hh = w_hh / 7**0.5
    weights = w_xh.T, w_hh.T, b, torch.zeros_like(b)
    cell = _parameters(torch.nn.RNNCell(5, 7), *weights)
    yield "nn.RNNCell", modules["rnn"].rnn_step(x[:, 0], h, w_xh, w_hh, b), cell(x[:, 0], h)
    layer = _parameters(torch.nn.RNN(5, 7, batch_first=True), *weights)
    yield "nn.RNN", modules["rnn"].rnn(x, h, w_xh, w_hh, b), layer(x, h[None])[0]


def _vanishing_gradient(modules: Mapping[str, Any]) -> Compared:
    unit = modules["vanishing_gradient"]
    h, w, x = _normal(7), _normal(7, 7), _normal(7)

    def step(h: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x + h @ w)

    got = unit.step_jacobian(step(h).numpy(), w.numpy())
    yield "torch.func.jacrev", got, torch.func.jacrev(step)(h)
    yield "linalg.eigvals", unit.spectral_radius(w.numpy()), torch.linalg.eigvals(w).abs().max()


def _gates(modules: Mapping[str, Any]) -> Compared:
    x, h, c = _normal(3, 5), _normal(3, 7), _normal(3, 7)
    w_x, w_h, b, zero = _normal(5, 28), _normal(7, 28), _normal(28), torch.zeros(28)
    lstm = _parameters(torch.nn.LSTMCell(5, 7), w_x.T, w_h.T, b, zero)
    yield "nn.LSTMCell", modules["gates"].lstm_step(x, h, c, w_x, w_h, b), lstm(x, (h, c))
    w_x, w_h, b_x, b_h = _normal(5, 21), _normal(7, 21), _normal(21), _normal(21)
    gru = _parameters(torch.nn.GRUCell(5, 7), w_x.T, w_h.T, b_x, b_h)
    yield "nn.GRUCell", modules["gates"].gru_step(x, h, w_x, w_h, b_x, b_h), gru(x, h)


def _receptive_field(modules: Mapping[str, Any]) -> Compared:
    x, w, b = _normal(3, 29, 5), _normal(3, 5, 7), _normal(7)
    for dilation in (1, 4):
        layer = torch.nn.Conv1d(5, 7, 3, padding="same", dilation=dilation)
        expected = _parameters(layer, w.permute(2, 1, 0), b)(x.mT).mT
        got = modules["receptive_field"].conv1d(x, w, b, dilation)
        yield f"nn.Conv1d, dilation {dilation}", got, expected


def _seq2seq(modules: Mapping[str, Any]) -> Compared:
    lengths = torch.tensor([11, 3, 7])
    embed, w_x, w_h, b_x, b_h = (_normal(*s) for s in [(13, 5), (5, 21), (7, 21), (21,), (21,)])
    params = {"enc_embed": embed, "enc_w_x": w_x, "enc_w_h": w_h, "enc_b_x": b_x, "enc_b_h": b_h}
    tokens = torch.randint(0, 13, (3, 11))
    layer = _parameters(torch.nn.GRU(5, 7, batch_first=True), w_x.T, w_h.T, b_x, b_h)
    words = torch.nn.utils.rnn.pack_padded_sequence(
        embed[tokens], lengths, batch_first=True, enforce_sorted=False
    )
    _, context = modules["seq2seq"].encode(tokens, lengths, params)
    yield "nn.GRU, packed", context, layer(words)[1][0]


def _attention(modules: Mapping[str, Any]) -> Compared:
    unit = modules["attention"]
    q, k, v = _normal(2, 3, 5, 7), _normal(2, 3, 11, 7), _normal(2, 3, 11, 13)
    mask = torch.rand(2, 1, 5, 11) < 0.7
    mask[..., 0] = True
    yield "softmax", unit.softmax(q, dim=1), torch.softmax(q, 1)
    for name, hidden in (("", None), (", masked", mask)):
        expected = F.scaled_dot_product_attention(q, k, v, hidden)
        yield f"SDPA{name}", unit.attention(q, k, v, hidden)[0], expected


def _cross_attention(modules: Mapping[str, Any]) -> Compared:
    state, states = _normal(3, 7), _normal(3, 11, 7)
    mask = torch.arange(11) < torch.tensor([11, 3, 7])[:, None]
    got = modules["cross_attention"].attend(state, states, mask)[0]
    query, visible = state[:, None], mask[:, None]
    yield "SDPA, masked", got, F.scaled_dot_product_attention(query, states, states, visible)[:, 0]


def _self_attention(modules: Mapping[str, Any]) -> Compared:
    unit = modules["self_attention"]
    x, weights = _normal(2, 11, 15), [_normal(15, 15) / 15**0.5 for _ in range(4)]
    for causal in (False, True):
        name = ", causal" * causal
        q, k, v = (x @ w for w in weights[:3])
        expected = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        yield f"SDPA{name}", unit.self_attention(x, *weights[:3], causal), expected
        heads = torch.nn.MultiheadAttention(15, 3, bias=False, batch_first=True)
        layer = _parameters(heads, torch.cat(weights[:3], 1).T, weights[3].T)
        hidden = torch.ones(11, 11, dtype=torch.bool).triu(1) if causal else None
        expected = layer(x, x, x, attn_mask=hidden, need_weights=False)[0]
        got = unit.multi_head_self_attention(x, *weights, 3, causal)
        yield f"nn.MultiheadAttention{name}", got, expected


def _streaming_attention(modules: Mapping[str, Any]) -> Compared:
    q, k, v = _normal(2, 3, 5, 7), _normal(2, 3, 11, 7), _normal(2, 3, 11, 13)
    got = modules["streaming_attention"].streaming_attention(q, k, v, 4)
    yield "SDPA", got, F.scaled_dot_product_attention(q, k, v)


LAYERS: dict[str, Callable[[Mapping[str, Any]], Compared]] = {
    "rnn": _rnn,
    "vanishing_gradient": _vanishing_gradient,
    "gates": _gates,
    "receptive_field": _receptive_field,
    "seq2seq": _seq2seq,
    "attention": _attention,
    "cross_attention": _cross_attention,
    "self_attention": _self_attention,
    "streaming_attention": _streaming_attention,
}


# All of it


def bench(course: Course, units: Sequence[Unit], jobs: int, console: Console) -> bool:
    """Print every part; return whether nothing is left to be mended."""
    with Graders(course, jobs) as graders:
        known = known_mistakes(graders, units)
        print_mistakes(console, "Known mistakes, each alone in a perfect submission", known)
        everywhere = generic(graders, units)
        print_mistakes(console, "Mistakes that any function can make", everywhere)
        right = right_answers(graders, units)
        print_right(console, right)
    tried = mutation(course, units, jobs, public=True)
    print_mutation(console, tried)
    agreed = agreements(course, units)
    print_agreements(console, agreed)
    return (
        all(m.caught and m.recognised for m in [*known, *everywhere])
        and not any(t.survived for t in tried)
        and all(r.full for r in right)
        and all(a.difference <= 1e-12 for a in agreed)
    )


def _by_unit(items: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The items of each unit, in the units' order."""
    for unit, group in itertools.groupby(items, key=lambda item: item.unit):
        yield unit, list(group)


def _print(
    console: Console, title: str, headings: Sequence[str], rows: Mapping[str, Sequence[object]]
) -> None:
    table = Table(title=title)
    table.add_column("unit")
    for heading in headings:
        table.add_column(heading, justify="right")
    for unit, row in rows.items():
        table.add_row(unit, *map(str, row))
    console.print(table)
