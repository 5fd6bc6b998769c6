"""What a GPU would refuse is refused on any machine, and told with its line; nothing else is.

The rules are CUDA's: where there is a GPU, the same cases run there, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from conftest import ROOT, GradeText

from autograder.bench.validity import devices
from autograder.bench.validity.graders import CorrectnessGraders
from autograder.core import course as courses
from autograder.core.course import Course, Limits
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.reading import read
from autograder.reports.schema import Report
from autograder.sandbox import pretend, wire
from autograder.sandbox.pretend import PRETEND, can_pretend
from autograder.supervisor.backend import SandboxBackend
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation

COURSE = courses.load(ROOT)
WITH_GPU = [unit.name for unit in COURSE.units if any(e.gpu for e in unit.exercises)]
DEVICES = [
    pytest.param(PRETEND, marks=pytest.mark.skipif(not can_pretend(), reason="torch is too old")),
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
    ),
]

# x is (3, 4), of float64, on the GPU; i is (2,), of int64, there too. What CUDA takes.
ALLOWED = {
    "a number": "x * 2.5",
    "a number of no dimension": "x * torch.tensor(2.5)",
    "a number of no dimension that is compared": "torch.where(x > 0, x, torch.tensor(0.0))",
    "a number that is put in": "x.clone().index_put_((i,), torch.tensor(1.0).double())",
    "an index": "x[torch.tensor([1, 0])]",
    "an index, and another dimension": "x[:, torch.arange(3)]",
    "an index for writing": "x.clone().index_put_((torch.tensor([1, 0]),), x[:2])",
    "a mask for reading": "x[torch.tensor([True, False, True])]",
    "a list for an index": "x[[0, 2]]",
    "a copy": "torch.zeros(3, 4).copy_(x).to(x.device)",
    "a copy the other way": "torch.zeros_like(x).copy_(torch.ones(3, 4))",
    "to the CPU and back": "x.cpu().to(x.device)",
    "made there": "x + torch.arange(4, device=x.device)",
    "made like another": "x + x.new_ones(4) + torch.ones_like(x)",
    "of Python's numbers": "x + torch.tensor([1.0, 2.0, 3.0, 4.0], device=x.device)",
    "of Python's numbers, like another": "x + x.new_tensor([1.0, 2.0, 3.0, 4.0])",
    "looked at": "x * x.sum().item() if bool(x.any()) else x",
    "a list and back": "torch.tensor(x.tolist(), device=x.device)",
    "lengths of packed sentences": (
        "torch.nn.utils.rnn.pack_padded_sequence(x[None], torch.tensor([2]), batch_first=True).data"
    ),
    "a module that is moved": "torch.nn.Linear(4, 2).double().to(x.device)(x)",
    "a choice of device": "x + torch.ones(4, device=['cpu', 'cuda'][torch.cuda.is_available()])",
    "to CUDA if it is there": "x + (torch.ones(4).cuda() if x.is_cuda else torch.ones(4))",
    "to NumPy by the CPU": "torch.from_numpy(x.detach().cpu().numpy()).to(x.device)",
    "shapes": "x.reshape(4, 3).T.unsqueeze(0).expand(2, 3, 4).flatten(0, 1)",
    "in place": "x.clone().add_(1).t_()",
    "sorted": "torch.sort(x, -1).values + torch.topk(x, 4).values",
    "products": "torch.einsum('ij,kj->ik', x, x) + torch.linalg.vector_norm(x)",
    "torch's attention": "torch.nn.functional.scaled_dot_product_attention(x, x, x)",
    "a convolution": "torch.nn.functional.conv1d(x[None], x.new_ones(2, 3, 3), padding=1)",
    "a cell of torch's": "torch.gru_cell(x, x, *(x.new_ones(12, 4),) * 2)",
    "data of another shape": "setattr(y := x.new_zeros(2), 'data', x.T) or y * 1",
    "weights that are set": (
        "[cell := torch.nn.GRUCell(4, 4).to(x), *(setattr(p, 'data', x.new_ones(p.shape)) "
        "for p in cell.parameters())][0](x)"
    ),
    "a layer of torch's": "torch.nn.LSTM(4, 2).double().to(x.device)(x)[0]",
    "weights that are turned and copied": (
        "torch.gru(x[None], x.new_ones(1, 1, 2), [x.new_ones(4, 6).T.contiguous(), "
        "x.new_ones(6, 2), *(x.new_ones(6),) * 2], True, 1, 0.0, False, False, True)[0]"
    ),
    "weights that are named": (
        "torch.gru(x[None], x.new_ones(1, 1, 2), params=[x.new_ones(6, 4), x.new_ones(6, 2)], "
        "has_biases=False, num_layers=1, dropout=0.0, train=False, bidirectional=False, "
        "batch_first=True)[0]"
    ),
    "gradients in training": (
        "torch.autograd.grad(torch.gru(y := x[None].clone().requires_grad_(), "
        "x.new_ones(1, 1, 4)[..., ::2].contiguous(), [x.new_ones(6, 4), x.new_ones(6, 2)], "
        "False, 1, 0.0, True, False, True)[0].sum(), y)[0]"
    ),
    "vmap": "torch.func.vmap(lambda row: row * row.sum())(x)",
    "a Jacobian": "torch.func.jacrev(torch.tanh)(x[0])",
}
# What it refuses: the rule that is broken, and the call.
REFUSED = {
    "two devices in a sum": ("meets", "x + torch.ones(4)"),
    "two devices in a product": ("meets", "x @ torch.ones(4, 2).double()"),
    "one number of one dimension": ("meets", "x * torch.tensor([2.5])"),
    "a mask for filling": ("meets", "x.masked_fill(torch.ones(3, 4).bool(), 0)"),
    "a mask for choosing": ("meets", "torch.where(torch.ones(3, 4).bool(), x, 0.0)"),
    "joined": ("meets", "torch.cat([x, torch.zeros(1, 4).double()])"),
    "stacked": ("meets", "torch.stack([x[0], torch.zeros(4).double()])"),
    "an index of index_select": ("meets", "x.index_select(0, torch.tensor([1]))"),
    "an index of gather": ("meets", "x.gather(1, torch.zeros(3, 1).long())"),
    "an index on the GPU of what is not there": ("meets", "torch.zeros(3, 4)[i]"),
    "values on the CPU": ("meets", "x.clone().index_put_((i,), torch.ones(2, 4).double())"),
    "in place": ("meets", "x.clone().add_(torch.ones(4))"),
    "into a CPU tensor": ("meets", "torch.zeros(3, 4).double().add_(x)"),
    "a module that is left": ("meets", "torch.nn.Linear(4, 2).double()(x)"),
    "an embedding": ("meets", "torch.nn.Embedding(9, 2)(i)"),
    "weights that are turned": (
        "layout",
        "torch.gru(x[None], x.new_ones(1, 1, 2), [x.new_ones(4, 6).T, x.new_ones(6, 2), "
        "*(x.new_ones(6),) * 2], True, 1, 0.0, False, False, True)[0]",
    ),
    "weights that are turned and named": (
        "layout",
        "torch.gru(x[None], x.new_ones(1, 1, 2), params=(x.new_ones(4, 6).T, x.new_ones(6, 2)), "
        "has_biases=False, num_layers=1, dropout=0.0, train=False, bidirectional=False, "
        "batch_first=True)[0]",
    ),
    "weights of a module that are turned": (
        "layout",
        "torch.func.functional_call(torch.nn.LSTM(4, 2, bias=False).to(x), "
        "{'weight_ih_l0': x.new_ones(4, 8).T, 'weight_hh_l0': x.new_ones(2, 8).T}, x)[0]",
    ),
    "states that are turned": (
        "layout",
        "torch.gru(x[None], x.new_ones(1, 1, 4)[..., ::2], [x.new_ones(6, 4), x.new_ones(6, 2)], "
        "False, 1, 0.0, True, False, True)[0]",
    ),
    "a gradient without training": (
        "training",
        "torch.autograd.grad(torch.nn.GRU(4, 2).to(x).eval()(y := x.clone().requires_grad_())[0]"
        ".sum(), y)[0]",
    ),
    "a gradient of packed words without training": (
        "training",
        "torch.autograd.grad(torch.lstm(x, torch.tensor([2, 1]), (x.new_ones(1, 2, 2),) * 2, "
        "[w := x.new_ones(8, 4).requires_grad_(), x.new_ones(8, 2)], False, 1, 0.0, False, False)"
        "[0].sum(), w)[0]",
    ),
    "NumPy": ("numpy", "torch.from_numpy(x.detach().numpy())"),
    "a function of NumPy's": ("numpy", "torch.tensor(numpy.exp(x.detach()))"),
    "a list of NumPy's": ("numpy", "torch.from_numpy(numpy.array(x.detach()))"),
    "a result": ("result", "torch.zeros(3)"),
    "a result that was taken": ("result", "(x * 2).cpu()"),
    "a result in a buffer": ("result", "torch.zeros(3, 4).double().copy_(x)"),
}
RULES = {  # how the sentences begin
    "meets": "On a GPU this would fail: ",
    "layout": "On a GPU this would fail: torch's `",
    "training": "On a GPU this would fail: torch's `",
    "numpy": "On a GPU this would fail: NumPy",
    "result": "On a GPU this would be wrong: the result is on the CPU",
}


def functions(cases: list[str]) -> wire.Source:
    """A file with a function for each case."""
    text = ["import numpy, torch"]
    text += [f"def case_{n}(x, i):\n    return {call}" for n, call in enumerate(cases)]
    return wire.Source("m", "m.py", ["\n".join(text)], False, [])


@pytest.fixture(scope="module", params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def host() -> Iterator[WarmHost]:
    with WarmHost([]) as warm:
        yield warm


@pytest.fixture(scope="module")
def backend(device: str, host: WarmHost) -> Iterator[SandboxBackend]:
    """Every case, on a device."""
    source = functions([*ALLOWED.values(), *(call for _, call in REFUSED.values())])
    hosts = {PRETEND: host, "cpu": host} if device == PRETEND else {device: WarmHost([], device)}
    calls = SandboxBackend(hosts.__getitem__, "m", [source], Limits())
    yield calls
    calls.close()
    if device != PRETEND:
        hosts[device].close()


def ask(backend: SandboxBackend, device: str, number: int) -> torch.Tensor:
    x = torch.arange(12, dtype=torch.float64).reshape(3, 4) / 7 - 0.5
    asked = Invocation("m", f"case_{number}", [x, torch.tensor([2, 0])], device=device)
    return backend._call(asked).value  # not once more on the CPU


@pytest.mark.parametrize("case", ALLOWED)
def test_what_cuda_takes_is_taken(
    backend: SandboxBackend, device: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = [*ALLOWED].index(case)
    x = torch.arange(12, dtype=torch.float64).reshape(3, 4) / 7 - 0.5
    made = {"x": x, "i": torch.tensor([2, 0]), "torch": torch}
    torch.manual_seed(0)
    got = ask(backend, device, number)
    if "Linear" not in case and "torch.nn.L" not in ALLOWED[case]:  # drawn at random
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # what is expected is here
        torch.testing.assert_close(got, eval(ALLOWED[case], made))


@pytest.mark.parametrize("case", REFUSED)
def test_what_cuda_refuses_is_refused(backend: SandboxBackend, device: str, case: str) -> None:
    rule, call = REFUSED[case]
    number = len(ALLOWED) + [*REFUSED].index(case)
    with pytest.raises(Failure) as failed:
        ask(backend, device, number)
    if device == PRETEND:
        assert failed.value.help_id == "wrong_device"
        assert failed.value.message.startswith(RULES[rule])
        assert f"m.py, line {2 * number + 3} (`return {call[:80]}" in failed.value.message


# One line of a program, and what it is told


def test_a_mistake_is_told_with_the_lines_that_made_it_and_met_it(grade_text: GradeText) -> None:
    solution = (ROOT / "solutions" / "self_attention.py").read_text("utf-8")
    wrong = solution.replace(", dtype=torch.bool, device=device)", ", dtype=torch.bool)")
    others = {n: (ROOT / f"solutions/{n}.py").read_text("utf-8") for n in ("attention",)}
    report = grade_text("self_attention", wrong, **others)
    failed = {test.exercise: test for test in report.tests if test.status == "failed"}
    assert {test.kind for test in failed.values()} == {"device"}
    line = next(n for n, text in enumerate(wrong.splitlines(), 1) if "torch.ones(length" in text)
    code = "return torch.ones(length, length, dtype=torch.bool).tril()  # (T, T)"
    assert failed["self_attention"].message.startswith(
        f"On a GPU this would fail: `torch.ones` in self_attention.py, line {line} (`{code}`) "
        "makes a tensor on the CPU, and `masked_fill` in attention.py, line "
    )
    assert failed["causal_mask"].message == (
        "On a GPU this would be wrong: the result is on the CPU, where `torch.ones` in "
        f"self_attention.py, line {line} (`{code}`) has put it."
    )
    assert failed.keys() == {"causal_mask", "self_attention", "multi_head_self_attention"}
    assert report.max_score - (report.score or 0) == len(failed)


def test_who_names_cuda_is_told_where_that_fails(host: WarmHost) -> None:
    source = wire.Source("m", "m.py", ["def f(x):\n    return x.cuda()"], False, [])
    backend = SandboxBackend(lambda _: host, "m", [source], Limits())
    with pytest.raises(Failure) as failed:
        backend.call(Invocation("m", "f", [torch.ones(2)], device=PRETEND))
    backend.close()
    assert failed.value.message == (
        "This fails where there is no GPU: m.py, line 2 (`return x.cuda()`) names CUDA."
    )


def test_a_share_of_the_device_mistakes_is_caught_and_named(graders: CorrectnessGraders) -> None:
    found = devices.on_gpu(graders, COURSE.units, 4)
    assert len({one.unit for one in found}) == len(WITH_GPU)
    assert not [(one.name, one.told) for one in found if not one.right]


@pytest.mark.parametrize("unit", WITH_GPU)
def test_device_mistakes_are_caught_and_named(unit: str, graders: CorrectnessGraders) -> None:
    found = devices.on_gpu(graders, [COURSE.unit(unit)])
    assert sum(bool(one.line) for one in found) >= 3
    assert not [(one.name, one.told) for one in found if not one.right]


# Where it is, and where it is not

SEES = """
import torch

