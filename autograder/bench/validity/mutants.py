"""Small changes of a reference solution, nearly all of which make it wrong.

A test suite is as good as the share of these mutants that it fails; see `validity`.
"""

from __future__ import annotations

import ast
import builtins
import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

import numpy as np
import torch

# What is easily taken for one another, in both directions.
SIBLINGS: dict[str, list[str]] = {}
for _pair in """
exp log, tanh sigmoid, sum mean, sum prod, amax amin, max min, argmax argmin, tril triu, ones zeros,
softmax log_softmax, ones_like zeros_like, sqrt square, stack cat, cumsum cumprod, ceil floor,
abs real, any all, append extend, eigvals eigvalsh, maximum minimum, logsumexp sum
""".split(","):
    _a, _b = _pair.split()
    SIBLINGS.setdefault(_a, []).append(_b)
    SIBLINGS.setdefault(_b, []).append(_a)
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}
COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
COMMUTATIVE = (ast.Add, ast.Mult)
METHODS = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}
UFUNCS = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
IN_PLACE = ("exp", "tanh", "masked_fill", "neg", "sigmoid", "sub", "div", "mul", "add")
INTEGERS = ("tokens", "lengths", "nouns", "batches")  # tensors without a graph or digits to lose
MODULES: dict[str, object] = {"torch": torch, "np": np, "math": math}
STATIC = ("shape", "dtype", "device", "ndim")  # what a detached or rounded tensor has too
TURNS = ("T", "mT")
SYMMETRIC = ("max", "min", "maximum", "minimum", "transpose", "swapaxes")  # in their arguments
GUARDS = ("strict",)  # against what an exercise does not allow anyway


@dataclass(frozen=True)
class Mutant:
    """A changed module: in which function, what was done, and the statement before and after."""

    function: str
    operator: str
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class _Change:
    """What was done to a node (None: it is gone), and the innermost statement's two texts."""

    operator: str
    node: Any
    before: str = ""
    after: str = ""


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module's functions; of those that compile to the same code, the first."""
    tree = ast.parse(source)
    seen = {_fingerprint(tree)}
    found = []
    for position, function in enumerate(tree.body):
        if not isinstance(function, ast.FunctionDef):
            continue
        for change in _Mutator(function, "import torch" in source).variants(function):
            body = [*tree.body[:position], change.node, *tree.body[position + 1 :]]
            module = ast.fix_missing_locations(copy.deepcopy(ast.Module(body, [])))
            fingerprint = _fingerprint(module)
            if fingerprint and fingerprint not in seen:
                seen.add(fingerprint)
                text = ast.unparse(module) + "\n"
                names = function.name, change.operator, change.before, change.after
                found.append(Mutant(*names, text))
    return found


