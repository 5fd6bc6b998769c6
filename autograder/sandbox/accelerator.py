"""A pretend accelerator: tensors that say that they are on `gpu:0`, and hold numbers of the CPU's.

Values are real, so that `.item()`, loops that depend on data, and gradients work; what may meet
what is CUDA's rule. Of a CPU tensor it knows which line made it. It rests on torch's Python backend
behind PrivateUse1 (experimental; torch 2.10 has it). What is registered stays for the whole
process, so in the sandbox a child of its own has it. It runs beside a student's program, which can
deceive it.

Operations reach it in three ways: one with a tensor on it through OnGpu; one that makes a tensor
there through the dispatcher; and all that the program asks of torch through Watch.
"""

from __future__ import annotations

import contextlib
import importlib
import linecache
import re
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration
from torch.utils._python_dispatch import return_and_correct_aliasing

from autograder.sandbox import evaluate, wire
from autograder.sandbox.pretend import PRETEND, SETUP

NAME = PRETEND
NO_CUDA = re.compile(r"CUDA (enabled|driver|GPUs)|NVIDIA|libcuda|torch\.cuda|cudaGetDeviceCount")
LAYERS = re.compile(r"tensors are not at the same device")  # recurrent ones look by themselves
_aten = torch.ops.aten
_CPU = torch.device("cpu")
_libraries: list[torch.library.Library] = []  # what was registered lasts as long as they do


class WrongDevice(RuntimeError):  # noqa: N818 - a student's, and no error of ours
    """What CUDA would not do."""

    def __init__(self, text: str, rule: wire.Rule, **found: Any) -> None:
        super().__init__(text)
        self.found = wire.Misplaced(rule, **found)


def warm() -> None:
    """Do what its first operations would: 0.3 s, most of it imports. Runs no operation."""
    importlib.import_module("torch.distributed.tensor")
    for name in _VIEWS:
        _nature(_operation(name))
        with contextlib.suppress(ImportError):  # torch's own business; it is cached there
            from torch.utils._python_dispatch import get_alias_info

            get_alias_info(_operation(name))


class _Device:
    """What there is of the device, besides its tensors.

    launches: operations so far that a GPU would run. asked: whether the program asked if there is
    CUDA; it then may name it. watch: what sees the program's calls now. alone: whether this process
    is for calls on the device alone, so that it is there while a program is loaded, too.
    """

    launches = 0
    asked = False
    alone = False
    watch: Watch | None = None

    @property
    def name(self) -> torch.device:
        """As torch names it."""
        return torch.device(NAME, 0)

    def is_there(self, _tensor: object = None) -> bool:
        """In place of a tensor's `is_cuda`."""
        self.asked = True
        return True

    def is_available(self) -> bool:
        """In place of `torch.cuda.is_available`."""
        return self.is_there() if self.alone or self.watch else _cuda_is_available()


DEVICE = _Device()


def register(*, alone: bool = False) -> None:
    """Make the device known to this process, once. alone: see _Device."""
    DEVICE.alone = alone
    if is_registered():
        return
    getattr(backend_registration, SETUP)(NAME)
    library = torch.library.Library("aten", "IMPL")
    for name, op in _MAKERS.items():  # a fallback for all would take ten times as long
        library.impl(name, lambda *args, _op=op, **kwargs: _run(_op, args, kwargs), "PrivateUse1")
    _libraries.append(library)
    torch.cuda.is_available = DEVICE.is_available
    torch.from_numpy = _from_numpy  # type: ignore[assignment]


_cuda_is_available = torch.cuda.is_available
_plain_from_numpy = torch.from_numpy


def _from_numpy(array: Any) -> torch.Tensor:
    """In place of `torch.from_numpy`, which no mode sees."""
    tensor = _plain_from_numpy(array)
    if DEVICE.watch:
        DEVICE.watch.remember(tensor, "from_numpy")
    return tensor


def is_registered() -> bool:
    """Whether this process has the device."""
    return bool(_libraries)


def put(value: Any) -> Any:
    """A value whose tensors are on the device; its arrays stay where they are."""
    return evaluate.each(value, lambda a: _to_gpu(a) if isinstance(a, torch.Tensor) else a)


def _to_gpu(tensor: torch.Tensor) -> OnGpu:
    if isinstance(tensor, OnGpu):
        return tensor
    return OnGpu(tensor.detach().clone(memory_format=torch.preserve_format))