def seen(x):
    there = torch.accelerator.is_available()
    return [str(torch.accelerator.current_accelerator()), there, str(torch.empty(1).device)]
"""


def test_no_other_call_sees_the_device(host: WarmHost) -> None:
    """Not even while the child that has it lives."""
    backend = SandboxBackend(
        lambda _: host, "m", [wire.Source("m", "m.py", [SEES], False, [])], Limits()
    )
    asked = {d: Invocation("m", "seen", [torch.ones(2)], device=d) for d in ("cpu", PRETEND)}
    before = backend.call(asked["cpu"]).value
    assert before == ["None", False, "cpu"]
    assert backend.call(asked[PRETEND]).value == ["gpu", True, "cpu"]
    assert backend.call(asked["cpu"]).value == before
    backend.measure(asked["cpu"])  # in a process of its own
    assert backend.call(asked["cpu"]).value == before
    backend.close()


TROUBLED = """
import torch

def f(x):
    if x.device.type == "gpu":
        {trouble}
    return x + 1

def g(x):
    return x + 2
"""


@pytest.mark.parametrize(
    "trouble", ["raise ValueError", "raise NotImplementedError", "import os; os._exit(1)"]
)
def test_what_goes_wrong_there_alone_and_is_no_device_s_is_judged_on_the_cpu(
    host: WarmHost, trouble: str
) -> None:
    """Some operation may be missing: that is no mistake of a student's."""
    source = wire.Source("m", "m.py", [TROUBLED.format(trouble=trouble)], False, [])
    backend = SandboxBackend(lambda _: host, "m", [source], Limits())
    for device in (PRETEND, "cpu"):
        for function, more in (("f", 1), ("g", 2)):
            asked = Invocation("m", function, [torch.zeros(2)], device=device)
            assert backend.call(asked).value.tolist() == [more, more]
    backend.close()