class _Mutator:
    """Makes the changed copies of one function's nodes; the original is left as it is."""

    def __init__(self, function: ast.FunctionDef, torch: bool) -> None:
        self._torch = torch
        self._arrays = {
            argument.arg
            for argument in function.args.args
            if argument.annotation and _is_array(ast.unparse(argument.annotation))
            if argument.arg not in INTEGERS
        }

    def variants(self, node: ast.AST) -> Iterator[_Change]:
        """Every copy of a node with one change somewhere in it."""
        for change in self._inside(node):
            if isinstance(node, ast.stmt) and not change.after:
                after = change.node or ast.Pass()
                yield replace(change, node=after, before=_line(node), after=_line(after))
            else:
                yield change

    def _inside(self, node: ast.AST) -> Iterator[_Change]:
        yield from self._here(node)
        if _is_leaf(node):
            return
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            if isinstance(node, ast.keyword) and node.arg in GUARDS:
                continue
            if isinstance(value, ast.AST):
                for change in self.variants(value):
                    yield replace(change, node=_with(node, field, change.node))
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        for change in self.variants(item):
                            items = [*value[:i], change.node, *value[i + 1 :]]
                            yield replace(change, node=_with(node, field, items))

    def _here(self, node: ast.AST) -> Iterator[_Change]:
        """The changes of this very node."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method:
            yield from method(node)

    def _constant(self, node: ast.Constant) -> Iterator[_Change]:
        value = node.value
        if isinstance(value, bool):
            yield _Change("constant", ast.Constant(not value))
        elif isinstance(value, int):
            yield _Change("constant", _number(value + 1))
            yield _Change("constant", _number(value - 1))
        elif isinstance(value, float):
            yield _Change("constant", ast.Constant(2 * value if value else 1.0))

    def _unaryop(self, node: ast.UnaryOp) -> Iterator[_Change]:
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and isinstance(number, (int, float)):
            yield _Change("constant", node.operand)
            if isinstance(number, int):
                yield _Change("constant", _number(1 - number))
                yield _Change("constant", _number(-1 - number))
        else:
            yield _Change("inverted", node.operand)

    def _binop(self, node: ast.BinOp) -> Iterator[_Change]:
        operator = type(node.op)
        yield _Change("term dropped", node.left)
        yield _Change("term dropped", node.right)
        yield _Change("operator", _with(node, "op", ARITHMETIC[operator]()))
        if operator not in COMMUTATIVE:
            yield _Change("swapped", ast.BinOp(node.right, node.op, node.left))
        if operator is ast.MatMult:
            yield _Change("transposed", _with(node, "left", self._turned(node.left)))
            yield _Change("transposed", _with(node, "right", self._turned(node.right)))
        if operator in METHODS and self._is_argument(node.left):
            yield _Change("in place", self._in_place(node))

    def _augassign(self, node: ast.AugAssign) -> Iterator[_Change]:
        yield _Change("statement dropped", None)
        yield _Change("operator", _with(node, "op", ARITHMETIC[type(node.op)]()))
        target = copy.copy(node.target)
        yield _Change("term dropped", ast.Assign([target], node.value))

    def _assign(self, node: ast.stmt) -> Iterator[_Change]:
        yield _Change("statement dropped", None)

    _raise = _break = _assign

    def _expr(self, node: ast.Expr) -> Iterator[_Change]:
        if isinstance(node.value, ast.Call):
            yield _Change("statement dropped", None)

    def _compare(self, node: ast.Compare) -> Iterator[_Change]:
        for i, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                ops = [*node.ops[:i], other(), *node.ops[i + 1 :]]
                yield _Change("comparison", _with(node, "ops", ops))

    def _boolop(self, node: ast.BoolOp) -> Iterator[_Change]:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _Change("operator", _with(node, "op", other))
        for value in node.values:
            yield _Change("term dropped", value)

    def _if(self, node: ast.If) -> Iterator[_Change]:
        yield _Change("condition", _with(node, "test", ast.UnaryOp(ast.Not(), node.test)))

    def _ifexp(self, node: ast.IfExp) -> Iterator[_Change]:
        yield _Change("condition", node.body)
        yield _Change("condition", node.orelse)
        yield _Change("condition", ast.IfExp(node.test, node.orelse, node.body))

    def _for(self, node: ast.For) -> Iterator[_Change]:
        yield _Change("order", _with(node, "iter", _reversed(node.iter)))

    def _comprehension(self, node: ast.comprehension) -> Iterator[_Change]:
        yield _Change("order", _with(node, "iter", _reversed(node.iter)))
        for i, test in enumerate(node.ifs):
            ifs = [*node.ifs[:i], ast.UnaryOp(ast.Not(), test), *node.ifs[i + 1 :]]
            yield _Change("condition", _with(node, "ifs", ifs))

    def _tuple(self, node: ast.Tuple) -> Iterator[_Change]:
        if isinstance(node.ctx, ast.Load):
            yield from _exchanged(node, "elts", node.elts)

    def _list(self, node: ast.List) -> Iterator[_Change]:
        yield from self._tuple(node)  # type: ignore[arg-type]

    def _call(self, node: ast.Call) -> Iterator[_Change]:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name not in SYMMETRIC:
            yield from _exchanged(node, "args", node.args)
        for i, keyword in enumerate(node.keywords):
            if keyword.arg and keyword.arg not in GUARDS:
                rest = [*node.keywords[:i], *node.keywords[i + 1 :]]
                yield _Change("keyword dropped", _with(node, "keywords", rest))
        function = node.func
        if isinstance(function, ast.Attribute):
            if not _is_module(function.value):
                yield _Change("call dropped", function.value)
            if function.attr in IN_PLACE and self._torch and self._is_argument(function.value):
                attribute = _with(function, "attr", f"{function.attr}_")
                yield _Change("in place", _with(node, "func", attribute))
        if node.args:
            yield _Change("call dropped", node.args[0])
        if isinstance(function, ast.Name) and function.id == "range":
            for i, argument in enumerate(node.args):
                for shifted in _shifted(argument):
                    args = [*node.args[:i], shifted, *node.args[i + 1 :]]
                    yield _Change("off by one", _with(node, "args", args))
            if len(node.args) == 1:
                yield _Change("off by one", _with(node, "args", [ast.Constant(1), *node.args]))

    def _attribute(self, node: ast.Attribute) -> Iterator[_Change]:
        if node.attr in TURNS:
            yield _Change("transposed", node.value)
        for sibling in SIBLINGS.get(node.attr, []):
            if hasattr(self._owner(node.value), sibling):
                yield _Change("sibling", _with(node, "attr", sibling))

    def _name(self, node: ast.Name) -> Iterator[_Change]:
        if not isinstance(node.ctx, ast.Load):
            return
        for sibling in SIBLINGS.get(node.id, []):
            if hasattr(builtins, node.id) and hasattr(builtins, sibling):
                yield _Change("sibling", ast.Name(sibling, node.ctx))
        if self._is_argument(node):
            name = node.id
            if self._torch:
                yield _Change("detached", _parsed(f"{name}.detach()"))
                yield _Change("rounded", _parsed(f"{name}.float().to({name}.dtype)"))
            else:
                yield _Change("rounded", _parsed(f"{name}.astype(np.float32)"))

    def _subscript(self, node: ast.Subscript) -> Iterator[_Change]:
        index = node.slice
        items = index.elts if isinstance(index, ast.Tuple) else [index]
        for i, item in enumerate(items):
            for shifted in _shifted(item):
                if isinstance(index, ast.Tuple):
                    shifted = _with(index, "elts", [*items[:i], shifted, *items[i + 1 :]])
                yield _Change("off by one", _with(node, "slice", shifted))

    def _is_argument(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self._arrays

    def _owner(self, receiver: ast.expr) -> object:
        """What a method is looked up in: one that does not exist would prove nothing."""
        if isinstance(receiver, ast.Name) and receiver.id in MODULES:
            return MODULES[receiver.id]
        if isinstance(receiver, ast.Attribute) and ast.unparse(receiver) == "np.linalg":
            return np.linalg
        return torch.Tensor if self._torch else np.ndarray

    def _turned(self, node: ast.expr) -> ast.expr:
        return ast.Attribute(node, "mT" if self._torch else "T", ast.Load())

    def _in_place(self, node: ast.BinOp) -> ast.expr:
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        if self._torch:
            return _parsed(f"{left}.{METHODS[type(node.op)]}({right})")
        return _parsed(f"np.{UFUNCS[type(node.op)]}({left}, {right}, out={left})")


def _is_module(node: ast.expr) -> bool:
    return ast.unparse(node) in (*MODULES, "np.linalg", "torch.linalg", "np.random", "F")


def _is_array(annotation: str) -> bool:
    return annotation in ("torch.Tensor", "np.ndarray", "Tensor")


def _is_leaf(node: ast.AST) -> bool:
    """Whether what stands inside a node is left alone."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)
    if isinstance(node, ast.Attribute):
        static = node.attr in STATIC or node.attr.startswith("new_")
        return static and isinstance(node.value, ast.Name)
    return isinstance(node, (ast.Raise, ast.JoinedStr))


