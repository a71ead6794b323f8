"""Faults put into rows of the op table, into lowering and into passes: verification catches every one."""

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import sympy as sp
from judged import faulty, is_refused
from sympy import (
    Abs,
    Heaviside,
    Integer,
    Max,
    Min,
    Piecewise,
    Rational,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    exp,
    log,
    sech,
    sign,
    sin,
    sinc,
    sinh,
    sqrt,
    tan,
    tanh,
)

import symgraph.derive.adjoint
import symgraph.derive.lowering
import symgraph.derive.op_graphs
from symgraph import Model, cbrt, expm1, hypot, log1p, relu, sigmoid, softplus
from symgraph.backends import BACKENDS
from symgraph.backends.rendering import render
from symgraph.backends.source import Source
from symgraph.derive.adjoint import differentiate
from symgraph.derive.lowering import lower
from symgraph.generate import generate
from symgraph.ir.graph import GraphBuilder, Node
from symgraph.ir.op import over
from symgraph.ir.ops import OPS
from symgraph.passes import PIPELINE, printed, run_passes


def tiny(op: str) -> Model:
    """A model in which one op meets a weight in every operand."""
    model = Model("tiny")
    x, z = model.features("x z")
    a, b, y = model.weight("a"), model.weight("b"), model.target("y")
    u, t = a * x + b, b * z + a
    inside = sp.Rational(9, 10) * tanh(u)  # inside (-1, 1)
    exprs = {
        "add": u + t * a, "sub": a - b * x, "mul": a * b * x, "div": a * x / (b**2 + z**2), "neg": -a * b * x,
        "pow": (1 + u**2) ** (b / 3), "cube": u**3, "sqrt": sqrt(2 + u**2 + x * z * u / 9), "cbrt": cbrt(u),
        "hypot": hypot(u, t),
        "exp": exp(u), "expm1": expm1(u), "log": log(2 + u**2), "log1p": log1p(u**2), "sigmoid": sigmoid(u),
        "softplus": softplus(u), "sin": sin(u), "cos": cos(u), "tan": tan(u), "asin": asin(inside), "acos": acos(inside),
        "atan": atan(u), "atan2": atan2(u, t), "sinc": sinc(u), "sinh": sinh(u), "cosh": cosh(u), "tanh": tanh(u),
        "sech": sech(u), "asinh": asinh(u), "acosh": acosh(1 + u**2), "atanh": atanh(inside), "abs": Abs(u),
        "sign": sign(u) * a + b, "heaviside": Heaviside(u, Rational(1, 4)) * a + b, "max": Max(u, t), "min": Min(u, t),
        "relu": relu(u), "select": Piecewise((a * x, u < t), (b * z, True)), "lt": Piecewise((a * x, x < 1), (b * z, True)),
        "gt": Piecewise((a * x, x > 1), (b * z, True)), "le": Piecewise((a * x, x <= 1), (b * z, True)),
        "ge": Piecewise((a * x, x >= 1), (b * z, True)), "guard": Piecewise((a * sqrt(x), x > 0), (b * z, True)),
        "and": Piecewise((a * x, sp.And(x < z, x > -1)), (b * z, True)),
        "or": Piecewise((a * x, sp.Or(x < z, x > 1)), (b * z, True)),
        "not": Piecewise((a * x, sp.Not(sp.And(x < z, x > -1))), (b * z, True)),
        "eq": Piecewise((a * x, sp.Eq(z, 1)), (b * z, True)), "constant": a * x + b + sp.pi,
        "uniform": x * exp(a) * z + b * exp(a),
    }  # fmt: skip
    model.output("y_hat", model.node("op", exprs[op]) + a / 7 + b / 9)
    model.loss((y - model.nodes[-1].symbol) ** 2)
    return model


x0, x1 = sp.symbols("x0:2", real=True)
v, p, d, s, r, u = sp.symbols("v p d s r u", real=True)
ONE = Integer(1)