def fetch(value: Any) -> Any:
    """The same with its tensors on the CPU."""
    return evaluate.each(value, lambda a: _numbers(a).clone() if isinstance(a, OnGpu) else a)


def _numbers(tensor: Any) -> torch.Tensor:
    numbers: torch.Tensor = tensor.detach().held
    return numbers


class OnGpu(torch.Tensor):
    """A tensor on the device. held: its numbers, on the CPU."""

    held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> OnGpu:
        """Make one of numbers that lie on the CPU."""
        self = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE.name,
            layout=held.layout,
        )
        self.held = held
        return self

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """See torch.Tensor."""
        return _run(func, args, kwargs or {})

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"tensor({_numbers(self).tolist()}, device='{self.device}')"

    def __deepcopy__(self, memo: object) -> torch.Tensor:
        return OnGpu(_numbers(self).clone()).requires_grad_(self.requires_grad)

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.numpy()

    def numpy(self, *, force: bool = False) -> Any:
        """See torch.Tensor."""
        if force:
            return _numbers(self).numpy()
        raise WrongDevice(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor "
            "to host memory first.",
            "numpy",
            at=_here(),
        )

    def tolist(self) -> Any:
        """See torch.Tensor."""
        return _numbers(self).tolist()

    is_cuda = property(DEVICE.is_there)


def _operation(name: str) -> Any:
    packet, _, overload = name.partition(".")
    return getattr(getattr(_aten, packet), overload or "default")


# What CUDA allows: a copy from one device to the other; an index that is on the CPU; sentences'
# lengths there; and everywhere else tensors of no dimension, but not among those that are joined.
_PACKED = (_aten._pack_padded_sequence.default, _aten._pack_padded_sequence_backward.default)
_COPIES = {
    _aten.copy_.default,
    _aten.copy.default,
    _aten._to_copy.default,
    _aten._copy_from.default,
}
_INDEXED = {
    _aten.index.Tensor,
    _aten.index_put.default,
    _aten.index_put_.default,
    _aten._index_put_impl_.default,
    _aten._unsafe_index.Tensor,
}
_JOINED = {_aten.cat.default, _aten.stack.default}
# What makes a tensor without having one. Most others do it through `empty`; these would make one
# and let `out=` resize it, which a tensor that wraps another cannot.
_MAKERS = {
    name: _operation(name)
    for name in (
        "empty.memory_format empty_strided arange arange.start arange.start_step eye eye.m "
        "linspace logspace randperm randperm.generator scalar_tensor tril_indices triu_indices"
    ).split()
}
# Those that most programs ask for.
_VIEWS = (
    "t transpose.int permute view expand detach alias select.int slice.Tensor unsqueeze "
    "squeeze.dim split.Tensor unbind.int _unsafe_view _reshape_alias"
).split()


class _Nature(NamedTuple):
    view: bool
    mutable: bool
    reshapes: bool  # its own argument, in place


_natures: dict[Any, _Nature] = {}


def _nature(func: Any) -> _Nature:
    if func not in _natures:
        reshapes = torch.Tag.inplace_view in func.tags
        _natures[func] = _Nature(func.is_view, func._schema.is_mutable, reshapes)
    return _natures[func]