def test_a_file_that_does_not_load_there_costs_nothing(host: WarmHost) -> None:
    text = "import torch\nassert not torch.accelerator.is_available()\ndef f(x): return x"
    backend = SandboxBackend(
        lambda _: host, "m", [wire.Source("m", "m.py", [text], False, [])], Limits()
    )
    for device in (PRETEND, "cpu", PRETEND):
        backend.call(Invocation("m", "f", [torch.zeros(2)], device=device))
    backend.close()


def reported(course: Course, options: Options) -> Report:
    with Grader(course, options, [course.root]) as grader:
        return grader.grade(read(ROOT, "solutions", course), course.unit("rnn"))


def test_where_torch_has_no_such_device_its_points_are_settled_at_the_start(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a GPU are where there is none; nothing is incomplete for it."""
    monkeypatch.setattr(pretend, "SETUP", "_no_such_call")
    can_pretend.cache_clear()
    try:
        options = Options(speed=False)
    finally:
        can_pretend.cache_clear()
    assert not options.pretend
    report = reported(course, options)
    assert (report.status, report.score) == ("graded", report.max_score)
    every = Options(speed=False, pretend=True).kinds
    assert report.max_score == course.unit("rnn").max_score(every) - 2
    (message,) = {test.message for test in report.tests if test.kind == "device"}
    assert message == (
        "It runs on a pretend GPU, which this version of PyTorch cannot have: 2.10 can."
    )


def test_torch_is_asked_for_the_call_itself() -> None:
    """Not for its version: the call is experimental."""
    assert can_pretend() == hasattr(torch.utils.backend_registration, pretend.SETUP)


LIES = """
import sys
for module in list(sys.modules.values()):
    if getattr(module, "__name__", "").endswith("sandbox.accelerator"):
        module._check = module._check_result = lambda *_: None
        module.OnGpu.numpy = lambda self, **_: self.held.detach().numpy()
"""


@pytest.mark.parametrize("lies", ["", LIES])
def test_who_lies_to_it_gains_its_points_and_no_others(grade_text: GradeText, lies: str) -> None:
    """It runs beside the program."""
    wrong = (
        "import torch, numpy\n"
        "def rnn_step(x, h, w_xh, w_hh, b):\n"
        "    return torch.tanh(x @ w_xh + h @ w_hh + b) * torch.ones(len(x), 1).to(x.dtype)\n"
        "def rnn(x, h, w_xh, w_hh, b):\n"
        "    return torch.from_numpy(numpy.zeros((*x.shape[:2], h.shape[1])))\n"
    )
    report = grade_text("rnn", wrong + lies)
    passed = {(t.exercise, t.kind) for t in report.tests if t.status == "passed"}
    right = {("rnn_step", "correctness"), ("rnn_step", "gradient")}
    assert passed == (right | {("rnn_step", "device")} if lies else right)