WRONG_ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "add: second term lost": ("add", {"partials": ((ONE,), ())}),
    "sub: sign": ("sub", {"partials": ((ONE,), (ONE,))}),
    "mul: factors swapped": ("mul", {"partials": ((x0,), (x1,))}),
    "div: sign": ("div", {"partials": ((over(x1),), (over(x1), v))}),
    "div: not divided": ("div", {"partials": ((ONE,), (over(x1), -v))}),
    "neg: sign": ("neg", {"partials": ((ONE,),)}),
    "pow: factor lost": ("pow", {"partials": ((x0 ** (x1 - 1),), OPS["pow"].partials[1])}),
    "pow: exponent": ("pow", {"partials": ((x1, x0**x1), OPS["pow"].partials[1])}),
    "pow: no logarithm": ("pow", {"partials": (OPS["pow"].partials[0], (v,))}),
    "sqrt: factor 2": ("sqrt", {"partials": ((over(v),),)}),
    "cbrt: factor": ("cbrt", {"partials": ((over(2 * v * v),),)}),
    "hypot: swapped": ("hypot", {"partials": OPS["hypot"].partials[::-1]}),
    "exp: factor 1.001": ("exp", {"partials": ((v, sp.Float(1.001)),)}),
    "expm1: not plus 1": ("expm1", {"partials": ((v,),)}),
    "log: of 1 + x": ("log", {"partials": ((over(1 + x0),),)}),
    "log1p: of x": ("log1p", {"partials": ((over(x0),),)}),
    "sigmoid: factor lost": ("sigmoid", {"partials": ((p, d),)}),
    "sigmoid: value": ("sigmoid", {"stable": d}),
    "softplus: sign": ("softplus", {"partials": ((sigmoid(-x0),),)}),
    "softplus: value": ("softplus", {"stable": Max(x0, 0) + p}),
    "sin: sign": ("sin", {"partials": ((-cos(x0),),)}),
    "cos: sign": ("cos", {"partials": ((sin(x0),),)}),
    "tan: square lost": ("tan", {"partials": ((1 + v,),)}),
    "asin: sign inside": ("asin", {"partials": ((over(sqrt(1 + x0 * x0)),),)}),
    "acos: sign": ("acos", {"partials": OPS["asin"].partials}),
    "atan: square lost": ("atan", {"partials": ((over(1 + x0),),)}),
    "atan2: swapped": ("atan2", {"partials": OPS["atan2"].partials[::-1]}),
    "atan2: divided once": ("atan2", {"partials": ((x1 / r,), (-x0 / r,))}),
    "sinc: no branch": ("sinc", {"partials": (((cos(x0) + v) / x0,),)}),
    "sinc: value": ("sinc", {"stable": sin(x0)}),
    "sinh: itself": ("sinh", {"partials": ((v,),)}),
    "cosh: sign": ("cosh", {"partials": ((-sinh(x0),),)}),
    "tanh: factor lost": ("tanh", {"partials": ((s,),)}),
    "sech: sign": ("sech", {"partials": ((tanh(x0), v),)}),
    "asinh: no root": ("asinh", {"partials": ((over(1 + x0 * x0),),)}),
    "acosh: sign inside": ("acosh", {"partials": ((over(sqrt(x0 + 1)),),)}),
    "atanh: sign inside": ("atanh", {"partials": ((over((1 + x0) * (1 + x0)),),)}),
    "abs: sub-gradient 1 on the left": ("abs", {"partials": ((ONE,),)}),
    "max: sub-gradients swapped": ("max", {"partials": OPS["max"].partials[::-1]}),
    "max: sub-gradient 1/2 everywhere": ("max", {"partials": ((Rational(1, 2),), (Rational(1, 2),))}),
    "min: sub-gradients swapped": ("min", {"partials": OPS["min"].partials[::-1]}),
    "relu: sub-gradient 1 on the left": ("relu", {"partials": ((ONE,),)}),
    "relu: value": ("relu", {"stable": sp.Min(x0, 0)}),
    "select: the other branch": ("select", {"partials": ((), (), (ONE,))}),
}
"""A wrong row of the op table: the op, and the fields that are wrong."""


@pytest.fixture
def fresh_fragments() -> Iterator[None]:
    """Fragments are cached; those of wrong rows must not stay."""
    symgraph.derive.op_graphs.fragment.cache_clear()
    yield
    symgraph.derive.op_graphs.fragment.cache_clear()


def built(op: str) -> tuple[Model, list[Any]]:
    """The op's model with modules of both backends as the generator, faulty or not, makes them."""
    model = tiny(op)
    return model, [faulty(artifact.text) for artifact in generate(model, ("numpy", "scalar"))]


# the package's attributes of these names are the passes, not their modules
EXPAND, LOWER_POWERS = (importlib.import_module(f"symgraph.passes.{name}") for name in ("expand", "lower_powers"))
TABLE_READERS = (symgraph.derive.adjoint, symgraph.derive.op_graphs, EXPAND)


@pytest.mark.usefixtures("fresh_fragments")
@pytest.mark.parametrize("fault", WRONG_ROWS)
def test_a_wrong_row_of_the_op_table_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, fields = WRONG_ROWS[fault]
    model, modules = built(op)
    assert not is_refused(model, *modules)
    table = MappingProxyType({**OPS, op: dataclasses.replace(OPS[op], **fields)})
    for reader in TABLE_READERS:
        monkeypatch.setattr(reader, "OPS", table)
    symgraph.derive.op_graphs.fragment.cache_clear()
    model, modules = built(op)
    assert is_refused(model, *modules)
    assert is_refused(model, None, modules[1])


ADDED = GraphBuilder.add