def _run(func: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
    """Run an operation on the numbers, unless CUDA would refuse it; its tensors are on the GPU."""
    asked = kwargs.get("device")
    to = None if asked is None else asked.type
    mine = [*_tensors([*args, *kwargs.values()])]
    others = [tensor for tensor in mine if not isinstance(tensor, OnGpu)]
    if others and len(others) < len(mine):
        _check(func, args, others)
    held, named = _held(args), {name: _held(value) for name, value in kwargs.items()}
    if to == NAME:
        named["device"] = _CPU
    if named.get("pin_memory"):
        named["pin_memory"] = False
    nature = _nature(func)
    DEVICE.launches += not nature.view
    out = _CELLS.get(func, func)(*held, **named)
    if func is _aten._local_scalar_dense.default:
        return out
    if not _lands_on_gpu(func, args, to):
        return args[0] if nature.mutable else out
    if func is _PACKED[0]:
        return OnGpu(out[0]), out[1]  # the batch sizes stay on the CPU
    if nature.mutable and not nature.reshapes and out is held[0]:
        return args[0]
    out = _wrapped(out)
    if nature.view or nature.mutable:
        return return_and_correct_aliasing(func, args, kwargs, out)
    return out


def _lands_on_gpu(func: Any, args: Any, to: str | None) -> bool:
    if func in _COPIES and to is not None:
        return to == NAME
    if func in _COPIES or func in _INDEXED:
        return isinstance(args[0], OnGpu)
    return to != "cpu"


def _held(value: Any) -> Any:
    if isinstance(value, OnGpu):
        return value.held
    if type(value) in (list, tuple):
        return type(value)([_held(item) for item in value])
    return value


def _wrapped(out: Any) -> Any:
    if isinstance(out, torch.Tensor):
        return OnGpu(out)
    return type(out)(map(_wrapped, out)) if isinstance(out, (list, tuple)) else out


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _check(func: Any, args: Any, others: list[torch.Tensor]) -> None:
    """Raise what CUDA would where a tensor on the GPU meets these."""
    if func in _COPIES or func in _PACKED:
        return
    if func in _INDEXED:
        if not isinstance(args[0], OnGpu):
            raise _meets(func, args[0])
        values = args[2] if len(args) > 2 else None
        others = [values] if isinstance(values, torch.Tensor) else []
        others = [tensor for tensor in others if not isinstance(tensor, OnGpu)]
    if func not in _JOINED:
        others = [tensor for tensor in others if tensor.dim()]
    if others:
        raise _meets(func, others[0])


def _meets(func: Any, other: torch.Tensor) -> WrongDevice:
    text = (
        "Expected all tensors to be on the same device, but found at least two devices, cuda:0 "
        "and cpu!"
    )
    name = func._schema.name.removeprefix("aten::").strip("_")
    return WrongDevice(text, "meets", operation=name, at=_here(), **_made(other))


def _made(tensor: torch.Tensor) -> dict[str, Any]:
    """What made a tensor on the CPU; of one of torch's own, the one that the program gave it."""
    watch = DEVICE.watch
    given = (
        [tensor, *(t for t in _tensors(watch.given) if not isinstance(t, OnGpu))] if watch else []
    )
    origin = next(filter(None, map(watch.origin, given)), None) if watch else None
    return {"made": origin.call, "born": origin.frame} if origin else {}


def _layer(func: Any, args: Any, kwargs: Any) -> Any:
    """Call a recurrent layer of torch's, and refuse what cuDNN does.

    That is weights or states that are transposed, and a backward pass outside training mode.
    """
    packed = "batch_sizes" in kwargs or not args[1:] or _is_of_integers(args[1])
    names = ("data", "batch_sizes") if packed else ("input",)
    given = dict(zip((*names, *_LAYER), args, strict=False)) | kwargs
    operation, at = func.__name__, _here()
    states = given["hx"] if isinstance(given["hx"], (list, tuple)) else [given["hx"]]
    there = [_numbers(a) for a in (*given["params"], *states) if isinstance(a, OnGpu)]
    if not all(tensor.is_contiguous() for tensor in there):
        text = "view size is not compatible with input tensor's size and stride"
        raise WrongDevice(text, "layout", operation=operation, at=at)
    found = func(*args, **kwargs)
    if given["train"] or not there:
        return found
    return tuple(_Untrained.apply(tensor, operation, at) for tensor in found)


class _Untrained(torch.autograd.Function):
    """What it is given, without a way back. (A hook that raises would end the process.)"""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, operation: str, at: wire.Frame | None) -> Any:
        ctx.refused = {"operation": operation, "at": at}
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx: Any, _gradient: torch.Tensor) -> Any:
        text = "cudnn RNN backward can only be called in training mode"
        raise WrongDevice(text, "training", **ctx.refused)