def _exchanged(node: ast.AST, field: str, items: Sequence[ast.expr]) -> Iterator[_Change]:
    """A node with two neighbours in one of its lists exchanged."""
    for i in range(len(items) - 1):
        swapped = [*items[:i], items[i + 1], items[i], *items[i + 2 :]]
        yield _Change("swapped", _with(node, field, swapped))


def _shifted(node: ast.expr) -> Iterator[ast.expr]:
    """An index, or a slice's bounds, one further on and one back; constants have their own."""
    if isinstance(node, ast.Slice):
        if node.lower is None and node.step is None:
            yield _with(node, "lower", ast.Constant(1))
        if node.upper is None and node.step is None:
            yield _with(node, "upper", _number(-1))
        for field in ("lower", "upper"):
            bound = getattr(node, field)
            for shifted in _shifted(bound) if bound else []:
                yield _with(node, field, shifted)
    elif isinstance(node, (ast.Name, ast.BinOp, ast.Subscript, ast.Call)):
        yield ast.BinOp(node, ast.Add(), ast.Constant(1))
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _reversed(node: ast.expr) -> ast.expr:
    return _parsed(f"list({ast.unparse(node)})[::-1]")


def _number(value: int) -> ast.expr:
    """A number as Python writes it: a negative one is a sign and a number."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _with(node: Any, field: str, value: object) -> Any:
    """A copy of a node with another field."""
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed


def _line(node: ast.stmt) -> str:
    """A statement's text; of one that holds others, its first line."""
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).strip().splitlines()[0]


def _fingerprint(module: ast.Module) -> object:
    """What a module compiles to, without line numbers; None where it does not compile."""
    try:
        return _code(compile(ast.unparse(module), "", "exec", dont_inherit=True))
    except SyntaxError:
        return None


def _code(code: CodeType) -> object:
    constants = [_code(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts]
    return code.co_code, repr(constants), code.co_names, code.co_varnames