def misadding(op: str, instead: str, order: tuple[int, ...]) -> Callable[..., int]:
    """A builder's ``add`` that takes one op for another, or its operands in another order."""

    def add(self: GraphBuilder, name: str, *args: int) -> int:
        return ADDED(self, instead, *(args[place] for place in order)) if name == op else ADDED(self, name, *args)

    return add


SWAPS: dict[str, tuple[str, str, str, tuple[int, ...]]] = {
    "sub: arguments swapped": ("sub", "sub", "sub", (1, 0)),
    "div: arguments swapped": ("div", "div", "div", (1, 0)),
    "pow: arguments swapped": ("pow", "pow", "pow", (1, 0)),
    "atan2: arguments swapped": ("atan2", "atan2", "atan2", (1, 0)),
    "heaviside: arguments swapped": ("heaviside", "heaviside", "heaviside", (1, 0)),
    "select: branches swapped": ("select", "select", "select", (0, 2, 1)),
    "max: min": ("max", "max", "min", (0, 1)),
    "hypot: atan2": ("hypot", "hypot", "atan2", (0, 1)),
    "sin: cos": ("sin", "sin", "cos", (0,)),
    "sqrt: cbrt": ("sqrt", "sqrt", "cbrt", (0,)),
    "lt: gt": ("lt", "lt", "gt", (0, 1)),
    "gt: lt": ("gt", "gt", "lt", (0, 1)),
    "le: ge": ("le", "le", "ge", (0, 1)),
    "ge: le": ("ge", "ge", "le", (0, 1)),
    "and: or": ("and", "and", "or", (0, 1)),
    "or: and": ("or", "or", "and", (0, 1)),
    "eq: ne": ("eq", "eq", "ne", (0, 1)),
    "mul: first operand squared": ("mul", "mul", "mul", (0, 0)),
    "add: sub": ("add", "add", "sub", (0, 1)),
}
"""A fault of lowering: the model it is tried on, the op, what stands instead, the order of its operands."""


@pytest.mark.parametrize("fault", SWAPS)
def test_a_swapped_argument_or_a_wrong_op_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    on, op, instead, order = SWAPS[fault]
    model = tiny(on)
    sound = lower(model)
    monkeypatch.setattr(GraphBuilder, "add", misadding(op, instead, order))
    lowered = lower(model)
    monkeypatch.undo()  # the fault is lowering's alone; adjoint and passes are sound
    assert lowered != sound
    backend = BACKENDS["numpy"]
    graph = printed(run_passes(PIPELINE, differentiate(lowered)), "numpy")
    assert is_refused(model, faulty(render(backend.templates[".py"], backend.view(Source(model, "<test>", lowered, graph)))))


def cube_as_square(builder: GraphBuilder, base: int, exponent: int) -> int:
    return builder.add("mul", base, base)


SIGNED = symgraph.derive.lowering._signed


def sign_lost(scope: Any, term: Any) -> tuple[int, bool]:
    return SIGNED(scope, term)[0], False


CONSTANT = symgraph.derive.lowering.Lowering.constant


def single_precision(scope: Any, part: Any) -> float | None:
    value = CONSTANT(scope, part)
    return None if value is None else float(np.float32(value))


def unsummed(self: Any, contributions: list[Any], node: Node) -> Any:
    return symgraph.derive.adjoint._Held(
        self.builder.chain("add", [self.whole(contribution) for contribution in contributions])
    )


TOTAL = symgraph.derive.adjoint.Sweep.total


def last_only(self: Any, contributions: list[Any], node: Node) -> Any:
    return TOTAL(self, contributions[-1:], node)


PATCHES: dict[str, tuple[str, Any, str, Callable[..., Any]]] = {
    "x**3 as x*x": ("cube", LOWER_POWERS, "_product", cube_as_square),
    "a minus sign lost": ("sub", symgraph.derive.lowering, "_signed", sign_lost),
    "constants in single precision": ("constant", symgraph.derive.lowering.Lowering, "constant", single_precision),
    "rows not summed": ("uniform", symgraph.derive.adjoint.Sweep, "total", unsummed),
    "contributions dropped": ("uniform", symgraph.derive.adjoint.Sweep, "total", last_only),
    "a branch not guarded": ("guard", symgraph.derive.lowering, "_guarded", lambda scope, branch, taken: scope.env),
}
"""A function of the generator that does the wrong thing: the model, where it is, its name, what stands there instead."""


@pytest.mark.parametrize("fault", PATCHES)
def test_a_fault_in_a_function_of_the_generator_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, home, name, replacement = PATCHES[fault]
    monkeypatch.setattr(home, name, replacement)
    model, modules = built(op)
    assert is_refused(model, *modules)


def test_the_faults_in_lowering_and_rows_are_as_many_as_promised() -> None:
    assert len(WRONG_ROWS) + len(SWAPS) + len(PATCHES) >= 60