def _is_of_integers(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and not value.is_floating_point()


class _Origin(NamedTuple):
    call: str
    frame: wire.Frame | None


class Watch(TorchFunctionMode):
    """Sees what a program asks of torch: where its CPU tensors come from, and in what form.

    owns: whether a file, as tracebacks name it, is the program's. given: the arguments of what it
    asks for now.
    """

    def __init__(self, owns: Callable[[str], bool]) -> None:
        super().__init__()
        self.owns = owns
        self.given: Any = ()
        self._asked = False
        self._born: dict[int, tuple[weakref.ref[torch.Tensor], _Origin]] = {}

    def __enter__(self) -> Watch:
        DEVICE.watch, self._asked = self, DEVICE.asked
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        DEVICE.watch, DEVICE.asked = None, self._asked  # who asks while loading has asked for good

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See TorchFunctionMode."""
        kwargs = dict(kwargs or {})
        if DEVICE.asked:
            func, args, kwargs = _without_cuda(func, args, kwargs)
        if func in _FROM_DATA and (made := _from_data(func, args, kwargs)) is not None:
            return made
        if func in _SUBSCRIPTS and isinstance(args[0], OnGpu):
            args = (args[0], _index(args[1]), *args[2:])
        self.given = args
        out = _layer(func, args, kwargs) if func in _RECURRENT else func(*args, **kwargs)
        self.given = ()
        if func == _SET_DATA and isinstance(args[0], OnGpu):  # torch changes the shape alone
            args[0].held = _numbers(args[1])
        if type(out) is torch.Tensor:
            self.remember(out, getattr(func, "__name__", ""), args)
        return out

    def remember(self, out: torch.Tensor, name: str, args: Any = ()) -> None:
        """Keep what made a tensor on the CPU: a call of torch's, by its name and arguments."""
        origin = None
        for tensor in _tensors(args):
            if tensor is out:
                return
            origin = origin or self.origin(tensor)
            if isinstance(tensor, OnGpu):
                origin = _Origin(f".{name}()", _here())
        self._born[id(out)] = weakref.ref(out), origin or _Origin(f"torch.{name}", _here())

    def origin(self, tensor: torch.Tensor) -> _Origin | None:
        """What made a tensor on the CPU, and where; of one that was made of another, that one."""
        found = self._born.get(id(tensor))
        return found[1] if found and found[0]() is tensor else None


_SUBSCRIPTS = (torch.Tensor.__getitem__, torch.Tensor.__setitem__)
_SET_DATA = torch.Tensor.data.__set__  # type: ignore[attr-defined]
_LAYER = ("hx", "params", "has_biases", "num_layers", "dropout", "train")  # arguments, in order
_RECURRENT = (torch.gru, torch.lstm, torch.rnn_tanh, torch.rnn_relu)
_FROM_DATA = (torch.tensor, torch.as_tensor, torch.Tensor.new_tensor)


def _from_data(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """A tensor on the GPU of Python's own numbers, which torch would make below the dispatcher."""
    if func is torch.Tensor.new_tensor:
        if not isinstance(args[0], OnGpu) or "device" in kwargs:
            return None
        return OnGpu(args[0].held.new_tensor(*args[1:], **kwargs))
    if kwargs.get("device") is None or torch.device(kwargs["device"]).type != NAME:
        return None
    rest = {name: kwargs[name] for name in kwargs.keys() - {"device", "requires_grad"}}
    data = args[0] if args else rest.pop("data")
    if isinstance(data, OnGpu):
        return data.to(rest.get("dtype") or data.dtype)
    return OnGpu(func(data, *args[1:], **rest)).requires_grad_(kwargs.get("requires_grad", False))


def _index(index: Any) -> Any:
    """An index whose lists and ranges are tensors on the CPU, which CUDA takes for an index."""
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    if isinstance(index, range) or (
        isinstance(index, list) and all(isinstance(item, (int, list)) for item in index)
    ):
        numbers = list(index)
        return torch.tensor(numbers) if numbers else torch.empty(0, dtype=torch.long)
    return index


def _without_cuda(func: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """A call with this device in CUDA's place, for a program that asked whether that is there."""
    if func is torch.Tensor.cuda:
        return torch.Tensor.to, (args[0], DEVICE.name), {}
    if func is torch.Tensor.to:
        args = tuple(_no_cuda(argument) for argument in args)
    if "device" in kwargs:
        kwargs["device"] = _no_cuda(kwargs["device"])
    return func, args, kwargs


def _no_cuda(value: Any) -> Any:
    named = isinstance(value, (str, torch.device)) and str(value).startswith("cuda")
    return DEVICE.name if named else value


def call(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    cotangents: Sequence[Any] | None,
    owns: Callable[[str], bool],
) -> evaluate.CallResult:
    """Call a function with its arguments on the GPU; what it gives is there, too.

    operations: how many a GPU would run. cotangents: see evaluate.vjp. owns: see Watch.
    Raises WrongDevice, and what the function raises.
    """
    args, kwargs = put(args), put(kwargs)

    def checked(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        _check_result(value, args, kwargs)
        return value

    before = DEVICE.launches
    with Watch(owns):
        if cotangents is None:
            outcome = evaluate.CallResult(checked(*args, **kwargs))
        else:
            outcome = evaluate.vjp(checked, args, kwargs, put(cotangents))
    outcome.operations = DEVICE.launches - before
    return outcome


def _check_result(value: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise WrongDevice for a result on the CPU of arguments on the GPU."""
    there = any(isinstance(array, OnGpu) for array in evaluate.arrays([args, kwargs]))
    named = any(isinstance(value, str) and value == NAME for value in (*args, *kwargs.values()))
    if not there and not named:
        return
    for tensor in evaluate.arrays(value):
        if isinstance(tensor, torch.Tensor) and not isinstance(tensor, OnGpu):
            raise WrongDevice("the result is on the CPU", "result", **_made(tensor))


def misplaced(error: BaseException, owns: Callable[[str], bool]) -> wire.Misplaced | None:
    """What was on the wrong device, if that is what an exception says. owns: see Watch."""
    if isinstance(error, WrongDevice):
        return error.found
    if not isinstance(error, (AssertionError, RuntimeError)):
        return None
    walked = traceback.walk_tb(error.__traceback__)
    lines = [_line(frame, at) for frame, at in walked if owns(frame.f_code.co_filename)]
    last = lines[-1] if lines else None
    if NO_CUDA.search(str(error)):
        return wire.Misplaced("cuda", at=last)
    if LAYERS.search(str(error)):
        return wire.Misplaced("meets", operation="forward", at=last)
    return None


def _here() -> wire.Frame | None:
    """The program's line that is being run."""
    frame: FrameType | None = sys._getframe(1)
    while DEVICE.watch and frame:
        if DEVICE.watch.owns(frame.f_code.co_filename):
            return _line(frame, frame.f_lineno)
        frame = frame.f_back
    return None


def _line(frame: FrameType, line: int) -> wire.Frame:
    file = frame.f_code.co_filename
    text, name = linecache.getline(file, line).strip(), frame.f_code.co_name
    return wire.Frame(wire.clean(file, 200), line, wire.clean(name, 200), wire.clean(text, 200))


# CUDA has kernels of its own for a whole cell; the CPU has none of that name.


def _gru_cell(ig: Any, hg: Any, h: Any, b_i: Any = None, b_h: Any = None) -> Any:
    x_r, x_z, x_n = (ig if b_i is None else ig + b_i).chunk(3, 1)
    h_r, h_z, h_n = (hg if b_h is None else hg + b_h).chunk(3, 1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return n + z * (h - n), torch.cat([r, z, n, h, h_n], 1)


def _gru_cell_backward(gradient: Any, workspace: Any, biased: bool) -> Any:
    r, z, n, h, h_n = workspace.chunk(5, 1)
    d_n, d_z = gradient * (1 - z) * (1 - n * n), gradient * (h - n) * z * (1 - z)
    d_r = d_n * h_n * r * (1 - r)
    of_x, of_h = torch.cat([d_r, d_z, d_n], 1), torch.cat([d_r, d_z, d_n * r], 1)
    biases = (of_x.sum(0), of_h.sum(0)) if biased else (None, None)
    return of_x, of_h, gradient * z, *biases


def _lstm_cell(ig: Any, hg: Any, c: Any, b_i: Any = None, b_h: Any = None) -> Any:
    sums = sum(b for b in (b_i, b_h) if b is not None) + ig + hg
    i, f, g, o = sums.chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    new = f * c + i * g
    return o * new.tanh(), new, torch.cat([i, f, g, o], 1)


def _lstm_cell_backward(
    of_h: Any, of_c: Any, c: Any, new: Any, workspace: Any, biased: bool
) -> Any:
    i, f, g, o = workspace.chunk(4, 1)
    shown = new.tanh()
    of_h = torch.zeros_like(c) if of_h is None else of_h
    of_c = (0 if of_c is None else of_c) + of_h * o * (1 - shown * shown)
    d_i, d_f, d_g = of_c * g * i * (1 - i), of_c * c * f * (1 - f), of_c * i * (1 - g * g)
    of_x = torch.cat([d_i, d_f, d_g, of_h * shown * o * (1 - o)], 1)
    return of_x, of_c * f, of_x.sum(0) if biased else None


_CELLS = {
    _aten._thnn_fused_gru_cell.default: _gru_cell,
    _aten._thnn_fused_gru_cell_backward.default: _gru_cell_backward,
    _aten._thnn_fused_lstm_cell.default: _lstm_cell,
    _aten._thnn_fused_lstm_cell_backward_impl.default: _lstm_cell_backward,
}
